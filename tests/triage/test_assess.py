"""From a stored tip to a case: once, with a handler, clocks and reasons, whatever the machine says or fails at."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from config.catalog import Catalog, load_catalog
from config.keys import Keys
from models.case import Case, Deadline, Finding
from models.event import Event
from models.notice import Notice
from models.queries.tips import MAX_ATTEMPTS
from models.session import Database
from models.states import CaseState, FindingKind, Role, Urgency
from models.tip import Tip
from tests.factories import make_staff, make_tip
from triage.assess import assess_waiting, open_case
from triage.language import Classifier, load_classifier
from triage.matters import Matters

TEXT = "郾城区孟庙镇的“宏达安全培训学校”开包过班，交三千八保证拿电工证，不用上课。"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="module")
def matters(catalog: Catalog, keys: Keys) -> Matters:
    return Matters(catalog, keys)


@pytest.fixture(scope="module")
def classifier(catalog: Catalog) -> Classifier:
    return load_classifier(catalog)


def line(**changes: Any) -> dict[str, Any]:
    """What triage says of a clear tip."""
    start = TEXT.index("包过班")
    said = {
        "disposition": "in_scope",
        "subjects": ["training_institution"],
        "clauses": ["3.1.4"],
        "patterns": ["pass_guarantee"],
        "police_referral": False,
        "urgency": "normal",
        "jurisdiction": "yancheng",
        "targets": ["宏达安全培训学校"],
        "evidence": [{"for": "3.1.4", "start": start, "end": start + 3, "text": "包过班", "why": "包过"}],
        "confidence": {"disposition": 0.95, "clauses": 0.9, "jurisdiction": 0.97},
        "review": False,
        "review_reasons": [],
        "rules_version": "r1",
    }
    return said | changes


async def test_a_worker_whose_clock_is_behind_opens_no_case_before_its_tip_came_in(
    db: Database, catalog: Catalog, matters: Matters, now: datetime
) -> None:
    """It slept since it read the clock, or the tip came in while it looked for waiting ones."""
    async with db.begin() as session:
        tip = await make_tip(session, TEXT, received_at=now + timedelta(seconds=70))
        case = await open_case(session, tip.id, line(), catalog=catalog, matters=matters, now=now)
        assert case is not None
        assert case.accepted_at == tip.received_at
    async with db.read() as session:
        clocks = (await session.scalars(select(Deadline))).all()
        assert all(clock.met_at is None or clock.met_at >= clock.started_at for clock in clocks)
        assert {event.at for event in await session.scalars(select(Event))} == {tip.received_at}


async def test_a_clear_tip_is_on_an_officers_desk_with_its_clocks(
    db: Database, catalog: Catalog, matters: Matters, now: datetime
) -> None:
    async with db.begin() as session:
        officer = await make_staff(session, Role.OFFICER, "yancheng", email="officer@example.cn")
        tip = await make_tip(session, TEXT, received_at=now)
        case = await open_case(
            session, tip.id, line(), catalog=catalog, matters=matters, now=now + timedelta(seconds=2)
        )
        assert case is not None
        assert (case.number, case.state, case.office_id, case.officer_id) == (
            tip.number, CaseState.ASSIGNED, "yancheng", officer.id,
        )  # fmt: skip
    async with db.read() as session:
        rules = (await session.scalars(select(Deadline.rule_id).where(Deadline.met_at.is_(None)))).all()
        assert set(rules) == {"D07", "D08", "D10"}
        assert set(await session.scalars(select(Notice.kind))) == {"case_assigned", "case_assigned_group"}
        clause = (await session.scalars(select(Finding).where(Finding.kind == FindingKind.CLAUSE))).one()
        assert [entry["text"] for entry in clause.evidence] == ["包过班"]


DOUBTS = {
    "place_unknown": {"jurisdiction": "unknown"},
    "place_outside": {"jurisdiction": "outside"},
    "other_safety": {"disposition": "other_safety", "clauses": []},
    "not_sure_of_clause": {"review": True, "review_reasons": ["not_sure_of_clause"]},
    "conflict_of_interest": {"targets": ["郾城区应急管理局"]},
}


@pytest.mark.parametrize("reason", DOUBTS)
async def test_a_doubtful_tip_waits_at_the_city_desk_with_the_reason(
    db: Database, catalog: Catalog, matters: Matters, now: datetime, reason: str
) -> None:
    async with db.begin() as session:
        await make_staff(session, Role.INTAKE, "city", email="desk@example.cn")
        tip = await make_tip(session, TEXT, received_at=now)
        case = await open_case(
            session, tip.id, line(**DOUBTS[reason]), catalog=catalog, matters=matters, now=now
        )
        assert case is not None
        assert (case.state, case.office_id, case.needs_review) == (CaseState.REGISTERED, "city", True)
        assert reason in case.review_reasons
    async with db.read() as session:
        expected = ["D03", "D05"] if reason == "place_outside" else ["D03"]
        assert (await session.scalars(select(Deadline.rule_id).order_by(Deadline.id))).all() == expected
        told = (await session.execute(select(Notice.kind, Notice.channel).order_by(Notice.channel))).all()
        assert [tuple(row) for row in told] == [("city_desk_new", "group"), ("city_desk_new", "mail")]


async def test_urgent_tips_get_a_clock_of_two_hours(
    db: Database, catalog: Catalog, matters: Matters, now: datetime
) -> None:
    async with db.begin() as session:
        tip = await make_tip(session, TEXT, received_at=now)
        case = await open_case(
            session, tip.id, line(urgency="immediate"), catalog=catalog, matters=matters, now=now
        )
        assert case is not None
        assert case.urgency is Urgency.IMMEDIATE
        assert (case.next_due_rule, case.next_due_at) == ("D02", now + timedelta(hours=2))


async def test_what_the_reporter_chose_fills_a_gap_but_never_overrules_his_words(
    db: Database, catalog: Catalog, matters: Matters, now: datetime
) -> None:
    async with db.begin() as session:
        silent = await make_tip(session, TEXT, received_at=now, county="wuyang", target="某某学校")
        case = await open_case(
            session,
            silent.id,
            line(jurisdiction="unknown", targets=[]),
            catalog=catalog,
            matters=matters,
            now=now,
        )
        assert case is not None
        assert (case.jurisdiction, case.target, case.needs_review) == ("wuyang", "某某学校", False)
        other = await make_tip(session, TEXT, received_at=now, county="wuyang")
        case = await open_case(session, other.id, line(), catalog=catalog, matters=matters, now=now)
        assert case is not None
        assert (case.jurisdiction, case.needs_review) == ("yancheng", True)
        assert "place_disagrees" in case.review_reasons


async def test_the_machine_reads_what_waits(
    db: Database, catalog: Catalog, classifier: Classifier, matters: Matters, now: datetime
) -> None:
    async with db.begin() as session:
        for _ in range(3):
            await make_tip(session, TEXT, received_at=now)
    assert await assess_waiting(db, classifier, catalog=catalog, matters=matters, now=now) == 3
    assert await assess_waiting(db, classifier, catalog=catalog, matters=matters, now=now) == 0
    async with db.read() as session:
        cases = (await session.scalars(select(Case))).all()
    assert [(case.jurisdiction, case.clauses) for case in cases] == [("yancheng", ["3.1.4"])] * 3


async def test_two_workers_open_one_case_for_each_tip(
    db: Database, catalog: Catalog, classifier: Classifier, matters: Matters, now: datetime
) -> None:
    async with db.begin() as session:
        for _ in range(12):
            await make_tip(session, TEXT, received_at=now)

    async def work() -> None:
        while await assess_waiting(db, classifier, catalog=catalog, matters=matters, now=now):
            pass

    await asyncio.gather(*(work() for _ in range(4)))
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Case)) == 12
        waiting = await session.scalar(select(func.count()).select_from(Tip).where(Tip.case_id.is_(None)))
        assert waiting == 0


async def test_a_worker_that_dies_takes_a_try_from_the_tip_in_its_hands_only(
    db: Database, catalog: Catalog, matters: Matters, now: datetime
) -> None:
    """On a slow machine, or killed again and again, nothing else would be read by the machine any more."""
    async with db.begin() as session:
        for _ in range(3):
            await make_tip(session, TEXT, received_at=now)
    with pytest.raises(AttributeError):
        await assess_waiting(db, None, catalog=catalog, matters=matters, now=now)
    async with db.read() as session:
        assert (await session.scalars(select(Tip.attempts).order_by(Tip.id))).all() == [1, 0, 0]


async def test_a_second_opening_changes_nothing(
    db: Database, catalog: Catalog, matters: Matters, now: datetime
) -> None:
    async with db.begin() as session:
        tip = await make_tip(session, TEXT, received_at=now)
        assert await open_case(session, tip.id, line(), catalog=catalog, matters=matters, now=now) is not None
        assert await open_case(session, tip.id, line(), catalog=catalog, matters=matters, now=now) is None


async def test_a_worker_that_died_loses_its_lease_and_the_tip_is_taken_again(
    db: Database, catalog: Catalog, classifier: Classifier, matters: Matters, now: datetime
) -> None:
    async with db.begin() as session:
        await make_tip(session, TEXT, received_at=now, claimed_until=now + timedelta(minutes=1), attempts=1)
    assert await assess_waiting(db, classifier, catalog=catalog, matters=matters, now=now) == 0
    assert (
        await assess_waiting(db, classifier, catalog=catalog, matters=matters, now=now + timedelta(minutes=2))
        == 1
    )


async def test_a_tip_that_the_machine_cannot_read_goes_to_people(
    db: Database, catalog: Catalog, classifier: Classifier, matters: Matters, now: datetime
) -> None:
    async with db.begin() as session:
        await make_tip(session, TEXT, received_at=now, attempts=MAX_ATTEMPTS)
    assert await assess_waiting(db, classifier, catalog=catalog, matters=matters, now=now) == 1
    async with db.read() as session:
        case = (await session.scalars(select(Case))).one()
    assert (case.state, case.needs_review) == (CaseState.REGISTERED, True)
    assert "machine_failed" in case.review_reasons


async def test_two_workers_that_write_at_once_open_one_case(
    db: Database, catalog: Catalog, matters: Matters, now: datetime
) -> None:
    async with db.begin() as session:
        tip = await make_tip(session, TEXT, received_at=now)

    async def write() -> bool:
        async with db.begin() as session:
            return (
                await open_case(session, tip.id, line(), catalog=catalog, matters=matters, now=now)
                is not None
            )

    assert sorted(await asyncio.gather(*(write() for _ in range(4)))) == [False, False, False, True]
