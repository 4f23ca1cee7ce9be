"""The stand-ins keep to the rules of what they stand for, seen through the real client libraries."""

import asyncio
import smtplib

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter

from tests.fakes import botapi
from tests.fakes.botapi import FakeBotApi
from tests.fakes.smtp import SmtpServer
from tests.fakes.webhook import NoticeSink


@pytest.fixture
async def fake():
    async with FakeBotApi() as server:
        yield server


@pytest.fixture
async def bot(fake):
    async with Bot(fake.token, base_url=fake.api_url, base_file_url=fake.file_url) as bot:
        yield bot


async def test_updates_come_again_until_they_are_confirmed(fake, bot):
    fake.user(1).says("一")
    fake.user(1).says("二")
    first = await bot.get_updates()
    again = await bot.get_updates()
    assert [u.message.text for u in first] == [u.message.text for u in again] == ["一", "二"]
    assert await bot.get_updates(offset=first[-1].update_id + 1) == ()
    assert fake.pending == 0


async def test_a_long_poll_waits_for_news_and_ends_without(fake, bot):
    waiting = asyncio.create_task(bot.get_updates(timeout=5))
    await asyncio.sleep(0.1)
    fake.user(1).says("来了")
    assert (await asyncio.wait_for(waiting, 3))[0].message.text == "来了"


async def test_a_second_poller_ends_the_first(fake, bot):
    first = asyncio.create_task(bot.get_updates(timeout=5))
    await asyncio.sleep(0.1)
    async with Bot(fake.token, base_url=fake.api_url) as second:
        await second.get_updates(timeout=0)
    with pytest.raises(Conflict):
        await first


async def test_a_webhook_is_pushed_again_until_it_says_200(fake, bot):
    seen = []

    async def hook(request: web.Request) -> web.Response:
        seen.append((request.headers["X-Telegram-Bot-Api-Secret-Token"], (await request.json())["update_id"]))
        return web.Response(status=200 if len(seen) > 2 else 503)

    app = web.Application()
    app.router.add_post("/hook", hook)
    async with TestServer(app) as server:
        await bot.set_webhook(str(server.make_url("/hook")), secret_token="S" * 20)
        with pytest.raises(Conflict):
            await bot.get_updates()
        update_id = fake.user(1).says("一")
        await fake.drained()
    assert seen == [("S" * 20, update_id)] * 3


async def test_limits_of_the_real_server(fake, bot):
    citizen = fake.user(1)
    with pytest.raises(BadRequest, match="too long"):
        await bot.send_message(1, "字" * 4097)
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("好", callback_data="x" * 65)]])
    with pytest.raises(BadRequest, match=r"[Bb]utton_data_invalid"):
        await bot.send_message(1, "问", reply_markup=keyboard)
    with pytest.raises(BadRequest, match=r"[Cc]an't parse entities"):
        await bot.send_message(1, "<b>没关", parse_mode="HTML")
    with pytest.raises(BadRequest, match="not found"):
        await bot.send_message(2, "没来过")
    citizen.blocks_bot()
    with pytest.raises(Forbidden):
        await bot.send_message(1, "在吗")


async def test_buttons_and_edits(fake, bot):
    citizen = fake.user(1)
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("好", callback_data="d1")]])
    message = await bot.send_message(
        1, "编号 <code>2631 8472</code>", parse_mode="HTML", reply_markup=keyboard
    )
    assert citizen.last.marked("code") == ["2631 8472"]
    citizen.presses("好")
    [update] = await bot.get_updates()
    assert update.callback_query.data == "d1"
    await bot.answer_callback_query(update.callback_query.id)
    with pytest.raises(BadRequest, match="too old"):
        await bot.answer_callback_query(update.callback_query.id)
    await bot.edit_message_text("改了", 1, message.message_id)
    with pytest.raises(BadRequest, match="not modified"):
        await bot.edit_message_text("改了", 1, message.message_id)
    await citizen.hears("改了")


async def test_files_are_fetched_up_to_20_mb(fake, bot):
    citizen = fake.user(1)
    citizen.sends_document(b"%PDF-1.7 ...")
    citizen.sends_document(b"x", size=21 * 1024 * 1024)
    small, big = await bot.get_updates()
    file = await small.message.document.get_file()
    assert bytes(await file.download_as_bytearray()) == b"%PDF-1.7 ..."
    with pytest.raises(BadRequest, match="too big"):
        await big.message.document.get_file()


async def test_faults_by_script(fake, bot):
    citizen = fake.user(1)
    fake.lacks("sendChatAction")
    fake.script(
        "sendMessage", botapi.rate_limited(7), botapi.server_error(), botapi.truncated(), botapi.lost_answer()
    )
    with pytest.raises(InvalidToken):
        await bot.send_chat_action(1, "typing")
    with pytest.raises(RetryAfter) as refusal:
        await bot.send_message(1, "一")
    assert refusal.value._retry_after.total_seconds() == 7
    for _ in range(3):
        with pytest.raises(NetworkError):
            await bot.send_message(1, "二")
    assert [m.text for m in citizen.screen()] == ["二"]  # the lost answer had its effect


async def test_mail_really_arrives():
    async with SmtpServer() as mail:

        def send() -> None:
            with smtplib.SMTP("127.0.0.1", mail.port) as client:
                text = (
                    "Subject: =?utf-8?b?5o+Q6YaS?=\nContent-Type: text/plain; charset=utf-8\n\n到期".encode()
                )
                client.sendmail("a@example.org", ["b@example.org"], text)

        await asyncio.to_thread(send)
        received = await mail.receives("到期")
        assert (received.subject, received.recipients) == ("提醒", ["b@example.org"])


async def test_the_sink_takes_posts_and_can_refuse():
    async with NoticeSink() as sink, aiohttp.ClientSession() as client:
        sink.answer(500)
        url = sink.url.replace("json", "http", 1)
        for status in (500, 200):
            async with client.post(url, json={"title": "提醒"}) as response:
                assert response.status == status
        assert (await sink.receives("提醒")) == {"title": "提醒"}
