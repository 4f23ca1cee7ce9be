"""Changing how long something is kept, and erasing a contact before its time: both take two people.

A period stays within the bounds of `config.keeping`; nobody's promise is lengthened, for what came in earlier keeps the
shortest period that has held since.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from config.keeping import BY_NAME, Kept
from models.administration import ProtectedChange
from models.audit import record_event
from models.queries.keeping import add_period, find_hold, list_identities, list_spans, lock_case_by_number
from models.staff import Staff
from triage.consent import ConsentProblem, ConsentRefusedError


async def days_of(session: AsyncSession, kept: Kept) -> int:
    """For how many days something is kept that comes in now."""
    return (await list_spans(session, kept))[-1].period // timedelta(days=1)


async def check_period(session: AsyncSession, subject: str, facts: Mapping[str, Any]) -> None:
    """Whether this period may become that one. Raises ConsentRefusedError."""
    kept, days = BY_NAME.get(subject), int(facts["after"])
    if kept is None or kept.least is None or kept.most is None or not kept.allows(days):
        least, most = (bound.days if bound else 0 for bound in (kept and kept.least, kept and kept.most))
        raise ConsentRefusedError(ConsentProblem.BOUNDS, least=least, most=most)
    known = await days_of(session, kept)
    if known == days:
        raise ConsentRefusedError(ConsentProblem.SAME, days=days)
    if known != int(facts["before"]):
        raise ConsentRefusedError(ConsentProblem.MOVED)


async def apply_period(session: AsyncSession, change: ProtectedChange, by: Staff, now: datetime) -> None:
    """From now on it is kept so long."""
    add_period(session, change.subject, int(change.facts["after"]), change_id=change.id, now=now)
    record_event(session, "period_changed", at=now, by=by.id, period=change.subject, **change.facts)


async def check_contact(session: AsyncSession, subject: str, _facts: Mapping[str, Any]) -> None:
    """Whether there is such a case. Nothing is told of whether anybody left a contact, or of a hold."""
    if await lock_case_by_number(session, subject) is None:
        raise ConsentRefusedError(ConsentProblem.NO_CASE)


async def apply_contact(session: AsyncSession, change: ProtectedChange, by: Staff, now: datetime) -> None:
    """Erase names, phones and chat addresses of everybody who reported the case. Raises ConsentRefusedError."""
    case = await lock_case_by_number(session, change.subject)
    if case is None:
        raise ConsentRefusedError(ConsentProblem.NO_CASE)
    if await find_hold(session, case.id):
        raise ConsentRefusedError(ConsentProblem.HELD)
    for identity, tip in await list_identities(session, case.id):
        tip.is_named = False
        await session.delete(identity)
        record_event(session, "contact_erased", at=now, by=by.id, tip_id=tip.id, case_id=case.id)
