"""The figures of oversight against an oracle that is slow, exact and written from the definitions alone."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import product

import pytest
from sqlalchemy import event, insert, select, text

from config.clock import LOCAL
from models.case import NO_CLOCK, Case, Deadline
from models.queries.cases import CaseFilter, count_cases, list_cases
from models.queries.figures import FigureFilter, Month, Outcome, Period, Stage, Step
from models.states import FINAL_STATES, CaseState, Disposition, Urgency
from triage.reports import (
    ENOUGH,
    FEW,
    RULES,
    ClockFigure,
    Wanted,
    collect_figures,
    find_quantiles,
    find_slowest_signer,
    measure_stage,
    read_wanted,
)

NOW = datetime(2026, 3, 18, 2, 0, tzinfo=UTC)
TODAY_ENDS = datetime(2026, 3, 19, tzinfo=LOCAL)
SOON_ENDS = datetime(2026, 3, 24, tzinfo=LOCAL)
OFFICES = ("yancheng", "shaoling", "city")
PERIOD = Period(Month(2026, 1), Month(2026, 3))
DROPPED = {CaseState.REFUSED, CaseState.TRANSFERRED, CaseState.MERGED, CaseState.TERMINATED}
BEFORE_RESULT = {
    CaseState.REGISTERED,
    CaseState.ACCEPTED,
    CaseState.ASSIGNED,
    CaseState.VERIFYING,
    CaseState.SUSPENDED,
    CaseState.EXTENSION_PENDING,
    CaseState.NEEDS_SUPPLEMENT,
}
BEFORE_ANSWER = BEFORE_RESULT | {CaseState.RESULT_FILED, CaseState.ANSWER_DUE}


def make_rows(seed, number, again):
    """Cases in every state, some at the very edges of months and limits, some sent back, some with odd clocks."""
    chance = random.Random(seed)
    cases, clocks = [], []
    for case_id in range(1, number + 1):
        state = chance.choice(list(CaseState))
        registered = NOW - timedelta(days=chance.uniform(0, 200))
        if chance.random() < 0.1:
            edge = datetime(2026, chance.randint(1, 3), 1, tzinfo=LOCAL)
            registered = edge - timedelta(microseconds=chance.choice([0, 1]))
        moments, at = [], registered
        for _ in range(4):
            at += timedelta(seconds=chance.choice([0, 0.4, chance.expovariate(1 / 300_000)]))
            moments.append(at if at <= NOW and chance.random() < 0.9 else None)
        if chance.random() < 0.05 and moments[0]:
            moments[1] = moments[0] - timedelta(minutes=3)  # a clock was set back
        running = NOW + timedelta(hours=chance.choice([-30, -1, 0, 1, 13.9, 14, 30, 500]))
        is_open = state not in FINAL_STATES
        office = chance.choice(OFFICES)
        cases.append(
            {
                "id": case_id,
                "number": f"{case_id:012d}",
                "state": state,
                "is_open": is_open,
                "office_id": office,
                "jurisdiction": office,
                "disposition": Disposition.IN_SCOPE,
                "urgency": Urgency.NORMAL,
                "is_police_matter": False,
                "needs_review": False,
                "review_reasons": [],
                "clauses": [],
                "patterns": [],
                "target": "某校",
                "rules_version": "test",
                "registered_at": registered,
                **dict(zip(("assigned_at", "signed_at", "result_at", "answered_at"), moments, strict=True)),
                "next_due_at": running if is_open and chance.random() < 0.8 else NO_CLOCK,
                "next_due_rule": "D10",
                "has_breach": chance.random() < 0.2,
                "has_unread": False,
                "result": "",
                "answer": "",
                "version": 1,
            }
        )
        for rule, occasion in [(rule, 1) for rule in RULES] + [("D07", 2), ("D06", 2), ("D06", 3)]:
            if occasion > 1 and chance.random() >= again:
                continue
            due = NOW + timedelta(days=chance.uniform(-200, 20))
            clocks.append(
                {
                    "case_id": case_id,
                    "office_id": office,
                    "rule_id": rule,
                    "occasion": occasion,
                    "rule_version": "test",
                    "calendar_version": "test",
                    "start_event": "accepted",
                    "started_at": registered,
                    "due_at": due if chance.random() < 0.9 else NOW,
                    "is_estimate": False,
                    "sentence_zh": "",
                    "sentence_en": "",
                    "stage": 0,
                    **chance.choice(
                        [
                            {"met_at": due - timedelta(seconds=1), "cancelled_at": None},
                            {"met_at": due, "cancelled_at": None},
                            {"met_at": due + timedelta(microseconds=1), "cancelled_at": None},
                            {"met_at": None, "cancelled_at": due - timedelta(hours=1)},
                            {"met_at": None, "cancelled_at": due + timedelta(hours=1)},
                            {"met_at": None, "cancelled_at": None},
                        ]
                    ),
                }
            )
    return cases, clocks


async def fill(db, *, seed=1, number=400, again=0.5):
    cases, clocks = make_rows(seed, number, again)
    async with db.begin() as session:
        await session.execute(insert(Case), cases)
        await session.execute(insert(Deadline), clocks)


async def collect(db, wanted=None, *, scope=None):
    async with db.read() as session:
        return await collect_figures(
            session,
            wanted or Wanted(PERIOD),
            scope=scope,
            offices=OFFICES,
            now=NOW,
            today_ends=TODAY_ENDS,
            soon_ends=SOON_ENDS,
        )


# ---------------------------------------------------------------- the oracle


def month_of(moment):
    return moment.astimezone(LOCAL).strftime("%Y-%m")


def spans_of(case):
    """(stage, seconds, is through) for each stage that a case began."""
    if case.state in DROPPED:
        return
    result = None if case.state in BEFORE_RESULT else case.result_at
    answer = None if case.state in BEFORE_ANSWER else case.answered_at
    for stage, start, end in (
        (Stage.ASSIGNMENT, case.registered_at, case.assigned_at),
        (Stage.SIGNING, case.assigned_at, case.signed_at),
        (Stage.RESULT, case.signed_at, result),
        (Stage.ANSWER, result, answer),
        (Stage.WHOLE, case.registered_at, answer),
    ):
        if start:
            yield stage, max(((end or NOW) - start).total_seconds(), 0), bool(end)


def kaplan_meier(spans, share):
    """Time by which a share is through, in exact fractions, straight from the definition; None: never reached."""
    still = Fraction(1)
    for moment in sorted({seconds for _, seconds, is_done in spans if is_done}):
        at_risk = sum(seconds >= moment for _, seconds, _ in spans)
        ended = sum(seconds == moment and is_done for _, seconds, is_done in spans)
        still *= 1 - Fraction(ended, at_risk)
        if still <= 1 - share:
            return moment
    return None


def check_stage(figure, spans):
    assert figure.done == sum(is_done for *_, is_done in spans)
    assert figure.waiting == sum(not is_done for *_, is_done in spans)
    for shown, share, least in (
        (figure.median, Fraction(1, 2), FEW),
        (figure.ninth, Fraction(9, 10), ENOUGH),
    ):
        if len(spans) < least:
            assert shown is None
            continue
        expected = kaplan_meier(spans, share)
        assert shown.is_known == (expected is not None)
        if expected is None:
            expected = max(seconds for _, seconds, _ in spans)
        assert shown.seconds == pytest.approx(expected, abs=1)  # both databases round to whole seconds


def outcome_of(clock):
    end = clock.met_at or clock.cancelled_at
    if (end or NOW) > clock.due_at or (end is None and clock.due_at <= NOW):
        return Outcome.LATE
    return Outcome.ON_TIME if clock.met_at else None


def check_group(group, cases, clocks, months):
    mine = [case for case in cases if month_of(case.registered_at) in months]
    assert group.registered == len(mine)
    assert group.breached == sum(case.has_breach for case in mine)
    for stage in Stage:
        check_stage(
            group.stages[stage], [span for case in mine for span in spans_of(case) if span[0] is stage]
        )
    due = [clock for clock in clocks if month_of(clock.due_at) in months and clock.due_at <= NOW]
    for rule in RULES:
        by_case = defaultdict(set)
        for clock in due:
            if clock.rule_id == rule:
                by_case[clock.case_id].add(outcome_of(clock))
        late = sum(Outcome.LATE in outcomes for outcomes in by_case.values())
        on_time = sum(outcomes - {None} == {Outcome.ON_TIME} for outcomes in by_case.values())
        assert group.clocks[rule] == ClockFigure(on_time, late)


async def read_all(db):
    async with db.read() as session:
        return (await session.scalars(select(Case))).all(), (await session.scalars(select(Deadline))).all()


# ---------------------------------------------------------------- promises


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_figure_equals_the_oracle(db, seed):
    await fill(db, seed=seed)
    cases, clocks = await read_all(db)
    figures = await collect(db)
    period, before = {"2026-01", "2026-02", "2026-03"}, {"2025-10", "2025-11", "2025-12"}
    check_group(figures.now, cases, clocks, period)
    check_group(figures.before, cases, clocks, before)
    for office, group in figures.by_office.items():
        mine = [case for case in cases if case.office_id == office]
        check_group(group, mine, [clock for clock in clocks if clock.office_id == office], period)
    assert list(figures.by_month) == sorted(before | period)
    for month, group in figures.by_month.items():
        check_group(group, cases, clocks, {month})


async def test_what_is_in_hand_equals_the_oracle(db):
    await fill(db)
    cases, _ = await read_all(db)
    figures = await collect(db)
    for office in OFFICES:
        mine = [case for case in cases if case.is_open and case.office_id == office]
        load = figures.loads[office]
        assert load.open == len(mine)
        assert load.overdue == sum(case.next_due_at <= NOW for case in mine)
        assert load.due_today == sum(NOW < case.next_due_at <= TODAY_ENDS for case in mine)
        assert load.due_soon == sum(NOW < case.next_due_at <= SOON_ENDS for case in mine)
        assert load.to_approve == sum(case.state is CaseState.RESULT_FILED for case in mine)
        assert load.breached == sum(case.has_breach for case in mine)
    assert figures.load[1:] == tuple(
        map(sum, zip(*(load[1:] for load in figures.loads.values()), strict=True))
    )
    ahead = sorted(case.next_due_at for case in cases if case.is_open and case.next_due_at > NOW)
    assert [row.due_at for row in figures.next_due] == ahead[: len(figures.next_due)]


async def test_the_list_behind_a_figure_holds_exactly_its_cases(db):
    await fill(db)
    filters = [
        *(FigureFilter(PERIOD, stage, step) for stage, step in product(Stage, [None, *Step])),
        *(FigureFilter(rule=rule, due=PERIOD, outcome=way) for rule, way in product(RULES, [None, *Outcome])),
        FigureFilter(registered=PERIOD, has_breach=True),
        FigureFilter(until=datetime(2026, 3, 23, tzinfo=LOCAL).date()),
    ]
    figures = await collect(db)
    async with db.read() as session:
        for office, narrow in product(["", *OFFICES], filters):
            wanted = CaseFilter("all", office_id=office, figure=FigureFilter.read(narrow.write()))
            count = await count_cases(session, wanted, scope=None, now=NOW)
            page = await list_cases(session, wanted, scope=None, now=NOW)
            assert len(page.rows) == min(count, 50)
            group = figures.by_office[office] if office else figures.now
            load = figures.loads[office] if office else figures.load
            if narrow.stage:
                figure = group.stages[narrow.stage]
                expected = {None: figure.cases, Step.DONE: figure.done, Step.WAITING: figure.waiting}[
                    narrow.step
                ]
            elif narrow.rule:
                clock = group.clocks[narrow.rule]
                expected = {None: clock.clocks, Outcome.ON_TIME: clock.on_time, Outcome.LATE: clock.late}[
                    narrow.outcome
                ]
            else:
                expected = group.breached if narrow.has_breach else load.due_soon
            assert count == expected, (office, narrow)


async def test_an_office_sees_figures_of_its_own_cases_only(db):
    await fill(db)
    cases, clocks = await read_all(db)
    figures = await collect(db, scope="shaoling")
    mine = [case for case in cases if case.office_id == "shaoling"]
    assert set(figures.by_office) == set(figures.loads) == set(figures.series) == {"shaoling"}
    check_group(
        figures.now,
        mine,
        [clock for clock in clocks if clock.office_id == "shaoling"],
        {"2026-01", "2026-02", "2026-03"},
    )
    assert figures.load.open == sum(case.is_open for case in mine)
    assert {row.office_id for row in figures.next_due} <= {"shaoling"}


async def test_asking_for_another_office_does_not_widen_what_one_sees(db):
    await fill(db)
    figures = await collect(db, Wanted(PERIOD, "yancheng"), scope="shaoling")
    own = await collect(db, scope="shaoling")
    assert figures.now == own.now
    assert figures.load == own.load


async def test_nobody_without_cases_gets_figures(db):
    await fill(db, number=30)
    figures = await collect(db, scope="")
    assert figures.now.registered == figures.load.open == 0
    assert not figures.by_office
    assert not figures.next_due


async def test_an_empty_installation_has_a_page_of_nothing(db):
    figures = await collect(db)
    assert figures.load == ("", 0, 0, 0, 0, 0, 0)
    assert figures.now.stages[Stage.WHOLE].median is None
    assert figures.now.clocks["D07"].share is None
    assert find_slowest_signer(figures) is None


async def test_six_queries_are_enough(db):
    await fill(db, number=50)
    seen = []
    event.listen(db.read_engine.sync_engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    await collect(db)
    assert len([statement for statement in seen if statement.lstrip().startswith(("SELECT", "WITH"))]) == 6


async def test_figures_are_read_from_indexes_made_for_them(db):
    """On both databases no figure walks through whole tables or the wide rows of all cases."""
    await fill(db, number=2000, again=0.01)
    async with db.write_engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(
            text("VACUUM ANALYZE" if not db.is_sqlite else "ANALYZE")
        )
    statements = []

    def keep(_connection, _cursor, statement, parameters, *_):
        statements.append((statement, parameters))

    event.listen(db.read_engine.sync_engine, "before_cursor_execute", keep)
    await collect(db)
    plans = []
    async with db.read() as session:
        connection = await session.connection()
        if not db.is_sqlite:  # so few rows are read whole unless that is forbidden
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
            await connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        for statement, parameters in [
            item for item in statements if item[0].lstrip().startswith(("SELECT", "WITH"))
        ]:
            explain = "EXPLAIN QUERY PLAN" if db.is_sqlite else "EXPLAIN"
            rows = await connection.exec_driver_sql(f"{explain} {statement}", parameters)
            plans.append("\n".join(str(row[3] if db.is_sqlite else row[0]) for row in rows))
    everything = "\n".join(plans)
    for name in ("ix_case_figures", "ix_deadline_figures"):
        assert name in everything
    assert "SCAN case" not in everything
    few = "SCAN deadline_1 USING COVERING INDEX ix_deadline_again"
    assert "SCAN deadline" not in everything.replace(few, "")
    assert "Seq Scan on" not in everything
    if db.is_sqlite:
        assert everything.count("USING COVERING INDEX ix_case_figures") == len(Stage) + 1
        assert everything.count("USING COVERING INDEX ix_deadline_figures") >= 1


# ---------------------------------------------------------------- pure


@pytest.mark.parametrize(
    ("done", "waiting", "median", "is_known"),
    [
        ([], [], None, True),
        ([5], [], 5, True),
        ([1, 2, 3, 4], [], 2, True),
        ([1, 2, 3], [9, 9], 3, True),
        ([1, 2], [9, 9, 9], 9, False),
        ([1, 2, 3], [0, 0, 0], 2, True),  # just begun: says nothing about how long it takes
        ([], [4, 7], 7, False),
        ([3, 3, 3], [3], 3, True),
    ],
)
def test_cases_that_still_wait_count_for_as_long_as_they_have_waited(done, waiting, median, is_known):
    found = find_quantiles(done, waiting, (0.5,))[0]
    assert (found and found.seconds) == median
    assert found is None or found.is_known is is_known


def test_a_slow_office_cannot_look_fast_by_leaving_cases_lying():
    quick_only = measure_stage([3600] * 10, [])
    with_old_ones = measure_stage([3600] * 10, [86_400 * 30] * 15)
    assert quick_only.median.seconds == 3600
    assert not with_old_ones.median.is_known


@pytest.mark.parametrize(("clocks", "share"), [((9, 0), None), ((9, 1), 0.9), ((0, 10), 0.0), ((0, 0), None)])
def test_no_percentage_of_fewer_than_ten(clocks, share):
    assert ClockFigure(*clocks).share == share


def test_no_median_of_one_or_two_cases():
    assert measure_stage([5, 6], []).median is None
    assert measure_stage([5, 6], [7]).median is not None
    assert measure_stage([5] * 9, []).ninth is None
    assert measure_stage([5] * 9, [7]).ninth is not None


@pytest.mark.parametrize(
    ("query", "period", "office"),
    [
        ({}, "2026-01..2026-03", ""),
        ({"from": "2025-12", "to": "2026-02", "office": "shaoling"}, "2025-12..2026-02", "shaoling"),
        ({"from": "2026-03", "to": "2026-01"}, "2026-01..2026-03", ""),
        ({"from": "2026-02", "to": "2026-02"}, "2026-02", ""),
        ({"from": "x", "to": "2026-13", "office": "nowhere"}, "2026-01..2026-03", ""),
        ({"from": "2001-01", "to": "2026-03"}, "2023-04..2026-03", ""),
        ({"to": "２０２６-０３"}, "2026-01..2026-03", ""),
    ],
)
def test_the_period_comes_from_the_address_and_nonsense_does_no_harm(query, period, office):
    wanted = read_wanted(query, offices=OFFICES, now=NOW)
    assert (str(wanted.period), wanted.office_id) == (period, office)


def test_the_previous_period_is_as_long_and_just_before():
    assert str(Period.find("2026-01..2026-03").previous) == "2025-10..2025-12"
    assert str(Period.find("2026-01").previous) == "2025-12"


def test_a_month_begins_at_midnight_in_luohe():
    assert Month.of(datetime(2026, 2, 28, 16, 0, tzinfo=UTC)) == Month(2026, 3)
    assert Month(2026, 12).ends_at == datetime(2027, 1, 1, tzinfo=LOCAL)


@pytest.mark.parametrize(
    "query",
    [
        {"registered": "2026-01..2026-03", "stage": "signing", "step": "waiting"},
        {"rule": "D07", "due": "2026-03", "outcome": "late"},
        {"breach": "yes", "until": "2026-03-20"},
        {},
    ],
)
def test_what_a_figure_counts_survives_an_address(query):
    assert FigureFilter.read(query).write() == query


@pytest.mark.parametrize(
    "query",
    [
        {
            "stage": "x",
            "step": "'",
            "rule": "D07' or 1=1",
            "due": "2026-03..2026-01",
            "until": "2026-02-30",
            "breach": "1",
        }
    ],
)
def test_nonsense_in_an_address_does_not_narrow(query):
    assert FigureFilter.read(query) == FigureFilter()
