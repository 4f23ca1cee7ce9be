"""A body that suddenly is named often: told once to the city, with a case number and a count and nothing else."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from config.catalog import load_catalog
from config.duplicates import RiseRule
from models.event import Event
from models.likeness import BodyRise
from models.notice import Notice
from models.queries.likenesses import insert_marks
from models.session import Database
from models.states import MarkKind, Role
from tests.factories import make_case, make_staff, make_tip
from triage.rises import chance_of_so_many, expect, is_unusual, notice_rises

BODY = [(MarkKind.BODY, 77)]


@pytest.fixture(scope="module")
def rule() -> RiseRule:
    return load_catalog().duplicates.rise


@pytest.mark.parametrize(
    ("count", "before", "history_days", "unusual"),
    [
        (2, 0, 365, False),  # two are no rise
        (3, 0, 365, True),
        (3, 1, 365, True),
        (3, 12, 365, False),  # once a month: three in two weeks happen
        (6, 12, 365, True),
        (6, 100, 365, False),  # twice a week
        (14, 100, 365, True),
        (3, 0, 0, True),  # the very first days of an installation
        (3, 5, 10, False),  # a young one: five in ten days before
    ],
)
def test_a_rise_is_measured_by_the_bodys_own_past(
    rule: RiseRule, count: int, before: int, history_days: float, unusual: bool
) -> None:
    assert is_unusual(count, expect(before, history_days=history_days, rule=rule), rule) is unusual


@settings(deadline=None)
@given(st.integers(0, 60), st.floats(0.05, 50))
def test_more_is_never_likelier_than_fewer(count: int, expected: float) -> None:
    assert (
        0 <= chance_of_so_many(count + 1, expected) <= chance_of_so_many(count, expected) + 1e-12 <= 1 + 1e-9
    )


async def name(db: Database, *ages: timedelta, now: datetime) -> None:
    """Tips of these ages name the body."""
    async with db.begin() as session:
        for age in ages:
            tip = await make_tip(session, received_at=now - age)
            await make_case(session, tip=tip)
            await insert_marks(session, tip.id, BODY)


async def test_a_rise_is_told_once_and_only_to_the_city(db: Database, rule: RiseRule, now: datetime) -> None:
    async with db.begin() as session:
        for role, office in ((Role.INTAKE, "city"), (Role.SUPERVISOR, "city"), (Role.OFFICER, "yancheng")):
            await make_staff(session, role, office, email=f"{role}@example.cn")
    await name(db, *(timedelta(days=day) for day in (1, 3, 6)), now=now)
    await notice_rises(db, rule=rule, now=now)
    await notice_rises(db, rule=rule, now=now)
    await name(db, timedelta(hours=1), now=now)
    await notice_rises(db, rule=rule, now=now + timedelta(days=1))
    async with db.read() as session:
        [rise] = (await session.scalars(select(BodyRise))).all()
        notices = (await session.scalars(select(Notice).where(Notice.kind == "body_rise"))).all()
        acts = (await session.scalars(select(Event.data).where(Event.kind == "body_rise_noticed"))).all()
    assert (rise.count, len(notices), acts) == (3, 3, [{"count": 3}])
    assert {notice.case_id for notice in notices} == {
        None
    }  # a county that has the newest case reads nothing of it
    assert all(set(notice.values) == {"number", "count"} for notice in notices)


async def test_a_rise_that_goes_on_is_told_again_in_the_next_period(
    db: Database, rule: RiseRule, now: datetime
) -> None:
    await name(db, *(timedelta(days=day) for day in (1, 3, 6)), now=now)
    await notice_rises(db, rule=rule, now=now)
    later = now + timedelta(days=rule.days + 1)
    await name(db, *(timedelta(hours=hours) for hours in range(1, 9)), now=later)
    await notice_rises(db, rule=rule, now=later)
    async with db.read() as session:
        assert [rise.count for rise in await session.scalars(select(BodyRise).order_by(BodyRise.id))] == [
            3,
            8,
        ]


async def test_a_body_that_is_named_every_week_is_no_news(
    db: Database, rule: RiseRule, now: datetime
) -> None:
    await name(db, *(timedelta(days=3 + 4 * week) for week in range(60)), now=now)
    await notice_rises(db, rule=rule, now=now)
    async with db.read() as session:
        assert (await session.scalars(select(BodyRise))).all() == []


async def test_an_empty_bureau_has_no_rises(db: Database, rule: RiseRule, now: datetime) -> None:
    assert await notice_rises(db, rule=rule, now=now) == 0
