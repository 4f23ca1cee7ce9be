"""Hostile files by chat: the right sentence, in the language of the person, and nothing kept."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from config.text import text
from models.tip import Attachment
from tests.bot.channels.test_evidence import at_evidence
from tests.hostile_files import CORPUS

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NAMES = (
    "program called photo",
    "docx that is a bomb and denies it",
    "pdf that is locked",
    "jpeg with a zip behind it",
)


async def test_each_refusal_has_its_sentence_and_the_report_goes_on(served, citizen, db):
    await at_evidence(citizen)
    for name in NAMES:
        called, make, reason = CORPUS[name]
        citizen.sends_document(make(), name=called, media_type="image/jpeg")
        await citizen.hears(text(f"errors.file.{reason}", "zh-CN"), seconds=20)
    async with db.read() as session:
        assert not (await session.scalars(select(Attachment))).all()
    assert any(words.startswith("没有了") for words in citizen.buttons())


@pytest.fixture
def chat_settings(chat_settings, tmp_path):
    scanner = tmp_path / "scanner"
    scanner.write_text("#!/bin/sh\ngrep -q EICAR && exit 1\nexit 0\n")
    scanner.chmod(0o700)
    return replace(chat_settings, antivirus=f"command:{scanner}")


async def test_a_virus_is_named_as_such(served, citizen, db):
    await at_evidence(citizen)
    citizen.sends_document(b"EICAR-STANDARD", name="a.txt", media_type="text/plain")
    await citizen.hears("查出病毒")
    citizen.sends_document(b"plain words", name="b.txt", media_type="text/plain")
    await citizen.hears("已收到 1 个文件")
    async with db.read() as session:
        assert [row.scan for row in (await session.scalars(select(Attachment))).all()] == ["clean"]
