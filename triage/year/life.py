"""How the year passes: tips arrive, people act in their hours, the worker does its jobs, sleeps, dies, wakes.

Everything happens in the order of its moment, through the program's own functions, with that moment as `now`.
"""

import asyncio
import heapq
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from models.case import Case
from models.queries.cases import find_case
from models.queries.whole import find_next_wake
from models.session import Database
from models.states import CaseState, Channel, Track, Urgency, Verdict
from triage.actions import MoveRefusedError
from triage.console.context import Call
from triage.demo import acts as demo
from triage.demo.acts import Act
from triage.demo.story import DECIDED
from triage.demo.texts import Voice, write_tip
from triage.demo.worktime import add_work, spread
from triage.demo.world import Thread, World
from triage.jobs import Job, make_jobs
from triage.matters import Matters
from triage.sweep import sweep_deadlines
from triage.year import acts

TICK = timedelta(seconds=30)
CASEWORK_EVERY = timedelta(hours=12)
DAILY = timedelta(days=1)
SENT_TWICE = 0.05
TOLD = 0.85
BESIDE = frozenset({demo.tell, demo.thank})
"""Acts after which nobody's next step has to be planned anew."""
DIES = 0.03
OF_REPORTERS = frozenset({"write", "add", "reply", "thank"})
DAY_JOBS = ("units", "rises", "marks", "identities", "purge", "files", "audit-heads")
Progress = Callable[[int, int], None]
Happening = Voice | tuple[Thread, Act | Track]


class DiedError(RuntimeError):
    """The worker was killed in the middle of its work."""


class MortalDatabase:
    """A database whose user is killed after so many transactions."""

    def __init__(self, db: Database, lives: int) -> None:
        self._db = db
        self._lives = lives

    def read(self) -> object:
        """Reading does no harm."""
        return self._db.read()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """Raises DiedError once the time has come: before its commit."""
        self._lives -= 1
        async with self._db.begin() as session:
            yield session
            if self._lives <= 0:
                await session.flush()
                raise DiedError


@dataclass(slots=True)
class Diary:
    """What the year itself noted."""

    receipts: list[tuple[str, datetime]] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    """Numbers that a second sending of the same tip did not get again."""
    refused: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
    deaths: list[datetime] = field(default_factory=list)
    sweeps: int = 0


class Life:
    """One year between two moments. `later`: the catalog once the notice of the new year has come."""

    def __init__(
        self,
        world: World,
        *,
        later: Catalog,
        notice: datetime,
        since: datetime,
        until: datetime,
        outages: Sequence[tuple[datetime, datetime]],
    ) -> None:
        self._world = world
        self._later = later
        self._notice = notice
        self._since, self._until = since, until
        self._outages = outages
        self._rng = world.rng
        self._queue: list[tuple[datetime, int, Happening]] = []
        self._serial = 0
        self._unread: dict[str, Thread] = {}
        self._jobs = self._make_jobs()
        self._casework_at = self._daily_at = since
        self._assess_at: datetime | None = None
        self._wake: datetime | None = None
        self._retries: Counter[int] = Counter()
        self._tracked: set[tuple[int, Track]] = set()
        self.diary = Diary()

    async def live(self, voices: Sequence[Voice], *, progress: Progress) -> None:
        """Let all these tips arrive and take their course."""
        moments = spread(
            len(voices),
            since=self._since,
            until=self._until,
            calendar=self._later.calendar,
            rng=self._rng,
        )
        for voice, moment in zip(voices, moments, strict=True):
            self._push(moment, voice)
        days = (self._until - self._since).days
        while self._queue:
            await self._work_until(self._until)
            if not self._queue:
                break
            at, _, what = heapq.heappop(self._queue)
            progress((at - self._since).days, days)
            if isinstance(what, Voice):
                await self._arrive(what, at)
            else:
                await self._act(*what, at)
        await self._work_until(self._until)
        progress(days, days)

    # ------------------------------------------------------------ the worker

    async def _work_until(self, until: datetime) -> None:
        """All ticks before the next act, which a tick itself may put on the calendar."""
        while moment := await self._next_tick(min([until, *(one[0] for one in self._queue[:1])])):
            if moment >= self._notice and self._world.catalog is not self._later:
                await self._take_notice(moment)
            await self._tick(moment)

    async def _next_tick(self, until: datetime) -> datetime | None:
        """When the worker next has something to do; while it lies, not before it is up again."""
        if self._wake is None:
            async with self._world.db.read() as session:
                self._wake = await find_next_wake(session) or self._until + DAILY
        due = [self._wake, self._casework_at, self._daily_at, self._assess_at]
        if self._world.catalog is not self._later:
            due.append(self._notice)
        moment = min(one for one in due if one) + TICK
        moment = next((up + TICK for down, up in self._outages if down <= moment < up), moment)
        return moment if moment <= until else None

    async def _take_notice(self, at: datetime) -> None:
        """The new calendar is loaded with a restart: what was late already is noted first."""
        await self._run("deadlines", at)
        world = self._world
        self._world = replace(world, catalog=self._later, matters=Matters(self._later, world.keys))
        self._jobs = self._make_jobs()
        await self._run("calendar", at)

    async def _tick(self, at: datetime) -> None:
        if self._assess_at and self._assess_at <= at:
            await self._run("assess", at)
            self._assess_at = None
            await self._plan_read(at)
        if self._wake and self._wake <= at:
            await self._sweep(at)
            self._casework_at = at
        if self._casework_at <= at:
            await self._run("casework", at)
            self._casework_at = at + CASEWORK_EVERY
        if self._daily_at <= at:
            for name in DAY_JOBS:
                await self._run(name, at)
            self._daily_at = at + DAILY
        self._wake = None

    async def _sweep(self, at: datetime) -> None:
        """Now and then one scheduler dies half-way; another does the rest. With a server there are two at once."""
        self.diary.sweeps += 1
        if self._rng.random() < DIES:
            mortal = cast("Database", MortalDatabase(self._world.db, self._rng.randint(1, 4)))
            with suppress(DiedError):
                await sweep_deadlines(mortal, catalog=self._world.catalog, now=at)
            self.diary.deaths.append(at)
        if not self._world.db.is_sqlite:
            again = (sweep_deadlines(self._world.db, catalog=self._world.catalog, now=at) for _ in range(2))
            await asyncio.gather(*again)
        await self._run("deadlines", at)

    async def _run(self, name: str, at: datetime) -> None:
        while await self._jobs[name].run(at):
            pass

    def _make_jobs(self) -> dict[str, Job]:
        world = self._world
        jobs = make_jobs(
            world.db,
            catalog=world.catalog,
            classifier=world.classifier,
            keys=world.keys,
            files=world.folder,
        )
        return {job.name: job for job in jobs}

    # ------------------------------------------------------------ arrivals

    async def _arrive(self, voice: Voice, at: datetime) -> None:
        """One tip is sent; a few senders press twice."""
        world = self._world
        call = self._call(voice, at)
        async with world.db.begin() as session:
            receipt = await world.receive_tip(session, call, keys=world.keys, now=at)
        self.diary.receipts.append((receipt.case_number, at))
        if self._rng.random() < SENT_TWICE:
            async with world.db.begin() as session:
                again = await world.receive_tip(session, call, keys=world.keys, now=at + TICK)
            if again.case_number != receipt.case_number:
                self.diary.doubled.append(receipt.case_number)
        thread = Thread(voice, receipt.case_number, receipt.code, 0, CaseState.REGISTERED)
        self._unread[receipt.case_number] = thread
        self._assess_at = self._assess_at or at

    def _call(self, voice: Voice, at: datetime) -> Call:
        rng = self._rng
        is_named = rng.random() < {Channel.HOTLINE: 0.6, Channel.WEB: 0.3}.get(voice.channel, 0.0)
        is_chat = voice.channel is Channel.TELEGRAM
        return Call(
            channel=voice.channel,
            submission_key=f"year-{len(self.diary.receipts)}",
            text=write_tip(voice, at=at),
            place=voice.place if rng.random() < 0.4 else "",
            name=rng.choice(self._world.texts.people.reporters) if is_named else "",
            phone=f"100{rng.randrange(10**7, 10**8)}" if is_named else "",
            chat_id=str(9_000_000_000_000 + rng.randrange(10**9)) if is_chat else None,
        )

    async def _plan_read(self, at: datetime) -> None:
        """What was assessed gets its first step."""
        async with self._world.db.read() as session:
            for number, thread in list(self._unread.items()):
                if case := await find_case(session, number, scope=None):
                    thread.case_id = case.id
                    del self._unread[number]
                    self._plan(thread, case, at)

    # ------------------------------------------------------------ acts

    def _push(self, at: datetime, what: Happening) -> None:
        if at < self._until:
            self._serial += 1
            heapq.heappush(self._queue, (at, self._serial, what))

    async def _act(self, thread: Thread, act: Act | Track, at: datetime) -> None:
        """One act in one transaction; where the case stands elsewhere by now, or the procedure says no, plan again."""
        world, case = self._world, None
        try:
            async with world.db.begin() as session:
                case = await session.get_one(Case, thread.case_id)
                if isinstance(act, Track):
                    if await acts.track_step(world, session, case, act, at):
                        self._note(act.value, at)
                        self._push(self._work(at, 1, 60), (thread, act))
                    return
                if case.state is thread.state or act is demo.tell:
                    await act(world, session, case, thread, at)
                    self._note(act.__name__, at)
        except MoveRefusedError as error:
            self._note_refusal(error)
            case = None
        self._wake = None
        if isinstance(act, Track) or act in BESIDE:
            return
        if case is None:
            async with world.db.read() as session:
                self._try_otherwise(thread, await session.get_one(Case, thread.case_id), at)
        else:
            self._plan(thread, case, at)

    def _note(self, name: str, at: datetime) -> None:
        self._wake = None
        if name in OF_REPORTERS:
            self._casework_at = min(self._casework_at, at)
        self.diary.acts[name] += 1

    def _note_refusal(self, error: MoveRefusedError) -> None:
        self.diary.refused[error.refusal.reason] += 1

    def _try_otherwise(self, thread: Thread, case: Case, at: datetime) -> None:
        """What the procedure forbade is not tried for ever."""
        self._retries[thread.case_id] += 1
        ways = acts.FALLBACKS.get(case.state, ())
        if ways and self._retries[thread.case_id] < 12:
            way = ways[self._retries[thread.case_id] % len(ways)]
            thread.state = case.state
            self._push(self._work(at, 0.2, 4), (thread, way))

    def _plan(self, thread: Thread, case: Case, at: datetime) -> None:
        """Put the next step on the calendar."""
        thread.state = case.state
        if case.state is CaseState.VERIFYING:
            self._plan_tracks(thread, case, at)
        if case.state in DECIDED and self._rng.random() < TOLD:
            self._push(self._work(at, 1, 130), (thread, demo.tell))
        if case.pending and case.state is not CaseState.EXTENSION_PENDING:
            self._push(self._work(at, 1, 30), (thread, acts.decide_request))
            return
        if not (options := acts.PLANS.get(case.state)):
            return
        option = self._rng.choices(options, [one.weight for one in options])[0]
        if option.act is None:
            return
        is_urgent = case.urgency is Urgency.IMMEDIATE and case.state in {
            CaseState.REGISTERED,
            CaseState.ACCEPTED,
            CaseState.ASSIGNED,
        }
        soon = at + timedelta(minutes=self._rng.randrange(6, 200))
        self._push(soon if is_urgent else self._work(at, option.least, option.most), (thread, option.act))
        if case.state in {CaseState.CLOSED, CaseState.ANSWERED} and self._rng.random() < 0.1:
            self._push(self._work(at, 4, 60), (thread, demo.thank))

    def _plan_tracks(self, thread: Thread, case: Case, at: datetime) -> None:
        """Police where a crime is suspected, penalty where the first result says so."""
        begins = {
            Track.POLICE: case.is_police_matter and self._rng.random() < 0.6,
            Track.PENALTY: self._rng.random() < 0.12,
            Track.ORDER: self._rng.random() < 0.06,
            Track.REWARD: case.verdict is Verdict.PROVEN and self._rng.random() < 0.3,
        }
        for track, is_begun in begins.items():
            if is_begun and (thread.case_id, track) not in self._tracked:
                self._tracked.add((thread.case_id, track))
                self._push(self._work(at, 4, 80), (thread, track))

    def _work(self, at: datetime, least: float, most: float) -> datetime:
        hours = self._rng.uniform(least, most)
        moment = add_work(at, hours, calendar=self._later.calendar)
        return moment + timedelta(minutes=5, seconds=self._rng.randrange(60))
