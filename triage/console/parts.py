"""How each part of the installation does, in a sentence, and what to do where something is wrong."""

import asyncio
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from config.catalog import Catalog
from config.clock import LOCAL
from config.settings import Settings
from models.checks import Readiness, readiness
from models.fact import Fact, Known, find_facts
from models.queries.notices import count_notices
from models.queries.tips import count_waiting_tips, find_oldest_waiting
from models.session import Database
from models.states import NoticeState
from triage.console.views.supervisor_words import say_duration
from triage.console.words import Words
from triage.reports import Duration

OLDEST_WAIT = timedelta(minutes=10)
FAILURES_OF = timedelta(days=7)
LEAST_SHARE_FREE = 0.1
LEAST_BYTES_FREE = 2 * 1024**3
NOTICE_MONTH = 12
"""The State Council's notice for the next year comes in November; from December on it is missed."""
OLDEST_BACKUP = timedelta(hours=36)
"""One a day, with half a day of grace."""
OLDEST_TRIAL = timedelta(days=100)
"""Once a quarter."""
LEAST_CERTIFICATE_DAYS = 14


class Installation(Protocol):
    """What the look needs: the console's `Desk` and the command line's `Home` have it."""

    @property
    def db(self) -> Database:
        """The database."""

    @property
    def catalog(self) -> Catalog:
        """The rules."""

    @property
    def settings(self) -> Settings:
        """The settings."""


@dataclass(frozen=True, slots=True)
class Part:
    """How one part does: state is good, bad or off."""

    name: str
    state: str
    words: str
    remedy: str


async def look_at_parts(desk: Installation, words: Words, *, now: datetime) -> list[Part]:
    """All parts, the most important first."""
    say = _Say(words)
    ready = await readiness(desk.db, now=now, has_chat=bool(desk.settings.telegram_token))
    has_database = bool(ready.parts["database"]["is_fine"])
    return [
        say.part("database", is_good=has_database),
        _beat("worker", ready, say),
        _beat("telegram", ready, say),
        *(await _queues(desk, say, now=now) if has_database else []),
        await _disk(desk.settings.data, say),
        *(await _known(desk, say, now=now) if has_database else []),
        _calendar(desk, say, now=now),
    ]


@dataclass(frozen=True, slots=True)
class _Say:
    words: Words

    def part(
        self, name: str, *, is_good: bool, good: str = "good", bad: str = "bad", **values: object
    ) -> Part:
        key = f"oversight.health.{name}"
        sentence = self.words.text(f"{key}.{good if is_good else bad}", **values)
        remedy = self.words.text("oversight.health.no_remedy" if is_good else f"{key}.remedy")
        return Part(self.words.text(f"{key}.name"), "good" if is_good else "bad", sentence, remedy)

    def off(self, name: str) -> Part:
        """A part that is not used here."""
        title, sentence = (self.words.text(f"oversight.health.{name}.{key}") for key in ("name", "off"))
        return Part(title, "off", sentence, self.words.text("oversight.health.no_remedy"))

    def age(self, span: timedelta) -> str:
        """How long ago, in words."""
        return say_duration(Duration(max(0, round(span.total_seconds()))), self.words.locale)


def _beat(name: str, ready: Readiness, say: _Say) -> Part:
    part = ready.parts[name]
    if part.get("is_off"):
        return say.off(name)
    seconds = part["seconds_since_tick"]
    age = say_duration(Duration(seconds or 0), say.words.locale)
    return say.part(name, is_good=bool(part["is_fine"]), bad="never" if seconds is None else "bad", age=age)


async def _queues(desk: Installation, say: _Say, *, now: datetime) -> list[Part]:
    before = now - OLDEST_WAIT
    async with desk.db.read() as session:
        tips = await count_waiting_tips(session, before=before)
        oldest = await find_oldest_waiting(session) if tips else None
        waiting = await count_notices(session, NoticeState.WAITING)
        late = await count_notices(session, NoticeState.WAITING, before=before)
        failed = await count_notices(session, NoticeState.FAILED)
        old = await count_notices(session, NoticeState.FAILED, before=now - FAILURES_OF)
    return [
        say.part("tips", is_good=not tips, count=tips, age=say.age(now - oldest) if oldest else ""),
        say.part("outbox", is_good=not late, count=waiting, late=late),
        say.part("failed", is_good=failed == old, count=failed - old),
    ]


async def _disk(folder: Path, say: _Say) -> Part:
    usage = await asyncio.to_thread(_look_at_disk, folder)
    share = usage.free / usage.total
    is_good = share >= LEAST_SHARE_FREE or usage.free >= 10 * LEAST_BYTES_FREE
    values = {"free": f"{usage.free / 1024**3:.1f} GB", "percent": f"{share:.0%}"}
    return say.part("disk", is_good=is_good and usage.free >= LEAST_BYTES_FREE, **values)


def _look_at_disk(folder: Path) -> Any:  # noqa: ANN401 - shutil's own tuple has no public type
    """The disk of a folder, or of the nearest one above it that exists."""
    here = folder.absolute()
    while not here.exists():
        here = here.parent
    return shutil.disk_usage(here)


def _calendar(desk: Installation, say: _Say, *, now: datetime) -> Part:
    local = now.astimezone(LOCAL)
    is_good = desk.catalog.calendar.covers(local.year + 1) or local.month < NOTICE_MONTH
    return say.part("calendar", is_good=is_good, year=local.year + 1)


# ---------------------------------------------------------------- what commands and the worker noted


async def _known(desk: Installation, say: _Say, *, now: datetime) -> list[Part]:
    async with desk.db.read() as session:
        facts = await find_facts(session)
    has_certificate = (desk.settings.public_url or "").startswith("https://")
    return [
        _backup(facts.get(Known.BACKUP), say, now=now),
        _trial(facts.get(Known.RESTORE_TRIAL), say, now=now),
        _certificate(facts.get(Known.CERTIFICATE), say, now=now)
        if has_certificate
        else say.off("certificate"),
    ]


def _backup(fact: Fact | None, say: _Say, *, now: datetime) -> Part:
    if fact is None:
        return say.part("backup", is_good=False, bad="never")
    is_good = now - fact.at <= OLDEST_BACKUP
    return say.part(
        "backup", is_good=is_good, age=say.age(now - fact.at), file=fact.details["file"], who=fact.source
    )


def _trial(fact: Fact | None, say: _Say, *, now: datetime) -> Part:
    if fact is None:
        return say.part("restore_trial", is_good=False, bad="never")
    values = {
        "age": say.age(now - fact.at),
        "file": fact.details["file"],
        "count": fact.details["problems"],
        "problem": " ".join(fact.details["checks"]),
    }
    if fact.details["problems"]:
        return say.part("restore_trial", is_good=False, bad="failed", **values)
    return say.part("restore_trial", is_good=now - fact.at <= OLDEST_TRIAL, **values)


def _certificate(fact: Fact | None, say: _Say, *, now: datetime) -> Part:
    if fact is None:
        return say.part("certificate", is_good=False, bad="never")
    host, problem, until = fact.details["host"], fact.details["problem"], fact.details["not_after"]
    if until is None:
        return say.part("certificate", is_good=False, bad="unreachable", host=host)
    left = datetime.fromisoformat(until) - now
    if left <= timedelta(0):
        return say.part("certificate", is_good=False, bad="expired", host=host)
    if problem:
        return say.part("certificate", is_good=False, bad="untrusted", host=host, problem=problem)
    return say.part("certificate", is_good=left.days >= LEAST_CERTIFICATE_DAYS, host=host, days=left.days)
