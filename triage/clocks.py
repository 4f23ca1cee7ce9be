"""Clocks of a case: starting, halting and stopping `Deadline` rows, and keeping the case's nearest due time right.

Every change is an event from which the rows can be made again (`triage/replay.py`).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog, NoDeadlineError
from config.deadlines import DeadlineRule
from models.audit import record_event
from models.case import NO_CLOCK, Case, Deadline, Pause
from models.queries.cases import list_deadlines
from triage.deadlines import Due, LadderStep, Stretch, compute_due, ladder_of

SIDE_CLOCKS = frozenset(
    {"D04", "D13a", "D14", "D15", "D16", "D18", "D19", "D20", "D21", "D22", "D23", "D24", "D25", "D26"}
)
"""Clocks beside the main way: they run on when the case itself has ended."""


async def start_clock(
    session: AsyncSession,
    case: Case,
    rule_id: str,
    *,
    event: str,
    started_at: datetime,
    catalog: Catalog,
    counted_from: datetime | None = None,
    days: int | None = None,
) -> Deadline:
    """Start the clock of a rule at an event; each further occasion gets a row of its own.

    `counted_from`: where days count from another moment (an extension); `days`: how many were granted.
    """
    earlier = [row for row in await list_deadlines(session, case.id) if row.rule_id == rule_id]
    rule = catalog.deadline_in_force(rule_id, started_at)
    due = compute_due(rule, counted_from or started_at, calendar=catalog.calendar, days=days)
    ladder = ladder_of(rule, started_at=started_at, due_at=due.due_at, calendar=catalog.calendar)
    deadline = Deadline(
        case_id=case.id,
        office_id=case.office_id,
        rule_id=rule_id,
        occasion=len(earlier) + 1,
        start_event=event,
        started_at=started_at,
        wake_at=_first_look(rule, ladder, stage=0),
        counted_from=counted_from,
        granted_days=days,
        is_watched=rule.is_watched,
        pauses=[],
    )
    write_due(deadline, due)
    session.add(deadline)
    facts = {"from": counted_from.isoformat() if counted_from else None, "days": days}
    _record(
        session,
        "clock_started",
        deadline,
        at=started_at,
        due=due.due_at.isoformat(),
        start=event,
        version=due.rule_version,
        calendar=due.calendar_version,
        **{name: value for name, value in facts.items() if value is not None},
    )
    await refresh_next_due(session, case)
    return deadline


def write_due(deadline: Deadline, due: Due) -> None:
    """Put a due time with its sentences and versions into a row."""
    deadline.due_at, deadline.is_estimate = due.due_at, due.is_estimate
    deadline.sentence_zh, deadline.sentence_en = due.sentence_zh, due.sentence_en
    deadline.rule_version, deadline.calendar_version = due.rule_version, due.calendar_version


async def pause_clocks(
    session: AsyncSession, case: Case, reason: str, *, catalog: Catalog, now: datetime
) -> list[str]:
    """Halt the clocks that may stand for this reason; answers their rules. One that is late already runs on."""
    halted = []
    for row in await list_deadlines(session, case.id):
        rule = find_rule(row, catalog) if is_running(row) else None
        if rule is None or reason not in rule.pauses or row.due_at < now:
            continue
        row.pauses.append(Pause(reason=reason, due_before=row.due_at, started_at=now))
        row.due_at, row.wake_at = NO_CLOCK, None
        _record(session, "clock_paused", row, at=now, why=reason)
        halted.append(row.rule_id)
    await refresh_next_due(session, case)
    return halted


async def resume_clocks(session: AsyncSession, case: Case, *, catalog: Catalog, now: datetime) -> None:
    """Let every halted clock go on; the days on which it stood are left out."""
    for row in await list_deadlines(session, case.id):
        if not (is_running(row) and is_paused(row)):
            continue
        row.pauses[-1].ended_at = now
        recount(row, catalog, now=now)
        _record(
            session, "clock_resumed", row, at=now, due=row.due_at.isoformat(), calendar=row.calendar_version
        )
    await refresh_next_due(session, case)


def find_rule(row: Deadline, catalog: Catalog) -> DeadlineRule | None:
    """The rule that a clock was started under; None for one that is no more."""
    try:
        return catalog.deadline_in_force(row.rule_id, row.started_at)
    except NoDeadlineError:
        return None


def recount(row: Deadline, catalog: Catalog, *, now: datetime) -> None:
    """Count a running clock again and set when it is looked at next. Steps whose moment has passed are not repeated."""
    rule = catalog.deadline_in_force(row.rule_id, row.started_at)
    due = compute_due(
        rule,
        row.counted_from or row.started_at,
        calendar=catalog.calendar,
        days=row.granted_days,
        pauses=stretches_of(row),
    )
    write_due(row, due)
    ladder = ladder_of(rule, started_at=row.started_at, due_at=due.due_at, calendar=catalog.calendar)
    row.stage = sum(step.at <= now for step in ladder if step.at < due.due_at)
    row.wake_at = _first_look(rule, ladder, stage=row.stage)


def keep_stage(row: Deadline, taken: int, catalog: Catalog) -> None:
    """The due time stayed, only days before it have moved: what was taken of its ladder is not taken again."""
    rule = catalog.deadline_in_force(row.rule_id, row.started_at)
    ladder = ladder_of(rule, started_at=row.started_at, due_at=row.due_at, calendar=catalog.calendar)
    warnings = sum(step.at < row.due_at for step in ladder)
    row.stage = min(max(row.stage, taken), warnings)
    row.wake_at = _first_look(rule, ladder, stage=row.stage)


def _first_look(rule: DeadlineRule, ladder: Sequence[LadderStep], *, stage: int) -> datetime | None:
    """When a clock is looked at next; one that others owe is not looked at, and a right at its end only."""
    return ladder[stage].at if rule.is_window or not rule.is_watched else None


def stretches_of(row: Deadline) -> Sequence[Stretch]:
    """When a clock stood, as far as that is over."""
    return [(pause.started_at, pause.ended_at) for pause in row.pauses if pause.ended_at]


async def start_clock_in_force(
    session: AsyncSession,
    case: Case,
    rule_id: str,
    *,
    event: str,
    started_at: datetime,
    catalog: Catalog,
    counted_from: datetime | None = None,
) -> Deadline | None:
    """The same for a rule that came into force late: before its first day there is no clock."""
    try:
        catalog.deadline_in_force(rule_id, started_at)
    except NoDeadlineError:
        return None
    return await start_clock(
        session,
        case,
        rule_id,
        event=event,
        started_at=started_at,
        catalog=catalog,
        counted_from=counted_from,
    )


async def find_running(session: AsyncSession, case: Case, rule_id: str) -> Deadline | None:
    """The clock of a rule that has not ended, if there is one."""
    rows = await list_deadlines(session, case.id)
    return next((row for row in rows if row.rule_id == rule_id and is_running(row)), None)


async def lapse_clock(session: AsyncSession, case: Case, row: Deadline, *, now: datetime) -> None:
    """A right was not used in time: its clock ends, and nobody is late."""
    if not has_lapsed(row, now):
        return
    row.wake_at, row.cancelled_at = None, now
    _record(session, "clock_cancelled", row, at=now, late=True)
    await refresh_next_due(session, case)


async def meet_clocks(session: AsyncSession, case: Case, rule_ids: Iterable[str], *, now: datetime) -> None:
    """The duty was done: stop these clocks. A late one keeps its breach."""
    await _stop(session, case, set(rule_ids), now=now, is_met=True)


async def cancel_clocks(session: AsyncSession, case: Case, rule_ids: Iterable[str], *, now: datetime) -> None:
    """The duty fell away (returned, refused, ended): stop these clocks without calling them met."""
    await _stop(session, case, set(rule_ids), now=now, is_met=False)


async def cancel_all_clocks(session: AsyncSession, case: Case, *, now: datetime) -> None:
    """The case ended; its side tracks may go on."""
    rows = await list_deadlines(session, case.id)
    await _stop(session, case, {row.rule_id for row in rows} - SIDE_CLOCKS, now=now, is_met=False)


async def _stop(
    session: AsyncSession, case: Case, rule_ids: set[str], *, now: datetime, is_met: bool
) -> None:
    await session.flush()
    for row in await list_deadlines(session, case.id):
        if is_running(row) and row.rule_id in rule_ids:
            row.wake_at = None
            if is_met:
                row.met_at = now
            else:
                row.cancelled_at = now
            if now > row.due_at and row.breached_at is None and not row.is_watched:
                row.breached_at, case.has_breach = row.due_at, True
            kind = "clock_met" if is_met else "clock_cancelled"
            _record(session, kind, row, at=now, late=now > row.due_at)
    await refresh_next_due(session, case)


async def refresh_next_due(session: AsyncSession, case: Case) -> None:
    """Nearest due time among our running clocks. They follow the case to its office; ended ones stay as they were."""
    await session.flush()
    running = [row for row in await list_deadlines(session, case.id) if is_running(row)]
    for row in running:
        row.office_id = case.office_id
    ours = [row for row in running if not row.is_watched and row.due_at < NO_CLOCK]
    nearest = min(ours, key=lambda row: row.due_at, default=None)
    case.next_due_at = nearest.due_at if nearest else NO_CLOCK
    case.next_due_rule = nearest.rule_id if nearest else None


def is_running(row: Deadline) -> bool:
    """Whether a clock has neither been met nor cancelled; a halted one still is to go on."""
    return row.met_at is None and row.cancelled_at is None


def has_lapsed(row: Deadline, now: datetime) -> bool:
    """Whether a right was not used in time: it counts as ended, also before the worker has come to end its clock."""
    return is_running(row) and row.is_watched and row.wake_at is not None and row.due_at < now


def is_paused(row: Deadline) -> bool:
    """Whether a clock stands."""
    return is_running(row) and row.due_at >= NO_CLOCK


def _record(session: AsyncSession, kind: str, row: Deadline, *, at: datetime, **facts: Any) -> None:  # noqa: ANN401 - JSON values
    record_event(session, kind, at=at, case_id=row.case_id, rule=row.rule_id, occasion=row.occasion, **facts)
