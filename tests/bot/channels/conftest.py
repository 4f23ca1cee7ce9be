"""A citizen at a fake Bot API, and the real chat on the other side."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.app import ChatParts, run_chat
from bot.channels import wakes
from bot.understanding import Reader
from config.catalog import load_catalog
from tests.fakes.botapi import FakeBotApi


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """Three quiet seconds are long in a test: `quiet(seconds)` sets how long silence lasts until the chat goes on."""

    def last(seconds):
        monkeypatch.setattr(wakes, "QUIET", timedelta(seconds=seconds))

    monkeypatch.setattr(wakes, "TICK_SECONDS", 0.03)
    last(0.1)
    return last


@pytest.fixture(scope="session")
def catalog():
    return load_catalog()


@pytest.fixture
async def fake():
    async with FakeBotApi() as server:
        yield server


@pytest.fixture
def chat_settings(settings, fake):
    settings.files.mkdir(parents=True)
    return replace(
        settings,
        telegram_token=fake.token,
        telegram_api_url=fake.api_url,
        telegram_file_url=fake.file_url,
        public_url="https://tip.example.org",
    )


@pytest.fixture
def running(db, keys, catalog, chat_settings):
    """`async with running():` the chat is served; leaving the block stops it like a process that ends."""

    @contextlib.asynccontextmanager
    async def run(*, is_alone: bool = True, reader: Reader | None = None):
        parts = ChatParts(db, keys, catalog, chat_settings, reader=reader)
        task = asyncio.create_task(run_chat(parts, is_alone=is_alone))
        try:
            yield parts
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    return run


@pytest.fixture
async def served(running):
    async with running() as parts:
        yield parts


@pytest.fixture
def citizen(fake):
    return fake.user(1001)
