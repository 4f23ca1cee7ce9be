"""What the chat promises from the first word to the last, where no other test is nearer to it."""

import re

import pytest
from sqlalchemy import select

from bot.channels import dialogue
from models.tip import Draft
from tests.bot.channels.test_codes import STEPS, be_at
from tests.bot.channels.test_evidence import files, photo
from tests.bot.channels.test_journeys import STORY, send, tell, tips
from tests.bot.channels.test_trouble import settled
from tests.fakes import botapi
from tests.models.test_files import mp4, ogg

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
KINDS = {
    "voice": lambda citizen: citizen.sends_voice(ogg(b"A=b")),
    "photo": lambda citizen: citizen.sends_photo(photo()),
    "album": lambda citizen: citizen.sends_album([photo("red"), photo("blue")]),
    "video": lambda citizen: citizen.sends_video(mp4()),
    "file": lambda citizen: citizen.sends_document(
        "收费通知".encode(), name="收费.txt", media_type="text/plain"
    ),
}
HURRIED = {"telling": "请把事情说一说", "at the place": "具体在什么地方", "checking": "请核对"}


async def test_who_he_is_is_asked_last_and_may_be_left_out_with_the_first_button(served, citizen):
    await tell(citizen)
    asked = [message.text for message in citizen.seen]
    [place] = [
        index for index, words in enumerate(asked) if "愿意留下联系方式吗" in words and "目前" not in words
    ]
    before = "".join(words for words in asked[:place] if "不用给姓名和电话" not in words)
    assert not re.search("姓名|电话号码|身份证|怎么称呼", before)
    assert citizen.seen[place].buttons[0][0]["text"] == "匿名"


async def test_every_message_is_made_for_an_old_phone_with_large_letters(served, fake, citizen):
    for reader, story in ((citizen, STORY), (fake.user(2002, language="en"), "They sell certificates")):
        reader.says("/start")
        await reader.hears("12350")
        reader.says("/report")
        await reader.hears("")
        reader.says(story)
        for _ in range(2):
            await reader.hears("")
        for words in ("?", "skip", "跳过", "/help", "/status", "/privacy", "/web", "/forget"):
            reader.says(words)
            await reader.hears("")
        places = {"Development Zone", "Demonstration Zone"}  # names are as long as they are
        for message in reader.seen:
            assert all(len(row) <= 3 for row in message.buttons)
            assert all(len(words) <= 10 for words in message.button_texts() if words not in places)
            assert not re.search(r"[|+]-{2,}|\t", message.text)


@pytest.mark.parametrize("step", HURRIED)
@pytest.mark.parametrize("kind", KINDS)
async def test_whatever_is_sent_is_taken_at_every_step_and_acknowledged_once(served, citizen, db, kind, step):
    await be_at(citizen, step)
    before = len(citizen.screen())
    KINDS[kind](citizen)
    count = 2 if kind == "album" else 1
    kept = await citizen.hears(f"已收到 {count} 个文件")
    assert HURRIED[step] in kept.text or "只发材料" in kept.button_texts()
    await settled(db)
    assert len(await files(db)) == count
    assert sum("已收到" in message.text for message in citizen.screen()[before:]) == 1


async def test_who_cannot_write_sends_a_recording_and_nothing_else(served, citizen, db):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.sends_voice(ogg(b"A=b"))
    await citizen.hears("已收到 1 个文件")
    citizen.presses("只发材料")
    await citizen.hears("哪个县区")
    citizen.presses("其余跳过")
    await citizen.hears("愿意留下联系方式吗")
    citizen.presses("匿名")
    await citizen.hears("请核对")
    citizen.presses("提交举报")
    await citizen.hears("举报已收到")
    [tip] = await tips(db)
    assert "内容见材料" in tip.text
    assert [file.tip_id for file in await files(db)] == [tip.id]


async def test_number_and_code_have_buttons_that_copy_them_and_are_kept_nowhere(served, citizen, db):
    done = await send(citizen)
    number, code = done.marked("code")
    copies = {b["text"]: b["copy_text"]["text"] for row in done.buttons for b in row if "copy_text" in b}
    assert copies == {"复制编号": number, "复制查询码": code}
    async with db.read() as session:
        assert code not in str((await session.scalars(select(Draft.answers))).all())


async def test_a_server_that_knows_no_copying_gets_the_message_all_the_same(served, citizen, fake, db):
    await tell(citizen)
    fake.script("sendMessage", botapi.bad_request("BUTTON_TYPE_INVALID"))
    citizen.presses("提交举报")
    done = await citizen.hears("举报已收到")
    assert "复制查询码" not in done.button_texts()
    assert "查进度" in done.button_texts()


async def test_who_waits_for_a_big_file_sees_that_something_is_being_done(served, citizen, fake, monkeypatch):
    monkeypatch.setattr(dialogue, "SHOW_WORK_AFTER", 0.05)
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    fake.script("getFile", botapi.hang(0.5))
    citizen.sends_photo(photo())
    await citizen.hears("已收到 1 个文件")
    assert fake.count("sendChatAction") >= 1


async def test_a_link_hints_at_the_county_and_decides_nothing(served, citizen, db):
    citizen.says("/start wuyang")
    await citizen.hears("应急管理局")
    citizen.presses("开始举报")
    await citizen.hears("请把事情说一说")
    citizen.says(STORY)
    assert "写的是舞阳县" in (await citizen.hears("哪个县区")).text
    citizen.presses("其余跳过")
    await citizen.hears("愿意留下联系方式吗")
    citizen.presses("匿名")
    await citizen.hears("请核对")
    citizen.presses("提交举报")
    await citizen.hears("举报已收到")
    assert [tip.county for tip in await tips(db)] == [""]


@pytest.mark.parametrize("is_lesser", [False, True])
async def test_forget_deletes_with_one_call_or_one_by_one(served, citizen, fake, is_lesser):
    if is_lesser:
        fake.lacks("deleteMessages")
    await send(citizen)
    citizen.says("/forget")
    await citizen.hears("能删除的消息都已删除")
    assert [message.text[:6] for message in citizen.screen()] == ["能删除的消息"]
    assert citizen.sent_ids == []
    assert fake.count("deleteMessages") == 1
    assert (fake.count("deleteMessage") > 0) is is_lesser


async def test_forget_is_finished_although_telegram_asks_to_wait(served, citizen, fake, db):
    await send(citizen)
    fake.script("deleteMessages", botapi.rate_limited(1))
    citizen.says("/forget")
    await citizen.hears("能删除的消息都已删除")
    await settled(db)
    assert len(citizen.screen()) == 1


async def test_many_plain_words_do_what_buttons_and_commands_do(served, citizen, db):
    for typed, answer in (
        ("你好", "应急管理局"),
        ("我要举报", "请把事情说一说"),
        ("宏达学校卖证", "哪个县区"),
        ("不清楚", "具体在什么地方"),
        ("不知道", "哪个单位"),
        ("不记得。", "什么时候的事"),
        ("没有", "有照片"),
        ("没有了", "愿意留下联系方式吗"),
        ("13800000000", "请核对"),
        ("提交举报", "举报已收到"),
        ("谢谢", "不客气"),
    ):
        citizen.says(typed)
        await citizen.hears(answer)
    [tip] = await tips(db)
    assert (tip.text, tip.target, tip.is_named) == ("宏达学校卖证", "", True)


async def test_a_worried_question_is_answered_and_not_taken_for_an_answer(served, citizen, db):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says(STORY)
    await citizen.hears("哪个县区")
    citizen.says("你们会保密吗？")
    await citizen.hears("不会给被举报的一方")
    await citizen.hears("哪个县区")
    async with db.read() as session:
        assert "保密" not in str((await session.scalars(select(Draft.answers))).all())


async def test_a_name_at_the_question_of_anonymity_is_not_kept(served, citizen, db):
    await be_at(citizen, "at the place")
    citizen.presses("其余跳过")
    await citizen.hears("愿意留下联系方式吗")
    citizen.says("王建国")
    await citizen.hears("没有记下来")
    async with db.read() as session:
        assert "王建国" not in str((await session.scalars(select(Draft.answers))).all())


@pytest.mark.parametrize("step", STEPS)
async def test_who_blocks_and_comes_back_goes_on_where_he_was(served, citizen, fake, db, step):
    await send(citizen)
    await be_at(citizen, step)
    async with db.read() as session:
        before = (await session.scalars(select(Draft))).one()
    citizen.blocks_bot()
    await fake.drained()
    await settled(db)
    fake.blocked.clear()
    citizen.says("/help")
    await citizen.hears("这里能做三件事")
    async with db.read() as session:
        after = (await session.scalars(select(Draft))).one()
    assert (after.step, after.answers.get("what")) == (before.step, before.answers.get("what"))


async def test_danger_is_heard_in_a_caption_too(served, citizen):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.sends_photo(photo(), caption="正在发生，有人被困")
    assert (await citizen.hears("")).text.startswith("如果现在有危险，请马上拨打 119")


async def test_words_for_the_look_up_that_hold_no_number_are_kept(served, citizen, db):
    citizen.says("/status")
    await citizen.hears("12 位举报编号")
    citizen.says("宏达学校卖证，我想举报他们")
    await citizen.hears("先替您记着")
    citizen.presses("返回")
    await citizen.hears("请选择")
    citizen.presses("开始举报")
    await citizen.hears("已经作为事情经过")


async def test_answers_given_are_kept_by_a_tap_when_going_back(served, citizen):
    await be_at(citizen, "at the place")
    citizen.says("人民路 5 号")
    await citizen.hears("哪个单位")
    citizen.presses("返回上一步")
    again = await citizen.hears("具体在什么地方")
    assert "人民路 5 号" in again.text
    citizen.presses("不改")
    await citizen.hears("哪个单位")


async def test_telling_anew_drops_the_old_story(served, citizen, db):
    await tell(citizen)
    citizen.presses("改经过")
    shown = await citizen.hears("请把事情说一说")
    assert STORY in shown.text
    citizen.presses("重写")
    await citizen.hears("请把事情说一说")
    citizen.says("恒达学校卖证")
    summary = await citizen.hears("请核对")
    assert "恒达学校卖证" in summary.text
    assert STORY not in summary.text
