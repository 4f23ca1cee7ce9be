"""The procedure: every state has a way on, and no role may more than the table says."""

import pytest

from models.states import FINAL_STATES, CaseState, Role
from triage.workflow import STEPS, Move, check_move, list_moves, next_state

# Written from the procedure's text, not from the code: who does what, from where to where.
PROCEDURE = [
    (Role.INTAKE, CaseState.REGISTERED, Move.ACCEPT, CaseState.ACCEPTED),
    (Role.INTAKE, CaseState.REGISTERED, Move.REFUSE, CaseState.REFUSED),
    (Role.INTAKE, CaseState.REGISTERED, Move.TRANSFER_OUT, CaseState.TRANSFERRED),
    (Role.INTAKE, CaseState.ACCEPTED, Move.TRANSFER_OUT, CaseState.TRANSFERRED),
    (Role.INTAKE, CaseState.ACCEPTED, Move.ASSIGN, CaseState.ASSIGNED),
    (Role.LEAD, CaseState.ASSIGNED, Move.ASSIGN, CaseState.ASSIGNED),
    (Role.OFFICER, CaseState.ASSIGNED, Move.SIGN_FOR, CaseState.VERIFYING),
    (Role.OFFICER, CaseState.ASSIGNED, Move.RETURN, CaseState.ACCEPTED),
    (Role.OFFICER, CaseState.VERIFYING, Move.FILE_RESULT, CaseState.RESULT_FILED),
    (Role.LEAD, CaseState.RESULT_FILED, Move.APPROVE, CaseState.ANSWER_DUE),
    (Role.SUPERVISOR, CaseState.RESULT_FILED, Move.SEND_BACK, CaseState.VERIFYING),
    (Role.OFFICER, CaseState.ANSWER_DUE, Move.ANSWER, CaseState.ANSWERED),
    (Role.OFFICER, CaseState.ANSWERED, Move.CLOSE, CaseState.CLOSED),
    (Role.OFFICER, CaseState.VERIFYING, Move.ASK_REPORTER, CaseState.VERIFYING),
    (Role.OFFICER, CaseState.VERIFYING, Move.ADD_NOTE, CaseState.VERIFYING),
]
FORBIDDEN = [
    (Role.OFFICER, CaseState.REGISTERED, Move.ACCEPT),
    (Role.OFFICER, CaseState.REGISTERED, Move.REFUSE),
    (Role.OFFICER, CaseState.RESULT_FILED, Move.APPROVE),
    (Role.OFFICER, CaseState.VERIFYING, Move.ANSWER),
    (Role.OFFICER, CaseState.ASSIGNED, Move.FILE_RESULT),
    (Role.INTAKE, CaseState.ASSIGNED, Move.SIGN_FOR),
    (Role.INTAKE, CaseState.REGISTERED, Move.ANSWER),
    (Role.INTAKE, CaseState.ACCEPTED, Move.REFUSE),
]


@pytest.mark.parametrize(("role", "origin", "move", "to"), PROCEDURE)
def test_the_procedure_allows(role: Role, origin: CaseState, move: Move, to: CaseState) -> None:
    assert check_move(move, origin, role) is None
    assert next_state(move, origin) is to


@pytest.mark.parametrize(("role", "origin", "move"), FORBIDDEN)
def test_the_procedure_refuses_with_a_reason(role: Role, origin: CaseState, move: Move) -> None:
    refusal = check_move(move, origin, role)
    assert refusal is not None
    assert refusal.reason in {"wrong_state", "wrong_role"}


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AUDITOR, Role.ADMINISTRATOR])
def test_who_does_not_handle_cases_has_no_move(role: Role) -> None:
    assert not any(list_moves(state, role) for state in CaseState)


@pytest.mark.parametrize("state", sorted(FINAL_STATES))
def test_nothing_moves_an_ended_case(state: CaseState) -> None:
    assert not any(list_moves(state, role) for role in Role)


def test_every_state_that_can_be_reached_can_be_left_or_is_final() -> None:
    reached = {step.to for step in STEPS.values() if step.to} | {CaseState.REGISTERED}
    stuck = {
        state
        for state in reached - FINAL_STATES
        if not any(state in step.origins and step.to not in {None, state} for step in STEPS.values())
    }
    assert not stuck
