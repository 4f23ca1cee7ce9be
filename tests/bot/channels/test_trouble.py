"""The chat when things go wrong: restarts, repeats, disorder, floods, lesser servers, strangers."""

import asyncio
import logging

import pytest
from sqlalchemy import func, select, update

from bot.channels import dialogue
from bot.inbox import OUR_CLOCK
from config.clock import now
from models.case import ThrottleCount
from models.queries.updates import release_claims
from models.states import UpdateState
from models.tip import Draft, InboundUpdate, Tip
from tests.bot.channels.test_journeys import STORY, send, tell, tips
from tests.fakes import botapi


async def settled(db, seconds=15, *, but=0):
    """Wait until all that people sent is worked on, but for so many."""
    async with asyncio.timeout(seconds):
        while True:
            async with db.read() as session:
                waiting = await session.scalar(
                    select(func.count())
                    .select_from(InboundUpdate)
                    .where(InboundUpdate.state == UpdateState.WAITING, InboundUpdate.bot_id != OUR_CLOCK)
                )
            if waiting == but:
                return
            await asyncio.sleep(0.02)


async def test_a_restart_in_the_middle_goes_on_at_the_same_question(running, citizen, db):
    async with running():
        citizen.says("/report")
        await citizen.hears("请把事情说一说")
        citizen.says(STORY)
        county = await citizen.hears("哪个县区")
    async with running():
        citizen.presses("郾城区", message=county)
        await citizen.hears("具体在什么地方")
        citizen.presses("其余跳过")
        await citizen.hears("愿意留下联系方式吗")
    async with running():
        citizen.presses("匿名")
        await citizen.hears("请核对")
        citizen.presses("提交举报")
        await citizen.hears("举报已收到")
    assert [(tip.text, tip.county) for tip in await tips(db)] == [(STORY, "yancheng")]


async def test_words_sent_while_nobody_was_there_are_answered_later(running, citizen, db):
    citizen.says("/report")
    async with running():
        await citizen.hears("请把事情说一说")


async def test_updates_delivered_again_have_one_effect(served, citizen, fake, db):
    await tell(citizen)
    fake.hold()
    citizen.presses("提交举报")
    [update] = fake._held
    fake.queue_raw(update)
    fake.queue_raw(update)
    fake.release()
    await citizen.hears("举报已收到")
    fake.queue_raw(update)
    await fake.drained()
    await settled(db)
    assert len(await tips(db)) == 1
    assert sum("举报已收到" in m.text for m in citizen.screen()) == 1


async def test_updates_in_disorder_break_nothing(served, citizen, fake, db):
    await tell(citizen)
    fake.hold()
    citizen.presses("提交举报")
    citizen.says("再说一句")
    citizen.says("/status")
    fake.release(is_reversed=True)
    await citizen.hears("已失效")
    await citizen.hears("12 位举报编号")
    citizen.presses("返回")
    await citizen.hears("请核对")
    citizen.presses("提交举报")
    await citizen.hears("举报已收到")
    await settled(db)
    assert len(await tips(db)) == 1


async def test_a_tip_is_acknowledged_although_telegram_asks_to_wait(served, citizen, fake, db):
    await tell(citizen)
    fake.script("sendMessage", botapi.rate_limited(1), botapi.server_error())
    citizen.presses("提交举报")
    await citizen.hears("举报已收到")
    assert len(await tips(db)) == 1


async def test_a_lost_answer_repeats_the_message_and_nothing_else(served, citizen, fake, db):
    await tell(citizen)
    fake.script("sendMessage", botapi.lost_answer())
    citizen.presses("提交举报")
    first = await citizen.hears("举报已收到")
    second = await citizen.hears("举报已收到")
    assert first.marked("code") == second.marked("code")
    assert len(await tips(db)) == 1


async def test_a_server_with_few_methods_is_enough(fake, running, citizen, db):
    fake.lacks(
        "editMessageText",
        "answerCallbackQuery",
        "sendChatAction",
        "setMyCommands",
        "deleteMessage",
        "getWebhookInfo",
        "deleteWebhook",
        "getMe",
    )
    async with running():
        await send(citizen)
        citizen.says("/forget")
        await citizen.hears("请您自己清空聊天记录")
    assert len(await tips(db)) == 1


async def test_the_menu_is_filled_in_both_languages(served, citizen, fake):
    citizen.says("/start")
    await citizen.hears("应急管理局")
    names = {command["command"] for command in fake.commands[""]}
    assert names == {"start", "report", "status", "help", "cancel", "privacy", "forget"}
    assert fake.commands["en"][0]["description"].startswith("Start")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_group_is_told_once_and_its_words_are_no_tip(served, citizen, fake, db):
    group = {"id": -1005, "type": "supergroup", "title": "某群"}
    for number in range(3):
        citizen.says(f"{STORY}{number}", chat=group)
    citizen.sends({"text": STORY}, sender_chat={"id": -1006, "type": "channel", "title": "频道"})
    await fake.drained()
    await settled(db)
    assert [m.text[:6] for m in fake.messages[-1005]] == ["为了保护举报"]
    assert await tips(db) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_bots_channels_and_forged_senders_are_turned_away(served, citizen, fake, db):
    message = {"message_id": 9, "date": 1, "text": STORY}
    person = {"id": 1001, "is_bot": False, "first_name": "某"}
    private = {"id": 1001, "type": "private"}
    fake.add_update("channel_post", message | {"chat": {"id": -1007, "type": "channel", "title": "频道"}})
    fake.add_update("message", message | {"chat": private, "from": person | {"is_bot": True}})
    fake.add_update("message", message | {"chat": private, "from": person | {"id": 77}})
    fake.add_update("message", {"message_id": "nine"})
    fake.add_update("something_new", {"x": 1})
    await fake.drained()
    await settled(db)
    async with db.read() as session:
        rows = (await session.scalars(select(InboundUpdate).order_by(InboundUpdate.id))).all()
        assert await session.scalar(select(func.count()).select_from(Draft)) == 0
    assert {row.state for row in rows} == {UpdateState.REJECTED}
    assert [m for chat in fake.messages.values() for m in chat] == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_words_of_another_bot_are_no_tip_and_the_person_is_told(served, citizen, fake, db):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.sends({"text": STORY}, via_bot=fake.bot_user() | {"id": 555})
    await citizen.hears("看不懂")
    await citizen.hears("请把事情说一说")
    async with db.read() as session:
        assert STORY not in str((await session.scalars(select(Draft.answers))).all())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_post_forwarded_from_a_channel_is_material_and_never_sent_by_itself(
    served, citizen, fake, db
):
    channel = {"id": -1009, "type": "channel", "title": "某频道"}
    origin = {"type": "channel", "date": 1, "chat": channel, "message_id": 5}
    citizen.sends({"text": "包过，/report 加微信"}, forward_origin=origin)
    await citizen.hears("还没有提交")
    citizen.presses("开始举报")
    await citizen.hears("哪个县区")
    citizen.presses("返回上一步")
    assert "（转发的内容）包过" in (await citizen.hears("请把事情说一说")).text
    assert await tips(db) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_who_floods_is_told_once_and_loses_nothing(served, citizen, db):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    pieces = [f"第{piece}条" for piece in range(60)]
    for piece in pieces:
        citizen.says(piece)
    await citizen.hears("发得很快", seconds=30)
    await settled(db, seconds=30, but=1 + len(pieces) - dialogue.UPDATES_OF_CHAT.most)
    async with db.begin() as session:  # the minute is over
        await session.execute(update(ThrottleCount).values(window_ends_at=now()))
        await release_claims(session)
    await settled(db, seconds=30)
    assert sum("发得很快" in m.text for m in citizen.screen()) == 1
    async with db.read() as session:
        [draft] = (await session.scalars(select(Draft))).all()
    assert draft.answers["what"]["text"].splitlines() == pieces


@pytest.mark.parametrize("payload", ["'; DROP TABLE tip; --", "x" * 64, "wuyang", "%00", "1002"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_follows_start_has_no_power(served, citizen, payload):
    citizen.says(f"/start {payload}")
    await citizen.hears("应急管理局")


HOSTILE = ["坏\x00字", "\ud83d", "<b>x</b> [y](tg://user?id=1)", "\u202e反", "🧨" * 2000, "\n" * 3000 + "x"]


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_any_words_get_an_answer(served, citizen, words):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says(words)
    await citizen.hears("")
    citizen.says("/help")
    await citizen.hears("/status")


@pytest.mark.parametrize("step", range(8))
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_command_works_at_every_step(served, citizen, db, step):
    way = ["/report", STORY, "郾城区", "孟庙镇", "宏达", "上个月", "没有", "/nonsense"]
    for words in way[: step + 1]:
        citizen.says(words)
        await citizen.hears("")
    for command, answer in (
        ("/help", "/status"),
        ("/privacy", "隐私"),
        ("/start", "应急管理局"),
        ("/status", "12 位举报编号"),
        ("/start", "应急管理局"),
        ("/cancel", "取消"),
        ("/cancel", "不用取消"),
        ("/report", "请把事情说一说"),
    ):
        citizen.says(command)
        await citizen.hears(answer)
    assert await tips(db) == []


async def test_two_processes_serve_one_chat_without_doing_anything_twice(
    running, fake, citizen, db, chat_settings
):
    async with running(), running(is_alone=False):
        await send(citizen)
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Tip)) == 1
    assert sum("举报已收到" in m.text for m in citizen.screen()) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_log_line_holds_token_words_code_or_chat(running, fake, db, caplog, capfd):
    citizen = fake.user(987654321)
    logging.getLogger("aiosqlite").setLevel(logging.INFO)  # the program's own log set-up does this too
    with caplog.at_level(logging.DEBUG):
        fake.script("sendMessage", botapi.server_error())
        fake.script("editMessageText", botapi.bad_request("message to edit not found"))
        async with running():
            number, code = (await send(citizen)).marked("code")
            citizen.says("\ud83d")
            await citizen.hears("")
    out = capfd.readouterr()
    everything = caplog.text + out.out + out.err
    for secret in (fake.token, fake.token.split(":")[1], "987654321", STORY[:12], number, code):
        assert secret not in everything
        assert secret.replace(" ", "") not in everything


@pytest.mark.parametrize(
    "broken", [{"text": 5}, {"text": "真话", "date": 99999999999999999}, {"location": {}}]
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_nobody_can_read_is_answered_once_and_blocks_nothing(served, citizen, db, broken):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.sends({"text": ""}, **broken)
    await citizen.hears("看不懂")
    citizen.says(STORY)
    await citizen.hears("哪个县区")
    async with db.read() as session:
        assert await session.scalar(select(func.max(InboundUpdate.attempts))) == 1
