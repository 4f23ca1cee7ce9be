"""Calendar years that administrators stored: beside the shipped files, the newest of each year."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from types import MappingProxyType

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from config.calendars import YearDays
from models.administration import CalendarYear
from models.staff import Staff


async def find_newest_notice(session: AsyncSession) -> int:
    """Changes with every notice that is stored; 0 where there is none."""
    return int(await session.scalar(select(func.max(CalendarYear.id))) or 0)


async def list_stored_years(session: AsyncSession) -> list[YearDays]:
    """The years as they count now."""
    newest = select(func.max(CalendarYear.id)).group_by(CalendarYear.year)
    rows = await session.scalars(
        select(CalendarYear).where(CalendarYear.id.in_(newest)).order_by(CalendarYear.year)
    )
    return [_read(row) for row in rows]


async def list_notices(session: AsyncSession) -> Sequence[tuple[CalendarYear, str | None]]:
    """All that were stored, newest first, with the name of who did it."""
    statement = (
        select(CalendarYear, Staff.name)
        .outerjoin(Staff, Staff.id == CalendarYear.staff_id)
        .order_by(CalendarYear.id.desc())
        .limit(50)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


def store_years(
    session: AsyncSession, years: Iterable[YearDays], *, source: str, by: int | None, now: datetime
) -> None:
    """Keep the years of a notice."""
    for entry in years:
        off = {day.isoformat(): name for day, name in sorted(entry.days_off.items())}
        worked = [day.isoformat() for day in sorted(entry.made_up)]
        session.add(
            CalendarYear(
                year=entry.year, days_off=off, made_up=worked, source=source, staff_id=by, stored_at=now
            )
        )


def _read(row: CalendarYear) -> YearDays:
    off = {date.fromisoformat(day): str(name) for day, name in row.days_off.items()}
    return YearDays(
        row.year, MappingProxyType(off), frozenset(date.fromisoformat(day) for day in row.made_up)
    )
