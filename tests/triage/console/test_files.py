"""Attachments: a safe copy for who sees the case, the original only with a reason that stays."""

import io

import pytest
from PIL import Image
from sqlalchemy import select

from models.event import Event
from models.files import examine_in_thread, save_attachment
from models.states import Role
from tests.factories import NOW, make_case, make_tip

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
