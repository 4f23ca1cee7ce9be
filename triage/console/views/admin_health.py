"""What is set up and how it does, in plain words, to be read only. No secret is shown."""

import asyncio
from typing import Any

from aiohttp import web

from config.clock import LOCAL
from config.deadlines import DeadlineRule
from config.web import get_locale
from models.queries.corrections import count_corrections, count_learned
from models.queries.staff import list_active_staff
from models.staff import Staff
from models.states import Role
from triage.console.context import DESK, Desk, show
from triage.console.parts import look_at_parts
from triage.console.words import Words
from triage.meaning import SHIPPED, digest_model, find_model, is_set_aside

# ---------------------------------------------------------------- health


async def show_health(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Every part with a sentence, and what to do where something is wrong."""
    desk, words = request.app[DESK], Words(request.app[DESK].catalog, get_locale(request))
    parts = await look_at_parts(desk, words, now=desk.now())
    troubles = sum(part.state == "bad" for part in parts)
    return await show(request, staff, "oversight/health.html", parts=parts, troubles=troubles)


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
