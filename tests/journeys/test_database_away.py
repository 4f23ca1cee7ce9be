"""A PostgreSQL that crashes under load: every error of that time is known as trouble, and both sites say 503."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
from sqlalchemy import text

from bot.intake import receive_tip
from bot.receipts import find_tip_by_receipt
from config import clock
from config.catalog import load_catalog
from config.settings import read_settings
from models.session import Database, is_database_trouble
from tests.journeys.own_postgres import OwnPostgres
from tests.web import run_public_site, run_site
from triage.console.app import make_console


@pytest.fixture
async def postgres(run_folder: Path) -> AsyncIterator[OwnPostgres]:
    folder = run_folder / f"away-{uuid4().hex[:8]}"
    folder.mkdir(mode=0o711)
    server = OwnPostgres(folder)
    await asyncio.to_thread(server.make)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def db(postgres: OwnPostgres) -> AsyncIterator[Database]:
    database = Database(postgres.url)
    yield database
    await database.close()


async def test_every_error_of_a_crash_is_known_as_trouble_and_then_it_works_again(
    postgres: OwnPostgres, db: Database
) -> None:
    errors: list[Exception] = []
    is_over = asyncio.Event()

    async def work() -> None:
        while not is_over.is_set():
            try:
                async with db.begin() as session:
                    await session.execute(text("SELECT pg_sleep(0.01)"))
            except Exception as error:  # noqa: BLE001 - whatever comes is looked at
                errors.append(error)
            await asyncio.sleep(0.002)

    workers = [asyncio.create_task(work()) for _ in range(8)]
    while db.write_engine.pool.checkedout() < len(workers):  # all of them in the middle of something
        await asyncio.sleep(0.01)
    for _ in range(2):
        await asyncio.to_thread(postgres.crash)
    is_over.set()
    await asyncio.gather(*workers)
    assert errors
    assert not [repr(error)[:200] for error in errors if not is_database_trouble(error)]
    async with db.read() as session:
        assert await session.scalar(text("SELECT 1")) == 1


async def test_while_the_server_is_away_both_sites_say_when_to_try_again(
    postgres: OwnPostgres, db: Database, keys, tmp_path: Path
) -> None:
    await db.upgrade()
    catalog, settings = load_catalog(), read_settings({"TIPLINE_DATA": str(tmp_path)})
    console = make_console(
        db,
        settings=settings,
        catalog=catalog,
        keys=keys,
        receive_tip=receive_tip,
        find_tip_by_receipt=find_tip_by_receipt,
    )
    async with AsyncExitStack() as stack:
        public_at = await stack.enter_async_context(run_public_site(db, keys, catalog, settings, clock.now))
        console_at = await stack.enter_async_context(run_site(console))
        client = await stack.enter_async_context(aiohttp.ClientSession())
        await asyncio.to_thread(postgres.stop)
        session = {"Cookie": f"tipline-console-session={'A' * 43}"}
        for ask in (
            client.post(f"{public_at}/api/v1/tips", json={"text": "某校交钱就发证。"}),
            client.get(f"{console_at}/cases", headers=session),
        ):
            async with ask as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
        await asyncio.to_thread(postgres.start)
        async with client.post(f"{public_at}/api/v1/tips", json={"text": "某校交钱就发证。"}) as answer:
            assert answer.status == 201
