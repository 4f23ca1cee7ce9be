"""Attachments: a safe copy for who sees the case, the original only with a reason that stays."""

import io

import pytest
from PIL import Image
from sqlalchemy import select

from models.case import Finding
from models.event import Event
from models.files import examine_in_thread, save_attachment
from models.queries.attachments import keep_reading
from models.states import FindingKind, FindingSource, Role, Scan, TextSource
from models.tip import Attachment, Tip
from tests.factories import NOW, make_case, make_tip
from tests.hostile_files import CORPUS

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NAME = "现场 照片“一”.jpg"


def photo() -> bytes:
    """A photo that says where it was taken."""
    image, out = Image.new("RGB", (40, 30), "navy"), io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "GEHEIM-CAMERA"
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


@pytest.fixture
async def filed(db, settings, keys, bureau):
    examined = await examine_in_thread(NAME, photo())
    async with db.begin() as session:
        tip = await make_tip(session)
        case = await make_case(session, tip=tip)
        file = await save_attachment(session, settings.files, examined, keys=keys, now=NOW, tip_id=tip.id)
    return case, file


async def test_the_working_copy_comes_as_a_harmless_download(filed, bureau, sign_in):
    case, file = filed
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    assert (await officer.get(f"/cases/{case.number}")).says("现场 照片")
    assert (await officer.get("/cases")).says("附件")
    answer = await officer.get(f"/cases/{case.number}/files/{file.id}")
    assert answer.status == 200
    assert b"GEHEIM" not in answer.body
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "filename*=UTF-8''%E7%8E%B0" in answer.headers["Content-Disposition"]
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_picture_is_seen_on_the_page_without_what_the_camera_wrote(filed, bureau, sign_in):
    case, file = filed
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    address = f"/cases/{case.number}/files/{file.id}/picture"
    page = await officer.get(f"/cases/{case.number}")
    assert f'<img src="{address}" alt="附件 1 的图片" loading="lazy">' in page.text
    picture = await officer.get(address)
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert picture.headers["Content-Disposition"] == "inline"
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert picture.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert picture.headers["Cache-Control"] == "no-store"
    assert b"GEHEIM" not in picture.body
    assert not Image.open(io.BytesIO(picture.body)).getexif()
    assert (await (await sign_in(bureau.other_officer)).get(address)).status == 404


async def test_what_is_no_picture_any_more_is_never_drawn(filed, bureau, sign_in, db, settings):
    """A file that was exchanged on the disk, or one of another kind, is no page and no picture."""
    case, file = filed
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    next(settings.files.rglob(file.working)).write_bytes(b"<html><script>alert(1)</script>")
    assert (await officer.get(f"/cases/{case.number}/files/{file.id}/picture")).status == 404
    async with db.begin() as session:
        (await session.get_one(Attachment, file.id)).media_type = "application/pdf"
    assert (await officer.get(f"/cases/{case.number}/files/{file.id}/picture")).status == 404
    assert "<img" not in (await officer.get(f"/cases/{case.number}")).text


async def test_the_original_asks_for_a_reason_and_keeps_it(filed, bureau, sign_in, db):
    case, file = filed
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    page = f"/cases/{case.number}/files/{file.id}/original"
    assert (await officer.get(page)).says("原件可能暴露举报人")
    for reason, sentence in (("  ", "请填写“理由”"), ("长" * 501, "最多 500 字")):
        refused = await officer.post(page, {"reason": reason})
        assert refused.status == 422
        assert refused.says(sentence)
    answer = await officer.post(page, {"reason": "核对拍摄时间"})
    assert answer.body == photo()
    async with db.read() as session:
        event = (await session.scalars(select(Event))).one()
    assert (event.kind, event.reason, event.case_id) == ("original_opened", "核对拍摄时间", case.id)
    assert event.staff_id == bureau.by_role[Role.OFFICER].id


async def test_a_file_of_another_case_is_not_opened_through_ones_own(filed, bureau, sign_in):
    _, file = filed
    other = await sign_in(bureau.other_officer)
    page = f"/cases/{bureau.other_case.number}/files/{file.id}"
    assert (await other.get(page)).status == 404
    assert (await other.post(f"{page}/original", {"reason": "neugierig"})).status == 404


async def test_a_file_that_is_gone_is_said_to_be_gone(filed, bureau, sign_in, settings):
    case, file = filed
    for path in settings.files.rglob("*"):
        if path.is_file():
            path.unlink()
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    answer = await officer.get(f"/cases/{case.number}/files/{file.id}")
    assert answer.status == 404
    assert answer.says("从备份恢复")


# ---------------------------------------------------------------- what the machine read in a file


async def keep(db, file_id: int, *texts, scan=Scan.OFF, unread=()):
    async with db.begin() as session:
        await keep_reading(session, file_id, texts, unread=unread, scan=scan, now=NOW)


async def test_a_code_is_shown_as_words_and_never_as_a_link(filed, bureau, sign_in, db):
    case, file = filed
    payloads = [
        "https://weixin.qq.com/g/AwYAA",
        "javascript:alert(1)",
        '"><script>x</script>',
        "https://b\u202ea.example",
    ]
    await keep(db, file.id, *((TextSource.CODE, words) for words in payloads), unread=["no_picture_reader"])
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    page = await officer.get(f"/cases/{case.number}")
    assert page.says("二维码，微信群邀请: ")
    assert page.says("附件1")
    assert page.says("没有安装图片文字识别")
    assert "<bdi>https://weixin.qq.com/g/AwYAA</bdi>" in page.text
    for words in ("weixin", "javascript:", "example"):
        assert f'href="{words}' not in page.text
        assert f'href="https://{words}' not in page.text
    assert "<script>x" not in page.text


async def test_a_proposal_from_a_file_names_the_file_and_quotes_it(filed, bureau, sign_in, db):
    case, file = filed
    await keep(db, file.id, (TextSource.PICTURE, "交钱包过班 <b>七天</b>拿证"))
    entry = {
        "for": "3.1.4",
        "start": 2,
        "end": 4,
        "text": "包过班 <b>",
        "attachment": file.id,
        "source": "picture",
    }
    async with db.begin() as session:
        tip_id = (await session.scalars(select(Tip.id).where(Tip.case_id == case.id))).one()
        session.add(
            Finding(
                case_id=case.id, tip_id=tip_id, kind=FindingKind.CLAUSE, value="3.1.4",
                source=FindingSource.ATTACHMENT, confidence=0.8, evidence=[entry], rules_version="r1", created_at=NOW,
            )
        )  # fmt: skip
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    page = await officer.get(f"/cases/{case.number}")
    assert page.says("附件1 图片文字：“包过班 &lt;b&gt;”") or page.says("附件1 图片文字：“包过班 <b>”")
    assert "包过班 <b>" not in page.text
    assert "<mark" not in page.text, "marks in the reporter's words are of his own words only"


@pytest.mark.parametrize(("scan", "said"), [(Scan.WAITING, "等待病毒检查"), (Scan.INFECTED, "查出病毒")])
async def test_what_the_antivirus_program_has_not_passed_is_opened_by_nobody(
    filed, bureau, sign_in, db, scan, said
):
    case, file = filed
    await keep(db, file.id, scan=scan)
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    page = f"/cases/{case.number}/files/{file.id}"
    assert (await officer.get(f"/cases/{case.number}")).says(said)
    for answer in (await officer.get(page), await officer.post(f"{page}/original", {"reason": "核对"})):
        assert answer.status == 404
        assert answer.says("病毒")


async def test_a_file_that_may_act_is_marked_and_says_why(db, settings, keys, bureau, sign_in):
    examined = await examine_in_thread("a.pdf", CORPUS["pdf with a script"][1]())
    async with db.begin() as session:
        tip = await make_tip(session)
        case = await make_case(session, tip=tip)
        await save_attachment(session, settings.files, examined, keys=keys, now=NOW, tip_id=tip.id)
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    page = await officer.get(f"/cases/{case.number}")
    assert page.says("没有工作副本")
    assert page.says("可能有脚本或内嵌文件")
