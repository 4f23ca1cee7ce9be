"""The procedure as one table: which move leads from where to where, whose it is, and what must hold beside.

Pure. Source of states and moves: the handling procedure of 12350 tips (安全生产法 art. 73; 信访工作条例
arts. 22–36 by analogy), as numbered in the comments. The conditions are in `triage/guards.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from models.states import CaseState, Role
from triage import guards
from triage.guards import Facts, Guard, Refusal

__all__ = [
    "STEPS",
    "Facts",
    "Move",
    "Refusal",
    "Step",
    "check_guards",
    "check_move",
    "list_moves",
    "next_state",
]


class Move(StrEnum):
    """What can be done with a case. Moves without a new state keep the case where it is."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    TRANSFER_OUT = "transfer_out"
    ASK_SUPPLEMENT = "ask_supplement"
    END_SUPPLEMENT = "end_supplement"
    ASSIGN = "assign"
    VERIFY_DIRECTLY = "verify_directly"
    SIGN_FOR = "sign_for"
    RETURN = "return"
    RECUSE = "recuse"
    FILE_RESULT = "file_result"
    ASK_EXTENSION = "ask_extension"
    GRANT_EXTENSION = "grant_extension"
    DENY_EXTENSION = "deny_extension"
    ASK_SUSPENSION = "ask_suspension"
    GRANT_SUSPENSION = "grant_suspension"
    DENY_SUSPENSION = "deny_suspension"
    RESUME = "resume"
    SEND_BACK = "send_back"
    APPROVE = "approve"
    ANSWER = "answer"
    FOLLOW_UP = "follow_up"
    NOTE_CALL = "note_call"
    REDO = "redo"
    CLOSE = "close"
    ARCHIVE = "archive"
    OPEN_REVIEW = "open_review"
    UPHOLD = "uphold"
    REOPEN = "reopen"
    TAKE_UP = "take_up"
    ASK_TERMINATION = "ask_termination"
    GRANT_TERMINATION = "grant_termination"
    DENY_TERMINATION = "deny_termination"
    MERGE = "merge"
    SPLIT = "split"
    ASK_REPORTER = "ask_reporter"
    ADD_NOTE = "add_note"


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table. `to` is None where the state stays as it is; `guards` must all let it pass."""

    move: Move
    origins: frozenset[CaseState]
    to: CaseState | None
    roles: frozenset[Role]
    guards: tuple[Guard, ...] = ()


S, R, M = CaseState, Role, Move
_DESK = frozenset({R.INTAKE, R.SUPERVISOR})
_COUNTY = frozenset({R.OFFICER, R.LEAD})
_HANDLERS = _COUNTY | {R.INTAKE}
"""The city desk verifies what it keeps; what a county has it leaves to the county (`is_his_office`)."""
_SUPERIOR = frozenset({R.SUPERVISOR})
_APPROVERS = frozenset({R.LEAD, R.SUPERVISOR})
_CALLERS = frozenset({R.INTAKE, R.LEAD, R.SUPERVISOR})
_WAITING = frozenset({S.NEEDS_SUPPLEMENT, S.SUSPENDED, S.EXTENSION_PENDING, S.IN_REVIEW})
_AT_WORK = frozenset({S.ASSIGNED, S.VERIFYING, S.RESULT_FILED, S.ANSWER_DUE})
_BEFORE_RESULT = frozenset({S.REGISTERED, S.ACCEPTED, S.ASSIGNED, S.VERIFYING, S.SUSPENDED})
_LIVING = frozenset({S.REGISTERED, S.ACCEPTED, S.ANSWERED}) | _AT_WORK | _WAITING
_MERGEABLE = frozenset({S.REGISTERED, S.ACCEPTED, S.ASSIGNED, S.VERIFYING})


def _step(
    move: Move,
    origins: frozenset[CaseState] | CaseState,
    to: CaseState | None,
    roles: frozenset[Role],
    *conditions: Guard,
) -> Step:
    return Step(
        move, frozenset({origins}) if isinstance(origins, CaseState) else origins, to, roles, conditions
    )


g = guards
STEPS: Mapping[Move, Step] = {
    step.move: step
    for step in (
        _step(M.ACCEPT, S.REGISTERED, S.ACCEPTED, _DESK, g.may_assign),  # 4
        _step(M.REFUSE, S.REGISTERED, S.REFUSED, _DESK),  # 5
        _step(M.TRANSFER_OUT, frozenset({S.REGISTERED, S.ACCEPTED}), S.TRANSFERRED, _DESK),  # 6
        _step(M.ASK_SUPPLEMENT, S.REGISTERED, S.NEEDS_SUPPLEMENT, _DESK),  # 2
        _step(M.END_SUPPLEMENT, S.NEEDS_SUPPLEMENT, S.REGISTERED, _DESK),  # 3
        _step(
            M.ASSIGN,
            frozenset({S.ACCEPTED, S.ASSIGNED, S.VERIFYING}),
            S.ASSIGNED,
            _DESK | {R.LEAD},
            g.may_assign,
        ),  # 8
        _step(M.VERIFY_DIRECTLY, S.ACCEPTED, S.VERIFYING, _DESK, g.may_assign),  # 9
        _step(M.SIGN_FOR, S.ASSIGNED, S.VERIFYING, _COUNTY),  # 10
        _step(M.RETURN, frozenset({S.ASSIGNED, S.VERIFYING}), S.ACCEPTED, _COUNTY, g.may_return),  # 11
        _step(M.RECUSE, _BEFORE_RESULT - {S.SUSPENDED} | {S.RESULT_FILED}, None, _COUNTY | _DESK),
        _step(M.FILE_RESULT, S.VERIFYING, S.RESULT_FILED, _HANDLERS, g.is_his_office),  # 14
        _step(
            M.ASK_EXTENSION,
            S.VERIFYING,
            S.EXTENSION_PENDING,
            _HANDLERS,
            g.is_his_office,
            g.nothing_asked,
            g.may_be_extended,
        ),  # 13
        _step(M.GRANT_EXTENSION, S.EXTENSION_PENDING, S.VERIFYING, _SUPERIOR, g.not_his_request),
        _step(M.DENY_EXTENSION, S.EXTENSION_PENDING, S.VERIFYING, _SUPERIOR, g.not_his_request),
        _step(M.ASK_SUSPENSION, S.VERIFYING, None, _HANDLERS, g.is_his_office, g.nothing_asked),  # 12
        _step(
            M.GRANT_SUSPENSION, S.VERIFYING, S.SUSPENDED, _APPROVERS, g.suspension_asked, g.not_his_request
        ),
        _step(M.DENY_SUSPENSION, S.VERIFYING, None, _APPROVERS, g.suspension_asked, g.not_his_request),
        _step(M.RESUME, S.SUSPENDED, S.VERIFYING, _HANDLERS | _SUPERIOR, g.is_his_office),
        _step(M.SEND_BACK, S.RESULT_FILED, S.VERIFYING, _APPROVERS),  # 15
        _step(M.APPROVE, S.RESULT_FILED, S.ANSWER_DUE, _APPROVERS, g.not_his_result),  # 16
        _step(M.ANSWER, S.ANSWER_DUE, S.ANSWERED, _COUNTY | _DESK),  # 17
        _step(M.FOLLOW_UP, S.ANSWERED, S.CLOSED, _CALLERS, g.not_the_handler),  # 18
        _step(M.NOTE_CALL, S.ANSWERED, None, _CALLERS, g.not_the_handler),
        _step(M.REDO, S.ANSWERED, S.VERIFYING, _DESK),  # 19
        _step(M.CLOSE, S.ANSWERED, S.CLOSED, _COUNTY | _DESK, g.was_followed_up),
        _step(M.ARCHIVE, S.CLOSED, S.ARCHIVED, _CALLERS, g.tracks_have_ended),  # 20
        _step(
            M.OPEN_REVIEW,
            frozenset({S.REFUSED, S.ANSWERED, S.CLOSED}),
            S.IN_REVIEW,
            _DESK,
            g.not_reviewed_before,
            g.review_in_time,
        ),  # 21
        _step(M.UPHOLD, S.IN_REVIEW, S.CLOSED, _SUPERIOR, g.not_the_handler),
        _step(M.REOPEN, S.IN_REVIEW, S.VERIFYING, _SUPERIOR, g.not_the_handler, g.was_accepted),
        _step(M.TAKE_UP, S.IN_REVIEW, S.ACCEPTED, _SUPERIOR, g.not_the_handler, g.was_refused),
        _step(M.ASK_TERMINATION, _BEFORE_RESULT, None, _COUNTY | _DESK, g.nothing_asked),  # 22
        _step(
            M.GRANT_TERMINATION,
            _BEFORE_RESULT,
            S.TERMINATED,
            _SUPERIOR,
            g.termination_asked,
            g.not_his_request,
        ),
        _step(M.DENY_TERMINATION, _BEFORE_RESULT, None, _SUPERIOR, g.termination_asked, g.not_his_request),
        _step(M.MERGE, _MERGEABLE, S.MERGED, _DESK),  # 7
        _step(M.SPLIT, S.MERGED, S.REGISTERED, _DESK),
        _step(M.ASK_REPORTER, _LIVING - {S.ANSWERED}, None, _COUNTY | _DESK),
        _step(M.ADD_NOTE, _LIVING, None, _COUNTY | _DESK),
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


def check_guards(move: Move, facts: Facts) -> Refusal | None:
    """The first condition that is not met, beyond state and role. Who declared an interest keeps his hands off."""
    for guard in (g.not_recused, *STEPS[move].guards):
        if refusal := guard(facts):
            return refusal
    return None


def list_moves(state: CaseState, role: Role) -> list[Move]:
    """The next legal moves by state and role, in the order of the procedure."""
    return [move for move in STEPS if check_move(move, state, role) is None]


def next_state(move: Move, state: CaseState) -> CaseState:
    """Where a move leads."""
    return STEPS[move].to or state
