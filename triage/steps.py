"""What the law and the bureau's promises ask for on the way of a case, step by step. Pure.

Nothing here is ticked by hand: a step is done when the history says so, and the newest clock that binds it
says in how much time. What came later may undo a step (a return, a redo, a review): then it is open again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from models.case import Case, Deadline, TrackStep
from models.event import Event
from models.states import FINAL_STATES, CaseState, Track
from triage.tracks import find_row
from triage.workflow import Move


class StepState(StrEnum):
    """Where a step stands: text keys under `case.steps.state.`."""

    DONE = "done"
    NOW = "now"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class StepRule:
    """One row of the list. `clocks`: rules that bind it; `move`: what does it; `form`: its paper."""

    key: str
    done_by: frozenset[str]
    undone_by: frozenset[str] = frozenset()
    clocks: tuple[str, ...] = ()
    move: Move | None = None
    form: str = ""
    states: frozenset[CaseState] = frozenset()
    """In which states it is the one to be taken now."""
    is_when_started: bool = False
    """Only there once its clock or its first act is: most cases have no such step."""
    begins_with: frozenset[str] = frozenset()


S = CaseState
_ANEW = frozenset({"redone", "review_reopened", "review_accepted", "split_off"})
"""What begins verification, or all of it, anew."""
_BACK = frozenset({"returned", "review_accepted", "split_off"})
_AT_WORK = frozenset({S.VERIFYING, S.SUSPENDED, S.EXTENSION_PENDING})
RULES: tuple[StepRule, ...] = (
    StepRule(
        "screen",
        frozenset(
            {"accepted", "refused", "transferred_out", "supplement_asked", "signed_for", "verified_directly"}
        ),
        clocks=("D02",),
        states=frozenset({S.REGISTERED}),
        is_when_started=True,
    ),
    StepRule(
        "decide",
        frozenset({"accepted", "refused", "transferred_out", "review_accepted"}),
        frozenset({"split_off"}),
        ("D03", "D05"),
        Move.ACCEPT,
        states=frozenset({S.REGISTERED, S.NEEDS_SUPPLEMENT}),
    ),
    StepRule(
        "tell_decision",
        frozenset({"accepted", "refused", "transferred_out", "review_accepted"}),
        frozenset({"split_off"}),
        ("D04",),
        form="acceptance",
    ),
    StepRule(
        "assign",
        frozenset({"assigned", "verified_directly"}),
        _BACK,
        ("D06", "D09"),
        Move.ASSIGN,
        "assignment",
        frozenset({S.ACCEPTED}),
    ),
    StepRule(
        "sign",
        frozenset({"signed_for", "verified_directly"}),
        _BACK | {"assigned"},
        ("D07",),
        Move.SIGN_FOR,
        states=frozenset({S.ASSIGNED}),
    ),
    StepRule(
        "extend",
        frozenset({"extension_granted", "extension_denied"}),
        frozenset({"extension_asked"}),
        move=Move.GRANT_EXTENSION,
        form="extension_notice",
        states=frozenset({S.EXTENSION_PENDING}),
        is_when_started=True,
        begins_with=frozenset({"extension_asked"}),
    ),
    StepRule(
        "verify",
        frozenset({"result_filed"}),
        _ANEW | _BACK | {"result_sent_back"},
        ("D10", "D10h", "D11", "P02"),
        Move.FILE_RESULT,
        "verification_report",
        _AT_WORK,
    ),
    StepRule(
        "review",
        frozenset({"result_approved"}),
        _ANEW | _BACK | {"result_sent_back"},
        (),
        Move.APPROVE,
        states=frozenset({S.RESULT_FILED}),
    ),
    StepRule(
        "answer", frozenset({"answered"}), _ANEW, ("D12",), Move.ANSWER, "answer", frozenset({S.ANSWER_DUE})
    ),
    StepRule(
        "follow_up",
        frozenset({"followed_up", "closed", "review_upheld"}),
        _ANEW,
        (),
        Move.FOLLOW_UP,
        "follow_up",
        frozenset({S.ANSWERED}),
    ),
    StepRule(
        "reconsider",
        frozenset({"review_upheld", "review_reopened", "review_accepted"}),
        frozenset({"review_opened"}),
        ("D13",),
        Move.UPHOLD,
        "review_decision",
        frozenset({S.IN_REVIEW}),
        is_when_started=True,
        begins_with=frozenset({"review_opened"}),
    ),
    StepRule(
        "archive", frozenset({"archived"}), _ANEW, (), Move.ARCHIVE, "archive_index", frozenset({S.CLOSED})
    ),
)
ENDS_EARLY = {S.REFUSED, S.TRANSFERRED, S.TERMINATED, S.MERGED}
"""Cases that left the way: what they never reached is not asked of them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one case. `event`: what did it, with the name of who; `clock`: the newest that binds it."""

    rule: StepRule
    state: StepState
    event: Event | None
    who: str
    clock: Deadline | None


def list_steps(
    case: Case, events: Sequence[tuple[Event, str | None]], deadlines: Sequence[Deadline]
) -> list[Step]:
    """All steps of the way of this case, in order."""
    steps = [
        _find_step(rule, case, events, deadlines) for rule in RULES if _is_asked(rule, events, deadlines)
    ]
    if case.state in ENDS_EARLY:
        return [step for step in steps if step.state is StepState.DONE]
    return steps


def _is_asked(
    rule: StepRule, events: Iterable[tuple[Event, str | None]], deadlines: Iterable[Deadline]
) -> bool:
    if not rule.is_when_started:
        return True
    has_clock = any(row.rule_id in rule.clocks for row in deadlines)
    return has_clock or any(event.kind in rule.begins_with for event, _ in events)


def _find_step(
    rule: StepRule, case: Case, events: Sequence[tuple[Event, str | None]], deadlines: Sequence[Deadline]
) -> Step:
    done: tuple[Event, str | None] | None = None
    for event, name in events:  # in the order in which they happened
        if event.kind in rule.done_by:
            done = (event, name)
        elif event.kind in rule.undone_by:
            done = None
    clocks = [row for row in deadlines if row.rule_id in rule.clocks]
    clock = max(clocks, key=lambda row: (row.started_at, row.id), default=None)
    if done:
        return Step(rule, StepState.DONE, done[0], done[1] or "", clock)
    state = StepState.NOW if case.state in rule.states else StepState.LATER
    is_running = clock is not None and clock.met_at is None and clock.cancelled_at is None
    return Step(rule, state, None, "", clock if is_running else None)


# ---------------------------------------------------------------- the police referral, T0 to T8


_BEGIN = ("suspected", "team", "reported")
_SENT = ("approved", "sent", "received")
_TAKEN = ("filed", "handed_over")
_REFUSED = ("not_filed", "reconsidering", "supervised")


@dataclass(frozen=True, slots=True)
class PoliceStep:
    """One step of the referral: taken (and when, by whom), or still to come."""

    step: str
    state: StepState
    at: datetime | None = None
    who: str = ""
    clock: Deadline | None = None


def list_police_steps(
    case: Case, taken: Sequence[tuple[TrackStep, str | None]], deadlines: Sequence[Deadline]
) -> list[PoliceStep]:
    """The referral of a case where one was begun or a crime is suspected; its branches as they were taken."""
    now = (case.tracks or {}).get(Track.POLICE, "")
    if not now and (not case.is_police_matter or case.state in FINAL_STATES):
        return []
    done = {step.step: (step, name) for step, name in taken if step.track is Track.POLICE}
    way = _way(done)
    first_open = next((step for step in way if step not in done), None)
    return [_police_step(step, done, deadlines, is_next=step == first_open) for step in way]


def _way(done: Mapping[str, object]) -> tuple[str, ...]:
    if "declined" in done:
        return (*_BEGIN, "declined")
    extra = tuple(step for step in ("incomplete", "supplied") if step in done)
    if "not_filed" in done:
        again = tuple(step for step in ("refused_again", "taken_back") if step in done)
        ending = tuple(step for step in _TAKEN if step in done)
        return (*_BEGIN, *_SENT, *extra, *_order(_REFUSED, again), *ending)
    return (*_BEGIN, *_SENT, *extra, *_TAKEN)


def _order(refused: tuple[str, ...], again: tuple[str, ...]) -> tuple[str, ...]:
    """Reconsideration may fail before the prosecutor is asked, and everything may be taken back."""
    if "taken_back" in again:
        return ("not_filed", *again)
    before = ("refused_again",) if "refused_again" in again else ()
    return (*refused[:2], *before, *refused[2:])


def _police_step(
    step: str,
    done: Mapping[str, tuple[TrackStep, str | None]],
    deadlines: Iterable[Deadline],
    *,
    is_next: bool,
) -> PoliceStep:
    row = find_row(Track.POLICE, step)
    bound = [one for one in deadlines if row and one.rule_id in row.meets]
    clock = max(bound, key=lambda one: (one.started_at, one.id), default=None)
    if step in done:
        taken, name = done[step]
        return PoliceStep(step, StepState.DONE, taken.at, name or "", clock)
    return PoliceStep(step, StepState.NOW if is_next else StepState.LATER, clock=clock)
