"""Narrow rows for the figures of oversight: one query each, over indexes made for them.

What the figures are made of is defined in `models.queries.figures`, and what they say in `triage.reports`.
Every function takes the scope of the reader, as in `models.queries.scope`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    ScalarSelect,
    String,
    and_,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    values,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.base import UTCTime
from models.case import Case, Deadline, Heartbeat
from models.event import Event
from models.notice import Notice
from models.queries.figures import (
    ANSWERED_STATES,
    DROPPED_STATES,
    Month,
    Period,
    Stage,
    is_due_by,
    is_late,
    is_on_time,
    is_within,
    seconds_between,
    stretch_of,
)
from models.queries.scope import in_scope
from models.scope import Reach
from models.staff import StaffSession
from models.states import CaseState, NoticeState, UpdateState, Verdict
from models.tip import InboundUpdate, Tip

_LATE = 1_000_000_000
"""Two counts in one sum, so that an index range is read once: the upper digits count what was late."""


class OfficeLoad(NamedTuple):
    """What one office has in hand at this moment."""

    office_id: str
    open: int
    overdue: int
    due_today: int
    due_soon: int
    to_approve: int
    breached: int


class StageTimes(NamedTuple):
    """How long the cases that an office got in a month took for a stage, in seconds."""

    office_id: str
    month: str
    stage: Stage
    done: list[int]
    waiting: list[int]  # how long cases that are not through it have waited until now


class ClockCount(NamedTuple):
    """How the clocks of a rule ended whose time came in a month."""

    rule_id: str
    office_id: str
    month: str
    on_time: int
    late: int


class RepeatedClock(NamedTuple):
    """One of several clocks of one rule on one case whose time has come."""

    rule_id: str
    office_id: str
    month: str
    case_id: int
    is_late: bool


class MonthCount(NamedTuple):
    """How many cases an office got in a month, and how many of them missed a deadline since."""

    office_id: str
    month: str
    registered: int
    breached: int


class NextDue(NamedTuple):
    """An open case whose time runs out next."""

    number: str
    office_id: str
    rule_id: str
    due_at: datetime
    officer_id: int | None


class CaseFacts(NamedTuple):
    """What a monthly report counts of one case; nothing that tells which case it is."""

    office_id: str
    state: CaseState
    clauses: Sequence[str]
    verdict: Verdict | None
    is_accepted: bool
    is_approved: bool
    is_answered: bool


async def list_office_loads(
    session: AsyncSession, *, scope: Reach, now: datetime, today_ends: datetime, soon_ends: datetime
) -> list[OfficeLoad]:
    """What each office with an open case has in hand. Clocks that have run out are neither today nor soon."""
    statement = (
        select(
            Case.office_id,
            func.count(),
            _count_if(Case.next_due_at <= now),
            _count_if(and_(*is_due_by(today_ends, now=now))),
            _count_if(and_(*is_due_by(soon_ends, now=now))),
            _count_if(Case.state == CaseState.RESULT_FILED),
            _count_if(Case.has_breach.is_(True)),
        )
        .where(in_scope(scope), Case.is_open.is_(True))
        .group_by(Case.office_id)
    )
    return [OfficeLoad(*row) for row in await session.execute(statement)]


async def list_stage_times(
    session: AsyncSession, period: Period, *, offices: Sequence[str], now: datetime
) -> list[StageTimes]:
    """The times of all cases registered in the period that did not leave the way.

    The database strings the numbers of a cell together: handing over a row for each case takes twice the time.
    """
    if not offices:
        return []
    cell = _cells(period, offices)
    stages = list(Stage)
    lists = [_times_of(stage, cell, now=now) for stage in stages]
    rows = await session.execute(select(cell.c.office, cell.c.month, *lists))
    return [
        _unpack_times(office, month, stage, packed)
        for office, month, *packed_lists in rows
        for stage, packed in zip(stages, packed_lists, strict=True)
        if packed
    ]


def _times_of(stage: Stage, cell: CTE, *, now: datetime) -> ScalarSelect[str]:
    """Seconds of every case of a cell as one string; -1 and below for -1 minus the seconds waited so far."""
    stretch = stretch_of(stage)
    waited = seconds_between(stretch.starts_at, literal(now, UTCTime))
    taken = case(
        # Where a machine's clock was set back, a time is nothing rather than negative.
        (and_(stretch.ended, stretch.ends_at < stretch.starts_at), 0),
        (stretch.ended, seconds_between(stretch.starts_at, stretch.ends_at)),
        (and_(stretch.began, stretch.starts_at > now), -1),
        (stretch.began, -1 - waited),
    )
    return (
        select(func.aggregate_strings(cast(taken, String), " "))
        .where(*_is_in_cell(cell), Case.state.not_in(DROPPED_STATES))
        .correlate(cell)
        .scalar_subquery()
    )


def _unpack_times(office: str, month: str, stage: Stage, packed: str) -> StageTimes:
    numbers = [int(word) for word in packed.split(" ")]
    done = [number for number in numbers if number >= 0]
    return StageTimes(office, month, stage, done, [-1 - number for number in numbers if number < 0])


async def count_clocks(
    session: AsyncSession, period: Period, rules: Sequence[str], *, offices: Sequence[str], now: datetime
) -> list[ClockCount]:
    """Clocks whose time came in the period, by rule, office, month and outcome; what fell away in time is left out.

    One short range of an index for each rule, office and month: many times faster than grouping, which sorts.
    """
    if not offices:
        return []
    cell = _cells(period, offices)
    rule = _words("rule", sorted(rules))
    ended = (
        select(func.sum(case((is_late(now=now), _LATE), (is_on_time(), 1), else_=0)))
        .where(
            Deadline.office_id == cell.c.office,
            Deadline.rule_id == rule.c.value,
            Deadline.due_at >= cell.c.starts_at,
            Deadline.due_at < cell.c.ends_at,
            Deadline.due_at <= now,
        )
        .correlate(cell, rule)
        .scalar_subquery()
    )
    statement = select(rule.c.value, cell.c.office, cell.c.month, ended).select_from(cell.join(rule, true()))
    counts = []
    for rule_id, office_id, month, packed in await session.execute(statement):
        late, on_time = divmod(int(packed or 0), _LATE)
        counts.append(ClockCount(rule_id, office_id, month, on_time, late))
    return [row for row in counts if row.on_time or row.late]


async def list_repeated_clocks(
    session: AsyncSession, period: Period, rules: Sequence[str], *, offices: Sequence[str], now: datetime
) -> list[RepeatedClock]:
    """What `count_clocks` counted of cases on which a clock was started more than once."""
    again = aliased(Deadline)
    has_twin = exists().where(
        again.case_id == Deadline.case_id, again.rule_id == Deadline.rule_id, again.id != Deadline.id
    )
    late = is_late(now=now)
    statement = select(
        Deadline.rule_id, Deadline.office_id, Deadline.due_at, Deadline.case_id, case((late, 1), else_=0)
    ).where(
        Deadline.case_id.in_(select(again.case_id).where(again.occasion > literal_column("1"))),
        has_twin,
        Deadline.office_id.in_(offices),
        Deadline.rule_id.in_(rules),
        *is_within(Deadline.due_at, period),
        Deadline.due_at <= now,
        or_(late, is_on_time()),
    )
    return [
        RepeatedClock(rule_id, office_id, str(Month.of(due_at)), case_id, bool(is_missed))
        for rule_id, office_id, due_at, case_id, is_missed in await session.execute(statement)
    ]


async def count_by_month(
    session: AsyncSession, period: Period, *, offices: Sequence[str]
) -> list[MonthCount]:
    """Cases registered in each month of the period, by office."""
    if not offices:
        return []
    cell = _cells(period, offices)
    counted = (
        select(func.sum(case((Case.has_breach.is_(True), _LATE + 1), else_=1)))
        .where(*_is_in_cell(cell))
        .correlate(cell)
        .scalar_subquery()
    )
    rows = await session.execute(select(cell.c.office, cell.c.month, counted))
    return [
        MonthCount(office, month, packed % _LATE, packed // _LATE) for office, month, packed in rows if packed
    ]


async def list_next_due(
    session: AsyncSession, *, scope: Reach, office_id: str = "", now: datetime, limit: int
) -> Sequence[NextDue]:
    """The open cases whose time runs out next, nearest first."""
    statement = (
        select(Case.number, Case.office_id, Case.next_due_rule, Case.next_due_at, Case.officer_id)
        .where(
            in_scope(scope), Case.is_open.is_(True), Case.next_due_at > now, Case.next_due_rule.is_not(None)
        )
        .order_by(Case.next_due_at, Case.id)
        .limit(limit)
    )
    if office_id:
        statement = statement.where(Case.office_id == office_id)
    rows = await session.execute(statement)
    return [
        NextDue(number, office, str(rule), due_at, officer) for number, office, rule, due_at, officer in rows
    ]


async def list_case_facts(
    session: AsyncSession, period: Period, *, offices: Sequence[str]
) -> list[CaseFacts]:
    """The cases registered in the period, for breakdowns."""
    statement = select(
        Case.office_id,
        Case.state,
        Case.clauses,
        Case.verdict,
        Case.accepted_at.is_not(None),
        Case.approved_at.is_not(None),
        and_(Case.answered_at.is_not(None), Case.state.in_(ANSWERED_STATES)),
    ).where(Case.office_id.in_(offices), *is_within(Case.registered_at, period))
    return [CaseFacts(*row) for row in await session.execute(statement)]


async def count_tips_by_channel(session: AsyncSession, period: Period) -> dict[str, int]:
    """Tips received in the period, by the way they came."""
    statement = (
        select(Tip.channel, func.count()).where(*is_within(Tip.received_at, period)).group_by(Tip.channel)
    )
    return {str(channel): tips for channel, tips in await session.execute(statement)}


async def count_by_state(session: AsyncSession) -> list[tuple[str, str, int]]:
    """All cases by office and state, for the operator's metrics."""
    statement = select(Case.office_id, Case.state, func.count()).group_by(Case.office_id, Case.state)
    return [(office, str(state), cases) for office, state, cases in await session.execute(statement)]


class Ages(NamedTuple):
    """What monitoring asks of the queues."""

    tips: int
    waiting_tips: int
    oldest_tip: datetime | None
    overdue: int
    notices: Sequence[tuple[str, str, int]]
    oldest_notice: datetime | None
    waiting_updates: int
    sessions: int
    events: int
    beats: Sequence[tuple[str, datetime]]


async def read_ages(session: AsyncSession, *, now: datetime) -> Ages:
    """Sizes and ages of all queues."""
    notices = select(Notice.channel, Notice.state, func.count()).group_by(Notice.channel, Notice.state)
    is_waiting = Tip.assessed_at.is_(None)
    oldest_tip, waiting = (
        await session.execute(select(func.min(Tip.received_at), func.count()).where(is_waiting))
    ).one()
    due = select(func.min(Notice.send_at)).where(Notice.state == NoticeState.WAITING, Notice.send_at <= now)
    overdue = select(func.count()).where(Case.is_open.is_(True), Case.next_due_at <= now)
    updates = select(func.count()).where(InboundUpdate.state == UpdateState.WAITING)
    return Ages(
        tips=int(await session.scalar(select(func.count()).select_from(Tip)) or 0),
        waiting_tips=waiting,
        oldest_tip=oldest_tip,
        overdue=int(await session.scalar(overdue) or 0),
        notices=[
            (str(channel), str(state), count) for channel, state, count in await session.execute(notices)
        ],
        oldest_notice=await session.scalar(due),
        waiting_updates=int(await session.scalar(updates) or 0),
        sessions=int(await session.scalar(select(func.count()).select_from(StaffSession)) or 0),
        # Positions have no gaps: the last one is the number of entries, and counting millions takes long.
        events=int(await session.scalar(select(func.max(Event.position))) or 0),
        beats=[(beat.name, beat.beat_at) for beat in await session.scalars(select(Heartbeat))],
    )


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _cells(period: Period, offices: Sequence[str]) -> CTE:
    """Every month of every office, as a table to join."""
    columns = (
        column("office", String),
        column("month", String),
        column("starts_at", UTCTime),
        column("ends_at", UTCTime),
    )
    rows = [
        (office, str(month), month.starts_at, month.ends_at) for office in offices for month in period.months
    ]
    return values(*columns, name="cells").data(rows).cte("cell")


def _words(name: str, words: Sequence[str]) -> CTE:
    """Words as a table to join; its column is called value."""
    return values(column("value", String), name=f"{name}s").data([(word,) for word in words]).cte(name)


def _is_in_cell(cell: CTE) -> list[ColumnElement[bool]]:
    return [
        Case.office_id == cell.c.office,
        Case.registered_at >= cell.c.starts_at,
        Case.registered_at < cell.c.ends_at,
    ]
