"""The auditor's page: who did what, and whether the record of it is whole. No tip is read here."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from config.text import has_text, load_texts
from config.web import Parameters, get_locale, get_query
from models.audit import BrokenChain, find_broken_event, record_event
from models.event import Event
from models.heads import find_heads
from models.numbers import in_groups, read_digits
from models.queries.events import EventFilter, count_audit, find_case_id, find_head, list_audit
from models.queries.staff import find_staff_by_login, list_staff
from models.staff import Staff
from triage.console.context import DESK, Desk, show
from triage.console.words import Words

NOBODY = -1
_PROBLEMS = {
    "an entry is missing here": "missing",
    "the entry does not follow the one before it": "unlinked",
    "the entry was changed after it was written": "changed",
    "the end of the chain was cut off": "cut",
}


async def show_audit(request: web.Request, staff: Staff) -> web.StreamResponse:
    """One page of the record, as the address asks for it."""
    return await _show(request, staff)


async def verify_chain(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Walk the whole chain and say what was found; that it was done is an event itself."""
    desk, words = request.app[DESK], Words(request.app[DESK].catalog, get_locale(request))
    async with desk.db.read() as session:
        heads = await asyncio.to_thread(find_heads, desk.settings.data)
        broken, head = await find_broken_event(session, heads=heads), await find_head(session)
    problem = _name_problem(broken) if broken else None
    async with desk.db.begin() as session:
        entries = head[0] if head else 0
        record_event(session, "audit_verified", at=desk.now(), by=staff.id, entries=entries, problem=problem)
    return await _show(request, staff, verdict=_say_verdict(broken, head, words))


def _name_problem(broken: BrokenChain) -> str:
    return _PROBLEMS.get(broken.problem, "rewritten")


def _say_verdict(broken: BrokenChain | None, head: tuple[int, bytes] | None, words: Words) -> dict[str, str]:
    def say(key: str, **values: object) -> str:
        return words.text(f"oversight.audit.{key}", **values)

    if broken:
        problem = say(f"problem.{_name_problem(broken)}")
        return {
            "kind": "grave",
            "title": say("broken", position=broken.position),
            "body": say("broken_body", problem=problem),
        }
    if head is None:
        return {"kind": "", "title": say("empty_chain"), "body": ""}
    digest = head[1].hex()
    return {
        "kind": "done",
        "title": say("verified", count=head[0]),
        "body": say("verified_head", count=head[0], head=in_groups(digest[:32])),
    }


async def _show(
    request: web.Request, staff: Staff, *, verdict: Mapping[str, str] | None = None
) -> web.StreamResponse:
    desk, query = request.app[DESK], get_query(request)
    words = Words(desk.catalog, get_locale(request))
    asked = {name: query.get(name).strip() for name in ("kind", "staff", "number", "day")}
    wanted, errors = await _read_filter(desk, asked, words)
    async with desk.db.read() as session:
        page = await list_audit(session, wanted, after=read_position(query))
        total = await count_audit(session, wanted)
        people = {person.id: person.login for person in await list_staff(session)}
    kept = {name: value for name, value in asked.items() if value}
    return await show(
        request,
        staff,
        "oversight/audit.html",
        status=422 if errors else 200,
        rows=[make_row(event, login, number, people, words) for event, login, number in page.rows],
        total=total,
        asked=asked,
        errors=errors,
        kinds=_kind_options(words),
        verdict=verdict,
        first_page=f"/audit?{urlencode(kept)}" if "after" in query else "",
        next_page=f"/audit?{urlencode({**kept, 'after': page.after})}" if page.after else "",
        is_filtered=bool(kept),
    )


def read_position(query: Parameters) -> int | None:
    """Where the page before ended, or None."""
    written = query.get("after")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 18 else None


async def _read_filter(
    desk: Desk, asked: Mapping[str, str], words: Words
) -> tuple[EventFilter, dict[str, str]]:
    """What the address asks for, and what of it cannot be: somebody or some case that does not exist finds nothing."""
    errors: dict[str, str] = {}
    person_id, case_id, day = None, None, None
    async with desk.db.read() as session:
        if asked["staff"]:
            person = await find_staff_by_login(session, asked["staff"])
            person_id = person.id if person else NOBODY
            if person is None:
                errors["staff"] = words.text("oversight.staff.problem.not_found")
        if asked["number"]:
            case_id = await find_case_id(session, read_digits(asked["number"]))
            if case_id is None:
                case_id, errors["number"] = NOBODY, words.text("oversight.audit.unknown_number")
    if asked["day"]:
        day = find_day(asked["day"])
        if day is None:
            errors["day"] = words.text("oversight.audit.unknown_day")
    return EventFilter(asked["kind"], person_id, case_id, day), errors


def find_day(written: str) -> date | None:
    """The day as an address has it, or None."""
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 9998 else None


def _kind_options(words: Words) -> list[dict[str, str]]:
    prefix = "oversight.event."
    kinds = [key.removeprefix(prefix) for key in load_texts(words.locale) if key.startswith(prefix)]
    named = [{"value": kind, "label": words.text(prefix + kind)} for kind in kinds if kind != "other"]
    return [{"value": "", "label": words.text("oversight.audit.all_kinds")}, *named]


def make_row(
    event: Event, login: str | None, number: str | None, people: Mapping[int, str], words: Words
) -> dict[str, Any]:
    """One entry in words."""
    facts = [
        words.text("oversight.audit.value", name=_name_fact(name, words), value=value)
        for name, raw in event.data.items()
        if (value := _say_fact(name, raw, people, words))
    ]
    return {
        "position": event.position,
        "at": words.moment(event.at),
        "who": login or words.text("oversight.audit.system"),
        "what": say_kind(event.kind, words),
        "number": number or "",
        "details": words.text("oversight.audit.joiner").join(facts),
        "reason": event.reason,
    }


def say_kind(kind: str, words: Words) -> str:
    """What was done."""
    key = f"oversight.event.{kind}"
    return words.text(key) if has_text(key) else words.text("oversight.event.other", kind=kind)


def _name_fact(name: str, words: Words) -> str:
    key = f"oversight.fact.{name}"
    return words.text(key) if has_text(key) else name


def _say_fact(name: str, value: Any, people: Mapping[int, str], words: Words) -> str:  # noqa: ANN401 - a JSON value
    """A fact of an entry in words; empty where there is nothing to say."""
    match value:
        case None:
            return ""
        case bool():
            return words.text(f"oversight.fact.{'yes' if value else 'no'}")
        case dict():
            parts = [_say_fact(key, part, people, words) for key, part in value.items()]
            return words.text("oversight.audit.joiner").join(parts)
        case list():
            gap = "\n" if name == "values" else " "  # each of those is a sentence of its own
            said = gap.join(_say_word(name, str(part), words) for part in value)
            return gap.strip(" ") + said if said else words.text("oversight.fact.nothing")
        case int():
            return people.get(value, str(value)) if name in {"staff", "officer"} else str(value)
        case _:
            return _say_word(name, str(value), words)


def _say_word(name: str, value: str, words: Words) -> str:
    match name:
        case "office" | "scope":
            return words.text("oversight.fact.all") if value == "all" else words.office(value)
        case "rule":
            return _rule_name(value, words)
        case "due":
            return _say_moment(value, words)
        case "digest":
            return value[:16]
        case _:
            key = f"{_VOCABULARIES.get(name, '')}.{value}"
            return words.text(key) if has_text(key) else value


_VOCABULARIES = {
    "change": "administration.consent.word",
    "period": "administration.keeping.what",
    "subject": "administration.keeping.what",
    "role": "states.role",
    "bar": "states.bar",
    "second_factor": "access.how",
    "place": "access.place",
    "leaks": "access.leak",
    "verdict": "states.verdict",
    "finding": "states.finding",
    "channel": "states.channel",
    "purpose": "oversight.workbook.purposes",
    "problem": "oversight.audit.problem",
}


def _rule_name(rule_id: str, words: Words) -> str:
    rule = next((rule for rule in words.catalog.deadlines if rule.id == rule_id), None)
    return f"{rule_id} {rule.name.say(words.locale)}" if rule else rule_id


def _say_moment(written: str, words: Words) -> str:
    try:
        return words.due(datetime.fromisoformat(written))
    except ValueError:
        return written
