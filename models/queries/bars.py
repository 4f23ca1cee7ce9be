"""Bars: which offices and persons a case is closed to."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.case_bar import CaseBar
from models.staff import Staff
from models.states import BarReason


async def insert_bar_once(
    session: AsyncSession,
    case_id: int,
    *,
    office_id: str | None = None,
    staff_id: int | None = None,
    reason: BarReason,
    note: str = "",
    by: int | None = None,
    now: datetime,
) -> bool:
    """Close a case to an office or to one person; False where it was closed already."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = (
        dialect.insert(CaseBar)
        .values(
            case_id=case_id,
            office_id=office_id,
            staff_id=staff_id,
            reason=reason,
            note=note,
            created_by=by,
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(CaseBar.id)
    )
    return await session.scalar(statement) is not None


async def list_bars(session: AsyncSession, case_id: int) -> Sequence[tuple[CaseBar, Staff | None]]:
    """The bars of a case, with the person where one is for a person."""
    statement = (
        select(CaseBar, Staff)
        .outerjoin(Staff, Staff.id == CaseBar.staff_id)
        .where(CaseBar.case_id == case_id)
        .order_by(CaseBar.id)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def find_bar(session: AsyncSession, bar_id: int, *, case_id: int) -> CaseBar | None:
    """One bar of a case."""
    return await session.scalar(select(CaseBar).where(CaseBar.id == bar_id, CaseBar.case_id == case_id))


async def delete_bar(session: AsyncSession, bar_id: int) -> None:
    """Open the case to whom it was closed."""
    await session.execute(delete(CaseBar).where(CaseBar.id == bar_id))


async def is_barred(
    session: AsyncSession, case_id: int, *, office_id: str | None = None, staff_id: int | None = None
) -> bool:
    """Whether the case is closed to this office, or to this person."""
    statement = select(CaseBar.id).where(
        CaseBar.case_id == case_id,
        or_(
            CaseBar.office_id == office_id if office_id is not None else CaseBar.id.is_(None),
            CaseBar.staff_id == staff_id if staff_id is not None else CaseBar.id.is_(None),
        ),
    )
    return await session.scalar(statement.limit(1)) is not None


async def list_barred_people(session: AsyncSession, case_id: int) -> frozenset[int]:
    """The ids of the persons to whom the case is closed."""
    statement = select(CaseBar.staff_id).where(CaseBar.case_id == case_id, CaseBar.staff_id.is_not(None))
    return frozenset(one for one in await session.scalars(statement) if one is not None)


def without_barred(people: Iterable[Staff], barred: frozenset[int]) -> list[Staff]:
    """Those of them to whom it is open."""
    return [person for person in people if person.id not in barred]
