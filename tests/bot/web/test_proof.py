"""The proof of filing on the web: saved from the confirmation page, checked with the keys that the site publishes."""

from datetime import timedelta

import pytest

from bot.proof import check_proof, read_public_keys
from config.keys import Keys
from tests.bot.web.test_report import PNG
from tests.web import Visitor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def published(visitor: Visitor) -> dict[str, bytes]:
    async with visitor.session.get(f"{visitor.base}/.well-known/tipline-keys.json") as answer:
        assert answer.status == 200
        assert answer.content_type == "application/json"
        return read_public_keys(await answer.json())


async def test_what_was_sent_can_be_proven_with_nothing_but_the_published_keys(visitor: Visitor, now):
    photo = PNG
    await visitor.open("/report/evidence")
    await visitor.send("/report/evidence", files=[("现场.png", photo), ("a.txt", "补充说明".encode())])
    number, code = await visitor.tell("宏达学校交钱就发证。\n第二行。")
    done = await visitor.open("/report/done")
    assert 'href="/report/proof.txt"' in done.text
    page = await visitor.open("/report/proof.txt")
    assert page.headers["Content-Disposition"] == 'attachment; filename="proof.txt"'
    proof = check_proof(page.text.encode(), await published(visitor))
    assert proof.case_number == number.replace(" ", "")
    assert proof.is_text("宏达学校交钱就发证。\n第二行。".encode())
    assert proof.is_file(photo)
    assert proof.is_file("补充说明".encode())
    assert len(proof.files) == 2
    assert code not in page.text
    assert code.replace(" ", "") not in page.text
    assert (await visitor.open("/report/proof.txt")).text == page.text, "the same as long as the visit lives"


async def test_the_proof_speaks_the_language_of_the_reader(site, visitor: Visitor):
    await visitor.tell()
    assert "举报接收凭证" in (await visitor.open("/report/proof.txt")).text
    async with visitor.session.get(
        f"{visitor.base}/report/proof.txt", headers={"Accept-Language": "en"}
    ) as answer:
        assert "Proof of filing" in await answer.text()


async def test_nobody_gets_a_proof_of_what_he_did_not_send(site, visitor: Visitor, clock):
    assert (await visitor.open("/report/proof.txt")).address.startswith("/report/start")
    await visitor.tell()
    async with Visitor(site) as other:
        assert (await other.open("/report/proof.txt")).address.startswith("/report/start")
    clock.now += timedelta(hours=2, minutes=1)
    assert (await visitor.open("/report/proof.txt")).address.startswith("/report/what")


async def test_the_published_keys_hold_no_secret(visitor: Visitor, keys: Keys):
    async with visitor.session.get(f"{visitor.base}/.well-known/tipline-keys.json") as answer:
        words = await answer.text()
    assert keys.signer.seed is not None
    assert keys.signer.seed.hex() not in words
    assert keys.signer.public.hex() in words


async def test_saving_files_without_choosing_one_is_said(visitor: Visitor):
    await visitor.open("/report/evidence")
    page = await visitor.send("/report/evidence", files=[], more="1")
    assert page.status == 422
    assert "请先选择文件" in page.words
    page = await visitor.send("/report/evidence", files=[("a.txt", b"one")], more="1")
    assert page.status == 200
    assert "a.txt" in page.words
