"""What stands in attachments: read in a process of its own, kept beside the tip, weighed as a proposal."""

import asyncio
import io
import os
import time
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import select

from config.catalog import load_catalog
from models.case import Case, Finding
from models.event import Event
from models.files import AttachmentLostError, examine_in_thread, open_working, save_attachment
from models.message import Message
from models.states import Channel, FindingKind, FindingSource, MessageKind, Scan, TextSource
from models.tip import Attachment, AttachmentText
from tests.factories import make_staff, make_tip
from tests.papers import FONT, as_file, code_picture, paper, screenshot
from triage import attachment_reading
from triage.actions import decide_finding
from triage.assess import open_case
from triage.attachment_reading import Room, can_read_pictures, clean_text, read_attachments, read_file
from triage.language import Classifier, load_classifier
from triage.matters import Matters

SAYING = "漯河宏达安全培训学校招生简章\n交三千八百元包过班，不用上课，考试有人给答案，七天拿证。\n地址：郾城区孟庙镇。"
INVITATION = "https://weixin.qq.com/g/AwYAAHongda8899"


@pytest.fixture(scope="module")
def catalog():
    return load_catalog()


@pytest.fixture(scope="module")
def classifier(catalog) -> Classifier:
    return load_classifier(catalog)


@pytest.fixture
def room(db, settings, keys) -> Room:
    return Room(db, settings.files, keys)


@pytest.fixture
def tell(db, settings, keys, now, classifier, catalog):
    """Store a tip with files, and open its case as the worker does: on the tip's own words."""

    async def store(text: str, *files: tuple[str, bytes], opens: bool = True):
        async with db.begin() as session:
            tip = await make_tip(session, text, received_at=now)
            for name, data in files:
                examined = await examine_in_thread(name, data, antivirus=settings.antivirus)
                await save_attachment(session, settings.files, examined, keys=keys, now=now, tip_id=tip.id)
        if opens:
            line = classifier.classify(text, received_at=now, channel="web").to_json("1")
            async with db.begin() as session:
                await open_case(
                    session, tip.id, line, catalog=catalog, matters=Matters(catalog, keys), now=now
                )
        return tip

    return store


async def all_of(db, table, *conditions):
    async with db.read() as session:
        return (await session.scalars(select(table).where(*conditions).order_by(table.id))).all()


async def run(room, classifier, now):
    while await read_attachments(room, classifier, now=now):
        pass


# ---------------------------------------------------------------- codes


def turned() -> bytes:
    page = Image.new("RGB", (900, 700), "white")
    page.paste(code_picture(INVITATION).convert("RGB"), (350, 150))
    return as_file(page.rotate(11, expand=True, fillcolor="white"), "JPEG")


def inverted() -> bytes:
    return as_file(Image.eval(code_picture(INVITATION), lambda grey: 255 - grey))


def see_through() -> bytes:
    code = code_picture(INVITATION)
    page = Image.new("RGBA", code.size, (0, 0, 0, 0))
    page.putalpha(Image.eval(code, lambda grey: 255 - grey))
    return as_file(page)


@pytest.mark.parametrize("picture", [turned, inverted, see_through])
async def test_the_code_of_an_advertisement_is_read_however_it_lies(picture):
    readings = await read_file(picture(), [TextSource.CODE])
    assert readings.texts == ((TextSource.CODE, INVITATION),)


async def test_several_codes_are_read_each_once_and_not_without_end():
    page = Image.new("L", (1900, 900), 255)
    for place, words in enumerate(
        ["微信群：安全员证", "https://evil.example/" + "a" * 300, "微信群：安全员证"]
    ):
        page.paste(code_picture(words, scale=5), (20 + 620 * place, 40))
    readings = await read_file(as_file(page), [TextSource.CODE])
    assert sorted(words for _, words in readings.texts) == [
        "https://evil.example/" + "a" * 300,
        "微信群：安全员证",
    ]


@pytest.mark.parametrize(
    ("source", "data"),
    [
        (TextSource.CODE, b"\xff\xd8\xff" + os.urandom(500)),
        (TextSource.CODE, b""),
        (TextSource.PDF, b"%PDF-1.7\n" + os.urandom(5_000)),
        (TextSource.PDF, paper(["x"]).replace(b"/Kids[6 0 R]", b"/Kids[2 0 R]")),
    ],
)
async def test_what_cannot_be_decoded_is_named_and_harms_nobody(source, data):
    assert (await read_file(data, [source])).unread in {(source.value,), ()}


async def test_a_reader_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setitem(attachment_reading._SECONDS, TextSource.CODE, 0.01)
    started = time.monotonic()
    assert (await read_file(turned(), [TextSource.CODE])).unread == ("code",)
    assert time.monotonic() - started < 5


async def test_a_reader_has_neither_much_memory_nor_a_network_nor_our_environment(tmp_path, monkeypatch):
    child = tmp_path / "child.py"
    source = attachment_reading._CHILD.read_text(encoding="utf-8")
    child.write_text(
        source.replace(
            "texts = list(_READERS[kind](data))",
            "import socket\n    texts = []\n"
            "    for act in (lambda: bytearray(900_000_000),\n"
            f"                lambda: os.write(os.open('{tmp_path}/left', os.O_CREAT | os.O_WRONLY), b'x'),\n"
            "                lambda: socket.create_connection(('127.0.0.1', 9), 1)):\n"
            "        try:\n            act()\n            texts.append('done')\n"
            "        except (OSError, MemoryError) as error:\n            texts.append(type(error).__name__)\n"
            "    texts.append(','.join(sorted(os.environ)))",
        ),
        encoding="utf-8",
    )
    monkeypatch.setattr(attachment_reading, "_CHILD", child)
    monkeypatch.setenv("TIPLINE_TELEGRAM_TOKEN", "12345:secret")
    said = [words for _, words in (await read_file(b"x", [TextSource.CODE])).texts]
    assert said[0] == "MemoryError"
    assert said[1] == "OSError"
    assert "done" not in said
    assert "TIPLINE" not in said[-1]


async def test_a_reader_that_was_taken_over_cannot_flood_us(tmp_path, monkeypatch):
    child = tmp_path / "child.py"
    child.write_text("import sys\nwhile True:\n    sys.stdout.write('x' * 100_000)\n", encoding="utf-8")
    monkeypatch.setattr(attachment_reading, "_CHILD", child)
    assert (await read_file(b"x" * 2_000_000, [TextSource.CODE])).unread == ("code",)


# ---------------------------------------------------------------- PDF


async def test_the_text_of_a_paper_is_read_in_chinese_and_only_its_first_pages():
    readings = await read_file(paper([SAYING, "第二页"]), [TextSource.PDF])
    assert readings.texts == ((TextSource.PDF, f"{SAYING}\n第二页"),)
    many = await read_file(paper([f"页{number}" for number in range(70)]), [TextSource.PDF])
    assert "页49" in many.texts[0][1]
    assert "页50" not in many.texts[0][1]


async def test_an_endless_paper_is_cut():
    readings = await read_file(paper(["\n".join(["安全生产" * 100] * 30)] * 4), [TextSource.PDF])
    assert len(readings.texts[0][1]) == 20_000


def test_what_was_read_holds_no_controls_and_nobodys_code():
    assert clean_text("a\x00\u202eb\ud800c\r\nd") == "abc\nd"
    shown = "举报编号\n2631 8472 0393\n查询码\n1234 5678 9012\n3456 7890\n加微信 hongda8899"
    assert clean_text(shown) == "举报编号\n2631 8472 0393\n查询码\n▇▇▇▇\n加微信 hongda8899"
    assert clean_text("2631 8472 0393 1234 5678 9012 3456 7890") == "▇▇▇▇"
    phones = "13800001111\n13900002222\n13700003333"
    assert clean_text(phones) == phones, "a list of telephone numbers is evidence"


# ---------------------------------------------------------------- beside the tip


async def test_what_a_file_says_is_added_as_a_proposal_with_its_source_and_asks_for_a_look(
    db, room, tell, classifier, now
):
    words = "请看附件里的招生简章，郾城区孟庙镇的。"
    tip = await tell(words, ("简章.pdf", paper([SAYING])))
    before = (await all_of(db, Case))[0]
    await run(room, classifier, now + timedelta(minutes=1))
    found = await all_of(db, Finding, Finding.source == FindingSource.ATTACHMENT)
    assert FindingKind.CLAUSE in {finding.kind for finding in found}
    file = (await all_of(db, Attachment))[0]
    (text,) = await all_of(db, AttachmentText)
    for finding in found:
        assert finding.evidence, "no proposal without words"
        for entry in finding.evidence:
            assert (entry["attachment"], entry["source"]) == (file.id, "pdf")
            assert text.text[entry["start"] : entry["end"]] == entry["text"]
    case = (await all_of(db, Case))[0]
    assert case.needs_review
    assert "from_attachment" in case.review_reasons
    assert (case.clauses, case.target, case.office_id, case.version) == (
        before.clauses, before.target, before.office_id, before.version,
    ), "a proposal changes nothing by itself, and disturbs nobody who edits the case"  # fmt: skip
    async with db.read() as session:
        assert (await session.get_one(type(tip), tip.id)).text == words
    kinds = [event.kind for event in await all_of(db, Event)]
    assert kinds.count("attachment_weighed") == 1


async def test_what_the_tip_says_itself_needs_no_second_look(db, room, tell, classifier, now, catalog):
    words = SAYING.replace("\n", "")
    await tell(words, ("简章.pdf", paper([SAYING])))
    before = (await all_of(db, Case))[0]
    await run(room, classifier, now)
    said = {(row.kind, row.value) for row in await all_of(db, Finding) if row.source is FindingSource.MACHINE}
    read = {
        (row.kind, row.value) for row in await all_of(db, Finding) if row.source is FindingSource.ATTACHMENT
    }
    case = (await all_of(db, Case))[0]
    assert read
    assert case.needs_review == (before.needs_review or not read <= said)


async def test_it_is_done_once_however_many_work_at_it_and_however_often(db, room, tell, classifier, now):
    await tell("见附件。", ("a.pdf", paper([SAYING])), ("b.png", as_file(code_picture(INVITATION))))
    await asyncio.gather(*(read_attachments(room, classifier, now=now) for _ in range(3)))
    await run(room, classifier, now)
    await run(room, classifier, now + timedelta(hours=1))
    texts = await all_of(db, AttachmentText)
    assert sorted(text.source for text in texts) == ["code", "pdf"]
    found = [
        (row.kind, row.value) for row in await all_of(db, Finding, Finding.source == FindingSource.ATTACHMENT)
    ]
    assert len(found) == len(set(found))


async def test_a_file_that_was_read_before_its_case_was_opened_is_weighed_afterwards(
    db, room, tell, classifier, now, catalog, keys
):
    tip = await tell("见附件。", ("a.pdf", paper([SAYING])), opens=False)
    await run(room, classifier, now)
    assert (await all_of(db, Attachment))[0].read_at
    assert not await all_of(db, Finding)
    line = classifier.classify(tip.text, received_at=now, channel="web").to_json("1")
    async with db.begin() as session:
        await open_case(session, tip.id, line, catalog=catalog, matters=Matters(catalog, keys), now=now)
    await run(room, classifier, now)
    assert await all_of(db, Finding, Finding.source == FindingSource.ATTACHMENT)


async def test_a_file_of_a_later_message_is_read_too_and_one_of_a_draft_is_not(
    db, room, tell, classifier, now, settings, keys
):
    tip = await tell("见补充材料。")
    async with db.begin() as session:
        message = Message(
            tip_id=tip.id, case_id=tip.case_id, kind=MessageKind.FROM_REPORTER, text="补充",
            channel=Channel.WEB, created_at=now,
        )  # fmt: skip
        session.add(message)
        await session.flush()
        examined = await examine_in_thread("a.pdf", paper([SAYING]))
        await save_attachment(session, settings.files, examined, keys=keys, now=now, message_id=message.id)
    await run(room, classifier, now)
    assert await all_of(db, Finding, Finding.source == FindingSource.ATTACHMENT, Finding.tip_id == tip.id)


async def test_a_worker_that_was_killed_leaves_the_file_to_the_next_and_a_killer_file_is_given_up(
    db, room, tell, classifier, now, monkeypatch
):
    await tell("见附件。", ("a.png", as_file(code_picture(INVITATION))))

    async def die(*_args: object) -> None:
        raise SystemError("killed")

    real, moment = attachment_reading.read_file, now
    monkeypatch.setattr(attachment_reading, "read_file", die)
    for _ in range(3):
        with pytest.raises(SystemError):
            await read_attachments(room, classifier, now=moment)
        assert await read_attachments(room, classifier, now=moment) == 0, (
            "leased: the next one goes on with others"
        )
        moment += timedelta(minutes=7)
    monkeypatch.setattr(attachment_reading, "read_file", real)
    await run(room, classifier, moment)
    file = (await all_of(db, Attachment))[0]
    assert (file.unread, file.read_at) == (["failed"], moment)


async def test_whoever_decides_has_looked(db, room, tell, classifier, now, catalog):
    await tell("请看附件里的招生简章。", ("简章.pdf", paper([SAYING])))
    await run(room, classifier, now)
    async with db.begin() as session:
        case = (await session.scalars(select(Case))).one()
        officer = await make_staff(session, office_id="city", role="supervisor")
        await decide_finding(
            session, case, kind=FindingKind.CLAUSE, values=["3.1.4"], by=officer, catalog=catalog, now=now
        )
    assert "from_attachment" not in (await all_of(db, Case))[0].review_reasons


# ---------------------------------------------------------------- the antivirus program


async def test_a_file_stays_closed_until_the_program_has_passed_it_and_the_tip_goes_on(
    db, room, tell, classifier, now, settings, tmp_path, monkeypatch
):
    answer = tmp_path / "scanner"
    answer.write_text("#!/bin/sh\ncat >/dev/null\nexit 2\n")
    answer.chmod(0o700)
    object.__setattr__(settings, "antivirus", f"command:{answer}")
    await tell("见附件。", ("a.pdf", paper([SAYING])))
    assert len(await all_of(db, Case)) == 1, "the tip does not wait"
    here = Room(room.db, room.files, room.keys, settings.antivirus)
    await run(here, classifier, now)
    file = (await all_of(db, Attachment))[0]
    assert (file.scan, file.read_at) == (Scan.WAITING, None)
    with pytest.raises(AttachmentLostError):
        open_working(room.files, file)
    await run(room, classifier, now + timedelta(minutes=6))
    assert (await all_of(db, Attachment))[0].scan is Scan.WAITING, "a program taken away has passed nothing"
    answer.write_text("#!/bin/sh\ncat >/dev/null\nexit 0\n")
    await run(here, classifier, now + timedelta(minutes=12))
    file = (await all_of(db, Attachment))[0]
    assert file.scan is Scan.CLEAN
    assert open_working(room.files, file)
    assert await all_of(db, AttachmentText)


async def test_a_find_of_later_seals_the_file_for_good(db, room, tell, classifier, now, settings, tmp_path):
    answer = tmp_path / "scanner"
    answer.write_text("#!/bin/sh\nexit 2\n")
    answer.chmod(0o700)
    object.__setattr__(settings, "antivirus", f"command:{answer}")
    await tell("见附件。", ("a.pdf", paper([SAYING])))
    answer.write_text("#!/bin/sh\ncat >/dev/null\nexit 1\n")
    await run(Room(room.db, room.files, room.keys, settings.antivirus), classifier, now)
    file = (await all_of(db, Attachment))[0]
    assert file.scan is Scan.INFECTED
    assert not await all_of(db, AttachmentText), "and nobody reads it, the machine neither"
    with pytest.raises(AttachmentLostError):
        open_working(room.files, file)


# ---------------------------------------------------------------- pictures


@pytest.mark.skipif(can_read_pictures(), reason="the optional reader of pictures is installed")
async def test_without_the_reader_of_pictures_everything_else_works_and_says_so(
    db, room, tell, classifier, now
):
    await tell("见附件。", ("a.png", as_file(code_picture(INVITATION))))
    await run(room, classifier, now)
    file = (await all_of(db, Attachment))[0]
    assert file.unread == ["no_picture_reader"]
    assert [text.text for text in await all_of(db, AttachmentText)] == [INVITATION]


@pytest.mark.skipif(not can_read_pictures() or not FONT.exists(), reason="pip install tipline[ocr]")
async def test_the_text_of_a_screenshot_is_read():
    readings = await read_file(screenshot(SAYING.split("\n")), [TextSource.PICTURE])
    assert "包过班" in readings.texts[0][1]
    assert io.StringIO(readings.texts[0][1]).readline().startswith("漯河宏达安全培训学校")
