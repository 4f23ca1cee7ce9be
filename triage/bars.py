"""Closing a case to an office or a person, and opening it again. A closed case leaves the office that has it.

All take the session of the caller's transaction and never commit.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from models.audit import record_event
from models.case import Case
from models.queries.bars import delete_bar, find_bar, insert_bar_once
from models.queries.notices import queue_staff_notice
from models.queries.staff import find_staff, list_active_staff
from models.staff import Staff
from models.states import BarReason, CaseState, Role
from triage.clocks import cancel_clocks, refresh_next_due, start_clock
from triage.conflicts import Conflict
from triage.disclosure import check_reason
from triage.permissions import CITY


class BarProblem(StrEnum):
    """Why a bar cannot be as asked: text keys under `errors.access.`."""

    BAR_WHOM = "bar_whom"
    BAR_CITY = "bar_city"
    BAR_THERE = "bar_there"
    BAR_GONE = "bar_gone"
    BAR_LIFT = "bar_lift"


class BarRefusedError(ValueError):
    """A bar cannot be as asked; `problem` says why."""

    def __init__(self, problem: BarProblem) -> None:
        """Keep what is wrong."""
        super().__init__(problem)
        self.problem = problem


async def close_to_conflicts(
    session: AsyncSession, case: Case, conflicts: Sequence[Conflict], *, now: datetime
) -> None:
    """Close a new case to everybody whom its tip speaks of. The caller has routed it elsewhere already."""
    for one in conflicts:
        is_new = await insert_bar_once(
            session, case.id, office_id=one.office_id, staff_id=one.staff_id, reason=one.reason, now=now
        )
        if is_new:
            record_event(
                session,
                "case_barred",
                at=now,
                case_id=case.id,
                bar=one.reason,
                office=one.office_id,
                staff=one.staff_id,
            )


async def bar(
    session: AsyncSession,
    case: Case,
    *,
    office_id: str | None = None,
    staff_id: int | None = None,
    note: str,
    by: Staff,
    catalog: Catalog,
    now: datetime,
) -> None:
    """The city desk closes a case to a county's office, or to one person.

    Raises BarRefusedError, or DisclosureRefusedError for the reason.
    """
    note = check_reason(note, least=2)
    await _check_whom(session, office_id, staff_id, catalog)
    is_new = await insert_bar_once(
        session,
        case.id,
        office_id=office_id,
        staff_id=staff_id,
        reason=BarReason.DECIDED,
        note=note,
        by=by.id,
        now=now,
    )
    if not is_new:
        raise BarRefusedError(BarProblem.BAR_THERE)
    record_event(
        session,
        "case_barred",
        at=now,
        by=by.id,
        case_id=case.id,
        reason=note,
        bar=BarReason.DECIDED,
        office=office_id,
        staff=staff_id,
    )
    if office_id == case.office_id:
        await take_up(session, case, catalog=catalog, now=now)
    elif staff_id is not None and staff_id == case.officer_id:
        case.officer_id = None


async def _check_whom(
    session: AsyncSession, office_id: str | None, staff_id: int | None, catalog: Catalog
) -> None:
    if (office_id is None) == (staff_id is None):
        raise BarRefusedError(BarProblem.BAR_WHOM)
    if office_id == CITY:
        raise BarRefusedError(BarProblem.BAR_CITY)
    if office_id is not None and office_id not in catalog.counties:
        raise BarRefusedError(BarProblem.BAR_WHOM)
    if staff_id is not None and await find_staff(session, staff_id) is None:
        raise BarRefusedError(BarProblem.BAR_WHOM)


async def take_up(session: AsyncSession, case: Case, *, catalog: Catalog, now: datetime) -> None:
    """One level up: the city desk has the case from now on. What was in verification must be assigned anew."""
    record_event(session, "case_taken_up", at=now, case_id=case.id, office=case.office_id)
    case.office_id, case.officer_id = CITY, None
    if case.state in {CaseState.ASSIGNED, CaseState.VERIFYING}:
        case.state, case.assigned_at, case.signed_at = CaseState.ACCEPTED, None, None
        await cancel_clocks(session, case, ("D07",), now=now)
        await start_clock(session, case, "D06", event="returned", started_at=now, catalog=catalog)
    await refresh_next_due(session, case)
    for person in await list_active_staff(session, Role.INTAKE):
        await queue_staff_notice(
            session,
            person,
            "case_returned",
            case=case,
            dedup=f"taken-up:{case.id}:{case.version}",
            values={"number": case.number},
            now=now,
        )


async def lift(
    session: AsyncSession, case: Case, bar_id: int, *, note: str, by: Staff, now: datetime
) -> None:
    """A supervisor opens the case again to whom it was closed. Raises BarRefusedError, DisclosureRefusedError."""
    note = check_reason(note)
    found = await find_bar(session, bar_id, case_id=case.id)
    if by.role is not Role.SUPERVISOR:
        raise BarRefusedError(BarProblem.BAR_LIFT)
    if found is None:
        raise BarRefusedError(BarProblem.BAR_GONE)
    await delete_bar(session, found.id)
    record_event(
        session,
        "case_unbarred",
        at=now,
        by=by.id,
        case_id=case.id,
        reason=note,
        bar=found.reason,
        office=found.office_id,
        staff=found.staff_id,
    )
