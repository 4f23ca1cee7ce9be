"""The audit chain for auditors: newest first, filtered, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from config.clock import LOCAL
from models.case import Case
from models.event import Event
from models.staff import Staff

PAGE = 100


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which entries; empty fields do not narrow."""

    kind: str = ""
    staff_id: int | None = None
    case_id: int | None = None
    day: date | None = None
    kinds: tuple[str, ...] = ()
    """Only these; empty: all."""


@dataclass(frozen=True, slots=True)
class EventPage:
    """One page: entries with the login of who acted and the number of the case; `after` opens the next page."""

    rows: Sequence[tuple[Event, str | None, str | None]]
    after: int | None


async def list_audit(session: AsyncSession, wanted: EventFilter, *, after: int | None = None) -> EventPage:
    """Entries before position `after`, newest first."""
    statement = (
        select(Event, Staff.login, Case.number)
        .outerjoin(Staff, Staff.id == Event.staff_id)
        .outerjoin(Case, Case.id == Event.case_id)
        .where(*_conditions(wanted))
        .order_by(Event.position.desc())
        .limit(PAGE + 1)
    )
    if after is not None:
        statement = statement.where(Event.position < after)
    rows = [(row[0], row[1], row[2]) for row in await session.execute(statement)]
    return EventPage(rows[:PAGE], rows[PAGE - 1][0].position if len(rows) > PAGE else None)


async def count_audit(session: AsyncSession, wanted: EventFilter) -> int:
    """How many entries `list_audit` would show in all."""
    statement = select(func.count()).select_from(Event).where(*_conditions(wanted))
    return int(await session.scalar(statement) or 0)


async def find_case_id(session: AsyncSession, number: str) -> int | None:
    """Id of the case with this number: auditors look acts up by it and see nothing else of the case."""
    return await session.scalar(select(Case.id).where(Case.number == number))


async def find_head(session: AsyncSession) -> tuple[int, bytes] | None:
    """Position and hash of the last entry: to be noted outside the database."""
    statement = select(Event.position, Event.hash).order_by(Event.position.desc()).limit(1)
    row = (await session.execute(statement)).first()
    return (row.position, row.hash) if row else None


def _conditions(wanted: EventFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.kind:
        conditions.append(Event.kind == wanted.kind)
    if wanted.kinds:
        conditions.append(Event.kind.in_(wanted.kinds))
    if wanted.staff_id is not None:
        conditions.append(Event.staff_id == wanted.staff_id)
    if wanted.case_id is not None:
        conditions.append(Event.case_id == wanted.case_id)
    if wanted.day is not None:
        start = datetime(wanted.day.year, wanted.day.month, wanted.day.day, tzinfo=LOCAL)
        conditions += [Event.at >= start, Event.at < start + timedelta(days=1)]
    return conditions
