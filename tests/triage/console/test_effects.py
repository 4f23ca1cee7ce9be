"""What a page says about the clocks before a move is what the move then does: every move is made and compared."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from models.case import Deadline
from models.states import CaseState, Role
from tests.factories import NOW, make_case, make_deadline, make_staff
from triage.clocks import is_running
from triage.console.effects import Effect, Line, Running, tell_effects
from triage.console.moves import Typed, moves_of, perform
from triage.deadlines import compute_due
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
    },
)
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
]


def test_every_move_is_compared():
    assert {move for move, *_ in CASES} == set(Move)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize(("move", "state", "role", "rules"), CASES)
async def test_the_page_says_what_the_move_does(db, catalog, move, state, role, rules, is_late):
    due = NOW + timedelta(days=-1 if is_late else 5)
    async with db.begin() as session:
        person = await make_staff(session, role, "city" if role is Role.INTAKE else "yancheng")
        case = await make_case(session, state, "city" if role is Role.INTAKE else "yancheng", due_in=None)
        for rule in rules:
            await make_deadline(session, case, rule, due_at=due)

    def due_of(rule_id: str) -> datetime:
        return compute_due(catalog.deadline_in_force(rule_id, NOW), NOW, calendar=catalog.calendar).due_at

    said = tell_effects(moves_of(move), [Running(rule, due) for rule in rules], due_of=due_of, now=NOW)
    async with db.begin() as session:
        case = await session.merge(case)
        await perform(session, case, move, TYPED, by=await session.merge(person), catalog=catalog, now=NOW)
    async with db.read() as session:
        rows = (await session.scalars(select(Deadline).where(Deadline.case_id == case.id))).all()
    assert set(said) == {line for row in rows if (line := what_happened(row, rules))} or said == [
        Line(Effect.NONE)
    ]


def what_happened(row: Deadline, before: list[str]) -> Line | None:
    if row.started_at == NOW:  # started by this move; D06 of an acceptance is met in the same breath
        return Line(Effect.STARTED, row.rule_id, row.due_at) if is_running(row) else None
    if is_running(row):
        return Line(Effect.RUNS_LATE if row.due_at < NOW else Effect.RUNS_ON, row.rule_id, row.due_at)
    if row.met_at:
        return Line(Effect.MET_LATE if row.due_at < NOW else Effect.MET, row.rule_id)
    return Line(Effect.ENDED, row.rule_id)
