"""Whose a case is: 交办, 直接核查, 签收, 退回 and the dispute that follows from it, 回避."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from models.audit import record_event
from models.case import Case, Deadline
from models.queries.bars import insert_bar_once, is_barred, list_barred_people
from models.queries.cases import list_deadlines
from models.queries.notices import queue_group_notice
from models.queries.staff import find_staff, list_active_staff, list_officers_with_load
from models.staff import Staff
from models.states import BarReason, CaseState, Role
from triage.actions.ground import (
    MAX_REASON,
    MoveRefusedError,
    check_words,
    id_of,
    move,
    tell_reporters,
    tell_staff,
)
from triage.actions.telling import watch_transfer
from triage.clocks import cancel_clocks, is_running, meet_clocks, start_clock
from triage.guards import FREE_RETURNS
from triage.permissions import CITY
from triage.routing import choose_officer
from triage.workflow import Move, Refusal


async def assign(
    session: AsyncSession,
    case: Case,
    *,
    office_id: str,
    officer_id: int | None = None,
    reason: str = "",
    by: Staff | None,
    catalog: Catalog,
    now: datetime,
) -> None:
    """交办 to an office and one of its officers (by load where none is named). Starts the signing clock (D07).

    In a dispute the supervisor's assignment settles it: the office cannot give the case back.
    """
    if office_id not in catalog.offices:
        raise MoveRefusedError(Refusal("move.unknown_office", {}))
    if by and by.role is Role.LEAD and office_id != case.office_id:
        raise MoveRefusedError(Refusal("move.other_office", {}))
    apart = {*(case.recused or ()), *await list_barred_people(session, case.id)}
    officer = await _find_officer(session, office_id, officer_id, apart_from=apart)
    if await is_barred(session, case.id, office_id=office_id, staff_id=officer.id if officer else None):
        raise MoveRefusedError(Refusal("move.barred", {}))
    was_at_desk = case.state is CaseState.ACCEPTED
    move(case, Move.ASSIGN, by=by)
    case.office_id, case.officer_id = office_id, officer.id if officer else None
    case.assigned_at, case.signed_at = now, None
    record_event(
        session,
        "assigned",
        at=now,
        by=id_of(by),
        case_id=case.id,
        reason=reason[:MAX_REASON],
        office=office_id,
        officer=case.officer_id,
    )
    await meet_clocks(session, case, ("D06",), now=now)
    await cancel_clocks(session, case, ("D05", "D07", "D08"), now=now)
    if by and by.role is Role.SUPERVISOR and was_at_desk and (case.returns or 0) >= FREE_RETURNS:
        await _appoint(session, case, by=by, now=now)
    deadline = await start_clock(session, case, "D07", event="assigned", started_at=now, catalog=catalog)
    if not case.is_appointed:
        await start_clock(session, case, "D08", event="assigned", started_at=now, catalog=catalog)
    await _tell_assigned(session, case, officer, deadline, now=now)


async def _appoint(session: AsyncSession, case: Case, *, by: Staff, now: datetime) -> None:
    case.is_appointed = True
    record_event(session, "appointed", at=now, by=by.id, case_id=case.id, office=case.office_id)
    await meet_clocks(session, case, ("D09",), now=now)


async def verify_directly(session: AsyncSession, case: Case, *, by: Staff, now: datetime) -> None:
    """直接核查: the city keeps what concerns it or several counties, or what a county must not handle itself."""
    move(case, Move.VERIFY_DIRECTLY, by=by)
    case.office_id, case.officer_id = CITY, by.id
    case.assigned_at, case.signed_at = now, now
    record_event(session, "verified_directly", at=now, by=by.id, case_id=case.id, office=CITY)
    await meet_clocks(session, case, ("D02", "D06", "D09"), now=now)
    await cancel_clocks(session, case, ("D05",), now=now)
    await tell_reporters(session, case, "verification_started", now=now)


async def sign_for(session: AsyncSession, case: Case, *, by: Staff, now: datetime) -> None:
    """签收: the officer has it in hand; who signs becomes the officer where there was none. A dispute is over."""
    move(case, Move.SIGN_FOR, by=by)
    case.signed_at = now
    case.officer_id = case.officer_id or by.id
    record_event(session, "signed_for", at=now, by=by.id, case_id=case.id)
    await meet_clocks(session, case, ("D07", "D02", "D09"), now=now)
    await tell_reporters(session, case, "verification_started", now=now)


async def return_case(
    session: AsyncSession, case: Case, *, reason: str, by: Staff, catalog: Catalog, now: datetime
) -> None:
    """退回 to the city desk with a reason. The verification clock runs on; the desk must assign anew in time (D06).

    The second return is a dispute (D09); the third goes to the superior by itself, who appoints.
    """
    check_words(reason, "reason", longest=MAX_REASON)
    move(case, Move.RETURN, by=by)
    case.returns = (case.returns or 0) + 1
    record_event(
        session,
        "returned",
        at=now,
        by=by.id,
        case_id=case.id,
        reason=reason,
        office=case.office_id,
        count=case.returns,
    )
    await _note_late_return(session, case, now=now)
    case.office_id, case.officer_id, case.assigned_at, case.signed_at = CITY, None, None, None
    case.pending = None
    await cancel_clocks(session, case, ("D07",), now=now)
    clock = await start_clock(session, case, "D06", event="returned", started_at=now, catalog=catalog)
    dedup = f"returned:{case.id}:{clock.occasion}"
    people = await list_active_staff(session, Role.INTAKE)
    await tell_staff(session, case, people, "case_returned", now=now, dedup=dedup)
    if case.returns >= FREE_RETURNS:
        await _dispute(session, case, catalog=catalog, now=now)
    await watch_transfer(session, case, catalog=catalog, now=now)


async def _note_late_return(session: AsyncSession, case: Case, *, now: datetime) -> None:
    """Giving back is a right of two days (D08). Later the case comes back all the same, and it is noted as late."""
    await meet_clocks(session, case, ("D08",), now=now)
    rows = [row for row in await list_deadlines(session, case.id) if row.rule_id == "D08"]
    if rows and now > rows[-1].due_at and rows[-1].started_at == case.assigned_at:
        rows[-1].breached_at, case.has_breach = rows[-1].due_at, True


async def _dispute(session: AsyncSession, case: Case, *, catalog: Catalog, now: datetime) -> None:
    """Two offices that both say no: seven working days to agree, then the common superior appoints."""
    if not any(row.rule_id == "D09" and is_running(row) for row in await list_deadlines(session, case.id)):
        record_event(session, "disputed", at=now, case_id=case.id, count=case.returns)
        await start_clock(session, case, "D09", event="disputed", started_at=now, catalog=catalog)
    if case.returns > FREE_RETURNS:
        record_event(session, "sent_to_arbiter", at=now, case_id=case.id, count=case.returns)
        people = await list_active_staff(session, Role.SUPERVISOR)
        dedup = f"arbiter:{case.id}:{case.returns}"
        await tell_staff(session, case, people, "dispute_to_settle", now=now, dedup=dedup)


async def recuse(
    session: AsyncSession, case: Case, *, reason: str, by: Staff, catalog: Catalog, now: datetime
) -> None:
    """回避: who has an interest says so and never sees the case again; another officer gets it by load."""
    check_words(reason, "reason", longest=MAX_REASON)
    move(case, Move.RECUSE, by=by)
    was_his = case.officer_id == by.id
    case.recused = [*(case.recused or ()), by.id]
    await insert_bar_once(session, case.id, staff_id=by.id, reason=BarReason.RECUSED, by=by.id, now=now)
    record_event(session, "recused", at=now, by=by.id, case_id=case.id, reason=reason)
    if was_his and case.state in {CaseState.ASSIGNED, CaseState.VERIFYING}:
        case.pending = None
        await assign(session, case, office_id=case.office_id, by=None, catalog=catalog, now=now)
    elif was_his:
        case.officer_id = None
    leads = await list_active_staff(session, Role.LEAD, office_id=case.office_id)
    people = [person for person in leads if person.id != by.id]
    people = people or [*await list_active_staff(session, Role.SUPERVISOR)]
    await tell_staff(session, case, people, "officer_recused", now=now, dedup=f"recused:{case.id}:{by.id}")


async def _find_officer(
    session: AsyncSession, office_id: str, officer_id: int | None, *, apart_from: Collection[int]
) -> Staff | None:
    """The named officer of the office, or the one with the least load; None where the office has none.

    Who declared an interest is neither chosen nor may be named.
    """
    if officer_id is None:
        loads = await list_officers_with_load(session, office_id)
        return await find_staff(
            session, choose_officer([load for load in loads if load[0] not in set(apart_from)])
        )
    officer = await find_staff(session, officer_id)
    if officer is None or not officer.is_active or officer.office_id != office_id:
        raise MoveRefusedError(Refusal("move.unknown_officer", {}))
    if officer.id in apart_from:
        raise MoveRefusedError(Refusal("move.recused_officer", {}))
    return officer


async def _tell_assigned(
    session: AsyncSession, case: Case, officer: Staff | None, clock: Deadline, *, now: datetime
) -> None:
    """Tell the officer; without one the lead; in an office without either the city desk, so that it is not lost."""
    kind = "case_assigned"
    people = (
        [officer] if officer else [*await list_active_staff(session, Role.LEAD, office_id=case.office_id)]
    )
    if not people:
        kind = "office_unstaffed"
        people = [*await list_active_staff(session, Role.INTAKE, Role.SUPERVISOR)]
    values = {"number": case.number, "due": clock.due_at.isoformat()}
    dedup = f"assigned:{case.id}:{clock.occasion}"
    await tell_staff(session, case, people, kind, now=now, dedup=dedup, due=values["due"])
    group_kind = "office_unstaffed" if kind == "office_unstaffed" else "case_assigned_group"
    await queue_group_notice(session, group_kind, case=case, dedup=dedup, values=values, now=now)
