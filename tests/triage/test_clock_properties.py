"""Counting against an independent clock that walks minute by minute; replay; a late notice of holidays."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from config.catalog import Catalog, load_catalog
from config.clock import LOCAL
from config.deadlines import DeadlineRule
from models.audit import record_event
from models.case import Case, Deadline
from models.checks import check_database
from models.event import Event
from models.queries.cases import list_deadlines
from models.session import Database
from models.states import CaseState, Role
from tests.factories import make_case, make_staff
from triage import actions
from triage.clocks import pause_clocks, resume_clocks, start_clock
from triage.deadlines import compute_due
from triage.recounting import recount_with, shift_clocks
from triage.replay import count_with, replay_deadlines

CATALOG = load_catalog()
MINUTE = timedelta(minutes=1)
# The State Council's notice for 2026, typed from the notice, not read from our files.
OFF = {
    *((1, day) for day in range(1, 4)), *((2, day) for day in range(15, 24)), *((4, day) for day in range(4, 7)),
    *((5, day) for day in range(1, 6)), *((6, day) for day in range(19, 22)), *((9, day) for day in range(25, 28)),
    *((10, day) for day in range(1, 8)),
}  # fmt: skip
WORKED = {(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)}


def is_worked(day: date) -> bool:
    if (day.month, day.day) in OFF:
        return False
    return day.weekday() < 5 or (day.month, day.day) in WORKED


def walk(
    start: datetime, days: int, *, working: bool, rolls: bool, pauses: list[tuple[datetime, datetime]]
) -> datetime:
    """The oracle: minute after minute, a day counts when it ends and the clock did not stand when it began."""
    now, left = start.astimezone(LOCAL), days
    stood_at_dawn = False
    first = now.date()
    while True:
        if (now.hour, now.minute) == (0, 0):
            stood_at_dawn = any(halted < now <= resumed for halted, resumed in pauses)
        if (now.hour, now.minute) == (23, 59) and now.date() != first:
            counts = not stood_at_dawn and (is_worked(now.date()) or not working)
            left -= counts and left > 0
            if left == 0 and (not rolls or is_worked(now.date())):
                return datetime(now.year, now.month, now.day, 23, 59, 59, tzinfo=LOCAL)
        now += MINUTE


def rule_of(rule_id: str) -> DeadlineRule:
    return CATALOG.deadline_in_force(rule_id, date(2026, 3, 1))


MOMENTS = st.integers(0, 200 * 24 * 60).map(lambda m: datetime(2026, 1, 5, tzinfo=LOCAL) + m * MINUTE)


@settings(max_examples=40, deadline=None)
@given(
    start=MOMENTS,
    rule_id=st.sampled_from(["D03", "D06", "P01", "D13", "D25"]),
    gaps=st.lists(st.integers(0, 6 * 24 * 60), max_size=6),
)
def test_due_times_are_those_of_a_clock_that_walks(start: datetime, rule_id: str, gaps: list[int]) -> None:
    moments, moment = [], start
    for gap in gaps[: len(gaps) // 2 * 2]:
        moment += gap * MINUTE
        moments.append(moment)
    pauses = list(zip(moments[::2], moments[1::2], strict=True))
    rule = rule_of(rule_id)
    due = compute_due(rule, start, calendar=CATALOG.calendar, pauses=pauses)
    is_working = rule.limit.unit == "working_days"
    assert due.due_at == walk(start, rule.limit.amount, working=is_working, rolls=rule.rolls, pauses=pauses)


@settings(max_examples=30, deadline=None)
@given(start=MOMENTS, length=st.integers(0, 20 * 24 * 60), at=st.integers(0, 5 * 24 * 60))
def test_standing_never_shortens_a_limit_and_within_a_day_changes_nothing(
    start: datetime, length: int, at: int
) -> None:
    halted = start + at * MINUTE
    resumed = halted + length * MINUTE
    rule = rule_of("D03")
    plain = compute_due(rule, start, calendar=CATALOG.calendar).due_at
    stood = compute_due(rule, start, calendar=CATALOG.calendar, pauses=[(halted, resumed)]).due_at
    assert stood >= plain
    if halted.date() == resumed.date():
        assert stood == plain


@pytest.mark.parametrize(
    ("rule_id", "start", "due"),
    [
        ("D10", "2021-12-01T09:00", "2022-01-30"),  # the last day is a worked Sunday
        ("D10", "2021-12-03T09:00", "2022-02-07"),  # rolls out of Spring Festival
        ("D03", "2022-01-28T15:00", "2022-02-07"),
        ("D15", "2022-03-04T10:00", "2022-03-07"),
    ],
)
def test_golden_dates(rule_id: str, start: str, due: str) -> None:
    begun = datetime.fromisoformat(start).replace(tzinfo=LOCAL)
    counted = compute_due(CATALOG.deadline_in_force(rule_id, begun), begun, calendar=CATALOG.calendar)
    assert counted.due_at.astimezone(LOCAL).date() == date.fromisoformat(due)


def test_hours_run_through_holidays() -> None:
    begun = datetime(2022, 1, 31, 16, 0, tzinfo=LOCAL)
    rule = CATALOG.deadline_in_force("D16", begun)
    assert compute_due(rule, begun, calendar=CATALOG.calendar).due_at == begun + timedelta(hours=24)


# ---------------------------------------------------------------- rows, events, late notices


def after_a_notice(catalog: Catalog) -> Catalog:
    """A notice that comes late makes 9 to 11 March 2026 days off."""
    off = {**catalog.calendar.days_off, **{date(2026, 3, day): "statutory" for day in (9, 10, 11)}}
    return replace(catalog, calendar=replace(catalog.calendar, version="cn-late", days_off=off))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_late_notice_moves_open_clocks_says_so_and_leaves_the_others(db: Database) -> None:
    start = datetime(2026, 3, 6, 10, 0, tzinfo=LOCAL)
    async with db.begin() as session:
        cases = [await make_case(session, CaseState.REGISTERED, "city", due_in=None) for _ in range(3)]
        for case in cases:
            record_event(session, "case_opened", at=start, case_id=case.id)
            await start_clock(session, case, "D03", event="registered", started_at=start, catalog=CATALOG)
        late = (await list_deadlines(session, cases[1].id))[0]
        late.breached_at = late.due_at
        ended = (await list_deadlines(session, cases[2].id))[0]
        ended.cancelled_at, ended.wake_at = start, None
        before = late.due_at
        record_event(session, "clock_cancelled", at=start, case_id=cases[2].id, rule="D03", occasion=1)
    newer = after_a_notice(CATALOG)
    now = start + timedelta(days=1)
    assert await shift_clocks(db, catalog=newer, now=now) == 1
    assert await shift_clocks(db, catalog=newer, now=now) == 0
    async with db.read() as session:
        rows = (await session.scalars(select(Deadline).order_by(Deadline.id))).all()
        event = (await session.scalars(select(Event).where(Event.kind == "clock_shifted"))).one()
        moved = await session.get_one(Case, cases[0].id)
    assert rows[0].due_at.astimezone(LOCAL).date() == date(2026, 3, 16)
    assert (rows[0].calendar_version, moved.next_due_at) == ("cn-late", rows[0].due_at)
    assert [row.due_at for row in rows[1:]] == [before, before]
    assert event.case_id == cases[0].id
    assert datetime.fromisoformat(event.data["due"]) == rows[0].due_at


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_late_notice_repeats_no_warning_and_saves_no_limit_that_has_passed(db: Database) -> None:
    """A Saturday becomes a working day: five working days before the limit are a day later; the warning was given."""
    start = datetime(2026, 1, 15, 10, 0, tzinfo=LOCAL)  # sixty days end on Monday, 16 March
    now = datetime(2026, 3, 9, 12, 0, tzinfo=LOCAL)
    worked = CATALOG.calendar.made_up | {date(2026, 3, 14)}
    off = {**CATALOG.calendar.days_off, date(2026, 3, 6): "statutory"}
    newer = replace(
        CATALOG, calendar=replace(CATALOG.calendar, version="cn-late", made_up=worked, days_off=off)
    )
    async with db.begin() as session:
        case = await make_case(session, CaseState.VERIFYING, "yancheng", due_in=None)
        row = await start_clock(session, case, "D10", event="accepted", started_at=start, catalog=CATALOG)
        row.stage, row.wake_at = 2, datetime(2026, 3, 13, 9, 0, tzinfo=LOCAL)
        other = await make_case(session, CaseState.REGISTERED, "city", due_in=None)
        friday = datetime(
            2026, 3, 3, 10, 0, tzinfo=LOCAL
        )  # three working days ended on Friday; nobody has looked
        missed = await start_clock(
            session, other, "D03", event="registered", started_at=friday, catalog=CATALOG
        )
        passed = missed.due_at
    assert passed < now
    await shift_clocks(db, catalog=newer, now=now)
    async with db.read() as session:
        rows = (await session.scalars(select(Deadline).order_by(Deadline.id))).all()
    assert (rows[0].due_at.astimezone(LOCAL).date(), rows[0].stage) == (date(2026, 3, 16), 2)
    assert rows[0].wake_at == datetime(2026, 3, 14, 9, 0, tzinfo=LOCAL)
    assert rows[1].due_at == passed


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_the_events_do_not_tell_is_found(db: Database, tmp_path) -> None:
    start = datetime(2026, 3, 6, 10, 0, tzinfo=LOCAL)

    async def problems() -> list[str]:
        found = await check_database(
            db,
            files=tmp_path,
            now=start,
            recompute=recount_with(CATALOG),
            replay=lambda events: replay_deadlines(events, count_with(CATALOG)),
        )
        return [problem.sentence for problem in found if problem.check in {"clocks", "replay"}]

    async with db.begin() as session:
        officer, head = await make_staff(session), await make_staff(session, Role.SUPERVISOR, "city")
        case = await make_case(session, CaseState.VERIFYING, due_in=None, officer_id=officer.id)
        record_event(session, "case_opened", at=start, case_id=case.id)
        await start_clock(session, case, "D10", event="accepted", started_at=start, catalog=CATALOG)
        await actions.ask_extension(
            session, case, days="7", reason="等鉴定", by=officer, catalog=CATALOG, now=start
        )
        await actions.grant_extension(session, case, by=head, catalog=CATALOG, now=start)
    assert await problems() == []
    async with db.begin() as session:
        row = (await session.scalars(select(Deadline).where(Deadline.rule_id == "D11"))).one()
        row.due_at += timedelta(days=1)
        (await session.get_one(Case, case.id)).next_due_at = row.due_at
    assert any("is not what its events give" in sentence for sentence in await problems())
    async with db.begin() as session:
        row = (await session.scalars(select(Deadline).where(Deadline.rule_id == "D11"))).one()
        row.rule_id = "D13"
    assert any("lacks a row" in sentence for sentence in await problems())


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=6))
def test_pauses_replay_to_the_same_rows(hours: list[int]) -> None:
    """Halted and resumed at random, a clock is what its events give; with or without the rules at hand."""
    import asyncio
    import tempfile

    async def run(folder: str) -> None:
        db = Database(f"sqlite+aiosqlite:///{folder}/clocks.db")
        await db.upgrade()
        now = datetime(2026, 3, 2, 9, 0, tzinfo=LOCAL)
        async with db.begin() as session:
            case = await make_case(session, CaseState.REGISTERED, "city", due_in=None)
            await start_clock(session, case, "D03", event="registered", started_at=now, catalog=CATALOG)
            for step in hours:
                now += timedelta(hours=step)
                await pause_clocks(session, case, "supplement", catalog=CATALOG, now=now)
                now += timedelta(hours=step * 2)
                await resume_clocks(session, case, catalog=CATALOG, now=now)
        async with db.read() as session:
            events = (await session.scalars(select(Event).order_by(Event.position))).all()
            row = (await session.scalars(select(Deadline))).one()
        for count in (count_with(CATALOG), lambda _clock: None):
            assert replay_deadlines(events, count)["D03", 1].due_at == row.due_at
        await db.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(folder))
