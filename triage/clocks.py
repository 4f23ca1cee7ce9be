"""Clocks of a case: starting and stopping `Deadline` rows, and keeping the case's nearest due time right."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from models.audit import record_event
from models.case import NO_CLOCK, Case, Deadline
from models.queries.cases import list_deadlines
from triage.deadlines import compute_due, ladder_of


async def start_clock(
    session: AsyncSession, case: Case, rule_id: str, *, event: str, started_at: datetime, catalog: Catalog
) -> Deadline:
    """Start the clock of a rule at an event; each further occasion gets a row of its own."""
    earlier = [row for row in await list_deadlines(session, case.id) if row.rule_id == rule_id]
    rule = catalog.deadline_in_force(rule_id, started_at)
    due = compute_due(rule, started_at, calendar=catalog.calendar)
    ladder = ladder_of(rule, started_at=started_at, due_at=due.due_at, calendar=catalog.calendar)
    deadline = Deadline(
        case_id=case.id,
        office_id=case.office_id,
        rule_id=rule_id,
        occasion=len(earlier) + 1,
        rule_version=due.rule_version,
        calendar_version=due.calendar_version,
        start_event=event,
        started_at=started_at,
        due_at=due.due_at,
        is_estimate=due.is_estimate,
        sentence_zh=due.sentence_zh,
        sentence_en=due.sentence_en,
        wake_at=ladder[0].at,
    )
    session.add(deadline)
    record_event(
        session, "clock_started", at=started_at, case_id=case.id, rule=rule_id, due=due.due_at.isoformat()
    )
    await refresh_next_due(session, case)
    return deadline


async def meet_clocks(session: AsyncSession, case: Case, rule_ids: Iterable[str], *, now: datetime) -> None:
    """The duty was done: stop these clocks. A late one keeps its breach."""
    await _stop(session, case, set(rule_ids), now=now, is_met=True)


async def cancel_clocks(session: AsyncSession, case: Case, rule_ids: Iterable[str], *, now: datetime) -> None:
    """The duty fell away (returned, refused, ended): stop these clocks without calling them met."""
    await _stop(session, case, set(rule_ids), now=now, is_met=False)


async def cancel_all_clocks(session: AsyncSession, case: Case, *, now: datetime) -> None:
    """The case ended."""
    await _stop(session, case, None, now=now, is_met=False)


async def _stop(
    session: AsyncSession, case: Case, rule_ids: set[str] | None, *, now: datetime, is_met: bool
) -> None:
    await session.flush()
    for row in await list_deadlines(session, case.id):
        if is_running(row) and (rule_ids is None or row.rule_id in rule_ids):
            row.wake_at = None
            if is_met:
                row.met_at = now
            else:
                row.cancelled_at = now
            if now > row.due_at and row.breached_at is None:
                row.breached_at, case.has_breach = row.due_at, True
            kind = "clock_met" if is_met else "clock_cancelled"
            record_event(session, kind, at=now, case_id=case.id, rule=row.rule_id, late=now > row.due_at)
    await refresh_next_due(session, case)


async def refresh_next_due(session: AsyncSession, case: Case) -> None:
    """Nearest due time among the running clocks; all clocks follow the case to its office."""
    await session.flush()
    rows = await list_deadlines(session, case.id)
    for row in rows:
        row.office_id = case.office_id
    running = [row for row in rows if is_running(row)]
    nearest = min(running, key=lambda row: row.due_at, default=None)
    case.next_due_at = nearest.due_at if nearest else NO_CLOCK
    case.next_due_rule = nearest.rule_id if nearest else None


def is_running(row: Deadline) -> bool:
    """Whether a clock has neither been met nor cancelled."""
    return row.met_at is None and row.cancelled_at is None
