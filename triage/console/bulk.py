"""Many cases at once: what can be done in a list, what would happen to each case, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Case, Deadline
from models.list_work import BulkItem, BulkRun
from models.queries.cases import list_deadlines_of, list_numbered
from models.queries.list_work import list_items
from models.queries.staff import find_names, list_officers_to_choose
from models.queries.tips import find_cases_with_names
from models.staff import Staff
from models.states import Role
from triage import actions
from triage.actions import MAX_REASON
from triage.bulk import NEEDED, BulkAct, Numbered, check_case, list_acts
from triage.console.context import Desk
from triage.console.next_moves import tell_clocks
from triage.console.words import Words
from triage.guards import Refusal
from triage.permissions import reach_of
from triage.tracks import Standing

STALE, GONE, LEAK = "bulk.stale", "console.no_case", "bulk.leak"
"""Why a case took no part, beside the refusals of the procedure: text keys under `errors.`."""


def offer_acts(role: Role, view: str, words: Words) -> list[dict[str, str]]:
    """What this role can do to many cases of this list, for a choice."""
    return [{"value": act.key, "label": words.text(f"lists.act.{act.key}")} for act in list_acts(role, view)]


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen to one case: `lines` in sentences, or `why_not`. `tick`: its box, with the version seen."""

    number: str
    tick: str
    target: str
    state: str
    lines: Sequence[str] = ()
    why_not: str = ""


async def make_plans(
    session: AsyncSession, desk: Desk, staff: Staff, act: BulkAct, ticked: Numbered, words: Words
) -> list[Plan]:
    """A line for each ticked case, in the order of the list. As many queries for fifty cases as for one."""
    now = desk.now()
    numbers = [number for number, _ in ticked]
    cases = {case.number: case for case in await list_numbered(session, numbers, scope=reach_of(staff))}
    ids = [case.id for case in cases.values()]
    deadlines = await list_deadlines_of(session, ids)
    named = await find_cases_with_names(session, ids)
    plans = []
    for number, version in ticked:
        case = cases.get(number)
        if case is None:
            plans.append(Plan(number, "", "", "", why_not=words.error(GONE)))
            continue
        has_name = case.id in named
        refusal = _find_refusal(desk, staff, act, case, deadlines[case.id], has_name=has_name, now=now)
        plan = Plan(
            number,
            f"{number}-{version}",
            case.target or words("list.no_target"),
            words.state("case", case.state),
        )
        if case.version != version:
            plans.append(replace(plan, why_not=words.error(STALE)))
        elif refusal:
            plans.append(replace(plan, why_not=words.refusal(refusal)))
        else:
            plans.append(replace(plan, lines=_tell(desk, staff, act, case, deadlines[case.id], words)))
    return plans


def _find_refusal(
    desk: Desk,
    staff: Staff,
    act: BulkAct,
    case: Case,
    deadlines: Sequence[Deadline],
    *,
    has_name: bool,
    now: datetime,
) -> Refusal | None:
    facts = replace(actions.gather_facts(case, staff, deadlines=deadlines, now=now), can_be_called=has_name)
    standing = Standing(
        state=case.state,
        steps=case.tracks,
        role=staff.role,
        actor_id=staff.id,
        recused=frozenset(case.recused),
        verdict=case.verdict,
        has_named_reporter=has_name,
    )
    return check_case(act, case, facts, standing, counties=desk.catalog.counties)


def _tell(
    desk: Desk, staff: Staff, act: BulkAct, case: Case, deadlines: Sequence[Deadline], words: Words
) -> list[str]:
    """What happens to this case, and to its clocks."""
    if act.move is None:
        return [words.text("casework.tracks.effect_none")]
    first = []
    if act.key == "accept":
        clauses = words.text("deadlines.joiner").join(words.clause(clause) for clause in case.clauses)
        first = [words.text("lists.bulk.follows", office=words.place(case.jurisdiction), clauses=clauses)]
    return [
        *first,
        *tell_clocks(case, deadlines, staff, act.move, words, catalog=desk.catalog, now=desk.now()),
    ]


async def list_choices(session: AsyncSession, staff: Staff, act: BulkAct, words: Words) -> dict[str, Any]:
    """What the fields of an act offer."""
    if "officer_id" not in act.fields:
        return {"offices": [], "officers": []}
    is_lead = staff.role is Role.LEAD
    people = await list_officers_to_choose(session, office_id=staff.office_id if is_lead else None)
    officers = [
        {
            "value": str(person.id),
            "label": words.text(
                "lists.bulk.officer",
                name=person.name if is_lead else f"{words.office(person.office_id)} {person.name}",
                count=load,
            ),
        }
        for person, load in people
    ]
    unchosen = {"value": "", "label": words("hint.choose_office")}
    return {
        "offices": [] if is_lead else [unchosen, *words.office_options()],
        "officers": [{"value": "", "label": words("hint.by_load")}, *officers],
    }


async def check_typed(
    session: AsyncSession, staff: Staff, act: BulkAct, typed: dict[str, str], words: Words
) -> dict[str, str]:
    """Errors by field; who is chosen brings his office with him."""
    errors = {}
    if act.key in NEEDED and not typed["reason"].strip():
        errors["reason"] = words.error("field.empty", field=words("field.reason"))
    if len(typed.get("reason", "")) > MAX_REASON:
        errors["reason"] = words.error("field.too_long", field=words("field.reason"), longest=MAX_REASON)
    if "officer_id" not in act.fields:
        return errors
    is_lead = staff.role is Role.LEAD
    people = await list_officers_to_choose(session, office_id=staff.office_id if is_lead else None)
    chosen = {str(person.id): person.office_id for person, _ in people}
    if typed["officer_id"] and typed["officer_id"] not in chosen:
        errors["officer_id"] = words.error("move.unknown_officer")
    office = chosen.get(typed["officer_id"]) or (staff.office_id if is_lead else typed["office_id"])
    if not office:
        errors["office_id"] = words.error("field.empty", field=words("field.office_id"))
    elif office not in words.catalog.offices:
        errors["office_id"] = words.error("move.unknown_office")
    typed["office_id"] = office
    return errors


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one case of a run. Empty but for its number: this person does not see the case (any more)."""

    number: str
    target: str = ""
    state: str = ""
    officer: str = ""
    why_not: str = ""


async def list_results(
    session: AsyncSession, staff: Staff, run: BulkRun, words: Words
) -> dict[str, list[Result]]:
    """Cases of a run that were done, that failed with their reasons, and that were not come to, in the list's order."""
    items = {item.number: item for item in await list_items(session, run.id)}
    cases = {case.number: case for case in await list_numbered(session, run.numbers, scope=reach_of(staff))}
    people = await find_names(session, [case.officer_id for case in cases.values() if case.officer_id])
    results: dict[str, list[Result]] = {"done": [], "failed": [], "open": []}
    for number in run.numbers:
        item, case = items.get(number), cases.get(number)
        result = Result(number)
        if case:
            officer = people.get(case.officer_id or 0, "") or words("list.no_officer")
            state, target = words.state("case", case.state), case.target or words("list.no_target")
            result = Result(number, target, state, f"{words.office(case.office_id)} · {officer}")
        kind = "open" if item is None else "done" if item.is_done else "failed"
        results[kind].append(replace(result, why_not=_say(item, words) if kind == "failed" else ""))
    return results


def _say(item: BulkItem | None, words: Words) -> str:
    stored = item.reason if item else {}
    return words.refusal(Refusal(stored.get("key", GONE), stored.get("values", {})))
