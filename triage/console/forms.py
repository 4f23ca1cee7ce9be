"""What the forms of moves need beside the case: choices, what was typed, previews; which field an error is about."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from models.case import Case
from models.queries.merging import list_confirmed_numbers
from models.queries.staff import list_active_staff
from models.staff import Staff
from models.states import FindingKind, Role, Verdict
from triage.actions import REFUSAL_CODES, SUSPENSION_KINDS, TERMINATION_KINDS, list_allegations
from triage.actions.answers import SAID
from triage.clocks import is_running
from triage.console.case_page import CaseFile
from triage.console.context import Desk
from triage.console.finding_list import find_decision
from triage.console.moves import (
    FIELDS,
    FOR_RECORD,
    LISTS,
    Typed,
    needs_police_answer,
    read_allegations,
    verified_clauses,
)
from triage.console.next_moves import extended_due
from triage.console.reporter import find_warnings
from triage.console.words import Words
from triage.routing import propose_office
from triage.workflow import Move, Refusal

DEPARTMENTS = (
    "police",
    "market",
    "labour",
    "housing",
    "transport",
    "fire",
    "education",
    "hotline",
    "discipline",
)
"""Where matters that are not ours belong (glossary of routes: domain §1.7); text keys under `console.department.`."""
KINDS: Mapping[str, Sequence[str]] = {
    Move.ASK_SUSPENSION: SUSPENSION_KINDS,
    Move.ASK_TERMINATION: TERMINATION_KINDS,
}


async def options(
    desk: Desk, staff: Staff, file: CaseFile, opened: str, typed: Typed | None, words: Words
) -> dict[str, Any]:
    """Values of the one open form; empty ones where none is open."""
    case = file.case
    unchosen = [{"value": "", "label": words("hint.choose_office")}] if opened == Move.ACCEPT else []
    clauses = list(typed.clauses) if typed else list(case.clauses)
    values = {
        name: typed.get(name) if typed else ""
        for name in {name for names in FIELDS.values() for name in names}
    }
    said = {clause: verdict.value for clause, verdict in read_allegations(typed).items()} if typed else {}
    if opened == Move.FILE_RESULT and not typed:
        values |= _filed_before(file)
        said = _judged_before(case)
        clauses = [clause for clause in clauses if clause not in list_allegations(case)]
    joinable = await _list_joinable(desk, case, opened)
    if opened == Move.MERGE and not typed and len(joinable) == 1:
        values["into"] = joinable[0]
    return {
        "typed": {**values, "clauses": clauses, "allegations": said},
        "version": typed.version if typed else case.version,
        "proposed_office": propose_office(case.jurisdiction, case.clauses, desk.catalog),
        "offices": [] if staff.role is Role.LEAD else [*unchosen, *words.office_options()],
        "officers": await _officers(desk, staff, file, words) if opened == Move.ASSIGN else [],
        "clause_options": words.clause_options() if opened in {Move.ACCEPT, Move.FILE_RESULT} else [],
        "allegations": [(clause, f"{clause} {words.clause(clause)}") for clause in list_allegations(case)],
        "proposed": list_proposed(file, clauses),
        "colleagues": await _colleagues(desk, staff, file) if opened == Move.FILE_RESULT else [],
        "joinable": joinable,
        "kinds": [
            {"value": kind, "label": words.text(f"casework.kind.{kind}")} for kind in KINDS.get(opened, ())
        ],
        "satisfactions": [{"value": said.value, "label": words.state("satisfaction", said)} for said in SAID],
        "longest_extension": desk.catalog.deadline_in_force("D11", desk.now()).limit.amount,
        "asks_police": needs_police_answer(case, file.findings),
        "police_options": [
            {"value": value, "label": words(f"finding.police_decided.{value}")} for value in ("true", "false")
        ],
        "refusal_codes": [
            {"value": code, "label": f"{code} {words(f'refusal_code.{code}')}"} for code in REFUSAL_CODES
        ],
        "verdicts": [
            {"value": verdict.value, "label": words.state("verdict", verdict)} for verdict in Verdict
        ],
        "departments": [words(f"department.{name}") for name in DEPARTMENTS],
    }


def _filed_before(file: CaseFile) -> dict[str, str]:
    """Sent back: one goes on from what was filed."""
    police = find_decision(file, FindingKind.POLICE_REFERRAL)
    return {
        "verdict": file.case.verdict or "",
        "result": file.case.result,
        "police": min(police.values, default="") if police else "",
        "second": (file.case.verification or {}).get("second", ""),
        "evidence": "\n".join((file.case.verification or {}).get("evidence", [])),
    }


def _judged_before(case: Case) -> dict[str, str]:
    return {entry["clause"]: entry["verdict"] for entry in (case.verification or {}).get("allegations", [])}


async def _colleagues(desk: Desk, staff: Staff, file: CaseFile) -> list[str]:
    """Names to choose the second officer from; others may be written in."""
    async with desk.db.read() as session:
        people = await list_active_staff(session, Role.OFFICER, Role.LEAD, office_id=file.case.office_id)
    return [person.name for person in people if person.id != staff.id]


async def _list_joinable(desk: Desk, case: Case, opened: str) -> list[str]:
    """Numbers of cases that somebody decided to be the same matter."""
    if opened != Move.MERGE:
        return []
    async with desk.db.read() as session:
        return list(await list_confirmed_numbers(session, case.id))


def list_proposed(file: CaseFile, ticked: Sequence[str]) -> list[str]:
    """The clauses to be decided upon: those of the case, those ever named for it, and what was ticked."""
    named = [row.value for row in file.findings if row.kind is FindingKind.CLAUSE]
    return list(dict.fromkeys([*file.case.clauses, *named, *ticked]))


async def _officers(desk: Desk, staff: Staff, file: CaseFile, words: Words) -> list[dict[str, str]]:
    """Officers of the office that has the case; a lead chooses among his own, the city may leave it to the load."""
    office_id = staff.office_id if staff.role is Role.LEAD else file.case.office_id
    async with desk.db.read() as session:
        people = await list_active_staff(session, Role.OFFICER, office_id=office_id)
    choices = [{"value": str(person.id), "label": person.name} for person in people]
    return [{"value": "", "label": words("hint.by_load")}, *choices]


def shown(typed: Typed) -> dict[str, str]:
    """All that was typed, as plain values, to be kept in hidden fields or shown again."""
    values = dict(typed.values)
    lists = {"clauses": typed.clauses, "allegations": typed.allegations}
    return values | {name: " ".join(lists[name]) for name in LISTS if lists[name]}


def say_typed(typed: Typed, words: Words) -> dict[str, str]:
    """All that was typed as people read it; what is no known choice stays as it came."""
    known: dict[str, dict[str, str]] = {
        "verdict": {verdict.value: words.state("verdict", verdict) for verdict in Verdict},
        "police": {value: words(f"finding.police_decided.{value}") for value in ("true", "false")},
        "office_id": {option["value"]: option["label"] for option in words.office_options()},
        "code": {code: f"{code} {words(f'refusal_code.{code}')}" for code in REFUSAL_CODES},
        "satisfaction": {said.value: words.state("satisfaction", said) for said in SAID},
        "kind": {
            kind: words.text(f"casework.kind.{kind}") for kind in (*SUSPENSION_KINDS, *TERMINATION_KINDS)
        },
    }
    said = {name: known.get(name, {}).get(value, value) for name, value in typed.values.items()}
    named = words("finding.joiner").join(f"{name} {words.clause(name)}" for name in typed.clauses)
    judged = words.judged(read_allegations(typed))
    return said | ({"clauses": named} if named else {}) | ({"allegations": judged} if judged else {})


def labels(move: Move, words: Words) -> dict[str, str]:
    """What the fields of a move are called."""
    return {name: label_of(move, name, words) for name in FIELDS[move]}


def label_of(move: Move, name: str, words: Words) -> str:
    """What a field is called on the form of this move."""
    own = {
        (Move.REFUSE, "answer"): "refusal_answer",
        (Move.TRANSFER_OUT, "answer"): "transfer_answer",
        (Move.ACCEPT, "reason"): "assign_note",
        (Move.ASSIGN, "reason"): "assign_note",
        (Move.ASK_REPORTER, "words"): "ask_reporter",
        (Move.ADD_NOTE, "words"): "add_note",
        (Move.APPROVE, "reason"): "opinion",
        (Move.FILE_RESULT, "clauses"): "more_clauses",
        (Move.ASK_SUPPLEMENT, "words"): "ask_reporter",
        (Move.GRANT_EXTENSION, "reason"): "opinion",
        (Move.GRANT_SUSPENSION, "reason"): "opinion",
        (Move.RESUME, "reason"): "opinion",
        (Move.FOLLOW_UP, "reason"): "said_by_reporter",
        (Move.GRANT_TERMINATION, "answer"): "termination_answer",
        (Move.UPHOLD, "answer"): "review_answer",
        (Move.REOPEN, "answer"): "review_answer",
        (Move.TAKE_UP, "answer"): "review_answer",
    }
    return words(f"field.{own.get((move, name), name)}")


def say_refusal(refusal: Refusal, move: Move, words: Words) -> str:
    """Why a move was refused; a field is called what the form of this move calls it."""
    values = words.refusal_values(refusal)
    if field := field_of(refusal, move):
        values["field"] = label_of(move, field, words)
    return words.error(words.refusal_key(refusal), **values)


def preview(file: CaseFile, move: Move, typed: Typed, words: Words, *, now: datetime) -> dict[str, Any]:
    """What will stand in the record or before the reporter's eyes, and what to think of before."""
    body = typed.get("result") or typed.get("answer") or typed.get("words") or typed.get("reason")
    lines = {
        Move.FILE_RESULT: lambda: _preview_result(file, typed, words),
        Move.ANSWER: lambda: [words.state("verdict", file.case.verdict)] if file.case.verdict else [],
        Move.REFUSE: lambda: [words.state("case", "refused"), words(f"refusal_code.{typed.get('code')}")],
        Move.TRANSFER_OUT: lambda: [words("preview.transferred_to", to=typed.get("to"))],
        Move.ASK_EXTENSION: lambda: _preview_extension(file, typed, words, now=now),
    }
    return {
        "shown": lines[move]() if move in lines else [],
        "body": body,
        "typed": shown(typed),
        "version": typed.version,
        "page_key": typed.page_key,
        "is_for_record": move in FOR_RECORD,
        "warnings": [] if move in FOR_RECORD else find_warnings(body, words),
    }


def _preview_extension(file: CaseFile, typed: Typed, words: Words, *, now: datetime) -> list[str]:
    """Until when the extension would run, before anybody asks for it."""
    limit = next(row for row in file.deadlines if row.rule_id == "D10" and is_running(row))
    due = extended_due(limit, int(typed.get("days")), words.catalog, now=now)
    return [
        words(
            "preview.extension",
            days=typed.get("days"),
            before=words.due(limit.due_at),
            due=words.due(due),
        )
    ]


def _preview_result(file: CaseFile, typed: Typed, words: Words) -> list[str]:
    asks_police = needs_police_answer(file.case, file.findings)
    return [
        words.state("verdict", typed.get("verdict")),
        words.judged(read_allegations(typed)),
        words("preview.second", name=typed.get("second")),
        words.verified(verified_clauses(typed)),
        *([words.police_decided(typed.get("police"))] if asks_police else []),
    ]


def field_of(refusal: Refusal, move: Move) -> str:
    """The field of the form that a refusal is about; empty where it is about the move itself."""
    named = {
        "move.unknown_code": "code",
        "move.unknown_office": "office_id",
        "move.unknown_officer": "officer_id",
        "move.unknown_clause": "clauses",
        "move.recused_officer": "officer_id",
        "move.unknown_case": "into",
        "move.case_not_open": "into",
    }
    field = refusal.values.get("field", "") or named.get(refusal.reason, "")
    return field if field in FIELDS[move] else ""
