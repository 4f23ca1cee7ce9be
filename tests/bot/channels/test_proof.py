"""The proof of filing in the chat: a document on request, byte by byte, as long as the chat remembers the report."""

import asyncio

import pytest
from sqlalchemy import select

from bot.proof import check_proof, list_public_keys, read_public_keys
from models.tip import Draft
from tests.bot.channels.test_journeys import STORY, send
from tests.fakes import botapi

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def document(fake, calls: int = 1) -> bytes:
    async with asyncio.timeout(10):
        while len(fake.calls_of("sendDocument")) < calls:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)
    data, *_ = list(fake.files.values())[-1]
    return data


async def test_a_button_under_the_confirmation_sends_the_proof(served, citizen, fake, keys):
    done = await send(citizen)
    number, code = done.marked("code")
    citizen.presses("保存接收凭证", message=done)
    content = await document(fake)
    proof = check_proof(content, read_public_keys(list_public_keys(keys)))
    assert proof.case_number == number.replace(" ", "")
    assert proof.is_text(STORY.encode())
    assert code.replace(" ", "").encode() not in content
    assert b"1001" not in content.split(b"-----BEGIN")[0], "no chat id"
    citizen.presses("保存接收凭证", message=done)
    assert await document(fake, 2) == content, "the same again"


async def test_a_server_without_documents_sends_the_words_of_it(served, citizen, fake, keys):
    fake.lacks("sendDocument")
    done = await send(citizen)
    citizen.presses("保存接收凭证", message=done)
    message = await citizen.hears("举报接收凭证")
    assert check_proof(message.text.encode(), read_public_keys(list_public_keys(keys)))


async def test_after_a_new_report_was_begun_the_old_proof_is_forgotten(served, citizen, fake, db):
    done = await send(citizen)
    citizen.presses("举报新的问题", message=done)
    await citizen.hears("请把事情说一说")
    async with db.read() as session:
        draft = (await session.scalars(select(Draft))).one()
    assert "proof_salt" not in draft.answers["_chat"]


async def test_a_service_that_asks_to_wait_gets_the_proof_later(served, citizen, fake):
    done = await send(citizen)
    fake.script("sendDocument", botapi.rate_limited(1))
    citizen.presses("保存接收凭证", message=done)
    assert b"BEGIN TIPLINE PROOF" in await document(fake, 2)
