"""What a page says about the clocks before a move is what the move then does: every move is made and compared."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from models.case import Deadline
from models.queries.cases import list_deadlines
from models.states import CaseState, Role
from tests.factories import NOW, make_case, make_deadline, make_staff
from triage.clocks import is_paused, is_running
from triage.console.effects import Effect, Line, Running, tell_effects
from triage.console.moves import Typed, moves_of, perform
from triage.console.next_moves import find_more, make_counting
from triage.workflow import Move

S = CaseState
TYPED = Typed(
    version=1,
    clauses=("3.1.4",),
    values={
        "office_id": "yancheng",
        "code": "R4",
        "answer": "答复",
        "to": "公安机关",
        "reason": "理由",
        "verdict": "proven",
        "result": "事实",
        "words": "话",
        "second": "赵工",
        "evidence": "签到表",
        "days": "10",
        "satisfaction": "satisfied",
    },
    allegations=("3.1.4:proven",),
)
PENDING = {"extension": {"days": 10}, "suspension": {"kind": "expert"}, "termination": {"kind": "withdrawn"}}
CASES = [
    (Move.ACCEPT, S.REGISTERED, Role.INTAKE, ["D02", "D03"]),
    (Move.ACCEPT, S.REGISTERED, Role.INTAKE, ["D03"]),
    (Move.REFUSE, S.REGISTERED, Role.INTAKE, ["D02", "D03"]),
    (Move.TRANSFER_OUT, S.REGISTERED, Role.INTAKE, ["D03"]),
    (Move.TRANSFER_OUT, S.ACCEPTED, Role.INTAKE, ["D06", "D10"]),
    (Move.ASSIGN, S.ACCEPTED, Role.INTAKE, ["D06", "D10"]),
    (Move.ASSIGN, S.ASSIGNED, Role.INTAKE, ["D07", "D10"]),
    (Move.SIGN_FOR, S.ASSIGNED, Role.OFFICER, ["D02", "D07", "D10"]),
    (Move.RETURN, S.ASSIGNED, Role.OFFICER, ["D07", "D10"]),
    (Move.RETURN, S.VERIFYING, Role.OFFICER, ["D10"]),
    (Move.FILE_RESULT, S.VERIFYING, Role.OFFICER, ["D10"]),
    (Move.SEND_BACK, S.RESULT_FILED, Role.LEAD, ["D10"]),
    (Move.APPROVE, S.RESULT_FILED, Role.LEAD, ["D10"]),
    (Move.ANSWER, S.ANSWER_DUE, Role.OFFICER, ["D12"]),
    (Move.CLOSE, S.ANSWERED, Role.OFFICER, []),
    (Move.ASK_REPORTER, S.VERIFYING, Role.OFFICER, ["D10"]),
    (Move.ADD_NOTE, S.VERIFYING, Role.OFFICER, ["D10"]),
    (Move.ASK_SUPPLEMENT, S.REGISTERED, Role.INTAKE, ["D02", "D03"]),
    (Move.END_SUPPLEMENT, S.NEEDS_SUPPLEMENT, Role.INTAKE, ["P01"]),
    (Move.VERIFY_DIRECTLY, S.ACCEPTED, Role.INTAKE, ["D06", "D10"]),
    (Move.RECUSE, S.VERIFYING, Role.OFFICER, ["D10"]),
    (Move.ASK_EXTENSION, S.VERIFYING, Role.OFFICER, ["D10"]),
    (Move.GRANT_EXTENSION, S.EXTENSION_PENDING, Role.SUPERVISOR, ["D10"]),
    (Move.DENY_EXTENSION, S.EXTENSION_PENDING, Role.SUPERVISOR, ["D10"]),
    (Move.ASK_SUSPENSION, S.VERIFYING, Role.OFFICER, ["D10"]),
    (Move.GRANT_SUSPENSION, S.VERIFYING, Role.LEAD, ["D10"]),
    (Move.DENY_SUSPENSION, S.VERIFYING, Role.LEAD, ["D10"]),
    (Move.RESUME, S.SUSPENDED, Role.OFFICER, ["D10"]),
    (Move.APPROVE, S.RESULT_FILED, Role.LEAD, ["D11"]),
    (Move.FOLLOW_UP, S.ANSWERED, Role.INTAKE, ["D14"]),
    (Move.NOTE_CALL, S.ANSWERED, Role.INTAKE, ["D14"]),
    (Move.REDO, S.ANSWERED, Role.INTAKE, ["D12"]),
    (Move.ARCHIVE, S.CLOSED, Role.INTAKE, []),
    (Move.OPEN_REVIEW, S.CLOSED, Role.SUPERVISOR, ["D14"]),
    (Move.UPHOLD, S.IN_REVIEW, Role.SUPERVISOR, ["D13"]),
    (Move.REOPEN, S.IN_REVIEW, Role.SUPERVISOR, ["D13"]),
    (Move.TAKE_UP, S.IN_REVIEW, Role.SUPERVISOR, ["D13"]),
    (Move.ASK_TERMINATION, S.VERIFYING, Role.OFFICER, ["D10"]),
    (Move.GRANT_TERMINATION, S.VERIFYING, Role.SUPERVISOR, ["D10"]),
    (Move.DENY_TERMINATION, S.VERIFYING, Role.SUPERVISOR, ["D10"]),
    (Move.MERGE, S.REGISTERED, Role.INTAKE, ["D03"]),
    (Move.SPLIT, S.MERGED, Role.INTAKE, []),
]
TOO_LATE = {Move.ASK_EXTENSION}
"""Cannot be made after the limit, and says so."""


def test_every_move_is_compared():
    assert {move for move, *_ in CASES} == set(Move)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize(("move", "state", "role", "rules"), CASES)
async def test_the_page_says_what_the_move_does(db, catalog, move, state, role, rules, is_late):
    if is_late and move in TOO_LATE:
        return
    due = NOW + timedelta(days=-1 if is_late else 5)
    at_city = role is Role.INTAKE
    office = "city" if at_city else "yancheng"
    async with db.begin() as session:
        person = await make_staff(session, role, "city" if role is Role.SUPERVISOR else office)
        other = await make_case(session, S.VERIFYING, office)
        case = await make_case(session, state, office, due_in=None, **_facts(move, state, person, other))
        for rule in rules:
            await make_deadline(session, case, rule, due_at=due)
        deadlines = await list_deadlines(session, case.id)
    kind = "withdrawn" if move is Move.ASK_TERMINATION else "expert"
    typed = replace(TYPED, values={**TYPED.values, "into": other.number, "kind": kind})
    counting = make_counting(case, deadlines, catalog=catalog, now=NOW)
    more = find_more(case, person, move, deadlines)
    said = tell_effects(
        moves_of(move), [Running(rule, due) for rule in rules], counting=counting, now=NOW, more=more
    )
    async with db.begin() as session:
        case = await session.merge(case)
        await perform(session, case, move, typed, by=await session.merge(person), catalog=catalog, now=NOW)
    async with db.read() as session:
        rows = (await session.scalars(select(Deadline).where(Deadline.case_id == case.id))).all()
    assert set(said) == {line for row in rows if (line := what_happened(row, rules))} or said == [
        Line(Effect.NONE)
    ]


def _facts(move, state, person, other):
    """What must hold so that the move can be made."""
    facts = {}
    if asked := next((name for name in PENDING if name in move.value and not move.startswith("ask")), None):
        facts["pending"] = {"asks": asked, "by": -1, **PENDING[asked]}
    if move is Move.RECUSE:
        facts["officer_id"] = person.id
    if move is Move.SPLIT:
        facts["merged_into_id"] = other.id
    if state in {S.CLOSED, S.IN_REVIEW, S.ANSWERED}:
        facts["answered_at"] = NOW
    if move is not Move.TAKE_UP and state is S.IN_REVIEW:
        facts["accepted_at"] = NOW
    return facts


def what_happened(row: Deadline, before: list[str]) -> Line | None:
    if row.started_at == NOW:  # started by this move; D06 of an acceptance is met in the same breath
        return Line(Effect.STARTED, row.rule_id, row.due_at) if is_running(row) else None
    if is_paused(row):
        return Line(Effect.PAUSED, row.rule_id)
    if is_running(row):
        return Line(Effect.RUNS_LATE if row.due_at < NOW else Effect.RUNS_ON, row.rule_id, row.due_at)
    if row.met_at:
        return Line(Effect.MET_LATE if row.due_at < NOW else Effect.MET, row.rule_id)
    return Line(Effect.ENDED, row.rule_id)
