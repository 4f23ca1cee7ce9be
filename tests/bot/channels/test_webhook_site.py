"""The webhook on the real public site, notices into the chat, and whether readiness tells the truth."""

import asyncio
import contextlib
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web

from bot import app as public_side
from bot.app import ChatParts, add_webhook, find_webhook_address, make_send_chat, make_telegram, run_chat
from bot.channels import UnreachableError
from bot.channels.webhook import SECRET_HEADER
from bot.web.routes import make_public_site
from config.web import SiteRunner
from models.queries.heartbeats import find_beat
from tests.bot.channels.test_journeys import send, tips

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


async def test_a_notice_has_the_button_that_opens_the_tip(running, fake, citizen, chat_settings):
    async with running() as parts:
        number = (await send(citizen)).marked("code")[0]
        chat = make_telegram(chat_settings)
        await chat.open()
        deliver = make_send_chat(chat, parts)
        await deliver("1001", "您的举报已受理")
        notice = await citizen.hears("已受理")
        citizen.presses("查进度", message=notice)
        assert number in (await citizen.hears("举报编号")).text
        citizen.says("/forget")
        await citizen.hears("都已删除")
        assert all("已受理" not in message.text for message in citizen.screen())
        fake.blocked.add(1001)
        with pytest.raises(UnreachableError):
            await deliver("1001", "还有一条")
        await chat.close()
