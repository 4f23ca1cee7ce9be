"""A bureau at work while its processes are killed, put to sleep and stopped at random, and its database crashes.

Each worker is a scheduler and a deliverer as well. Short in the suite; the long form, seven workers for five minutes:

    TIPLINE_CHAOS_SECONDS=300 TIPLINE_CHAOS_WORKERS=7 TIPLINE_CHAOS_SEED=1 pytest -n 0 -s tests/journeys/test_chaos.py

prints its figures. A seed gives the same faults in the same order, not the same moments: the machine decides on those.
"""

import asyncio
import json
import os
import random
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from statistics import median
from uuid import uuid4

import aiohttp
import pytest

from config.catalog import load_catalog
from config.clock import now
from config.keys import load_keys
from models.session import Database
from tests.fakes.botapi import FakeBotApi
from tests.fakes.smtp import SmtpServer
from tests.fakes.webhook import NoticeSink
from tests.journeys import crowd
from tests.journeys.fleet import Fleet, answers
from tests.journeys.invariants import World, count_backlog, find_violations
from tests.journeys.nemesis import Nemesis
from tests.journeys.own_postgres import OwnPostgres

SECONDS = float(os.environ.get("TIPLINE_CHAOS_SECONDS", "12"))
WORKERS = int(os.environ.get("TIPLINE_CHAOS_WORKERS", "3"))
SEED = int(os.environ.get("TIPLINE_CHAOS_SEED", "12350"))
KEPT = os.environ.get("TIPLINE_CHAOS_KEEP")
IS_LONG = SECONDS > 60
NAPS = (25.0, 70.0) if IS_LONG else (9.0,)
"""Longer than the leases of tips (6 s) and updates (8 s); in the long form than those of lead and notices too."""
GAP = (2.0, 5.0) if IS_LONG else (0.5, 1.5)
DRAIN_SECONDS = 300.0
"""A notice that a killed worker held waits for the end of its lease, a minute; the rest is for a busy machine."""
READY_SECONDS = 10.0
"""Of a processor, so that whatever else the machine does counts for nothing; what a clock showed is told."""


@pytest.fixture
async def folder(run_folder: Path) -> AsyncIterator[Path]:
    """Below the run's folder, which the database's user may pass through."""
    path = run_folder / f"chaos-{uuid4().hex[:8]}"
    path.mkdir(mode=0o711)
    yield path
    if KEPT:  # to read what the programs said
        shutil.copytree(path, KEPT, ignore=shutil.ignore_patterns("pg", "copied"), dirs_exist_ok=True)
    shutil.rmtree(path, ignore_errors=True)


@pytest.mark.timeout(SECONDS * 2 + 1200)
async def test_nothing_is_lost_doubled_or_leaked_while_everything_is_killed(folder: Path) -> None:
    async with AsyncExitStack() as stack:
        fake, mail, group = [
            await stack.enter_async_context(one()) for one in (FakeBotApi, SmtpServer, NoticeSink)
        ]
        postgres = OwnPostgres(folder)
        stack.callback(postgres.stop)
        await asyncio.to_thread(postgres.make)
        db, catalog = Database(postgres.url), load_catalog()
        stack.push_async_callback(db.close)
        await db.upgrade()
        keys = load_keys(folder / "data" / "keys.json", may_create=True)
        bureau, ledger, dice = await crowd.open_bureau(db, keys), crowd.Ledger(), random.Random(SEED)
        for chat in bureau.chats:
            fake.user(chat)
        await crowd.lay_old_tips(db, keys, ledger, count=int(12 + SECONDS / 6), seconds=SECONDS)

        fleet = Fleet(
            folder, postgres.url, fake, workers=WORKERS,
            TIPLINE_SMTP_URL=mail.url, TIPLINE_NOTIFY_URLS=group.url, TIPLINE_QUESTIONS="fixed",
        )  # fmt: skip
        stack.push_async_callback(fleet.kill_all)
        fleet.start()
        await fleet.ready()
        nemesis = Nemesis(fleet, postgres, dice, GAP, NAPS, crash_every=60.0 if IS_LONG else SECONDS)
        chats = await _live(fleet, nemesis, db, keys, bureau, ledger, fake, dice)
        drained = await _recover(fleet, db)
        await asyncio.gather(*chats, return_exceptions=True)  # the checker names whoever heard no end
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as client:
            await _ask_again(crowd.Callers(fleet.public, ledger, dice, client))
        drained["again"] = await _drain(db)
        bad_ends = await fleet.stop()

        world = World(
            db, keys, catalog, fleet.data, bureau, ledger, fake, mail, group,
            faults=nemesis.counts["kill"] + nemesis.counts["nap"] + postgres.crashes * WORKERS,
            logs=fleet.logs(),
        )  # fmt: skip
        violations = [*await find_violations(world, now=now()), *_check_return(fleet, drained, bad_ends)]
        _tell(world, nemesis, fleet, drained)
    assert not violations, "\n".join(violations)
    assert nemesis.counts["kill"] >= (40 if IS_LONG else WORKERS + 3)


async def _live(fleet, nemesis, db, keys, bureau, ledger, fake, dice) -> list[asyncio.Task[None]]:
    """Citizens and staff at work until the nemesis is done; answers the dialogues, which go on."""
    office = crowd.Office(db, keys, bureau, fleet.console, ledger, dice)
    await office.open()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as client:
        callers = crowd.Callers(fleet.public, ledger, dice, client)
        work = [asyncio.create_task(callers.call(every=1.0 if IS_LONG else 0.4))]
        work += [asyncio.create_task(office.work(every=0.8 if IS_LONG else 0.3)) for _ in range(2)]
        chats = [
            asyncio.create_task(_chat_later(fake, ledger, index, delay=SECONDS * index / (4 + SECONDS / 10)))
            for index in range(int(4 + SECONDS / 10))
        ]
        await nemesis.rage(SECONDS)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
    await office.close()
    return chats


async def _chat_later(fake: FakeBotApi, ledger: crowd.Ledger, index: int, *, delay: float) -> None:
    await asyncio.sleep(delay)
    await crowd.chat(fake, 1001 + index, ledger, index)


async def _recover(fleet: Fleet, db: Database) -> dict[str, float]:
    """Seconds from the power cut until all is ready, and until nothing is left to do."""
    started = time.monotonic()
    await fleet.ready()
    while not await answers(f"{fleet.public}/readyz"):
        await asyncio.sleep(0.05)
    ready = time.monotonic() - started
    return {"all ready": ready, "drained": await _drain(db)}


async def _drain(db: Database) -> float:
    """Wait until the backlog is gone; what is left after the stated time is told by the checker."""
    started = time.monotonic()
    while time.monotonic() - started < DRAIN_SECONDS:
        if not (await count_backlog(db, now=now())).total():
            return time.monotonic() - started
        await asyncio.sleep(0.2)
    return DRAIN_SECONDS


async def _ask_again(callers: crowd.Callers) -> None:
    """Whoever was cut off asks once more with his key, and some who had their answer long ago."""
    for sent in callers.ledger.tips:
        if not sent.is_given_up:
            await callers.submit(sent)
    for added in callers.ledger.messages:
        if not added.tip.is_given_up:
            await callers.add(added)


def _check_return(fleet: Fleet, drained: dict[str, float], bad_ends: list[str]) -> list[str]:
    found = [
        f"I12: The backlog was not gone after {DRAIN_SECONDS} s ({name})."
        for name, took in drained.items()
        if took >= DRAIN_SECONDS
    ]
    times = [life.ready_work for life in fleet.ready_lives()]
    if median(times) > READY_SECONDS:
        found.append(f"I13: Half of the processes needed more than {median(times):.1f} s to be ready again.")
    found += [f"I13: {place} needed too long to stop." for place in fleet.slow_stops]
    return [*found, *(f"I13: {sentence}." for sentence in bad_ends)]


def _tell(world: World, nemesis: Nemesis, fleet: Fleet, drained: dict[str, float]) -> None:
    times = sorted(life.ready_after or 0.0 for life in fleet.ready_lives())
    work = [life.ready_work for life in fleet.ready_lives()]
    figures = {
        "seconds": SECONDS,
        "workers": WORKERS,
        "seed": SEED,
        "faults": dict(nemesis.counts),
        "database_away_seconds": [round(took, 1) for took in nemesis.away_seconds],
        "ready_seconds": {
            "median": round(median(times), 1),
            "max": round(times[-1], 1),
            "starts": len(times),
        },
        "ready_processor_seconds": {"median": round(median(work), 1), "max": round(max(work), 1)},
        "recovered": {name: round(took, 1) for name, took in drained.items()},
        "statuses": dict(sorted(world.ledger.statuses.items())),
        **world.figures,
        "load": os.getloadavg(),
    }
    with suppress(OSError):
        print(json.dumps(figures, ensure_ascii=False, indent=1))  # noqa: T201 - the report of the long form
