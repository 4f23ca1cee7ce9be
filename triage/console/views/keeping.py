"""What is kept how long, what holds it, what purges did; asking for another period, for an early deletion, for a hold.

Administrators ask; of holds they are told how many there are. Supervisors and auditors place holds and see them.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from config.calendars import LOCAL
from config.keeping import BY_NAME, CONTACT, KEPT, Kept, Span
from config.text import format_day
from config.web import Refusal, get_form, get_locale, get_query, see_other
from models.numbers import read_digits
from models.queries.keeping import (
    count_due,
    count_held_contacts,
    count_kept,
    find_last_purge,
    list_history,
    list_holds,
    list_purges,
    list_spans,
)
from models.staff import Staff
from models.states import Role
from triage.consent import ConsentRefusedError, ask_change
from triage.console.consent_words import say_refusal
from triage.console.context import DESK, show
from triage.console.words import Words
from triage.disclosure import DisclosureRefusedError
from triage.holds import HOLDERS, may_know_case, place_hold
from triage.keeping import days_of
from triage.protected_changes import CHANGES

DAY = timedelta(days=1)
LOG_ROWS = 60
DONE = frozenset({"held"})


async def show_keeping(request: web.Request, staff: Staff) -> web.StreamResponse:
    """The whole page."""
    done = get_query(request).get("done")
    return await _show(request, staff, {}, {}, done=done if done in DONE else "")


async def show_period(request: web.Request, staff: Staff) -> web.StreamResponse:
    """One period, and what would go at once with as many days as the address says."""
    kept, asked = _get_changeable(request), get_query(request).get("days").strip()
    return await _show_period(request, staff, kept, asked, {})


async def ask_period(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Ask a second person for another period."""
    kept, form = _get_changeable(request), get_form(request)
    days, before = _read_days(form.get("days")), _read_days(form.get("before"))
    if days is None or before is None:
        raise Refusal(400, "status.400.body")
    try:
        await _ask(
            request,
            staff,
            "period",
            kept.name,
            {"before": before, "after": days},
            reason=form.get("reason"),
        )
    except (ConsentRefusedError, DisclosureRefusedError) as error:
        errors = {"reason": say_refusal(error, get_locale(request))}
        return await _show_period(request, staff, kept, str(days), errors, reason=form.get("reason"))
    return see_other("/changes?done=asked")


async def ask_erasure(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Ask a second person to erase the contact of a case before its time."""
    return await _ask_for_case(request, staff, "contact", "erase")


async def ask_lift(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Ask a second person to lift a hold."""
    return await _ask_for_case(request, staff, "lift_hold", "lift")


async def hold(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Keep everything of a case from now on."""
    desk, typed = request.app[DESK], _typed(request, "hold")
    try:
        async with desk.db.begin() as session:
            number = read_digits(typed["hold_number"])
            await place_hold(session, number, reason=typed["hold_reason"], by=staff, now=desk.now())
    except (ConsentRefusedError, DisclosureRefusedError) as error:
        return await _show(request, staff, _at_field(error, "hold", get_locale(request)), typed)
    return see_other("/keeping?done=held#holds")


async def _ask_for_case(request: web.Request, staff: Staff, kind: str, form: str) -> web.StreamResponse:
    typed = _typed(request, form)
    try:
        number = read_digits(typed[f"{form}_number"])
        await _ask(request, staff, kind, number, {}, reason=typed[f"{form}_reason"])
    except (ConsentRefusedError, DisclosureRefusedError) as error:
        return await _show(request, staff, _at_field(error, form, get_locale(request)), typed)
    return see_other("/changes?done=asked")


async def _ask(
    request: web.Request, staff: Staff, kind: str, subject: str, facts: Mapping[str, Any], *, reason: str
) -> None:
    desk = request.app[DESK]
    async with desk.db.begin() as session:
        by = await session.get_one(Staff, staff.id)
        await ask_change(session, CHANGES[kind], subject, facts, reason=reason, by=by, now=desk.now())


def _typed(request: web.Request, form: str) -> dict[str, str]:
    return {name: get_form(request).get(name) for name in (f"{form}_number", f"{form}_reason")}


def _at_field(error: ConsentRefusedError | DisclosureRefusedError, form: str, locale: str) -> dict[str, str]:
    field = "reason" if isinstance(error, DisclosureRefusedError) else "number"
    return {f"{form}_{field}": say_refusal(error, locale)}


def _get_changeable(request: web.Request) -> Kept:
    kept = BY_NAME.get(request.match_info["name"])
    if kept is None or not kept.is_changeable:
        raise Refusal(404, "status.404.body")
    return kept


def _read_days(written: str) -> int | None:
    plain = written.strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= 5 else None


# ---------------------------------------------------------------- pages


async def _show(
    request: web.Request, staff: Staff, errors: dict[str, str], typed: dict[str, str], *, done: str = ""
) -> web.StreamResponse:
    desk, words = request.app[DESK], Words(request.app[DESK].catalog, get_locale(request))
    async with desk.db.read() as session:
        rows = []
        for kept in KEPT:
            spans = await list_spans(session, kept) if kept.usual else []
            now_there = await count_kept(session, kept)
            due = await count_due(session, kept, spans, now=desk.now())
            rows.append(_make_row(kept, spans, words) | {"there": now_there, "due": due})
        held_back = await count_held_contacts(session, await list_spans(session, CONTACT), now=desk.now())
        purges, all_holds = await list_purges(session, limit=LOG_ROWS), await list_holds(session)
        known = [row for row in all_holds if await may_know_case(session, row[1].number, staff)]
        last = await find_last_purge(session)
    return await show(
        request,
        staff,
        "administration/keeping.html",
        status=422 if errors else 200,
        errors=errors,
        typed=typed,
        done=done,
        rows=rows,
        last=last,
        held_back=held_back,
        hold_count=len(all_holds),
        holds=[
            {"number": case.number, "reason": row.reason, "who": name, "at": row.placed_at}
            for row, case, name in known
        ]
        if staff.role in HOLDERS
        else [],
        may_hold=staff.role in HOLDERS,
        may_ask=staff.role is Role.ADMINISTRATOR,
        purges=[
            {
                "day": format_day(row.day, words.locale),
                "what": words.text(f"administration.keeping.what.{row.name}"),
                "runs": row.runs,
                "gone": row.gone,
                "at": row.last_at.astimezone(LOCAL).strftime("%H:%M"),
            }
            for row in purges
        ],
    )


def _make_row(kept: Kept, spans: list[Span], words: Words) -> dict[str, Any]:
    def say(part: str, **values: object) -> str:
        return words.text(f"administration.keeping.{part}", **values)

    period = spans[-1].period if spans else None
    bounds = ""
    if kept.least and kept.most:
        bounds = say("bounds", least=kept.least.days, most=kept.most.days)
    return {
        "name": kept.name,
        "what": say(f"what.{kept.name}"),
        "why": say(f"why.{kept.name}"),
        "period": say_period(period, words),
        "bounds": bounds,
        "is_changeable": kept.is_changeable,
        "is_changed": period is not None and period != kept.usual,
        "is_purged": kept.usual is not None,
    }


def say_period(period: timedelta | None, words: Words) -> str:
    """180 days, 3 hours; or that the program deletes nothing."""
    if period is None:
        return words.text("administration.keeping.not_deleted")
    if period % DAY or period <= DAY * 2:
        return words.text("administration.keeping.hours", count=period // timedelta(hours=1))
    return words.text("administration.keeping.days", count=period // DAY)


async def _show_period(
    request: web.Request, staff: Staff, kept: Kept, asked: str, errors: dict[str, str], *, reason: str = ""
) -> web.StreamResponse:
    desk, words = request.app[DESK], Words(request.app[DESK].catalog, get_locale(request))
    days = _read_days(asked)
    is_within = days is not None and kept.allows(days)
    if asked and not is_within and not errors:
        errors = {"days": words.text("administration.keeping.out_of_bounds", **_bounds(kept))}
    async with desk.db.read() as session:
        known, history = await days_of(session, kept), await list_history(session, kept.name)
        before = await list_spans(session, kept)
        after = [Span(span.before, min(span.period, timedelta(days=days or 0))) for span in before]
        preview = {
            "now": await count_due(session, kept, before, now=desk.now()),
            "then": await count_due(session, kept, after, now=desk.now()) if is_within else 0,
        }
    return await show(
        request,
        staff,
        "administration/keeping_period.html",
        status=422 if errors else 200,
        errors=errors,
        row=_make_row(kept, before, words),
        bound=words.text(f"administration.keeping.bound.{kept.name}"),
        known=known,
        asked=asked,
        days=days if is_within and days != known else None,
        is_longer=is_within and (days or 0) > known,
        preview=preview,
        reason=reason,
        history=[
            {"since": since, "days": words.text("administration.keeping.days", count=count)}
            for since, count in reversed(history)
        ],
    )


def _bounds(kept: Kept) -> dict[str, int]:
    return {"least": kept.least.days if kept.least else 0, "most": kept.most.days if kept.most else 0}
