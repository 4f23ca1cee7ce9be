"""The webhook on the real public site, notices into the chat, and whether readiness tells the truth."""

import asyncio
import contextlib
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import select

from bot import app as public_side
from bot.app import ChatParts, add_webhook, find_webhook_address, make_send_chat, make_telegram, run_chat
from bot.channels import UnreachableError
from bot.channels.webhook import SECRET_HEADER
from bot.web.routes import make_public_site
from config.text import text
from config.web import SiteRunner
from models.message import Message
from models.notice import Notice
from models.numbers import in_groups
from models.queries.heartbeats import find_beat
from models.queries.notices import queue_reporter_notice
from models.queries.tips import get_tip
from models.states import MessageKind, NoticeState
from models.tip import Identity
from tests.bot.channels.test_journeys import send, tips
from tests.bot.channels.test_return import messages, open_case

SECRET = "a-secret-of-the-tests-0123456789"


@pytest.fixture
def often_checked(monkeypatch):
    monkeypatch.setattr(public_side, "CHECK_SECONDS", 0.1)


@pytest.fixture
async def site(db, keys, catalog, chat_settings):
    """The public site with the webhook's route, and the chat behind it."""
    settings = replace(chat_settings, telegram_webhook_secret=SECRET)
    parts = ChatParts(db, keys, catalog, settings)
    app = make_public_site(db=db, keys=keys, catalog=catalog, settings=settings)
    add_webhook(app, parts)
    runner = SiteRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    settings = replace(settings, public_url=f"http://{host}:{port}")
    parts = ChatParts(db, keys, catalog, settings, parts.arrived)
    task = asyncio.create_task(run_chat(parts))
    yield settings
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await runner.cleanup()


async def test_a_tip_by_webhook(site, fake, citizen, db):
    await send(citizen)
    assert len(await tips(db)) == 1
    assert fake.webhook.url.startswith(f"{site.public_url}/telegram/")
    assert fake.count("getUpdates") == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_strangers_get_nothing_from_the_route(site, keys):
    address = find_webhook_address(site, keys)
    assert SECRET not in address
    async with aiohttp.ClientSession() as client:
        for headers in ({}, {SECRET_HEADER: "wrong"}):
            async with client.post(address, json={"update_id": 1}, headers=headers) as response:
                assert response.status == 403
        async with client.get(address) as response:
            assert response.status in {404, 405}
        async with client.post(f"{site.public_url}/telegram/other", json={}) as response:
            assert response.status == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_webhook_that_was_moved_is_taken_back(often_checked, site, fake, citizen):
    citizen.says("/start")
    await citizen.hears("应急管理局")
    ours, fake.webhook.url = fake.webhook.url, "http://127.0.0.1:9/elsewhere"
    async with asyncio.timeout(10):
        while fake.webhook.url != ours:
            await asyncio.sleep(0.02)


async def test_the_pulse_beats_only_when_telegram_answers(served, citizen, fake, db):
    citizen.says("/start")
    await citizen.hears("应急管理局")
    async with db.read() as session:
        assert await find_beat(session, "telegram") is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_without_an_answer_there_is_no_pulse(db, keys, catalog, chat_settings):
    settings = replace(chat_settings, telegram_api_url="http://127.0.0.1:1/bot")
    task = asyncio.create_task(run_chat(ChatParts(db, keys, catalog, settings)))
    await asyncio.sleep(0.5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with db.read() as session:
        assert await find_beat(session, "telegram") is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_without_a_token_the_chat_is_simply_off(db, keys, catalog, settings):
    await asyncio.wait_for(run_chat(ChatParts(db, keys, catalog, settings)), 2)


def notice_of(kind, tip):
    return Notice(kind=kind, tip_id=tip.id, locale="zh-CN", values={"number": tip.number})


async def test_a_notice_has_the_buttons_that_open_the_tip_and_give_peace(
    running, fake, citizen, chat_settings, db
):
    async with running() as parts:
        number = (await send(citizen)).marked("code")[0]
        [tip] = await tips(db)
        chat = make_telegram(chat_settings)
        await chat.open()
        deliver = make_send_chat(chat, parts)
        await deliver("1001", "您的举报已受理", notice_of("tip_accepted", tip))
        notice = await citizen.hears("已受理")
        assert notice.button_texts() == ["查进度", "不再提醒"]
        citizen.presses("查进度", message=notice)
        assert number in (await citizen.hears("举报编号")).text
        citizen.says("/forget")
        await citizen.hears("都已删除")
        assert all("已受理" not in message.text for message in citizen.screen())
        fake.blocked.add(1001)
        with pytest.raises(UnreachableError):
            await deliver("1001", "还有一条", notice_of("tip_accepted", tip))
        await chat.close()


async def test_the_officers_question_comes_without_the_tip_and_its_button_leads_to_the_reply(
    running, citizen, chat_settings, db, now
):
    async with running() as parts:
        await send(citizen)
        _case, tip_id = await open_case(db)
        await ask(db, tip_id, "公章是什么名称？", now)
        [tip] = await tips(db)
        words = text("notices.question_waiting.body", "zh-CN", number=in_groups(tip.number))
        assert "公章" not in words
        chat = make_telegram(chat_settings)
        await chat.open()
        await make_send_chat(chat, parts)("1001", words, notice_of("question_waiting", tip))
        notice = await citizen.hears("有一个问题")
        assert notice.button_texts() == ["查看并回复", "不再提醒"]
        citizen.presses("查看并回复", message=notice)
        await citizen.hears("公章是什么名称")
        await citizen.hears("发完点")
        citizen.says("宏达职业培训学校")
        await citizen.hears("已补充到举报")
        assert (await messages(db))[-1].text == "宏达职业培训学校"
        await chat.close()


async def test_who_wants_peace_gets_no_notice_and_still_reads_the_question(served, citizen, db, now):
    await send(citizen)
    _case, tip_id = await open_case(db)
    citizen.says("/status")
    await citizen.hears("举报编号")
    citizen.presses("不再提醒")
    await citizen.hears("不再在这里提醒")
    async with db.begin() as session:
        tip = await get_tip(session, tip_id)
        values = {"number": tip.number}
        await queue_reporter_notice(session, tip, "question_waiting", dedup="t", values=values, now=now)
    async with db.read() as session:
        [notice] = (await session.scalars(select(Notice).where(Notice.tip_id == tip_id))).all()
    assert (notice.state, notice.reason) == (NoticeState.SKIPPED, "muted")
    assert text("notices.reason.muted", "zh-CN")
    await ask(db, tip_id, "公章是什么名称？", now)
    citizen.says("/status")
    assert "公章是什么名称" in (await citizen.hears("举报编号")).text
    citizen.presses("恢复提醒")
    await citizen.hears("会在这里提醒")


async def test_nobody_elses_tip_is_opened_or_silenced_by_a_forged_button(served, citizen, fake, db):
    await send(citizen)
    [tip] = await tips(db)
    stranger = fake.user(2002)
    stranger.says("/start")
    own = await stranger.hears("应急管理局")
    for verb in ("reply", "status", "mute"):
        stranger.taps(f"open.{verb}:{tip.number}", own)
        assert tip.number not in (await stranger.hears("12 位举报编号")).text.replace(" ", "")
    async with db.read() as session:
        assert not await session.scalar(select(Identity.is_muted))


async def ask(db, tip_id, words, now):
    """What an officer asks."""
    async with db.begin() as session:
        tip = await get_tip(session, tip_id)
        kind = MessageKind.TO_REPORTER
        session.add(Message(tip_id=tip_id, case_id=tip.case_id, kind=kind, text=words, created_at=now))
