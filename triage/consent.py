"""Two people for what weakens a protection: one asks, another says yes or no, and with the yes it is done.

Which changes there are stands in `protected_changes.CHANGES`; a new kind is a row there. Nobody decides what he asked
himself, nor does an account that he opened, or gave a new way in, in the last days: it might be his own. What nobody
decides in time lapses.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from models.administration import ProtectedChange
from models.audit import record_event
from models.queries.consent import (
    find_same_waiting,
    find_waiting_change,
    list_accounts_touched_by,
    list_waiting_changes,
)
from models.queries.notices import queue_staff_notice
from models.queries.staff import find_staff, list_active_staff
from models.staff import Staff
from models.states import Role
from triage.disclosure import check_reason

ASKED_LASTS = timedelta(days=7)
"""Longer than any holiday but Spring Festival and National Day; then it is asked again."""
ACCOUNT_REST = timedelta(days=7)


class ConsentProblem(StrEnum):
    """Why it cannot be as asked: text keys under `administration.consent.problem.`."""

    NOT_YOURS = "not_yours"
    NOBODY_DECIDES = "nobody_decides"
    WAITS_ALREADY = "waits_already"
    OVER = "over"
    OWN = "own"
    BOUNDS = "bounds"
    SAME = "same"
    MOVED = "moved"
    HELD = "held"
    NO_CASE = "no_case"
    NO_HOLD = "no_hold"


class ConsentRefusedError(ValueError):
    """A change cannot be asked or decided; `problem` says why, with `values` for its sentence. Nothing was changed."""

    def __init__(self, problem: ConsentProblem, **values: object) -> None:
        """Keep what is wrong."""
        super().__init__(problem)
        self.problem = problem
        self.values = values


async def _anybody(_session: AsyncSession, _subject: str, _staff: Staff) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class ChangeKind:
    """One kind of change. `check` and `apply` raise ConsentRefusedError; `apply` runs in the transaction of the yes."""

    name: str
    askers: frozenset[Role]
    deciders: Sequence[frozenset[Role]]
    """The first of these groups in which there is somebody else decides."""
    check: Callable[[AsyncSession, str, Mapping[str, Any]], Awaitable[None]] = field(repr=False)
    apply: Callable[[AsyncSession, ProtectedChange, Staff, datetime], Awaitable[None]] = field(repr=False)
    may_know: Callable[[AsyncSession, str, Staff], Awaitable[bool]] = field(default=_anybody, repr=False)
    """Whether somebody may hear of it at all: a case may be closed to him."""

    def concerns(self, role: Role) -> bool:
        """Whether people of this role ask for such changes, or decide them."""
        return role in self.askers or any(role in roles for roles in self.deciders)


Kinds = Mapping[str, ChangeKind]


async def ask_change(
    session: AsyncSession,
    kind: ChangeKind,
    subject: str,
    facts: Mapping[str, Any],
    *,
    reason: str,
    by: Staff,
    now: datetime,
) -> ProtectedChange:
    """Ask for a change. Raises ConsentRefusedError, or DisclosureRefusedError for the reason."""
    reason = check_reason(reason)
    if by.role not in kind.askers:
        raise ConsentRefusedError(ConsentProblem.NOT_YOURS)
    await kind.check(session, subject, facts)
    if await find_same_waiting(session, kind.name, subject, since=now - ASKED_LASTS):
        raise ConsentRefusedError(ConsentProblem.WAITS_ALREADY)
    deciders = await list_deciders(session, kind, subject, by, now=now)
    if not deciders:
        raise ConsentRefusedError(ConsentProblem.NOBODY_DECIDES, days=ACCOUNT_REST.days)
    change = ProtectedChange(
        kind=kind.name, subject=subject, facts=dict(facts), asker_id=by.id, reason=reason, asked_at=now
    )
    session.add(change)
    await session.flush()
    _record(session, "change_asked", change, reason, by=by, now=now)
    await _tell(session, deciders, "change_waiting", change, now=now)
    return change


async def list_deciders(
    session: AsyncSession, kind: ChangeKind, subject: str, asker: Staff, *, now: datetime
) -> list[Staff]:
    """Who may say yes or no to what `asker` asks."""
    own = await list_accounts_touched_by(session, asker.id, since=now - ACCOUNT_REST)
    for roles in kind.deciders:
        people = await list_active_staff(session, *roles)
        others = [person for person in people if person.id != asker.id and person.id not in own]
        if knowing := [person for person in others if await kind.may_know(session, subject, person)]:
            return knowing
    return []


async def decide_change(
    session: AsyncSession,
    change_id: int,
    *,
    kinds: Kinds,
    allow: bool,
    reason: str,
    by: Staff,
    now: datetime,
) -> ProtectedChange:
    """Say yes, and it is done, or no. Raises ConsentRefusedError, or DisclosureRefusedError for the reason."""
    reason = check_reason(reason, least=2)
    change = await find_waiting_change(session, change_id, since=now - ASKED_LASTS)
    kind = kinds.get(change.kind) if change else None
    asker = await find_staff(session, change.asker_id) if change else None
    if change is None or kind is None or asker is None:
        raise ConsentRefusedError(ConsentProblem.OVER)
    if asker.id == by.id:
        raise ConsentRefusedError(ConsentProblem.OWN)
    if by.id not in {
        person.id for person in await list_deciders(session, kind, change.subject, asker, now=now)
    }:
        raise ConsentRefusedError(ConsentProblem.NOT_YOURS)
    change.is_allowed, change.decided_by, change.decided_at, change.decision = allow, by.id, now, reason
    _record(
        session,
        "change_allowed" if allow else "change_refused",
        change,
        reason,
        by=by,
        now=now,
        staff=asker.id,
    )
    if allow:
        await kind.check(session, change.subject, change.facts)
        await kind.apply(session, change, by, now)
    await _tell(session, [asker], "change_decided", change, now=now)
    return change


async def withdraw_change(session: AsyncSession, change_id: int, *, by: Staff, now: datetime) -> None:
    """Who asked takes it back. Raises ConsentRefusedError."""
    change = await find_waiting_change(session, change_id, since=now - ASKED_LASTS)
    if change is None or change.asker_id != by.id:
        raise ConsentRefusedError(ConsentProblem.OVER)
    change.decided_by, change.decided_at = by.id, now
    _record(session, "change_withdrawn", change, "", by=by, now=now)


async def list_waiting_for(
    session: AsyncSession, kinds: Kinds, staff: Staff, *, now: datetime
) -> list[tuple[ProtectedChange, Staff, bool]]:
    """What this person sees waiting, with who asked, and whether he may decide it: others' to decide, and his own."""
    rows = []
    for change, asker in await list_waiting_changes(session, since=now - ASKED_LASTS):
        kind = kinds.get(change.kind)
        if kind is None:
            continue
        deciders = {
            person.id for person in await list_deciders(session, kind, change.subject, asker, now=now)
        }
        if staff.id in deciders or staff.id == asker.id:
            rows.append((change, asker, staff.id in deciders))
    return rows


def _record(
    session: AsyncSession,
    kind: str,
    change: ProtectedChange,
    reason: str,
    *,
    by: Staff,
    now: datetime,
    **facts: Any,  # noqa: ANN401 - JSON values
) -> None:
    record_event(
        session,
        kind,
        at=now,
        by=by.id,
        reason=reason,
        change=change.kind,
        subject=change.subject,
        **change.facts,
        **facts,
    )


async def _tell(
    session: AsyncSession, people: Sequence[Staff], kind: str, change: ProtectedChange, *, now: datetime
) -> None:
    """That there is something, and nothing of what it is."""
    for person in people:
        await queue_staff_notice(
            session, person, kind, case=None, dedup=f"{kind}:{change.id}", values={}, now=now
        )
