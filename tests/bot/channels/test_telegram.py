"""Telegram's answers, through the real library over HTTP: what each failure means to us."""

import asyncio
import logging

import pytest
from structlog.testing import capture_logs

from bot.channels import RefusedError, TooBigError, TryLaterError, UnreachableError
from bot.channels.telegram import TelegramChat
from tests.fakes import botapi
from tests.fakes.botapi import FakeBotApi


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


async def test_a_message_arrives_with_its_code_marked_and_its_buttons(fake, chat):
    citizen = fake.user(1)
    number = await chat.send(
        1, "😀编号 2631 8472 0393", codes=["2631 8472 0393"], buttons=[[("查进度", "a.1")]]
    )
    assert citizen.last.message_id == number
    assert citizen.last.marked("code") == ["2631 8472 0393"]
    assert citizen.buttons() == ["查进度"]


async def test_what_a_citizen_writes_is_never_markup(fake, chat):
    citizen = fake.user(1)
    words = "<b>x</b> [y](tg://user?id=1) *_`"
    await chat.send(1, words)
    assert citizen.last.text == words
    assert citizen.last.entities == []


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        (botapi.forbidden(), UnreachableError),
        (botapi.bad_request("chat not found"), UnreachableError),
        (botapi.bad_request("message is too long"), RefusedError),
        (botapi.server_error(), TryLaterError),
        (botapi.truncated(), TryLaterError),
        (botapi.lost_answer(), TryLaterError),
    ],
)
async def test_what_a_failure_means(fake, chat, fault, meaning):
    fake.user(1)
    fake.script("sendMessage", fault)
    with pytest.raises(meaning):
        await chat.send(1, "在吗")


async def test_told_to_wait_we_know_how_long(fake, chat):
    fake.user(1)
    fake.script("sendMessage", botapi.rate_limited(7))
    with pytest.raises(TryLaterError) as refusal:
        await chat.send(1, "在吗")
    assert refusal.value.wait_seconds == 7


async def test_nobody_listening_means_later():
    chat = TelegramChat(botapi.TOKEN, api_url="http://127.0.0.1:1/bot")
    await chat.open()
    with pytest.raises(TryLaterError):
        await chat.fetch_updates(None, wait_seconds=0)
    await chat.close()


async def test_niceties_may_fail(fake, chat):
    fake.user(1)
    fake.lacks("answerCallbackQuery", "editMessageText", "deleteMessage", "sendChatAction", "setMyCommands")
    assert not await chat.answer_tap("q")
    assert not await chat.edit(1, 5, "改")
    assert not await chat.erase(1, 5)
    assert not await chat.show_activity(1)
    assert not await chat.set_commands([("start", "开始")])


async def test_a_method_that_the_server_lacks_is_no_trouble_with_the_token(fake, chat):
    fake.lacks("editMessageText", "setMyCommands", "deleteWebhook")
    with capture_logs() as lines:
        await chat.edit(1, 5, "改")
        await chat.set_commands([("start", "开始")])
        await chat.delete_webhook()
    assert [(line["event"], line["method"]) for line in lines] == [
        ("telegram_method_unknown", method)
        for method in ("editMessageText", "setMyCommands", "deleteWebhook")
    ]
    assert "InvalidToken" not in str(lines)


async def test_files_are_fetched_and_too_big_ones_are_told_apart(fake, chat):
    file_id = fake.add_file(b"%PDF-1.7")
    assert await chat.fetch_file(file_id) == b"%PDF-1.7"
    with pytest.raises(TooBigError):
        await chat.fetch_file(fake.add_file(b"x", size=21 * 1024 * 1024))
    with pytest.raises(RefusedError):
        await chat.fetch_file("never-sent")
    fake.script("file", botapi.server_error())
    with pytest.raises(TryLaterError):
        await chat.fetch_file(file_id)


async def test_a_server_cannot_make_us_read_our_own_disk(fake, chat, tmp_path):
    chat._has_own_server = False
    secret = tmp_path / "secret"
    secret.write_text("our own")
    with pytest.raises((RefusedError, TryLaterError)):
        await chat.fetch_file(fake.add_file(b"x", path=str(secret)))


async def test_the_token_never_shows(fake, chat, caplog, capfd):
    fake.user(1)
    with caplog.at_level(logging.DEBUG):
        await chat.send(1, "秘密的话")
        await chat.fetch_updates(None, wait_seconds=0)
        fake.lacks("getMe", "getUpdates")
        assert not await chat.is_known()
        with pytest.raises(TryLaterError) as refusal:
            await chat.fetch_updates(None, wait_seconds=0)
    everything = caplog.text + repr(chat) + repr(refusal.value) + "".join(capfd.readouterr())
    assert fake.token not in everything
    assert fake.token.partition(":")[2] not in everything
    assert "秘密" not in everything


async def test_a_long_poll_hands_updates_over_as_they_came(fake, chat):
    waiting = asyncio.create_task(chat.fetch_updates(None, wait_seconds=5))
    await asyncio.sleep(0.05)
    number = fake.user(1).says("来了")
    [update] = await waiting
    assert (update["update_id"], update["message"]["text"]) == (number, "来了")
