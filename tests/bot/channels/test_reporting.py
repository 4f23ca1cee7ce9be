"""What the bot's own process writes down for the administrator's page."""

import asyncio
from datetime import UTC, datetime

import pytest

from bot.app import make_telegram
from bot.channels import reporting
from bot.channels.pulse import Pulse
from bot.channels.reporting import report
from models.fact import Known, find_facts
from tests.fakes import botapi

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
OURS = "https://tip.example.org/telegram/0123456789abcdef"


@pytest.fixture
async def chat(chat_settings):
    chat = make_telegram(chat_settings)
    await chat.open()
    yield chat
    await chat.close()


async def learned(db, name=Known.BOT):
    async with db.read() as session:
        return (await find_facts(session)).get(name)


async def test_the_bot_says_who_it_is_and_whose_address_it_pushes_to(fake, chat, db):
    fake.webhook.url, fake.webhook.last_error = OURS, f"Wrong response from {OURS}: 503"
    await report(chat, db, address=OURS, at=NOW)
    told = (await learned(db)).details
    assert (told["username"], told["way"], told["is_address_ours"]) == ("tipline_test_bot", "webhook", True)
    assert (told["waiting"], told["failure"]) == (0, "Wrong response from …: 503")
    assert datetime.fromisoformat(told["failed_at"]).tzinfo


async def test_a_foreign_address_is_told_by_its_host_only_and_no_secret_is_kept(fake, chat, db):
    fake.webhook.url = "https://elsewhere.example/bot/steal"
    for address in (OURS, None):
        await report(chat, db, address=address, at=NOW)
        fact = await learned(db)
        assert fact.details["is_address_ours"] is False
        assert fact.details["foreign_host"] == "elsewhere.example"
        for secret in (OURS, "0123456789abcdef", "steal", fake.token):
            assert secret not in str(fact.details)


async def test_a_server_that_knows_less_leaves_gaps_and_no_error(fake, chat, db):
    fake.lacks("getMe", "getWebhookInfo")
    await report(chat, db, address=None, at=NOW)
    assert (await learned(db)).details == {"way": "polling"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_running_chat_reports_by_itself(fake, running, db, monkeypatch):
    monkeypatch.setattr(reporting, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(reporting, "EVERY_SECONDS", 0.05)
    fake.script("getMe", botapi.server_error())
    async with running():
        for _ in range(200):
            if await learned(db):
                break
            await asyncio.sleep(0.02)
    assert (await learned(db)).details["way"] == "polling"


async def test_trouble_is_kept_in_a_word(db):
    await Pulse(db).note_trouble("conflict")
    assert (await learned(db, Known.BOT_TROUBLE)).details == {"trouble": "conflict"}
