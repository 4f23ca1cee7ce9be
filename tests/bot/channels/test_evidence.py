"""Photos, recordings and files in the chat: taken at any step, told apart by content, one word for many."""

import io

import pytest
from PIL import Image
from sqlalchemy import func, select

from models.tip import Attachment, Draft, Tip
from tests.bot.channels.test_journeys import STORY, send
from tests.fakes import botapi


def photo(colour: str = "red", **more) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(held, "JPEG", **more)
    return held.getvalue()


async def files(db):
    async with db.read() as session:
        return (await session.scalars(select(Attachment).order_by(Attachment.id))).all()


async def at_evidence(citizen):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says(STORY)
    await citizen.hears("哪个县区")
    citizen.presses("不清楚")
    await citizen.hears("具体在什么地方")
    for question in ("哪个单位", "什么时候的事", "有照片"):
        citizen.presses("跳过")
        await citizen.hears(question)


async def finish(citizen):
    citizen.presses("没有了")
    await citizen.hears("愿意留下联系方式吗")
    citizen.presses("匿名")
    summary = await citizen.hears("请核对")
    citizen.presses("提交举报")
    await citizen.hears("举报已收到")
    return summary


async def test_photos_and_files_belong_to_the_tip(served, citizen, db):
    await at_evidence(citizen)
    citizen.sends_photo(photo())
    await citizen.hears("已收到 1 个文件")
    citizen.sends_document("收费通知：包过".encode(), name="收费.txt", media_type="text/plain")
    await citizen.hears("已收到 2 个文件")
    summary = await finish(citizen)
    assert "2 个文件" in summary.text
    stored = await files(db)
    assert [file.media_type for file in stored] == ["image/jpeg", "text/plain"]
    async with db.read() as session:
        [tip] = (await session.scalars(select(Tip))).all()
    assert {file.tip_id for file in stored} == {tip.id}
    assert {file.draft_id for file in stored} == {None}


async def test_an_album_is_one_acknowledgement_with_its_caption_in_the_story(served, citizen, fake, db):
    await at_evidence(citizen)
    fake.hold()
    citizen.sends_album([photo(c) for c in ("red", "green", "blue")], caption="收费现场", caption_on=2)
    fake.release()
    await citizen.hears("已收到 3 个文件")
    kept = [m.text for m in citizen.screen() if "已收到" in m.text]
    assert kept == ["已收到 3 个文件。"]
    summary = await finish(citizen)
    assert "收费现场" in summary.text
    assert len(await files(db)) == 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_files_are_counted_without_edits_too(served, citizen, fake):
    fake.lacks("editMessageText")
    await at_evidence(citizen)
    citizen.sends_photo(photo("red"))
    await citizen.hears("已收到 1 个文件")
    citizen.sends_photo(photo("blue"))
    await citizen.hears("已收到 2 个文件")


async def test_files_may_come_before_any_question(served, citizen, db):
    citizen.sends_photo(photo(), caption="宏达学校收费现场")
    await citizen.hears("应急管理局")
    kept = await citizen.hears("已收到 1 个文件")
    assert "还没有提交" in kept.text
    citizen.presses("开始举报")
    await citizen.hears("请把事情说一说")
    citizen.says(STORY)
    await citizen.hears("哪个县区")
    citizen.presses("其余跳过")
    await citizen.hears("愿意留下联系方式吗")
    citizen.presses("匿名")
    assert "1 个文件" in (await citizen.hears("请核对")).text


async def test_a_file_between_two_questions_is_kept_and_the_question_repeated(served, citizen, db):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says(STORY)
    county = await citizen.hears("哪个县区")
    citizen.sends_photo(photo())
    kept = await citizen.hears("已收到 1 个文件")
    assert "哪个县区" in kept.text
    citizen.presses("郾城区", message=county)  # the older copy of the question still works
    await citizen.hears("具体在什么地方")


async def test_too_big_is_said_clearly_with_the_way_out(served, citizen, db):
    await at_evidence(citizen)
    citizen.sends_video(b"x", size=21 * 1024 * 1024)
    refused = await citizen.hears("20 MB")
    assert refused.text
    await citizen.hears("https://tip.example.org")
    await citizen.hears("有照片")
    assert await files(db) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_renamed_programme_is_refused(served, citizen, db):
    await at_evidence(citizen)
    citizen.sends_document(b"MZ\x90\x00" + bytes(500), name="photo.jpg", media_type="image/jpeg")
    await citizen.hears("有照片")
    assert await files(db) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_same_photo_twice_counts_once(served, citizen, db):
    await at_evidence(citizen)
    citizen.sends_photo(photo())
    await citizen.hears("已收到 1 个文件")
    citizen.sends_photo(photo())
    await citizen.hears("已收到 1 个文件")
    assert len(await files(db)) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_eleventh_file_is_refused_and_ten_stay(served, citizen, db):
    await at_evidence(citizen)
    for number in range(11):
        citizen.sends_document(f"第{number}份".encode(), name=f"{number}.txt", media_type="text/plain")
    await citizen.hears("已收到 10 个文件")
    await citizen.hears("10 个")
    assert len(await files(db)) == 10


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_photo_shows_nothing_of_who_took_it(served, citizen, db, chat_settings):
    exif = Image.Exif()
    exif[0x010F] = "CANARY-CAMERA"
    await at_evidence(citizen)
    citizen.sends_photo(photo(exif=exif.tobytes(), comment=b"CANARY-COMMENT"))
    await citizen.hears("已收到 1 个文件")
    contents = [path.read_bytes() for path in chat_settings.files.rglob("*") if path.is_file()]
    assert len(contents) == 2
    assert all(b"CANARY" not in content for content in contents)  # the original is sealed


async def test_a_file_that_cannot_be_fetched_now_is_fetched_later(served, citizen, fake, db):
    await at_evidence(citizen)
    fake.script("getFile", botapi.server_error())
    citizen.sends_photo(photo())
    await citizen.hears("已收到 1 个文件")
    assert len(await files(db)) == 1


async def test_a_file_after_sending_is_added_to_the_tip(served, citizen, db):
    await send(citizen)
    citizen.sends_photo(photo())
    await citizen.hears("已补充到举报")
    [file] = await files(db)
    assert file.message_id is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_starting_anew_leaves_no_file_of_the_old_draft(served, citizen, db):
    await at_evidence(citizen)
    citizen.sends_photo(photo())
    await citizen.hears("已收到 1 个文件")
    citizen.says("/report")
    await citizen.hears("要接着填吗")
    citizen.presses("重新开始")
    await citizen.hears("请把事情说一说")
    assert await files(db) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_photo_put_in_the_place_of_another_is_one_more(served, citizen, db):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.sends_photo(photo("red"), caption="收据")
    await citizen.hears("已收到 1 个文件")
    citizen.edits_photo(photo("red"), caption="收据，八百块")
    await citizen.hears("已经按您修改后的内容更新")
    citizen.edits_photo(photo("blue"), caption="收据，八百块")
    await citizen.hears("两个都会交给承办人员")
    await citizen.hears("已收到 2 个文件")
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Attachment)) == 2
        draft = await session.scalar(select(Draft))
    assert draft.answers["what"]["text"] == "收据，八百块"
