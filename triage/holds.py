"""Holds: while one lasts, nothing of a case is purged. Placed by one person who may know of the case, lifted by two.

Supervisors may read the case; auditors know its number and what was done in it. Administrators are told how many holds
there are and no more. A reporter who erases his own contact is not stopped: that is his right.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from models.administration import CaseHold, ProtectedChange
from models.audit import record_event
from models.queries.bars import is_barred
from models.queries.events import find_case_id
from models.queries.keeping import find_hold, lock_case_by_number
from models.staff import Staff
from models.states import Role
from triage.consent import ConsentProblem, ConsentRefusedError
from triage.disclosure import check_reason

HOLDERS = frozenset({Role.SUPERVISOR, Role.AUDITOR})


async def place_hold(session: AsyncSession, number: str, *, reason: str, by: Staff, now: datetime) -> None:
    """Keep everything of a case from now on. Raises ConsentRefusedError, or DisclosureRefusedError for the reason."""
    reason = check_reason(reason)
    case = await lock_case_by_number(session, number)
    if case is None or not await may_know_case(session, number, by):
        raise ConsentRefusedError(ConsentProblem.NO_CASE)
    if by.role not in HOLDERS:
        raise ConsentRefusedError(ConsentProblem.NOT_YOURS)
    if await find_hold(session, case.id):
        raise ConsentRefusedError(ConsentProblem.HELD)
    session.add(CaseHold(case_id=case.id, reason=reason, staff_id=by.id, placed_at=now))
    record_event(session, "hold_placed", at=now, by=by.id, case_id=case.id, reason=reason)


async def check_lift(session: AsyncSession, subject: str, _facts: Mapping[str, Any]) -> None:
    """Whether there is a hold to lift. Raises ConsentRefusedError."""
    case = await lock_case_by_number(session, subject)
    if case is None or await find_hold(session, case.id) is None:
        raise ConsentRefusedError(ConsentProblem.NO_HOLD)


async def apply_lift(session: AsyncSession, change: ProtectedChange, by: Staff, now: datetime) -> None:
    """The usual periods count again. Raises ConsentRefusedError."""
    case = await lock_case_by_number(session, change.subject)
    hold = await find_hold(session, case.id) if case else None
    if case is None or hold is None:
        raise ConsentRefusedError(ConsentProblem.NO_HOLD)
    hold.lifted_at = now
    record_event(session, "hold_lifted", at=now, by=by.id, case_id=case.id, reason=change.reason)


async def may_know_case(session: AsyncSession, number: str, staff: Staff) -> bool:
    """Whether the case of this number is not closed to somebody, for instance because it speaks of him."""
    case_id = await find_case_id(session, number)
    return case_id is None or not await is_barred(
        session, case_id, office_id=staff.office_id, staff_id=staff.id
    )
