"""What must hold for a move beyond state and role. Pure: each guard answers None, or why not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.states import Role

FREE_RETURNS = 2
"""A third return is nobody's word against another's any more: the superior settles whose the case is."""
MOST_CALLS = 3
"""So many tries to reach the reporter; then the case closes as it is."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a move is not possible now: a text key under `errors.move.`, with the values of its sentence."""

    reason: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What guards look at. `role` None: the system acts."""

    role: Role | None = None
    actor_id: int | None = None
    actor_office: str = ""
    case_office: str = ""
    officer_id: int | None = None
    result_by: int | None = None
    recused: frozenset[int] = frozenset()
    returns: int = 0
    is_appointed: bool = False
    pending: Mapping[str, Any] = field(default_factory=dict)
    has_limit: bool = True
    """Whether the first limit of verification (D10) runs."""
    is_late: bool = False
    was_extended: bool = False
    can_be_called: bool = False
    is_followed_up: bool = False
    was_taken_up: bool = True
    was_reviewed: bool = False
    review_until: datetime | None = None
    now: datetime | None = None
    open_tracks: tuple[str, ...] = ()


Guard = Callable[[Facts], Refusal | None]

UNASKED = frozenset({"nothing_pending", "was_refused", "was_accepted"})
"""Refusals of moves that do not arise on this case at all: a page does not list them."""


def _refuse(reason: str, *, when: bool, **values: str) -> Refusal | None:
    return Refusal(reason, values) if when else None


def not_recused(facts: Facts) -> Refusal | None:
    """信访工作条例 art. 46: who has an interest in a case has no hand in it."""
    return _refuse("recused", when=facts.actor_id in facts.recused)


def is_his_office(facts: Facts) -> Refusal | None:
    """The city desk verifies only what it keeps."""
    is_desk = facts.role is Role.INTAKE
    return _refuse("other_office", when=is_desk and facts.actor_office != facts.case_office)


def may_assign(facts: Facts) -> Refusal | None:
    """After the third return only the superior says whose it is."""
    is_disputed = facts.returns > FREE_RETURNS and not facts.is_appointed
    return _refuse("needs_arbiter", when=is_disputed and facts.role is not Role.SUPERVISOR)


def may_return(facts: Facts) -> Refusal | None:
    """潍坊条例 art. 22: an appointed unit may not give the case back."""
    return _refuse("appointed", when=facts.is_appointed)


def nothing_asked(facts: Facts) -> Refusal | None:
    """One request at a time."""
    return _refuse("pending", when=bool(facts.pending))


def _asked(kind: str) -> Guard:
    def is_asked(facts: Facts) -> Refusal | None:
        return _refuse("nothing_pending", when=facts.pending.get("asks") != kind)

    return is_asked


suspension_asked = _asked("suspension")
termination_asked = _asked("termination")


def not_his_request(facts: Facts) -> Refusal | None:
    """Nobody grants his own wish."""
    is_own = facts.actor_id is not None and facts.pending.get("by") == facts.actor_id
    return _refuse("own_request", when=is_own)


def may_be_extended(facts: Facts) -> Refusal | None:
    """Once, and before the limit ends (2012 办法 art. 11(6), 2018 办法)."""
    return (
        _refuse("extended_before", when=facts.was_extended)
        or _refuse("no_limit", when=not facts.has_limit)
        or _refuse("extension_too_late", when=facts.is_late)
    )


def not_his_result(facts: Facts) -> Refusal | None:
    """Nobody approves what he filed."""
    is_own = facts.actor_id is not None and facts.actor_id == facts.result_by
    return _refuse("own_result", when=is_own)


def not_the_handler(facts: Facts) -> Refusal | None:
    """Who handled a case neither asks the reporter how it was nor decides on a review of it."""
    is_handler = facts.actor_id is not None and facts.actor_id in {facts.officer_id, facts.result_by}
    return _refuse("own_case", when=is_handler)


def was_followed_up(facts: Facts) -> Refusal | None:
    """A reporter who can be called is called before the case closes."""
    is_owed = facts.can_be_called and not facts.is_followed_up
    return _refuse("no_follow_up", when=is_owed and facts.role is not None)


def tracks_have_ended(facts: Facts) -> Refusal | None:
    """The file is closed when nothing of it moves any more."""
    return _refuse("open_tracks", when=bool(facts.open_tracks), track=", ".join(facts.open_tracks))


def not_reviewed_before(facts: Facts) -> Refusal | None:
    """One review."""
    return _refuse("reviewed", when=facts.was_reviewed)


def review_in_time(facts: Facts) -> Refusal | None:
    """Thirty days from the answer (D13a)."""
    until, now = facts.review_until, facts.now
    return _refuse("review_too_late", when=until is not None and now is not None and now > until)


def was_accepted(facts: Facts) -> Refusal | None:
    """What was verified is verified again."""
    return _refuse("was_refused", when=not facts.was_taken_up)


def was_refused(facts: Facts) -> Refusal | None:
    """What was refused is taken up."""
    return _refuse("was_accepted", when=facts.was_taken_up)
