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
    (Role.INTAKE, CaseState.REGISTERED, Move.ASK_SUPPLEMENT, CaseState.NEEDS_SUPPLEMENT),
    (Role.INTAKE, CaseState.NEEDS_SUPPLEMENT, Move.END_SUPPLEMENT, CaseState.REGISTERED),
    (Role.INTAKE, CaseState.ACCEPTED, Move.VERIFY_DIRECTLY, CaseState.VERIFYING),
    (Role.OFFICER, CaseState.VERIFYING, Move.ASK_EXTENSION, CaseState.EXTENSION_PENDING),
    (Role.SUPERVISOR, CaseState.EXTENSION_PENDING, Move.GRANT_EXTENSION, CaseState.VERIFYING),
    (Role.SUPERVISOR, CaseState.EXTENSION_PENDING, Move.DENY_EXTENSION, CaseState.VERIFYING),
    (Role.OFFICER, CaseState.VERIFYING, Move.ASK_SUSPENSION, CaseState.VERIFYING),
    (Role.LEAD, CaseState.VERIFYING, Move.GRANT_SUSPENSION, CaseState.SUSPENDED),
    (Role.OFFICER, CaseState.SUSPENDED, Move.RESUME, CaseState.VERIFYING),
    (Role.INTAKE, CaseState.ANSWERED, Move.FOLLOW_UP, CaseState.CLOSED),
    (Role.INTAKE, CaseState.ANSWERED, Move.REDO, CaseState.VERIFYING),
    (Role.INTAKE, CaseState.CLOSED, Move.ARCHIVE, CaseState.ARCHIVED),
    (Role.SUPERVISOR, CaseState.REFUSED, Move.OPEN_REVIEW, CaseState.IN_REVIEW),
    (Role.SUPERVISOR, CaseState.CLOSED, Move.OPEN_REVIEW, CaseState.IN_REVIEW),
    (Role.SUPERVISOR, CaseState.IN_REVIEW, Move.UPHOLD, CaseState.CLOSED),
    (Role.SUPERVISOR, CaseState.IN_REVIEW, Move.REOPEN, CaseState.VERIFYING),
    (Role.SUPERVISOR, CaseState.IN_REVIEW, Move.TAKE_UP, CaseState.ACCEPTED),
    (Role.SUPERVISOR, CaseState.SUSPENDED, Move.GRANT_TERMINATION, CaseState.TERMINATED),
    (Role.INTAKE, CaseState.REGISTERED, Move.MERGE, CaseState.MERGED),
    (Role.INTAKE, CaseState.MERGED, Move.SPLIT, CaseState.REGISTERED),
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
    (Role.OFFICER, CaseState.EXTENSION_PENDING, Move.GRANT_EXTENSION),
    (Role.LEAD, CaseState.EXTENSION_PENDING, Move.GRANT_EXTENSION),
    (Role.OFFICER, CaseState.ANSWERED, Move.FOLLOW_UP),
    (Role.OFFICER, CaseState.ANSWERED, Move.REDO),
    (Role.LEAD, CaseState.IN_REVIEW, Move.UPHOLD),
    (Role.LEAD, CaseState.VERIFYING, Move.GRANT_TERMINATION),
    (Role.OFFICER, CaseState.VERIFYING, Move.MERGE),
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


LAST_MOVES = {
    CaseState.REFUSED: {Move.OPEN_REVIEW},
    CaseState.CLOSED: {Move.OPEN_REVIEW, Move.ARCHIVE},
    CaseState.MERGED: {Move.SPLIT},
}


@pytest.mark.parametrize("state", sorted(FINAL_STATES))
def test_an_ended_case_is_archived_reviewed_or_split_off_and_nothing_else(state: CaseState) -> None:
    moves = {move for role in Role for move in list_moves(state, role)}
    assert moves == LAST_MOVES.get(state, set())


def test_every_state_of_the_procedure_can_be_reached() -> None:
    reached, found = {CaseState.REGISTERED}, {CaseState.REGISTERED}
    while found:
        found = {step.to for step in STEPS.values() if step.to and step.origins & reached} - reached
        reached |= found
    assert reached == set(CaseState)


def test_every_state_that_can_be_reached_can_be_left_or_is_final() -> None:
    reached = {step.to for step in STEPS.values() if step.to} | {CaseState.REGISTERED}
    stuck = {
        state
        for state in reached - FINAL_STATES
        if not any(state in step.origins and step.to not in {None, state} for step in STEPS.values())
    }
    assert not stuck
