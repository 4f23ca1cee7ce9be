"""Taking the notice of a new year: what it changes, which clocks it moves, and applying it.

    preview = await preview_notice(db, written, catalog=catalog, now=now)      # raises NoticeError; changes nothing
    await apply_notice(db, preview, source="国办发明电〔2026〕…号", by=staff, catalog=catalog, now=now)

The clocks themselves are moved by `recounting`, in the worker, each with a line on its case. Of cases nothing is told
here but their numbers: administrators read none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy.ext.asyncio import AsyncSession

from config.calendar_notice import DayChange, NoticeError, NoticeProblem, list_changes, read_notice
from config.calendars import LOCAL, Calendar, UncoveredYearError, YearDays, day_of
from config.catalog import Catalog
from models.audit import record_event
from models.calendar_news import take_stored_calendar
from models.case import Deadline
from models.queries.calendars import store_years
from models.queries.deadlines import list_clocks_to_compare
from models.session import Database
from models.staff import Staff
from triage.clocks import find_rule, stretches_of
from triage.deadlines import Due, compute_due

AT_ONCE = 500
MAX_SOURCE = 200


class CalendarMovedError(RuntimeError):
    """Somebody else stored another calendar since the preview was made. Nothing has been changed."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One open clock that will run out at another moment."""

    number: str
    rule_id: str
    before: datetime
    after: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """What a notice would do."""

    years: tuple[YearDays, ...]
    before: str
    """Version of the calendar that it was compared with."""
    calendar: Calendar
    changes: Sequence[DayChange]
    shifts: Sequence[Shift]
    settled: int
    """Clocks that keep their moment, which is an estimate no longer."""

    def count_late(self, now: datetime) -> int:
        """How many clocks would be over at once."""
        return sum(shift.after < now for shift in self.shifts)

    def count_cases(self) -> int:
        """How many cases have a clock that moves."""
        return len({shift.number for shift in self.shifts})


async def preview_notice(db: Database, written: str, *, catalog: Catalog, now: datetime) -> Preview:
    """Read a notice and compare; changes nothing. Raises NoticeError."""
    await take_stored_calendar(db, catalog)
    known = catalog.calendar
    years = read_notice(written, known=known, today=day_of(now))
    calendar = known.with_years(years)
    if calendar.version == known.version:
        raise NoticeError([NoticeProblem("nothing_new")])
    changes = list_changes(known, years)
    async with db.read() as session:
        shifts, settled = await _compare(session, catalog, calendar, changes)
    return Preview(years, known.version, calendar, changes, shifts, settled)


async def apply_notice(
    db: Database, preview: Preview, *, source: str, by: Staff | None, catalog: Catalog, now: datetime
) -> None:
    """Store a notice; every process counts by it within seconds. Raises CalendarMovedError, NoticeError."""
    source = " ".join(source.split())
    if not 2 <= len(source) <= MAX_SOURCE:
        raise NoticeError([NoticeProblem("source", {"count": MAX_SOURCE})])
    if catalog.calendar.version != preview.before:
        raise CalendarMovedError
    async with db.begin() as session:
        by_id = by.id if by else None
        store_years(session, preview.years, source=source, by=by_id, now=now)
        record_event(
            session,
            "calendar_imported",
            at=now,
            by=by_id,
            reason=source,
            before=preview.before,
            after=preview.calendar.version,
            years=[entry.year for entry in preview.years],
            days=len(preview.changes),
            clocks=len(preview.shifts),
        )
    await take_stored_calendar(db, catalog)


async def _compare(
    session: AsyncSession, catalog: Catalog, calendar: Calendar, changes: Sequence[DayChange]
) -> tuple[list[Shift], int]:
    """Clocks that move, soonest first, and how many merely become certain."""
    # The last week of the last known year is an estimate too, and a new notice settles it.
    first = min([change.day for change in changes] + [date(catalog.calendar.last_year, 12, 25)])
    since, after, settled = datetime.combine(first, time(), tzinfo=LOCAL), 0, 0
    shifts: list[Shift] = []
    while found := await list_clocks_to_compare(session, due_from=since, after=after, limit=AT_ONCE):
        for row, number in found:
            due = _count(row, catalog, calendar)
            if due is None:
                continue
            if due.due_at != row.due_at:
                shifts.append(Shift(number, row.rule_id, row.due_at, due.due_at))
            elif row.is_estimate and not due.is_estimate:
                settled += 1
        after = found[-1][0].id
        session.expunge_all()
    return sorted(shifts, key=lambda shift: (shift.before, shift.number)), settled


def _count(row: Deadline, catalog: Catalog, calendar: Calendar) -> Due | None:
    """The clock by another calendar; None where `recounting` would leave it alone."""
    rule = find_rule(row, catalog)
    if rule is None or rule.stored_version != row.rule_version:
        return None
    try:
        return compute_due(
            rule,
            row.counted_from or row.started_at,
            calendar=calendar,
            days=row.granted_days,
            pauses=stretches_of(row),
        )
    except UncoveredYearError:
        return None
