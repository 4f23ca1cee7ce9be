"""The worker: a table of periodic jobs, woken by APScheduler, which is the clock and never the memory.

All state is in rows: due times, leases, tries. So a job that was missed while the process was down is done
when it is up again, and two workers do no harm. A nudge runs a job at once, for a tip that was just stored
in the same process; without it the next tick does.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import token_hex

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from models.queries.heartbeats import beat, give_up_lead, is_leader, take_lead
from models.session import Database
from triage.jobs import Job

LEASE = timedelta(seconds=20)
"""Within this time another worker takes the lead of one that was killed."""
BEAT_SECONDS = 5.0
LATE_SECONDS = 90.0
"""A vital job that has not got through for so long makes the worker look dead, as it should."""
STOP_SECONDS = 20.0
LONGEST_PAUSE = 60.0
MOST_ROUNDS = 200

log = structlog.get_logger()


@dataclass(slots=True)
class _Run:
    """What the worker knows of a job. Moments here are of the monotonic clock."""

    job: Job
    task: asyncio.Task[None] | None = None
    is_wanted: bool = False
    failures: int = 0
    not_before: float = 0.0
    woken_at: float = field(default_factory=time.monotonic)
    done_at: float = field(default_factory=time.monotonic)


class Worker:
    """Runs jobs until it is stopped: await worker.start(); worker.nudge("assess"); await worker.stop()."""

    def __init__(
        self, db: Database, jobs: Iterable[Job], *, clock: Callable[[], datetime], name: str = "worker"
    ) -> None:
        self.holder = f"{name}-{token_hex(4)}"
        self._db = db
        self._clock = clock
        self._name = name
        self._runs = {job.name: _Run(job) for job in jobs}
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )
        self._pulse: asyncio.Task[None] | None = None
        self._is_stopping = False

    async def start(self) -> None:
        """Start the clock; every job runs once at once, for what was missed."""
        for run in self._runs.values():
            self._scheduler.add_job(self._ring, IntervalTrigger(seconds=run.job.seconds), args=[run.job.name])
        self._scheduler.start()
        for name in self._runs:
            self.nudge(name)
        self._pulse = asyncio.create_task(self._keep_pulse(), name="worker-pulse")
        log.info("worker_started", holder=self.holder)

    async def _ring(self, name: str) -> None:
        """What the clock calls: a coroutine, because APScheduler runs plain functions in a thread."""
        self.nudge(name)

    def nudge(self, name: str) -> None:
        """Run a job now, or once more when it is running. Call it from the event loop."""
        run = self._runs[name]
        run.woken_at = time.monotonic()
        run.is_wanted = True
        if not self._is_stopping and (run.task is None or run.task.done()):
            run.task = asyncio.create_task(self._work(run), name=f"job-{name}")

    async def stop(self) -> None:
        """Take nothing new, let running jobs end, give the lead away."""
        self._is_stopping = True
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        tasks = [run.task for run in self._runs.values() if run.task and not run.task.done()]
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_SECONDS)
        for task in (*tasks, self._pulse):
            if task and not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        with suppress(Exception):  # the database may be gone; the lead then ends by itself
            async with self._db.begin() as session:
                await give_up_lead(session, holder=self.holder)

    # ------------------------------------------------------------ jobs

    async def _work(self, run: _Run) -> None:
        while run.is_wanted and not self._is_stopping:
            run.is_wanted = False
            if time.monotonic() < run.not_before:
                return
            try:
                await self._run_until_done(run)
            except Exception as error:  # noqa: BLE001 - one job that fails must not stop the others
                self._note_failure(run, error)
            else:
                run.failures, run.not_before = 0, 0.0

    async def _run_until_done(self, run: _Run) -> None:
        is_ours = not run.job.is_single or await self._leads()
        for _ in range(MOST_ROUNDS):
            has_more = is_ours and await run.job.run(self._clock()) > 0
            run.done_at = time.monotonic()
            if not has_more or self._is_stopping:
                return

    def _note_failure(self, run: _Run, error: Exception) -> None:
        """Try again, with growing pauses: a database that is down is not hammered."""
        pause = min(run.job.seconds * 2**run.failures, LONGEST_PAUSE)
        run.failures = min(run.failures + 1, 20)
        run.not_before = time.monotonic() + pause
        log.error("job_failed", job=run.job.name, pause_seconds=pause, exc_info=error)

    async def _leads(self) -> bool:
        """Whether this worker leads; takes the lead where nobody shows life."""
        now = self._clock()
        async with self._db.read() as session:
            if await is_leader(session, holder=self.holder, now=now, lease=LEASE):
                return True
        async with self._db.begin() as session:
            return await take_lead(session, holder=self.holder, now=now, lease=LEASE)

    # ------------------------------------------------------------ signs of life

    async def _keep_pulse(self) -> None:
        """Show life while the vital jobs get through, and wake jobs that the clock forgot."""
        while True:
            self._wake_forgotten()
            late = self.list_late()
            if late:
                log.error("worker_is_late", jobs=late)
            else:
                await self._show_life()
            await asyncio.sleep(BEAT_SECONDS)

    async def _show_life(self) -> None:
        try:
            async with self._db.begin() as session:
                await beat(session, self._name, holder=self.holder, now=self._clock())
        except Exception as error:  # noqa: BLE001 - shown by the beat that is missing
            log.error("heartbeat_failed", error=type(error).__name__)

    def list_late(self) -> list[str]:
        """Vital jobs that have not got through for too long."""
        now = time.monotonic()
        vital = (run for run in self._runs.values() if run.job.is_vital)
        return [run.job.name for run in vital if now - run.done_at > max(LATE_SECONDS, run.job.seconds * 3)]

    def _wake_forgotten(self) -> None:
        """APScheduler reckons in wall time: after the clock was set back it would sleep that long."""
        now = time.monotonic()
        for run in self._runs.values():
            if now - run.woken_at > run.job.seconds * 2 + BEAT_SECONDS:
                log.warning("job_was_forgotten", job=run.job.name)
                self.nudge(run.job.name)
