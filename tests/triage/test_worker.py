"""The worker: jobs run, fail, are missed and stop without anything being lost or done twice."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from sqlalchemy import func, select

from bot.receipts import harden
from config.keeping import DRAFT
from models.case import Heartbeat, ThrottleCount
from models.files import examine_file, open_working, save_attachment
from models.queries.heartbeats import find_beat, is_leader, take_lead
from models.session import Database
from models.staff import StaffSession
from models.states import Channel, CodeScheme
from models.tip import Attachment, Draft, Tip
from tests.factories import make_staff, make_tip
from triage import worker as worker_module
from triage.jobs import Job, harden_codes, purge, sweep_files
from triage.worker import LEASE, Worker

ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def clock() -> datetime:
    return datetime.now(UTC)


class Counter:
    """A job that counts its runs, and may fail or take long."""

    def __init__(self, *answers: int | Exception, seconds: float = 0.0) -> None:
        self.answers = list(answers)
        self.seconds = seconds
        self.runs = 0
        self.at_once = self.most_at_once = 0
        self.news = asyncio.Event()

    async def run(self, _now: datetime) -> int:
        self.runs += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.seconds)
            answer = self.answers.pop(0) if self.answers else 0
        finally:
            self.at_once -= 1
            self.news.set()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def reaches(self, runs: int) -> None:
        async with asyncio.timeout(10):
            while self.runs < runs or self.at_once:
                self.news.clear()
                await self.news.wait()


class Shop:
    """Workers that are stopped at the end of the test."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.workers: list[Worker] = []

    async def open(self, *jobs: Job) -> Worker:
        worker = Worker(self.db, jobs, clock=clock)
        self.workers.append(worker)
        await worker.start()
        return worker


@pytest.fixture
async def shop(db):
    shop = Shop(db)
    yield shop
    for worker in shop.workers:
        await worker.stop()


async def test_every_job_runs_at_once_after_a_start(shop):
    rare = Counter()
    await shop.open(Job("rare", 3600, rare.run))
    await rare.reaches(1)


@ONLY_SQLITE
async def test_jobs_are_woken_again_and_again(shop):
    often = Counter()
    await shop.open(Job("often", 0.05, often.run))
    await often.reaches(5)


@ONLY_SQLITE
async def test_a_job_that_did_something_is_called_until_nothing_is_left(shop):
    job = Counter(20, 20, 3)
    await shop.open(Job("assess", 3600, job.run))
    await job.reaches(4)


@ONLY_SQLITE
async def test_a_nudge_runs_a_job_now_and_once_more_when_it_is_running_already(shop):
    job = Counter(seconds=0.1)
    worker = await shop.open(Job("assess", 3600, job.run))
    await asyncio.sleep(0.02)
    for _ in range(5):
        worker.nudge("assess")
    await job.reaches(2)
    await asyncio.sleep(0.15)
    assert (job.runs, job.most_at_once) == (2, 1)


@ONLY_SQLITE
async def test_a_failing_job_pauses_longer_each_time_and_stops_no_other(shop):
    bad, good = Counter(*[RuntimeError("tip text: 13800001111")] * 50), Counter()
    with structlog.testing.capture_logs() as logs:
        await shop.open(Job("bad", 0.05, bad.run), Job("good", 0.05, good.run))
        await good.reaches(15)
    assert 2 <= bad.runs <= 5
    failures = [entry for entry in logs if entry["event"] == "job_failed"]
    assert failures[0]["job"] == "bad"
    assert failures[0]["pause_seconds"] < failures[-1]["pause_seconds"]


@ONLY_SQLITE
async def test_a_job_that_failed_recovers(shop):
    job = Counter(RuntimeError(), RuntimeError(), 0)
    await shop.open(Job("job", 0.05, job.run))
    await job.reaches(6)


async def test_of_two_workers_one_leads(shop):
    first, second = Counter(), Counter()
    await shop.open(Job("deadlines", 0.05, first.run, is_single=True))
    await first.reaches(3)
    await shop.open(Job("deadlines", 0.05, second.run, is_single=True))
    await first.reaches(first.runs + 5)
    assert second.runs == 0


async def test_a_worker_that_stops_gives_the_lead_away_at_once(shop):
    first, second = Counter(), Counter()
    old = await shop.open(Job("deadlines", 0.05, first.run, is_single=True))
    await first.reaches(1)
    await shop.open(Job("deadlines", 0.05, second.run, is_single=True))
    await old.stop()
    await second.reaches(1)


async def test_the_lead_of_a_killed_worker_is_taken_after_its_lease(db, now):
    async with db.begin() as session:
        assert await take_lead(session, holder="a", now=now, lease=LEASE)
        assert not await take_lead(session, holder="b", now=now + LEASE, lease=LEASE)
        assert await is_leader(session, holder="a", now=now, lease=LEASE)
        later = now + LEASE + timedelta(seconds=1)
        assert await take_lead(session, holder="b", now=later, lease=LEASE)
        assert not await is_leader(session, holder="a", now=later, lease=LEASE)
        assert not await take_lead(session, holder="a", now=later, lease=LEASE)


async def test_many_who_want_to_lead_at_once_get_one_leader(db, now):
    async def want(holder: str) -> bool:
        async with db.begin() as session:
            return await take_lead(session, holder=holder, now=now, lease=LEASE)

    assert sum(await asyncio.gather(*(want(str(n)) for n in range(10)))) == 1


async def test_stopping_lets_a_running_job_end(shop):
    job = Counter(seconds=0.3)
    worker = await shop.open(Job("assess", 0.05, job.run))
    await asyncio.sleep(0.1)
    await worker.stop()
    assert (job.at_once, job.runs) == (0, 1)
    await asyncio.sleep(0.15)
    assert job.runs == 1


async def test_a_living_worker_shows_it(shop, db):
    await shop.open(Job("assess", 1, Counter().run, is_vital=True))
    async with asyncio.timeout(10):
        while True:
            async with db.read() as session:
                if found := await find_beat(session, "worker"):
                    break
            await asyncio.sleep(0.02)
    assert abs((clock() - found.beat_at).total_seconds()) < 5


@ONLY_SQLITE
async def test_a_worker_whose_vital_job_hangs_looks_dead(shop, db, monkeypatch):
    monkeypatch.setattr(worker_module, "LATE_SECONDS", 0.2)
    monkeypatch.setattr(worker_module, "BEAT_SECONDS", 0.05)
    worker = await shop.open(Job("assess", 0.05, Counter(seconds=30).run, is_vital=True))
    await asyncio.sleep(0.6)
    assert worker.list_late() == ["assess"]
    async with db.read() as session:
        before = (await find_beat(session, "worker")).beat_at
        await asyncio.sleep(0.3)
        assert (await find_beat(session, "worker")).beat_at == before
    monkeypatch.setattr(worker_module, "STOP_SECONDS", 0.1)
    await worker.stop()


@ONLY_SQLITE
async def test_a_clock_that_was_set_back_delays_nothing(shop, monkeypatch):
    monkeypatch.setattr(worker_module, "BEAT_SECONDS", 0.05)
    job = Counter()
    worker = await shop.open(Job("assess", 0.1, job.run))
    await job.reaches(1)
    worker._scheduler.pause()  # as it sleeps when its next run lies an hour ahead
    started = time.monotonic()
    await job.reaches(job.runs + 2)
    assert time.monotonic() - started < 5


# ---------------------------------------------------------------- jobs


async def make_draft(session, updated_at: datetime, owner: int) -> Draft:
    draft = Draft(
        channel=Channel.WEB,
        owner=owner.to_bytes(32, "big"),
        submission_key="k",
        locale="zh-CN",
        step="text",
        answers={},
        created_at=updated_at,
        updated_at=updated_at,
    )
    session.add(draft)
    await session.flush()
    return draft


async def test_purging_forgets_old_drafts_with_their_files_and_keeps_young_ones(db, keys, tmp_path):
    moment = clock()
    async with db.begin() as session:
        old = await make_draft(session, moment - DRAFT.usual - timedelta(hours=1), 1)
        young = await make_draft(session, moment, 2)
        rows = [
            await save_attachment(
                session, tmp_path, examine_file("a.txt", words), keys=keys, now=moment, draft_id=draft.id
            )
            for draft, words in ((old, b"old words"), (young, b"young words"))
        ]
        staff = await make_staff(session)
        for serial, seen_at in enumerate((moment, moment - timedelta(days=1))):
            session.add(
                StaffSession(
                    staff_id=staff.id, token=bytes([serial]) * 32, created_at=seen_at, seen_at=seen_at
                )
            )
        session.add(
            ThrottleCount(scope="s", source=b"x", count=1, window_ends_at=moment - timedelta(hours=1))
        )
    for _ in range(2):
        await purge(db, tmp_path, now=moment)
    async with db.read() as session:
        assert list(await session.scalars(select(Draft.id))) == [young.id]
        assert list(await session.scalars(select(Attachment.id))) == [rows[1].id]
        assert await session.scalar(select(func.count()).select_from(StaffSession)) == 1
        assert await session.scalar(select(func.count()).select_from(ThrottleCount)) == 0
    assert open_working(tmp_path, rows[1]) == b"young words"
    assert len([path for path in tmp_path.rglob("*") if path.is_file() and ".db" not in path.name]) == 2


async def test_sweeping_files_twice_changes_nothing(db, tmp_path):
    assert await sweep_files(db, tmp_path / "files", now=clock()) == 0
    assert await sweep_files(db, tmp_path / "files", now=clock()) == 0


async def test_codes_are_hardened_a_few_at_a_time_and_once(db, now):
    async with db.begin() as session:
        for _ in range(6):
            await make_tip(session)
    for _ in range(3):
        await harden_codes(db, harden, now)
    async with db.read() as session:
        rows = (await session.scalars(select(Tip))).all()
        assert {row.code_scheme for row in rows} == {CodeScheme.ARGON2}
        assert await session.scalar(select(func.count()).select_from(Heartbeat)) == 0
