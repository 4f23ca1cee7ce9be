"""Narrow rows for the figures of oversight: one query each, over indexes made for them.

What the figures are made of is defined in `models.queries.figures`, and what they say in `triage.reports`.
Every function takes the scope of the reader, as in `models.queries.cases`.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import UTCTime
from models.case import Case, Deadline
from models.queries.cases import in_scope
from models.queries.figures import (
    ANSWERED_STATES,
    DROPPED_STATES,
    RESULT_STATES,
    Outcome,
    Period,
    is_due_by,
    is_late,
    is_on_time,
    is_within,
    local_month,
    seconds_between,
)
from models.states import CaseState


class OfficeLoad(NamedTuple):
    """What one office has in hand at this moment."""

    office_id: str
    open: int
    overdue: int
    due_today: int
    due_soon: int
    to_approve: int
    breached: int


class CaseTimes(NamedTuple):
    """How long one case has been under way: seconds from its registration to each milestone, and to now."""

    office_id: str
    month: str
    reach: int  # 0: no result stands, 1: a result stands, 2: an answer stands
    age: int
    assigned: int | None
    signed: int | None
    result: int | None
    answered: int | None


class ClockCount(NamedTuple):
    """How many clocks of a rule that fell due in a month ended in one way."""

    rule_id: str
    office_id: str
    month: str
    outcome: Outcome
    clocks: int


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


class Breakdown(NamedTuple):
    """How many cases of a period share an office and a value of one property."""

    office_id: str
    value: str
    cases: int


async def list_office_loads(
    session: AsyncSession, *, scope: str | None, now: datetime, today_ends: datetime, soon_ends: datetime
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


async def list_case_times(
    session: AsyncSession, period: Period, *, scope: str | None, office_id: str = "", now: datetime
) -> list[CaseTimes]:
    """The times of all cases registered in the period that did not leave the way."""
    start = Case.registered_at
    reach = case((Case.state.in_(ANSWERED_STATES), 2), (Case.state.in_(RESULT_STATES), 1), else_=0)
    statement = select(
        Case.office_id,
        local_month(start),
        reach,
        seconds_between(start, literal(now, UTCTime)),
        seconds_between(start, Case.assigned_at),
        seconds_between(start, Case.signed_at),
        seconds_between(start, Case.result_at),
        seconds_between(start, Case.answered_at),
    ).where(in_scope(scope), *is_within(start, period), Case.state.not_in(DROPPED_STATES))
    if office_id:
        statement = statement.where(Case.office_id == office_id)
    return [CaseTimes(*row) for row in await session.execute(statement)]


async def count_clocks(
    session: AsyncSession,
    period: Period,
    rules: Collection[str],
    *,
    scope: str | None,
    office_id: str = "",
    now: datetime,
) -> list[ClockCount]:
    """Clocks whose time came in the period, by rule, office, month and outcome; what fell away in time is left out."""
    month = local_month(Deadline.due_at).label("month")
    outcome = case(
        (is_late(now=now), Outcome.LATE.value), (is_on_time(), Outcome.ON_TIME.value), else_=""
    ).label("outcome")
    statement = (
        select(Deadline.rule_id, Case.office_id, month, outcome, func.count())
        .join(Case, Case.id == Deadline.case_id)
        .where(
            in_scope(scope),
            *is_within(Deadline.due_at, period),
            Deadline.due_at <= now,
            Deadline.rule_id.in_(sorted(rules)),
        )
        .group_by(Deadline.rule_id, Case.office_id, month, outcome)
    )
    if office_id:
        statement = statement.where(Case.office_id == office_id)
    rows = await session.execute(statement)
    return [
        ClockCount(rule_id, office, due_month, Outcome(word), clocks)
        for rule_id, office, due_month, word, clocks in rows
        if word
    ]


async def count_by_month(
    session: AsyncSession, period: Period, *, scope: str | None, office_id: str = ""
) -> list[MonthCount]:
    """Cases registered in each month of the period, by office."""
    month = local_month(Case.registered_at).label("month")
    statement = (
        select(Case.office_id, month, func.count(), _count_if(Case.has_breach.is_(True)))
        .where(in_scope(scope), *is_within(Case.registered_at, period))
        .group_by(Case.office_id, month)
    )
    if office_id:
        statement = statement.where(Case.office_id == office_id)
    return [MonthCount(*row) for row in await session.execute(statement)]


async def list_next_due(
    session: AsyncSession, *, scope: str | None, office_id: str = "", now: datetime, limit: int
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


async def count_by_state(session: AsyncSession) -> list[tuple[str, str, int]]:
    """All cases by office and state, for the operator's metrics."""
    statement = select(Case.office_id, Case.state, func.count()).group_by(Case.office_id, Case.state)
    return [(row[0], str(row[1]), row[2]) for row in await session.execute(statement)]


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))
