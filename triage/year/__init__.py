"""`tipline bench year`: a year of a made-up bureau through the real functions, then proved against an oracle.

oracle    counts all clocks anew, day by day, from the plain rule files; shares no code with the program
acts      what people do: late, unwilling, mistaken, silent
life      how the year passes: arrivals, acts, the worker with its outages
proof     what must be true at the end
"""

import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from config.calendar_file import load_calendar
from config.catalog import Catalog
from config.clock import LOCAL
from config.keys import make_keys
from config.rulefile import CONFIG
from models.checks import check_database
from models.queries.whole import count_tips, read_whole
from models.session import Database
from models.solo import SoloDatabase
from triage.bench import BenchFailedError
from triage.console.context import TipReceiver
from triage.demo import add_staff
from triage.demo.texts import Texts, Voice, load_texts
from triage.demo.world import MessageReceiver, World
from triage.language import Classifier
from triage.matters import Matters
from triage.recounting import recount_with
from triage.replay import count_with, replay_deadlines
from triage.year import proof
from triage.year.life import Diary, Life, Progress
from triage.year.oracle import Oracle, Wall, read_rules

CASES = 400
SINCE = datetime(2025, 7, 1, 0, 0, tzinfo=LOCAL)
DAYS = 365
NOTICE = datetime(2025, 12, 22, 10, 0, tzinfo=LOCAL)
"""When the notice of 2026 reaches the bureau: late, in the last working days before it counts."""
LAST_YEAR_BEFORE = 2025
OUTAGES_A_YEAR = 14
OUTAGE_HOURS = (1, 3, 8, 14, 40, 90)
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """Which stretch of time is lived, and with which luck."""

    seed: int = 1
    since: datetime = SINCE
    days: int = DAYS

    @property
    def until(self) -> datetime:
        """Its end."""
        return self.since + timedelta(days=self.days)

    @property
    def outages(self) -> list[tuple[datetime, datetime]]:
        """The worker lies for hours, at times for days; never while the notice is loaded."""
        rng, outages = random.Random(self.seed), []  # noqa: S311 - a story, no secret
        count = max(2, round(OUTAGES_A_YEAR * self.days / DAYS))
        for part in range(count):
            share = (self.until - self.since) / count
            down = self.since + share * part + share * rng.uniform(0.1, 0.5)
            up = down + min(share / 2, timedelta(hours=rng.choice(OUTAGE_HOURS) * rng.uniform(0.7, 1.2)))
            if not down - timedelta(days=1) < NOTICE < up + timedelta(days=1):
                outages.append((down.replace(microsecond=0), up.replace(microsecond=0)))
        return outages

    @property
    def oracle(self) -> Oracle:
        """Who counts all of it again."""
        calendar = CONFIG / "calendars" / "cn.yaml"
        return Oracle(
            rules=read_rules(CONFIG / "deadlines.yaml"),
            before=Wall(calendar, last_year=LAST_YEAR_BEFORE),
            after=Wall(calendar, last_year=9999),
            notice=NOTICE,
            outages=self.outages,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the composition root hands over: the public side's functions, and the classifier."""

    receive_tip: TipReceiver
    receive_message: MessageReceiver
    classifier: Classifier


async def run_year_bench(
    *,
    catalog: Catalog,
    doors: Doors,
    year: Year,
    cases: int = CASES,
    database: str | None = None,
    progress: Progress = lambda done, total: None,  # noqa: ARG005 - silent by default
) -> dict[str, Any]:
    """One year and its proof; `violations` of the answer must be empty. Raises BenchFailedError for a used database."""
    with tempfile.TemporaryDirectory(prefix="tipline-year-") as folder:
        url = database or f"sqlite+aiosqlite:///{Path(folder, 'tipline.db')}"
        db = Database(url)
        db = SoloDatabase(url) if db.is_sqlite else db
        try:
            await db.upgrade()
            await _check_empty(db)
            started = time.perf_counter()
            diary = await _live(db, catalog, doors, Path(folder), year, cases=cases, progress=progress)
            lived = time.perf_counter()
            figures = await prove(db, catalog, year, diary, files=Path(folder, "files"))
        finally:
            await db.close()
    seconds = {"lived": round(lived - started, 1), "proved": round(time.perf_counter() - lived, 1)}
    return {"bench": "year", "database": db.url.get_backend_name(), **figures, "seconds": seconds}


async def _check_empty(db: Database) -> None:
    async with db.read() as session:
        if await count_tips(session):
            message = "This database has tips in it; name an empty one."
            raise BenchFailedError(message)


async def _live(
    db: Database,
    catalog: Catalog,
    doors: Doors,
    folder: Path,
    year: Year,
    *,
    cases: int,
    progress: Progress,
) -> Diary:
    rng = random.Random(year.seed)  # noqa: S311 - a story, no secret
    texts, keys = load_texts(), make_keys()
    before = replace(catalog, calendar=load_calendar(last_year=LAST_YEAR_BEFORE))
    world = World(
        db=db,
        receive_tip=doors.receive_tip,
        receive_message=doors.receive_message,
        classifier=doors.classifier,
        catalog=before,
        matters=Matters(before, keys),
        keys=keys,
        folder=folder / "files",
        texts=texts,
        staff=await add_staff(db, texts, at=year.since - timedelta(days=30)),
        rng=rng,
        now=year.until,
    )
    life = Life(world, later=catalog, notice=NOTICE, since=year.since, until=year.until, outages=year.outages)
    await life.live(_choose_voices(texts, cases, rng), progress=progress)
    return life.diary


def _choose_voices(texts: Texts, cases: int, rng: random.Random) -> list[Voice]:
    """As many tips as wanted; the same words come again as another sender would send them."""
    voices = list(texts.voices)
    rng.shuffle(voices)
    return [voices[number % len(voices)] for number in range(cases)]


async def prove(db: Database, catalog: Catalog, year: Year, diary: Diary, *, files: Path) -> dict[str, Any]:
    """Figures of what was lived, and every promise that was broken."""
    oracle, until = year.oracle, year.until
    async with db.read() as session:
        whole = await read_whole(session)
        lists = await proof.check_lists(session, whole, now=until)
    lives = proof.gather(whole, oracle)
    problems = await check_database(
        db,
        files=files,
        now=until,
        recompute=recount_with(catalog),
        replay=lambda events: replay_deadlines(events, count_with(catalog)),
    )
    violations = {
        "clocks": [*proof.check_clocks(lives)],
        "steps": [*proof.check_steps(lives, oracle, until=until)],
        "storms": [*proof.check_storms(whole, diary)],
        "borders": [*proof.check_notices(whole, lives), *lists],
        "tips": [*proof.check_tips(whole, lives, diary)],
        "states": [*proof.check_states(lives)],
        "database": [str(problem) for problem in problems],
    }
    return {
        "seed": year.seed,
        "days": year.days,
        "outages": len(year.outages),
        "outage_hours": round(sum((up - down).total_seconds() for down, up in year.outages) / 3600),
        **_count(whole.cases, lives, diary),
        "notices": _sorted(proof.count_notices(whole.notices)),
        "violations": {name: len(found) for name, found in violations.items()},
        "first_violations": {name: found[:MOST_SHOWN] for name, found in violations.items() if found},
    }


def _count(cases: Sequence[Any], lives: Sequence[proof.CaseLife], diary: Diary) -> dict[str, Any]:
    clocks = Counter(row.rule_id for life in lives for row in life.deadlines)
    kinds = Counter(event.kind for life in lives for event in life.events)
    return {
        "cases": len(cases),
        "acts": sum(diary.acts.values()),
        "events": sum(kinds.values()),
        "clocks": dict(sorted(clocks.items())),
        "clocks_shifted": kinds["clock_shifted"],
        "clocks_paused": kinds["clock_paused"],
        "steps": _sorted(proof.count_steps(lives)),
        "sweeps": diary.sweeps,
        "sweeps_killed": len(diary.deaths),
        "states": _sorted(Counter(case.state.value for case in cases)),
        "refused_moves": _sorted(diary.refused),
    }


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(counts.most_common())


def find_violations(figures: dict[str, Any]) -> Iterable[str]:
    """The names of the checks that failed."""
    return [name for name, count in figures["violations"].items() if count]
