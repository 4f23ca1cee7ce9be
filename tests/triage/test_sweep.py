"""The deadline sweep: every step once, told to the right people at the right hour."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from config.catalog import Catalog, load_catalog
from config.clock import LOCAL
from config.deadlines import Rung, Span, Unit
from models.audit import find_broken_event
from models.case import Case, Deadline
from models.event import Event
from models.notice import Notice
from models.session import Database
from models.staff import Staff
from models.states import Role, Urgency
from models.tip import Identity
from tests.factories import NOW, make_case, make_deadline, make_staff, make_tip
from triage import sweep
from triage.deadlines import StepKind, ladder_of, next_office_hour
from triage.escalation import advance
from triage.sweep import sweep_deadlines

DUE = datetime(2026, 3, 12, 15, 59, 59, tzinfo=UTC)  # Thursday, the last second of it in Luohe
FRIDAY_MORNING = datetime(2026, 3, 13, 1, 0, tzinfo=UTC)  # 09:00


def span(amount: int, unit: Unit) -> Span:
    return Span(amount=amount, unit=unit)


WORKING, HOURS = Unit.WORKING_DAYS, Unit.HOURS
STEPS = {
    "D02": {"warn": [span(1, HOURS)], "ladder": [(span(0, HOURS), "lead"), (span(1, HOURS), "supervisor")]},
    "D03": {"warn": [span(1, WORKING)], "ladder": [(span(1, WORKING), "supervisor")]},
    "D07": {"warn": [], "ladder": [(span(0, HOURS), "lead"), (span(2, WORKING), "supervisor")]},
    "D10": {
        "warn": [span(5, WORKING), span(1, WORKING)],
        "ladder": [(span(1, WORKING), "lead"), (span(3, WORKING), "supervisor")],
    },
}


@cache
def the_catalog() -> Catalog:
    """The real rules with steps of our own, so that these tests do not change with the bureau's wishes."""
    real = load_catalog()
    rules = []
    for rule_id, steps in STEPS.items():
        ladder = tuple(Rung(after=after, role=role) for after, role in steps["ladder"])
        changes = {"warn": tuple(steps["warn"]), "ladder": ladder}
        rules.append(real.deadline_in_force(rule_id, NOW).model_copy(update=changes))
    return replace(real, deadlines=tuple(rules))


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return the_catalog()


class Bureau:
    """Three levels of one county, a case with one clock."""

    def __init__(self, db: Database, catalog: Catalog) -> None:
        self.db, self.catalog = db, catalog

    async def fill(self, rule: str = "D07", cases: int = 1, **case_changes) -> None:
        async with self.db.begin() as session:
            self.officer, self.lead, self.supervisor = [
                await make_staff(session, role, office, email=f"{role}@example.org")
                for role, office in (
                    (Role.OFFICER, "yancheng"),
                    (Role.LEAD, "yancheng"),
                    (Role.SUPERVISOR, "city"),
                )
            ]
            await make_staff(session, Role.LEAD, "wuyang", email="other@example.org")
            self.cases = []
            for _ in range(cases):
                case = await make_case(
                    session,
                    officer_id=self.officer.id,
                    due_in=None,
                    **({"urgency": Urgency.NORMAL} | case_changes),
                )
                await self.start(session, case, rule)
                self.cases.append(case)

    async def start(self, session, case: Case, rule: str) -> Deadline:
        facts = self.catalog.deadline_in_force(rule, NOW)
        ladder = ladder_of(facts, started_at=NOW, due_at=DUE, calendar=self.catalog.calendar)
        return await make_deadline(session, case, rule, due_at=DUE, started_at=NOW, wake_at=ladder[0].at)

    async def sweep(self, at: datetime) -> int:
        return await sweep_deadlines(self.db, catalog=self.catalog, now=at)

    async def told(self) -> list[tuple[str, str]]:
        """(kind, recipient's role) in order."""
        async with self.db.read() as session:
            rows = await session.execute(
                select(Notice.kind, Staff.role)
                .outerjoin(Staff, Staff.id == Notice.staff_id)
                .order_by(Notice.id)
            )
            return [(row.kind, row.role or "group") for row in rows]

    async def notices(self) -> list[Notice]:
        async with self.db.read() as session:
            return list(await session.scalars(select(Notice).order_by(Notice.id)))

    async def events(self) -> list[str]:
        async with self.db.read() as session:
            assert await find_broken_event(session) is None
            return list(await session.scalars(select(Event.kind).order_by(Event.position)))

    async def clock(self) -> Deadline:
        async with self.db.read() as session:
            return await session.scalar(select(Deadline).order_by(Deadline.id))

    async def has_breach(self) -> bool:
        async with self.db.read() as session:
            return await session.scalar(select(Case.has_breach))


@pytest.fixture
def bureau(db, catalog) -> Bureau:
    return Bureau(db, catalog)


async def test_nothing_happens_before_its_time(bureau):
    await bureau.fill("D10")
    assert await bureau.sweep(NOW) == 0
    assert await bureau.events() == []


async def test_a_clock_warns_breaches_and_climbs_the_ladder(bureau):
    await bureau.fill("D10")
    for day in range(4, 25):
        for hour in (1, 5, 9, 16, 20):
            await bureau.sweep(datetime(2026, 3, day, hour, 30, tzinfo=UTC))
    assert await bureau.events() == [
        *["deadline_warned"] * 2,
        "deadline_breached",
        *["deadline_escalated", "track_advanced"] * 2,
    ]
    assert await bureau.told() == [
        *[("deadline_warning", Role.OFFICER)] * 2,
        ("deadline_breached", Role.OFFICER),
        ("deadline_breached", "group"),
        ("deadline_escalated", Role.LEAD),
        ("case_urged", Role.OFFICER),
        ("deadline_escalated", Role.SUPERVISOR),
        ("case_urged", Role.OFFICER),
    ]
    async with bureau.db.read() as session:
        case = await session.get_one(Case, clock.case_id) if (clock := await bureau.clock()) else None
    assert case.tracks == {"urge": "written"}, "a level for each rung"
    assert case.version == 1, "who is writing is not disturbed"
    clock = await bureau.clock()
    assert (clock.wake_at, clock.breached_at) == (None, DUE)
    assert clock.warned_at is not None
    assert await bureau.has_breach()


async def test_a_limit_missed_at_midnight_is_noted_at_once_and_told_in_the_morning(bureau):
    await bureau.fill("D07")
    midnight = DUE + timedelta(minutes=1)
    await bureau.sweep(midnight)
    assert await bureau.events() == ["deadline_breached"]
    assert await bureau.has_breach()
    assert {notice.send_at for notice in await bureau.notices()} == {FRIDAY_MORNING}
    clock = await bureau.clock()
    assert clock.wake_at == FRIDAY_MORNING, "the lead is told when his office opens"
    await bureau.sweep(FRIDAY_MORNING)
    assert (await bureau.events())[1:] == ["deadline_escalated"]
    assert ("deadline_escalated", Role.LEAD) in await bureau.told()


async def test_danger_does_not_wait_for_the_morning(bureau):
    await bureau.fill("D07", urgency=Urgency.IMMEDIATE)
    midnight = DUE + timedelta(minutes=1)
    await bureau.sweep(midnight)
    assert await bureau.events() == ["deadline_breached", "deadline_escalated"]
    assert {notice.send_at for notice in await bureau.notices()} == {midnight}


async def test_whoever_acts_in_the_night_is_not_reported(bureau):
    await bureau.fill("D07")
    await bureau.sweep(DUE + timedelta(minutes=1))
    async with bureau.db.begin() as session:
        clock = await session.scalar(select(Deadline))
        clock.met_at, clock.wake_at = DUE + timedelta(minutes=5), None
    assert await bureau.sweep(FRIDAY_MORNING) == 0
    assert await bureau.events() == ["deadline_breached"]


async def test_many_schedulers_at_once_take_each_step_once(bureau):
    await bureau.fill("D10", cases=3)
    late = FRIDAY_MORNING + timedelta(days=31)
    taken = await asyncio.gather(*(bureau.sweep(late) for _ in range(5)))
    assert sum(taken) == 3 * 5
    events = await bureau.events()
    assert events.count("deadline_breached") == 3
    assert len([kind for kind in events if kind.startswith("deadline_")]) == sum(taken)
    assert len(await bureau.told()) == len(set(await bureau.told())) * 3, "each person once for each case"


async def test_a_sweep_that_dies_half_way_is_finished_by_the_next(bureau, monkeypatch):
    await bureau.fill("D07", cases=3)
    late = FRIDAY_MORNING + timedelta(minutes=1)
    real, calls = sweep.lock_case, []

    async def die_at_the_second(session, case_id: int) -> None:
        calls.append(case_id)
        if len(calls) == 2:
            raise SystemError("killed here")
        await real(session, case_id)

    with monkeypatch.context() as patch:
        patch.setattr(sweep, "lock_case", die_at_the_second)
        with pytest.raises(SystemError):
            await bureau.sweep(late)
    assert (await bureau.events()).count("deadline_breached") == 1
    await bureau.sweep(late)
    assert (await bureau.events()).count("deadline_breached") == 3
    assert (await bureau.told()).count(("deadline_breached", Role.OFFICER)) == 3


async def test_after_an_outage_a_person_gets_one_notice_with_the_number(bureau):
    await bureau.fill("D07", cases=12)
    await bureau.sweep(FRIDAY_MORNING)
    assert sorted(await bureau.told(), key=str) == sorted(
        [
            ("deadline_digest", Role.OFFICER),
            ("deadline_digest", Role.LEAD),
            ("deadline_digest", "group"),
        ],
        key=str,
    )
    assert {notice.values["count"] for notice in await bureau.notices()} == {12}
    assert (await bureau.events()).count("deadline_breached") == 12
    assert await bureau.sweep(FRIDAY_MORNING) == 0
    assert len(await bureau.told()) == 3


async def test_warnings_that_were_overtaken_are_noted_but_not_told(bureau):
    await bureau.fill("D10")
    await bureau.sweep(FRIDAY_MORNING - timedelta(hours=5))
    assert await bureau.events() == ["deadline_warned", "deadline_warned", "deadline_breached"]
    assert ("deadline_warning", Role.OFFICER) not in await bureau.told()


async def test_where_nobody_is_in_charge_the_next_in_line_hears(bureau):
    await bureau.fill("D07")
    async with bureau.db.begin() as session:
        (await session.merge(bureau.officer)).is_active = False
    await bureau.sweep(FRIDAY_MORNING)
    assert {role for _, role in await bureau.told()} == {Role.LEAD, "group"}


async def test_a_city_case_is_told_to_the_desk_and_its_supervisor(bureau):
    async with bureau.db.begin() as session:
        intake = await make_staff(session, Role.INTAKE, "city", email="intake@example.org")
        await make_staff(session, Role.SUPERVISOR, "city", email="boss@example.org")
        case = await make_case(session, office_id="city", due_in=None)
        await bureau.start(session, case, "D03")
    await bureau.sweep(FRIDAY_MORNING)
    assert ("deadline_breached", intake.role) in await bureau.told()


async def test_a_reporter_hears_once_that_verification_takes_longer(bureau, keys):
    await bureau.fill("D10")
    async with bureau.db.begin() as session:
        tip = await make_tip(session, case=bureau.cases[0])
        session.add(Identity(tip_id=tip.id, chat=b"x", chat_digest=keys.digest("address", "9")))
    for moment in (DUE + timedelta(minutes=1), FRIDAY_MORNING, FRIDAY_MORNING + timedelta(days=4)):
        await bureau.sweep(moment)
    mine = [notice for notice in await bureau.notices() if notice.tip_id == tip.id]
    assert [(notice.kind, notice.send_at) for notice in mine] == [("case_delayed", FRIDAY_MORNING)]


async def test_an_officer_who_is_editing_loses_nothing(bureau):
    await bureau.fill("D07")
    async with bureau.db.read() as session:
        before = await session.scalar(select(Case.version))
    await bureau.sweep(FRIDAY_MORNING)
    async with bureau.db.read() as session:
        assert await session.scalar(select(Case.version)) == before


async def test_a_clock_whose_rule_is_gone_still_breaches(bureau):
    await bureau.fill("D07")
    async with bureau.db.begin() as session:
        clock = await session.scalar(select(Deadline))
        clock.rule_id = "D99"
    await bureau.sweep(FRIDAY_MORNING)
    assert await bureau.events() == ["deadline_breached"]
    assert ("deadline_breached", Role.LEAD) in await bureau.told()


# ---------------------------------------------------------------- the pure part


@given(
    rule=st.sampled_from(sorted(STEPS)),
    hours=st.lists(st.integers(min_value=0, max_value=24 * 120), min_size=1, max_size=30),
    urgency=st.sampled_from(Urgency),
)
def test_however_often_and_when_it_is_swept_each_step_is_taken_once_and_in_order(rule, hours, urgency):
    catalog = the_catalog()
    facts = catalog.deadline_in_force(rule, NOW)
    ladder = ladder_of(facts, started_at=NOW, due_at=DUE, calendar=catalog.calendar)
    stage, taken = 0, []
    for moment in (NOW + timedelta(hours=hour) for hour in sorted([*hours, 24 * 121])):
        progress = advance(ladder, stage, now=moment, urgency=urgency, calendar=catalog.calendar)
        assert progress.stage == stage + len(progress.steps)
        assert progress.wake_at is None or progress.wake_at > moment
        assert all(step.at <= moment for step in progress.steps)
        is_open = next_office_hour(moment, calendar=catalog.calendar) == moment
        loud = [step for step in progress.told if step.kind is not StepKind.BREACH]
        assert is_open or urgency is Urgency.IMMEDIATE or not loud
        if moment >= DUE:
            assert any(step.kind is StepKind.BREACH for step in (*taken, *progress.steps)), "noted at once"
        taken += progress.steps
        stage = progress.stage
    last = next_office_hour(NOW + timedelta(hours=24 * 121), calendar=catalog.calendar)
    taken += advance(ladder, stage, now=last, urgency=urgency, calendar=catalog.calendar).steps
    assert taken == ladder


@pytest.mark.parametrize("urgency", [Urgency.NORMAL, Urgency.IMMEDIATE])
def test_a_limit_that_ends_on_a_weekend_is_noted_then_though_its_warning_waits_for_monday(urgency):
    """Three natural days from a Thursday evening end on Sunday; that is noted on Sunday."""
    real = load_catalog()
    started, due = datetime(2026, 3, 12, 12, tzinfo=UTC), datetime(2026, 3, 15, 15, 59, 59, tzinfo=UTC)
    rule = real.deadline_in_force("D15", started)
    ladder = ladder_of(rule, started_at=started, due_at=due, calendar=real.calendar)
    now, stage, noted = ladder[0].at, 0, {}
    while now:
        done = advance(ladder, stage, now=now, urgency=urgency, calendar=real.calendar)
        noted |= {step.kind: now for step in done.steps}
        now, stage = done.wake_at, done.stage
    assert noted[StepKind.BREACH] == due


def test_office_hours_are_those_of_luohe():
    assert FRIDAY_MORNING.astimezone(LOCAL).hour == 9
