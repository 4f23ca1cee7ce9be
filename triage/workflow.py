"""The procedure as one table: which move leads from where to where, and whose it is.

Pure. Source of states and moves: the handling procedure of 12350 tips (安全生产法 art. 73; 信访工作条例
arts. 22–36 by analogy), as numbered in the comments.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from models.states import CaseState, Role


class Move(StrEnum):
    """What can be done with a case. Moves without a new state keep the case where it is."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    TRANSFER_OUT = "transfer_out"
    ASSIGN = "assign"
    SIGN_FOR = "sign_for"
    RETURN = "return"
    FILE_RESULT = "file_result"
    SEND_BACK = "send_back"
    APPROVE = "approve"
    ANSWER = "answer"
    CLOSE = "close"
    ASK_REPORTER = "ask_reporter"
    ADD_NOTE = "add_note"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a move is not possible now: a text key under `errors.move.`, with the values of its sentence."""

    reason: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table. `to` is None where the state stays as it is."""

    move: Move
    origins: frozenset[CaseState]
    to: CaseState | None
    roles: frozenset[Role]


S, R = CaseState, Role
_DESK = frozenset({R.INTAKE, R.SUPERVISOR})
_COUNTY = frozenset({R.OFFICER, R.LEAD})
_AT_WORK = frozenset({S.ASSIGNED, S.VERIFYING, S.RESULT_FILED, S.ANSWER_DUE})
_LIVING = frozenset({S.REGISTERED, S.ACCEPTED, S.ANSWERED}) | _AT_WORK

STEPS: Mapping[Move, Step] = {
    step.move: step
    for step in (
        Step(Move.ACCEPT, frozenset({S.REGISTERED}), S.ACCEPTED, _DESK),  # 4
        Step(Move.REFUSE, frozenset({S.REGISTERED}), S.REFUSED, _DESK),  # 5
        Step(Move.TRANSFER_OUT, frozenset({S.REGISTERED, S.ACCEPTED}), S.TRANSFERRED, _DESK),  # 6
        Step(
            Move.ASSIGN, frozenset({S.ACCEPTED, S.ASSIGNED, S.VERIFYING}), S.ASSIGNED, _DESK | {R.LEAD}
        ),  # 8
        Step(Move.SIGN_FOR, frozenset({S.ASSIGNED}), S.VERIFYING, _COUNTY),  # 10
        Step(Move.RETURN, frozenset({S.ASSIGNED, S.VERIFYING}), S.ACCEPTED, _COUNTY),  # 11
        Step(Move.FILE_RESULT, frozenset({S.VERIFYING}), S.RESULT_FILED, _COUNTY),  # 14
        Step(
            Move.SEND_BACK, frozenset({S.RESULT_FILED}), S.VERIFYING, frozenset({R.LEAD, R.SUPERVISOR})
        ),  # 15
        Step(
            Move.APPROVE, frozenset({S.RESULT_FILED}), S.ANSWER_DUE, frozenset({R.LEAD, R.SUPERVISOR})
        ),  # 16
        Step(Move.ANSWER, frozenset({S.ANSWER_DUE}), S.ANSWERED, _COUNTY | _DESK),  # 17
        Step(Move.CLOSE, frozenset({S.ANSWERED}), S.CLOSED, _COUNTY | _DESK),  # 18
        Step(Move.ASK_REPORTER, _LIVING - {S.ANSWERED}, None, _COUNTY | _DESK),
        Step(Move.ADD_NOTE, _LIVING, None, _COUNTY | _DESK),
    )
}


def check_move(move: Move, state: CaseState, role: Role | None) -> Refusal | None:
    """None when `role` may make `move` from `state`; role None is the system, which may act for anybody."""
    step = STEPS[move]
    if state not in step.origins:
        return Refusal("wrong_state", {"move": move, "state": state})
    if role is not None and role not in step.roles:
        return Refusal("wrong_role", {"move": move, "role": role})
    return None


def list_moves(state: CaseState, role: Role) -> list[Move]:
    """The next legal moves, in the order of the procedure."""
    return [move for move in STEPS if check_move(move, state, role) is None]


def next_state(move: Move, state: CaseState) -> CaseState:
    """Where a move leads."""
    return STEPS[move].to or state
