"""Counting clocks again: to check what is stored of them, and when a new notice of holidays moves their days."""

from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from config.calendars import UncoveredYearError
from config.catalog import Catalog, NoDeadlineError
from models.audit import record_event
from models.case import Case, Deadline
from models.queries.deadlines import list_clocks_of_other_calendars, lock_case
from models.session import Database
from triage.clocks import find_rule, is_paused, keep_stage, recount, refresh_next_due, stretches_of
from triage.deadlines import compute_due

AT_ONCE = 100

log = structlog.get_logger()


def recount_with(catalog: Catalog) -> Callable[[Deadline], datetime | None]:
    """For `models.checks`: when a stored clock must run out.

    None where the rule or the calendar is no longer the one it was started under: what was promised then holds;
    None also for a clock that stands.
    """

    def count(row: Deadline) -> datetime | None:
        try:
            rule = catalog.deadline_in_force(row.rule_id, row.started_at)
            due = compute_due(
                rule,
                row.counted_from or row.started_at,
                calendar=catalog.calendar,
                days=row.granted_days,
                pauses=stretches_of(row),
            )
        except (NoDeadlineError, UncoveredYearError):
            return None
        is_same = (due.rule_version, due.calendar_version) == (row.rule_version, row.calendar_version)
        stood_to_the_end = bool(row.pauses) and row.pauses[-1].ended_at is None
        return due.due_at if is_same and not stood_to_the_end else None

    return count


async def shift_clocks(db: Database, *, catalog: Catalog, now: datetime) -> int:
    """A notice of holidays came late: running clocks are counted again by the new calendar, and each case says so.

    A limit that was missed already stays as it was, and so does every clock that has ended. Answers how many moved.
    """
    moved, after = 0, 0
    while True:
        async with db.read() as session:
            found = await list_clocks_of_other_calendars(
                session, catalog.calendar.version, after=after, limit=AT_ONCE
            )
        if not found:
            break
        for deadline_id, case_id in found:
            async with db.begin() as session:
                await lock_case(session, case_id)
                moved += await _shift(session, deadline_id, catalog=catalog, now=now)
        after = found[-1][0]
    if moved:
        log.info("clocks_shifted", clocks=moved, calendar=catalog.calendar.version)
    return moved


class CalendarWatch:
    """Counts the clocks anew as soon as this process has a newer calendar: await watch.look(now)."""

    def __init__(self, db: Database, catalog: Catalog) -> None:
        self._db = db
        self._catalog = catalog
        self._seen = catalog.calendar.version

    async def look(self, now: datetime) -> int:
        """Answers 0: nothing more to do."""
        version = self._catalog.calendar.version
        if version != self._seen:
            await shift_clocks(self._db, catalog=self._catalog, now=now)
            self._seen = version
        return 0


async def _shift(session: AsyncSession, deadline_id: int, *, catalog: Catalog, now: datetime) -> bool:
    row = await session.get_one(Deadline, deadline_id)
    await session.refresh(row, ["pauses"])
    rule = find_rule(row, catalog)
    is_ours = rule is not None and rule.stored_version == row.rule_version
    # Missed is missed, also where no sweep has come to note it yet.
    if not is_ours or row.met_at or row.cancelled_at or row.due_at < now or is_paused(row):
        return False
    before, by, taken = row.due_at, row.calendar_version, row.stage
    recount(row, catalog, now=now)
    if row.due_at == before:
        keep_stage(row, taken, catalog)
        return False
    record_event(
        session,
        "clock_shifted",
        at=now,
        case_id=row.case_id,
        rule=row.rule_id,
        occasion=row.occasion,
        before=before.isoformat(),
        due=row.due_at.isoformat(),
        calendar_before=by,
        calendar=row.calendar_version,
    )
    await refresh_next_due(session, await session.get_one(Case, row.case_id))
    return True
