"""What is set up and how it does, in plain words, to be read only. Secrets are never shown, not even in part."""

import asyncio
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from config.clock import LOCAL
from config.deadlines import DeadlineRule
from config.web import get_locale
from models.checks import Readiness, readiness
from models.queries.corrections import count_corrections, count_learned
from models.queries.notices import count_notices
from models.queries.staff import list_active_staff
from models.queries.tips import count_waiting_tips
from models.staff import Staff
from models.states import NoticeState, Role
from triage.console.context import DESK, Desk, show
from triage.console.views.supervisor_words import say_duration
from triage.console.words import Words
from triage.meaning import SHIPPED, digest_model, find_model, is_set_aside
from triage.reports import Duration

OLDEST_WAIT = timedelta(minutes=10)
FAILURES_OF = timedelta(days=7)
LEAST_SHARE_FREE = 0.1
LEAST_BYTES_FREE = 2 * 1024**3
NOTICE_MONTH = 12
"""The State Council's notice for the next year comes in November; from December on it is missed."""


@dataclass(frozen=True, slots=True)
class Part:
    """How one part does: state is good, bad or off."""

    name: str
    state: str
    words: str
    remedy: str


# ---------------------------------------------------------------- health


async def show_health(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Every part with a sentence, and what to do where something is wrong."""
    desk, words = request.app[DESK], Words(request.app[DESK].catalog, get_locale(request))
    parts = await look_at_parts(desk, words, now=desk.now())
    troubles = sum(part.state == "bad" for part in parts)
    return await show(request, staff, "oversight/health.html", parts=parts, troubles=troubles)


async def look_at_parts(desk: Desk, words: Words, *, now: datetime) -> list[Part]:
    """All parts, the most important first."""
    say = _Say(words)
    ready = await readiness(desk.db, now=now, has_chat=bool(desk.settings.telegram_token))
    return [
        say.part("database", is_good=bool(ready.parts["database"]["is_fine"])),
        _beat("worker", ready, say),
        _beat("telegram", ready, say),
        *(await _queues(desk, say, now=now) if ready.parts["database"]["is_fine"] else []),
        await _disk(desk.settings.data, say),
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


def _beat(name: str, ready: Readiness, say: _Say) -> Part:
    part = ready.parts[name]
    if part.get("is_off"):
        title, sentence = (say.words.text(f"oversight.health.{name}.{key}") for key in ("name", "off"))
        return Part(title, "off", sentence, say.words.text("oversight.health.no_remedy"))
    seconds = part["seconds_since_tick"]
    age = say_duration(Duration(seconds or 0), say.words.locale)
    return say.part(name, is_good=bool(part["is_fine"]), bad="never" if seconds is None else "bad", age=age)


async def _queues(desk: Desk, say: _Say, *, now: datetime) -> list[Part]:
    before = now - OLDEST_WAIT
    async with desk.db.read() as session:
        tips = await count_waiting_tips(session, before=before)
        waiting = await count_notices(session, NoticeState.WAITING)
        late = await count_notices(session, NoticeState.WAITING, before=before)
        failed = await count_notices(session, NoticeState.FAILED)
        old = await count_notices(session, NoticeState.FAILED, before=now - FAILURES_OF)
    return [
        say.part("tips", is_good=not tips, count=tips),
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


def _calendar(desk: Desk, say: _Say, *, now: datetime) -> Part:
    local = now.astimezone(LOCAL)
    is_good = desk.catalog.calendar.covers(local.year + 1) or local.month < NOTICE_MONTH
    return say.part("calendar", is_good=is_good, year=local.year + 1)


# ---------------------------------------------------------------- rules


async def show_rules(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Calendar, limits and offices as they are set up."""
    desk, now = request.app[DESK], request.app[DESK].now()
    words = Words(desk.catalog, get_locale(request))
    today = now.astimezone(LOCAL).date()
    year = today.year
    calendar = desk.catalog.calendar
    async with desk.db.read() as session:
        officers = await list_active_staff(session, Role.OFFICER, Role.LEAD, Role.INTAKE)
    return await show(
        request,
        staff,
        "oversight/rules.html",
        version=desk.catalog.version,
        model=await _look_at_model(desk),
        years=(calendar.first_year, calendar.last_year),
        next_year=None if calendar.covers(year + 1) else year + 1,
        rules=[
            _rule_row(rule, words)
            for rule in desk.catalog.deadlines
            if rule.is_in_force(now.astimezone(LOCAL).date())
        ],
        offices=[
            {
                "name": words.office(office_id),
                "towns": len(office.towns),
                "people": sum(person.office_id == office_id for person in officers),
            }
            for office_id, office in desk.catalog.offices.items()
        ],
    )


async def _look_at_model(desk: Desk) -> dict[str, Any]:
    """Which model a worker reads at its start, and how many corrections it has not learned from."""
    path = find_model(desk.settings.data)
    version = await asyncio.to_thread(digest_model, path)
    async with desk.db.read() as session:
        waiting = await count_corrections(session) - await count_learned(session, version)
    return {
        "version": version,
        "is_promoted": path != SHIPPED,
        "is_set_aside": is_set_aside(desk.settings.data),
        "waiting": max(0, waiting),
    }


def _rule_row(rule: DeadlineRule, words: Words) -> dict[str, str]:
    return {
        "id": rule.id,
        "name": rule.name.say(words.locale),
        "limit": words.text(f"oversight.rules.unit.{rule.limit.unit}", amount=rule.limit.amount),
        "start": rule.start.say(words.locale),
        "basis": words.text(f"oversight.rules.basis_of.{rule.basis}"),
        "source": rule.source.say(words.locale),
    }
