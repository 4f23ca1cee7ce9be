"""Hostile files on the web: the right sentence with the name of the file, in both languages, and nothing kept."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from config.text import text
from models.tip import Attachment
from tests.hostile_files import CORPUS
from tests.web import Visitor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NAMES = (
    "gif that is a script", "docx that is a bomb", "docx that is locked", "mp4 with a zip behind it",
    "nothing at all", "png whose notes are a bomb",
)  # fmt: skip


@pytest.fixture
def settings(settings, tmp_path):
    scanner = tmp_path / "scanner"
    scanner.write_text("#!/bin/sh\ngrep -q EICAR && exit 1\nexit 2\n")
    scanner.chmod(0o700)
    return replace(settings, antivirus=f"command:{scanner}")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_each_refusal_has_its_sentence(site, language, db):
    async with Visitor(site, language) as visitor:
        await visitor.open("/report/evidence")
        for name in NAMES:
            called, make, reason = CORPUS[name]
            page = await visitor.send("/report/evidence", files=[(called, make())])
            assert page.status == 422
            assert text(f"errors.file.{reason}", language) in page.words, name
        page = await visitor.send("/report/evidence", files=[("a.txt", b"EICAR-STANDARD")])
        assert text("errors.file.virus", language) in page.words
        page = await visitor.send("/report/evidence", files=[(f"{n}.txt", b"%d" % n) for n in range(12)])
        assert text("errors.file.too_many", language) in page.words
    async with db.read() as session:
        files = (await session.scalars(select(Attachment))).all()
    assert len(files) <= 10
    assert {row.scan for row in files} == {"waiting"}, "no answer: taken, and closed until passed"
