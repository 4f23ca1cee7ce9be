"""Polling and webhook: stored before confirmed, once however often delivered."""

import asyncio
import io
import json

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from sqlalchemy import func, select

from bot.channels.polling import poll_forever
from bot.channels.telegram import TelegramChat
from bot.channels.webhook import SECRET_HEADER, make_path, make_webhook
from models.tip import InboundUpdate
from tests.fakes import botapi
from tests.fakes.botapi import FakeBotApi

SECRET = "a-secret-of-the-tests"


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


async def count(db) -> int:
    async with db.read() as session:
        return await session.scalar(select(func.count()).select_from(InboundUpdate))


async def stop(task: asyncio.Task) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_polling_confirms_only_what_is_stored(fake, chat, db, keys):
    arrived = asyncio.Event()
    task = asyncio.create_task(poll_forever(chat, db, keys=keys, arrived=arrived))
    for number in range(5):
        fake.user(1).says(f"第{number}句")
    await fake.drained()
    assert await count(db) == 5
    assert arrived.is_set()
    await stop(task)


async def test_what_was_not_confirmed_comes_again_and_is_stored_once(fake, chat, db, keys):
    fake.user(1).says("一")
    fake.script("getUpdates", *[botapi.lost_answer()] * 2)  # answered, but the answer was lost on the way
    task = asyncio.create_task(poll_forever(chat, db, keys=keys, arrived=asyncio.Event()))
    await fake.drained()
    assert await count(db) == 1
    await stop(task)


async def test_polling_survives_everything_the_server_does(fake, chat, db, keys):
    fake.script("getUpdates", botapi.server_error(), botapi.rate_limited(1), botapi.truncated())
    fake.queue_raw({"message": "no number"})
    fake.user(1).says("一")
    task = asyncio.create_task(poll_forever(chat, db, keys=keys, arrived=asyncio.Event()))
    await fake.drained(seconds=20)
    assert await count(db) == 1
    await stop(task)


async def test_a_lower_number_after_a_quiet_week_is_fetched_too(fake, chat, db, keys):
    task = asyncio.create_task(poll_forever(chat, db, keys=keys, arrived=asyncio.Event()))
    fake.user(1).says("一")
    await fake.drained()
    fake.next_update_id = 17
    fake.user(1).says("二")
    await fake.drained()
    for _ in range(100):
        if await count(db) == 2:
            break
        await asyncio.sleep(0.02)
    assert await count(db) == 2
    await stop(task)


# ---------------------------------------------------------------- webhook


@pytest.fixture
async def hook(db, keys):
    path = make_path(keys, SECRET)
    app = web.Application()
    app.router.add_post(path, make_webhook(db, keys=keys, secret=SECRET, bot_id="1", arrived=asyncio.Event()))
    async with TestServer(app) as server, ClientSession() as client:

        async def post(body, *headers):
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            async with client.post(server.make_url(path), data=io.BytesIO(data), headers=headers) as response:
                return response.status, await response.text()

        yield post


RIGHT = (SECRET_HEADER, SECRET)


async def test_with_the_secret_an_update_is_stored(hook, db):
    assert await hook({"update_id": 1, "message": {}}, RIGHT) == (200, "")
    assert await hook({"update_id": 1, "message": {}}, RIGHT) == (200, "")
    assert await count(db) == 1


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(SECRET_HEADER, "")],
        [(SECRET_HEADER, SECRET[:-1])],
        [(SECRET_HEADER, "x" * 5000)],
        [RIGHT, RIGHT],
        [RIGHT, (SECRET_HEADER, "other")],
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_without_the_secret_nothing_is_stored_and_nothing_is_said(hook, db, headers):
    assert await hook({"update_id": 1}, *headers) == (403, "")
    assert await count(db) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"update_id": NaN}',
        b'{"update_id": 1, "update_id": 2}',
        b'{"update_id": "1"}',
        b'{"update_id": -1}',
        b'{"update_id": 9223372036854775808}',
        b'{"message": {}}',
        b"[" * 10_000,
        b'{"update_id": 1, "message": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nonsense_is_refused_and_the_next_update_is_served(hook, db, body):
    assert (await hook(body, RIGHT))[0] == 400
    assert (await hook({"update_id": 5}, RIGHT))[0] == 200
    assert await count(db) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_flood_in_one_body_is_cut_off(hook, db):
    assert (await hook({"update_id": 1, "x": "x" * 1_100_000}, RIGHT))[0] == 413
    assert await count(db) == 0


async def test_a_database_that_is_away_makes_telegram_deliver_again(fake, chat, db, keys):
    class Broken:
        def begin(self):
            raise ConnectionError

    state = {"db": Broken()}

    async def route(request):
        handler = make_webhook(state["db"], keys=keys, secret=SECRET, bot_id="1", arrived=asyncio.Event())
        return await handler(request)

    app = web.Application()
    app.router.add_post("/telegram/x", route)
    async with TestServer(app) as server:
        await chat.set_webhook(str(server.make_url("/telegram/x")), secret=SECRET)
        fake.user(1).says("一")
        while fake.webhook.attempts < 2:
            await asyncio.sleep(0.02)
        assert fake.webhook.last_error == "Wrong response: 503"
        state["db"] = db
        await fake.drained()
    assert await count(db) == 1
