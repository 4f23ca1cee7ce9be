"""What the chat says without being asked: on after a quiet moment, one reminder, the end of a draft."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.channels import wakes
from bot.channels.wakes import wake_due
from config.clock import now as read_clock
from models.tip import Attachment, Draft, InboundUpdate
from tests.bot.channels.test_evidence import photo
from tests.bot.channels.test_journeys import STORY, send, tell, tips
from tests.bot.channels.test_trouble import settled

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def patience(monkeypatch):
    """`patience(remind, kept)`: how many seconds a draft lies until the reminder, and until it is deleted."""

    def last(remind, kept):
        monkeypatch.setattr(wakes, "REMIND_AFTER", timedelta(seconds=remind))
        monkeypatch.setattr(wakes, "KEPT", timedelta(seconds=kept))

    return last


async def begin(citizen):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says(STORY)
    await citizen.hears("哪个县区")


async def draft_of(db):
    async with db.read() as session:
        return (await session.scalars(select(Draft))).one()


@SQLITE
async def test_after_a_quiet_moment_it_goes_on_without_a_tap(served, citizen):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says("宏达学校卖证")
    first = await citizen.hears("已记下 6 字")
    assert first.button_texts() == ["写好了"]
    await citizen.hears("哪个县区")


@SQLITE
async def test_a_story_in_many_messages_with_photos_is_one_answer(served, citizen, db, quiet):
    quiet(60)
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    for words in ("宏达学校", "交八百就给证", "我亲眼看见的"):
        citizen.says(words)
    await citizen.hears("已记下 18 字")
    citizen.sends_photo(photo(), caption="收费的地方")
    await citizen.hears("已收到 1 个文件")
    citizen.presses("写好了")
    await citizen.hears("哪个县区")
    acknowledged = [m for m in citizen.screen() if "还有就接着发" in m.text]
    assert len(acknowledged) == 1
    draft = await draft_of(db)
    assert draft.answers["what"]["text"] == "宏达学校\n交八百就给证\n我亲眼看见的\n收费的地方"


@SQLITE
async def test_who_goes_on_telling_at_the_next_question_is_still_telling(served, citizen, db):
    await begin(citizen)
    more = "还有，他们每个星期六都收钱，考试的时候有人念答案。"
    citizen.says(more)
    joined = await citizen.hears("已经加到事情经过里")
    assert "哪个县区" in joined.text
    assert (await draft_of(db)).answers["what"]["text"] == f"{STORY}\n{more}"


@SQLITE
async def test_words_at_the_summary_are_not_lost(served, citizen, db):
    await tell(citizen)
    citizen.says("补一句：校长姓李")
    joined = await citizen.hears("已经加到事情经过里")
    assert "校长姓李" in joined.text
    citizen.presses("提交举报")
    await citizen.hears("举报已收到")
    assert (await tips(db))[0].text == f"{STORY}\n补一句：校长姓李"


@SQLITE
async def test_one_gentle_reminder_and_never_a_second(served, citizen, patience, db):
    patience(0.3, 60)
    await begin(citizen)
    reminder = await citizen.hears("还没有填完")
    assert reminder.button_texts() == ["接着填写", "删除"]
    for words in (STORY[:6], "宏达"):
        assert words not in reminder.text
    assert "日（周" in reminder.text  # until when it is kept
    await citizen.hears_nothing(seconds=0.8)
    citizen.presses("接着填写", message=reminder)
    await citizen.hears("哪个县区")
    await citizen.hears_nothing(seconds=0.8)


async def test_what_nobody_comes_back_to_is_deleted_with_a_notice(served, citizen, patience, db):
    patience(0.3, 6)
    await begin(citizen)
    citizen.sends_photo(photo())
    await citizen.hears("已收到 1 个文件")
    await citizen.hears("还没有填完")
    await citizen.hears("现在删除了")
    assert STORY not in str((await draft_of(db)).answers)
    async with db.read() as session:
        assert (await session.scalars(select(Attachment))).all() == []
    await citizen.hears_nothing(seconds=0.8)


@SQLITE
async def test_the_reminder_can_delete_what_it_speaks_of_and_nothing_newer(served, citizen, patience):
    patience(0.3, 60)
    await begin(citizen)
    reminder = await citizen.hears("还没有填完")
    citizen.presses("删除", message=reminder)
    await citizen.hears("已取消")
    await asyncio.sleep(1.1)  # a draft is known by the second in which it was begun
    patience(60, 90)
    await begin(citizen)
    citizen.presses("删除", message=reminder)
    await citizen.hears("已失效")
    await citizen.hears("哪个县区")


@SQLITE
async def test_nobody_is_reminded_of_nothing_or_of_what_was_sent(served, citizen, patience):
    patience(0.2, 0.4)
    citizen.says("/start")
    await citizen.hears("应急管理局")
    await citizen.hears_nothing(seconds=0.8)
    patience(60, 90)
    await send(citizen)
    patience(0.2, 0.4)
    await citizen.hears_nothing(seconds=0.8)


async def test_a_reminder_survives_a_restart_and_comes_once(running, citizen, patience, db, keys):
    patience(0.4, 60)
    async with running():
        await begin(citizen)
    await asyncio.sleep(0.5)
    assert await wake_due(db, keys=keys, now=read_clock()) == 1
    assert await wake_due(db, keys=keys, now=read_clock()) == 0
    async with running(), running(is_alone=False):
        await citizen.hears("还没有填完")
        await settled(db)
        await citizen.hears_nothing(seconds=0.5)
    async with db.read() as session:
        rows = (await session.scalars(select(InboundUpdate).where(InboundUpdate.bot_id == "clock"))).all()
    assert all(row.payload is None for row in rows)


@SQLITE
async def test_who_blocked_the_bot_is_not_woken(served, citizen, fake, patience, db):
    patience(0.6, 60)
    await begin(citizen)
    citizen.blocks_bot()
    await fake.drained()
    await settled(db)
    assert (await draft_of(db)).wake_at is None
    before = fake.count("sendMessage")
    await asyncio.sleep(0.9)
    assert fake.count("sendMessage") == before
