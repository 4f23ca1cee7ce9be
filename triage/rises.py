"""Tips about one body that rise unusually: counted against the body's own history, told once to the city.

The rule is pure (`expect`, `is_unusual`); the job finds its rows, and run twice it tells nothing twice.
"""

import math
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from config.duplicates import RiseRule
from models.audit import record_event
from models.case import Case
from models.queries.likenesses import (
    BodyCount,
    count_named_bodies,
    find_first_tip_at,
    find_risen_since,
    insert_rise_once,
)
from models.queries.notices import Values, queue_group_notice, queue_staff_notice
from models.queries.staff import list_active_staff
from models.session import Database
from models.states import Role

_DAY = timedelta(days=1)
_EPOCH_SECONDS = 86_400
log = structlog.get_logger()


def expect(before: int, *, history_days: float, rule: RiseRule) -> float:
    """How many tips in `rule.days` the history of a body lets expect; never less than for one that nobody named."""
    if history_days <= 0:
        return rule.least_expected
    return max(rule.least_expected, before * rule.days / max(history_days, rule.days))


def is_unusual(count: int, expected: float, rule: RiseRule) -> bool:
    """Whether so many are more than chance explains."""
    return count >= rule.least and chance_of_so_many(count, expected) <= rule.chance


def chance_of_so_many(count: int, expected: float) -> float:
    """The chance of `count` or more where `expected` come on average (Poisson)."""
    fewer = sum(math.exp(n * math.log(expected) - expected - math.lgamma(n + 1)) for n in range(count))
    return max(0.0, 1.0 - fewer)


async def notice_rises(db: Database, *, rule: RiseRule, now: datetime) -> int:
    """Tell the city of every body about which tips rose; each rise once."""
    async with db.read() as session:
        rises = await _find_rises(session, rule, now=now)
    for found, expected in rises:
        async with db.begin() as session:
            await _tell(session, found, expected, rule, now=now)
    return 0


async def _find_rises(
    session: AsyncSession, rule: RiseRule, *, now: datetime
) -> list[tuple[BodyCount, float]]:
    since = now - rule.days * _DAY
    first_tip_at = await find_first_tip_at(session)
    if first_tip_at is None:
        return []
    history_from = max(since - rule.history_days * _DAY, first_tip_at)
    history_days = (since - history_from) / _DAY
    bodies = await count_named_bodies(session, since=since, history_from=history_from, least=rule.least)
    told = await find_risen_since(session, [body.value for body in bodies], since=since)
    rises = [
        (body, expect(body.before, history_days=history_days, rule=rule))
        for body in bodies
        if body.value not in told
    ]
    return [(body, expected) for body, expected in rises if is_unusual(body.count, expected, rule)]


async def _tell(
    session: AsyncSession, found: BodyCount, expected: float, rule: RiseRule, *, now: datetime
) -> None:
    period = int(now.timestamp()) // (rule.days * _EPOCH_SECONDS)
    case = await insert_rise_once(session, found, period=period, expected=expected, now=now)
    if case is None:
        return
    record_event(session, "body_rise_noticed", at=now, case_id=case.id, count=found.count)
    await _queue(session, case, found.count, dedup=f"rise:{found.value}:{period}", now=now)
    log.info("body_rise_noticed", case_id=case.id, count=found.count)


async def _queue(session: AsyncSession, case: Case, count: int, *, dedup: str, now: datetime) -> None:
    """No case is named as the notice's own: a county that has the newest one must not read of the others."""
    values: Values = {"number": case.number, "count": count}
    await queue_group_notice(session, "body_rise", case=None, dedup=dedup, values=values, now=now)
    for person in await list_active_staff(session, Role.INTAKE, Role.SUPERVISOR):
        await queue_staff_notice(session, person, "body_rise", case=None, dedup=dedup, values=values, now=now)
