"""Working through the inbox: one effect, replies at least once, one bad update stops nobody."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot import inbox
from bot.channels import Reply, TryLaterError, worker
from bot.channels.incoming import NotForUsError
from bot.channels.telegram import TelegramChat
from bot.channels.worker import ChatWorker
from config.clock import now as read_clock
from models.states import UpdateState
from models.tip import InboundUpdate
from tests.fakes import botapi
from tests.fakes.botapi import FakeBotApi


class Echo:
    """Says everything back; the effect of an update is written down so that doing it twice would show."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.unreachable: list[int] = []
        self.kept: dict[int, str] = {}

    async def prepare(self, update, waiting):
        text, chat_id = update["message"]["text"], update["message"]["chat"]["id"]
        if text == "群里的话":
            raise NotForUsError("group")
        if text == "等一下":
            raise TryLaterError(0.1)

        async def effect(session):
            if text == "毒":
                raise RuntimeError(text)
            self.effects.append(text)
            return [
                Reply(chat_id=chat_id, text=f"收到{text}", kept_as="last"),
                Reply(chat_id=chat_id, text="完"),
            ]

        return effect

    async def note_sent(self, session, chat_id, sent):
        self.kept.update(sent)

    async def note_unreachable(self, session, chat_id):
        self.unreachable.append(chat_id)

    def apologise(self, update):
        return Reply(chat_id=update["message"]["chat"]["id"], text="对不起")


@pytest.fixture
async def fake():
    async with FakeBotApi() as server:
        yield server


@pytest.fixture
async def chat(fake):
    chat = TelegramChat(fake.token, api_url=fake.api_url, file_url=fake.file_url)
    await chat.open()
    yield chat
    await chat.close()


@pytest.fixture
def echo():
    return Echo()


@contextlib.asynccontextmanager
async def working(db, chat, dialogue, keys):
    serving = ChatWorker(db, chat, dialogue, keys=keys, arrived=asyncio.Event())
    task = asyncio.create_task(serving.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def receive(fake, db, keys):
    async def receive(citizen, *texts):
        numbers = [citizen.says(text) for text in texts]
        updates = [update for update in fake._queue if update["update_id"] in numbers]
        await inbox.store_updates(db, updates, bot_id="1", keys=keys, now=read_clock())

    return receive


async def states(db):
    async with db.read() as session:
        rows = (await session.scalars(select(InboundUpdate).order_by(InboundUpdate.id))).all()
        return [(row.state, row.reason) for row in rows]


async def ended(db, seconds=15):
    async with asyncio.timeout(seconds):
        while any(state is UpdateState.WAITING for state, _reason in await states(db)):
            await asyncio.sleep(0.02)
    return await states(db)


async def test_replies_come_in_order_and_all_is_erased(fake, chat, echo, db, keys, receive):
    citizen = fake.user(1)
    await receive(citizen, "一", "二", "三")
    async with working(db, chat, echo, keys):
        assert await ended(db) == [(UpdateState.DONE, "")] * 3
    assert [m.text for m in citizen.screen()] == ["收到一", "完", "收到二", "完", "收到三", "完"]
    assert echo.kept[citizen.screen()[0].message_id] == "last"


async def test_told_to_wait_only_that_chat_waits(fake, chat, echo, db, keys, receive):
    slow, quick = fake.user(1), fake.user(2)
    fake.script("sendMessage", botapi.rate_limited(2))
    await receive(slow, "慢")
    async with working(db, chat, echo, keys):
        await asyncio.sleep(0.3)
        await receive(quick, "快")
        await quick.hears("完", seconds=1.5)
        assert slow.screen() == []
        await ended(db)
    assert [m.text for m in slow.screen()] == ["收到慢", "完"]
    assert echo.effects == ["慢", "快"]


async def test_what_was_sent_is_not_sent_again_after_a_failure(fake, chat, echo, db, keys, receive):
    citizen = fake.user(1)
    await receive(citizen, "一")
    sent = []
    real_send = chat.send

    async def send(*args, **more):
        if len(sent) == 1:
            sent.append("failed")
            raise TryLaterError(0.1)
        sent.append(args)
        return await real_send(*args, **more)

    chat.send = send
    async with working(db, chat, echo, keys):
        await ended(db)
    assert [m.text for m in citizen.screen()] == ["收到一", "完"]
    assert echo.effects == ["一"]


async def test_a_restart_between_effect_and_reply_sends_the_reply(
    fake, chat, echo, db, keys, receive, monkeypatch
):
    monkeypatch.setattr(worker, "STOP_SECONDS", 0.1)
    monkeypatch.setattr(inbox, "LEASE", timedelta(seconds=1))
    citizen = fake.user(1)
    await receive(citizen, "一")
    fake.script("sendMessage", *[botapi.hang(30)] * 2)
    async with working(db, chat, echo, keys):
        while not fake.count("sendMessage"):
            await asyncio.sleep(0.02)
        assert await states(db) == [(UpdateState.WAITING, "")]
    fake._faults.clear()
    async with working(db, chat, echo, keys):
        await ended(db, seconds=inbox.LEASE.total_seconds() + 5)
    assert [m.text for m in citizen.screen()] == ["收到一", "完"]
    assert echo.effects == ["一"]


async def test_a_poison_update_is_put_aside_with_an_apology(fake, chat, echo, db, keys, receive, monkeypatch):
    monkeypatch.setattr(inbox, "MAX_ATTEMPTS", 2)
    citizen = fake.user(1)
    await receive(citizen, "毒", "好的")
    async with working(db, chat, echo, keys):
        assert await ended(db) == [(UpdateState.QUARANTINED, "RuntimeError"), (UpdateState.DONE, "")]
    assert [m.text for m in citizen.screen()] == ["对不起", "收到好的", "完"]


async def test_who_blocked_the_bot_is_noted(fake, chat, echo, db, keys, receive):
    citizen = fake.user(1)
    await receive(citizen, "一")
    fake.blocked.add(1)
    async with working(db, chat, echo, keys):
        assert await ended(db) == [(UpdateState.DONE, "unreachable")]
    assert echo.unreachable == [1]


async def test_what_is_not_for_us_is_rejected_with_its_reason(fake, chat, echo, db, keys, receive):
    await receive(fake.user(1), "群里的话")
    async with working(db, chat, echo, keys):
        assert await ended(db) == [(UpdateState.REJECTED, "group")]


async def test_a_service_that_is_away_only_delays(fake, chat, echo, db, keys, receive):
    await receive(fake.user(1), "等一下")
    async with working(db, chat, echo, keys):
        await asyncio.sleep(0.5)
    assert (await states(db)) == [(UpdateState.WAITING, "service_away")]


async def test_after_a_day_nobody_waits_for_the_answer_any_more(fake, chat, echo, db, keys, monkeypatch):
    citizen = fake.user(1)
    citizen.says("等一下")
    received = read_clock() - timedelta(hours=25)
    await inbox.store_updates(db, fake._queue, bot_id="1", keys=keys, now=received)
    async with working(db, chat, echo, keys):
        assert await ended(db) == [(UpdateState.QUARANTINED, "service_away")]


async def test_two_workers_serve_each_update_once(fake, chat, echo, db, keys, receive):
    for number in range(1, 7):
        await receive(fake.user(number), "甲", "乙", "丙")
    async with working(db, chat, echo, keys), working(db, chat, echo, keys):
        await ended(db)
    assert sorted(echo.effects) == sorted(["甲", "乙", "丙"] * 6)
    for number in range(1, 7):
        texts = [m.text for m in fake.user(number).screen()]
        assert texts == ["收到甲", "完", "收到乙", "完", "收到丙", "完"]
