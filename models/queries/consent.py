"""Changes that take two people."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.administration import ProtectedChange
from models.event import Event
from models.staff import Staff

STEPS_OF_ACCOUNTS = ("staff_added", "staff_reset", "second_factor_reset")


async def list_waiting_changes(
    session: AsyncSession, *, since: datetime
) -> Sequence[tuple[ProtectedChange, Staff]]:
    """What waits for a second person, with who asked, oldest first."""
    asker = aliased(Staff)
    statement = (
        select(ProtectedChange, asker)
        .join(asker, asker.id == ProtectedChange.asker_id)
        .where(ProtectedChange.decided_at.is_(None), ProtectedChange.asked_at > since)
        .order_by(ProtectedChange.id)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def list_past_changes(
    session: AsyncSession, *, since: datetime
) -> Sequence[tuple[ProtectedChange, str, str | None]]:
    """What was decided, taken back or lapsed, newest first, with the names of who asked and who decided."""
    asker, decider = aliased(Staff), aliased(Staff)
    is_over = ProtectedChange.decided_at.is_not(None) | (ProtectedChange.asked_at <= since)
    statement = (
        select(ProtectedChange, asker.name, decider.name)
        .join(asker, asker.id == ProtectedChange.asker_id)
        .outerjoin(decider, decider.id == ProtectedChange.decided_by)
        .where(is_over)
        .order_by(ProtectedChange.id.desc())
        .limit(50)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(statement)]


async def find_waiting_change(
    session: AsyncSession, change_id: int, *, since: datetime
) -> ProtectedChange | None:
    """One that still waits, locked."""
    return await session.scalar(
        select(ProtectedChange)
        .where(
            ProtectedChange.id == change_id,
            ProtectedChange.decided_at.is_(None),
            ProtectedChange.asked_at > since,
        )
        .with_for_update()
    )


async def find_same_waiting(
    session: AsyncSession, kind: str, subject: str, *, since: datetime
) -> ProtectedChange | None:
    """One of this kind about the same thing that still waits."""
    return await session.scalar(
        select(ProtectedChange).where(
            ProtectedChange.kind == kind,
            ProtectedChange.subject == subject,
            ProtectedChange.decided_at.is_(None),
            ProtectedChange.asked_at > since,
        )
    )


async def list_accounts_touched_by(
    session: AsyncSession, staff_id: int, *, since: datetime
) -> frozenset[int]:
    """Accounts that somebody opened, or gave a new way in, since a moment: he might be the one who uses them."""
    statement = select(Event.data).where(
        Event.staff_id == staff_id, Event.kind.in_(STEPS_OF_ACCOUNTS), Event.at > since
    )
    return frozenset(int(data["staff"]) for data in await session.scalars(statement) if "staff" in data)
