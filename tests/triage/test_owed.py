"""Duties and rights beside the main way: telling the decision, sending on, giving back, 12345, follow-up, review."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from config.calendars import day_of
from config.catalog import Catalog, load_catalog
from config.clock import LOCAL
from models.audit import record_event
from models.case import NO_CLOCK, Case, Deadline
from models.checks import check_database
from models.event import Event
from models.notice import Notice
from models.queries.cases import list_deadlines
from models.session import Database
from models.staff import Staff
from models.states import CaseState, Disposition, FindingKind, Role, Track
from models.tip import Identity
from tests.factories import make_case, make_staff, make_tip
from triage import actions
from triage.actions import MoveRefusedError
from triage.clocks import is_running, start_clock
from triage.recounting import recount_with
from triage.replay import count_with, replay_deadlines
from triage.sweep import sweep_deadlines
from triage.waiting import move_waiting_cases

S = CaseState
START = datetime(2026, 3, 4, 10, 0, tzinfo=LOCAL)  # a Wednesday
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


class Bureau:
    """The desk, a head, an officer, and one case with its reporter."""

    def __init__(self, db: Database, catalog: Catalog) -> None:
        self.db, self.catalog = db, catalog

    async def open(self, session: AsyncSession, state: CaseState = S.REGISTERED, **changes: object) -> Case:
        self.desk = await make_staff(session, Role.INTAKE, "city", email="desk@example.cn")
        self.head = await make_staff(session, Role.SUPERVISOR, "city", email="head@example.cn")
        self.officer = await make_staff(session, Role.OFFICER, "yancheng", email="officer@example.cn")
        tip = await make_tip(session, received_at=START, is_named="phone" in changes)
        ways = {name: changes.pop(name) for name in ("phone", "chat_digest", "is_muted") if name in changes}
        if ways:
            session.add(Identity(tip_id=tip.id, **ways))
        office = "city" if state in {S.REGISTERED, S.ACCEPTED} else "yancheng"
        case = await make_case(
            session, state, office, tip=tip, due_in=None, registered_at=START, urgency="normal", **changes
        )
        record_event(session, "case_opened", at=START, case_id=case.id)
        if state is S.REGISTERED:
            await start_clock(
                session, case, "D03", event="registered", started_at=START, catalog=self.catalog
            )
        return case

    async def find(self, session: AsyncSession, case: Case, rule_id: str) -> Deadline | None:
        rows = [row for row in await list_deadlines(session, case.id) if row.rule_id == rule_id]
        return rows[-1] if rows else None

    async def refuse(self, session: AsyncSession, case: Case) -> None:
        await actions.refuse(
            session, case, code="R2", answer="事实不清。", by=self.desk, catalog=self.catalog, now=START
        )

    async def assign(self, session: AsyncSession, case: Case, by: Staff | None = None) -> None:
        await actions.assign(
            session, case, office_id="yancheng", by=by or self.desk, catalog=self.catalog, now=START
        )

    async def give_back(self, session: AsyncSession, case: Case, at: datetime) -> None:
        await actions.return_case(
            session, case, reason="不在本辖区", by=self.officer, catalog=self.catalog, now=at
        )

    async def step(self, session: AsyncSession, case: Case, track: Track, step: str, at: datetime) -> None:
        facts = {"paper": "工单1号", "reason": "已答复"}
        await actions.advance_track(
            session, case, track, step, facts=facts, by=self.officer, catalog=self.catalog, now=at
        )

    async def check(self, folder, at: datetime) -> None:
        """Rows, clocks and events agree."""
        found = await check_database(
            self.db,
            files=folder,
            now=at,
            recompute=recount_with(self.catalog),
            replay=lambda events: replay_deadlines(events, count_with(self.catalog)),
        )
        assert [str(one) for one in found if one.check in {"clocks", "replay", "audit"}] == []


@pytest.fixture
def bureau(db: Database, catalog: Catalog) -> Bureau:
    return Bureau(db, catalog)


def due_on(row: Deadline | None) -> str:
    assert row is not None
    return f"{day_of(row.due_at)}"


# ---------------------------------------------------------------- D04


@pytest.mark.parametrize(
    ("ways", "is_owed"),
    [
        ({"phone": b"x"}, True),
        ({"phone": b"x", "chat_digest": b"c" * 32}, False),
        ({"phone": b"x", "chat_digest": b"c" * 32, "is_muted": True}, True),
        ({"chat_digest": b"c" * 32}, False),
        ({}, False),
    ],
)
@pytest.mark.parametrize("decision", ["accept", "refuse", "transfer_out"])
async def test_who_left_only_a_telephone_number_must_be_told_the_decision(
    bureau: Bureau, ways: dict[str, object], is_owed: bool, decision: str, tmp_path
) -> None:
    async with bureau.db.begin() as session:
        case = await bureau.open(session, **ways)
        words = {
            "refuse": {"code": "R2", "answer": "事实不清。"},
            "transfer_out": {"to": "住建局", "answer": "已移送。"},
        }
        await getattr(actions, decision)(
            session, case, **words.get(decision, {}), by=bureau.desk, catalog=bureau.catalog, now=START
        )
        row = await bureau.find(session, case, "D04")
        assert (row is not None) is is_owed
        if row:
            assert (due_on(row), is_running(row)) == ("2026-03-19", True)
            assert "告知受理决定" in row.sentence_zh
            assert "Notice of the decision" in row.sentence_en
    await bureau.check(tmp_path, START)


async def test_a_call_meets_it_also_when_the_case_has_ended_and_nobody_calls_twice(
    bureau: Bureau, tmp_path
) -> None:
    async with bureau.db.begin() as session:
        case = await bureau.open(session, phone=b"x")
        with pytest.raises(MoveRefusedError, match="not_decided"):
            await actions.advance_track(
                session,
                case,
                Track.TELLING,
                "told",
                facts={},
                by=bureau.desk,
                catalog=bureau.catalog,
                now=START,
            )
        await bureau.refuse(session, case)
        assert case.next_due_rule == "D04"
        await actions.advance_track(
            session, case, Track.TELLING, "told", facts={}, by=bureau.desk, catalog=bureau.catalog, now=START
        )
        row = await bureau.find(session, case, "D04")
        assert row is not None
        assert (row.met_at, case.next_due_at) == (START, NO_CLOCK)
    await bureau.check(tmp_path, START)


async def test_nobody_calls_and_the_desk_and_its_head_hear_of_it(bureau: Bureau) -> None:
    async with bureau.db.begin() as session:
        await bureau.refuse(session, await bureau.open(session, phone=b"x"))
    for day in (17, 20, 23):
        at = datetime(2026, 3, day, 9, 30, tzinfo=LOCAL)
        await sweep_deadlines(bureau.db, catalog=bureau.catalog, now=at)
    async with bureau.db.read() as session:
        told = (await session.execute(select(Notice.kind, Notice.staff_id).where(Notice.staff_id > 0))).all()
        row = (await session.scalars(select(Deadline).where(Deadline.rule_id == "D04"))).one()
    assert ("deadline_warning", bureau.desk.id) in [tuple(one) for one in told]
    assert ("deadline_escalated", bureau.head.id) in [tuple(one) for one in told]
    assert row.breached_at == row.due_at


# ---------------------------------------------------------------- D05


async def test_what_belongs_elsewhere_must_get_there_counted_from_registration(
    bureau: Bureau, tmp_path
) -> None:
    later = START + timedelta(days=5)
    async with bureau.db.begin() as session:
        case = await bureau.open(session)
        await actions.watch_transfer(session, case, catalog=bureau.catalog, now=START)
        assert await bureau.find(session, case, "D05") is None
        for disposition, is_owed in ((Disposition.OTHER_DEPARTMENT, True), (Disposition.IN_SCOPE, False)) * 2:
            await actions.decide_finding(
                session, case, kind=FindingKind.DISPOSITION, values=[disposition], by=bureau.desk,
                catalog=bureau.catalog, now=later,
            )  # fmt: skip
            row = await bureau.find(session, case, "D05")
            assert row is not None
            assert (is_running(row), due_on(row)) == (is_owed, "2026-03-19")
        case.jurisdiction = "outside"
        await actions.watch_transfer(session, case, catalog=bureau.catalog, now=later)
        await actions.transfer_out(
            session, case, to="住建局", answer="已移送。", by=bureau.desk, catalog=bureau.catalog, now=later
        )
        row = await bureau.find(session, case, "D05")
        assert row is not None
        assert (row.met_at, row.occasion) == (later, 3)
    await bureau.check(tmp_path, later)


async def test_accepting_says_that_it_is_ours(bureau: Bureau) -> None:
    async with bureau.db.begin() as session:
        case = await bureau.open(session, disposition=Disposition.OTHER_DEPARTMENT)
        await actions.watch_transfer(session, case, catalog=bureau.catalog, now=START)
        await actions.accept(session, case, by=bureau.desk, catalog=bureau.catalog, now=START)
        row = await bureau.find(session, case, "D05")
        assert row is not None
        assert row.cancelled_at == START


# ---------------------------------------------------------------- D08


@pytest.mark.parametrize(
    ("days", "is_late"), [(1, False), (2, False), (3, True), (9, True)]
)  # assigned on Wednesday: until Friday midnight
@pytest.mark.parametrize("worker_runs", [True, False])
async def test_giving_back_is_a_right_of_two_days_and_later_is_noted_as_late(
    bureau: Bureau, days: int, is_late: bool, worker_runs: bool, tmp_path
) -> None:
    at = START + timedelta(days=days)
    async with bureau.db.begin() as session:
        case = await bureau.open(session, S.ACCEPTED)
        await bureau.assign(session, case)
        row = await bureau.find(session, case, "D08")
        assert (due_on(row), case.next_due_rule) == ("2026-03-06", "D07")
        case_id = case.id
    if worker_runs:
        while await move_waiting_cases(bureau.db, catalog=bureau.catalog, now=at):
            pass
    async with bureau.db.begin() as session:
        case = await session.get_one(Case, case_id)
        row = await bureau.find(session, case, "D08")
        assert row is not None
        assert (row.cancelled_at == at) is (worker_runs and is_late)
        assert row.breached_at is None
        await bureau.give_back(session, case, at)
        await session.refresh(row)
        assert bool(row.breached_at) is is_late
        assert (row.met_at == at) is not (worker_runs and is_late)
    await bureau.check(tmp_path, at)


async def test_an_appointed_office_has_no_such_right(bureau: Bureau) -> None:
    async with bureau.db.begin() as session:
        case = await bureau.open(session, S.ACCEPTED, returns=3)
        await bureau.assign(session, case, by=bureau.head)
        assert await bureau.find(session, case, "D08") is None


async def test_nobody_is_warned_of_a_right_and_no_sweep_touches_it(bureau: Bureau) -> None:
    async with bureau.db.begin() as session:
        await bureau.assign(session, await bureau.open(session, S.ACCEPTED))
    await sweep_deadlines(bureau.db, catalog=bureau.catalog, now=START + timedelta(days=30))
    async with bureau.db.read() as session:
        events = (await session.scalars(select(Event).where(Event.kind.startswith("deadline_")))).all()
    assert events
    assert "D08" not in {event.data["rule"] for event in events}


# ---------------------------------------------------------------- D26


@pytest.mark.parametrize("step", ["interim", "replied"])
async def test_a_work_order_of_the_12345_line_is_owed_a_reply_of_its_own(
    bureau: Bureau, step: str, tmp_path
) -> None:
    later = START + timedelta(days=2)
    async with bureau.db.begin() as session:
        case = await bureau.open(session, S.VERIFYING)
        await start_clock(session, case, "D10", event="accepted", started_at=START, catalog=bureau.catalog)
        await bureau.step(session, case, Track.ORDER, "received", START)
        row = await bureau.find(session, case, "D26")
        assert row is not None
        assert (due_on(row), case.next_due_rule) == ("2026-03-11", "D26")
        assert "12345" in row.sentence_zh
        await bureau.step(session, case, Track.ORDER, step, later)
        assert (row.met_at, case.next_due_rule) == (later, "D10")
    await bureau.check(tmp_path, later)


# ---------------------------------------------------------------- after the answer


async def test_an_answered_case_is_owed_a_follow_up_and_its_reporter_may_ask_for_a_review(
    bureau: Bureau, tmp_path
) -> None:
    late = START + timedelta(days=40)
    async with bureau.db.begin() as session:
        case = await bureau.open(session, S.ANSWER_DUE)
        await actions.answer(
            session, case, words="已查处。", by=bureau.officer, catalog=bureau.catalog, now=START
        )
        assert case.next_due_rule == "P03"
        assert due_on(await bureau.find(session, case, "P03")) == "2026-03-25"
        assert due_on(await bureau.find(session, case, "D13a")) == "2026-04-03"
        await actions.close(session, case, by=bureau.desk, now=START)
        met, right = await bureau.find(session, case, "P03"), await bureau.find(session, case, "D13a")
        assert met is not None
        assert right is not None
        assert (met.met_at, is_running(right), case.next_due_at) == (START, True, NO_CLOCK)
    while await move_waiting_cases(bureau.db, catalog=bureau.catalog, now=late):
        pass
    async with bureau.db.read() as session:
        right = (await session.scalars(select(Deadline).where(Deadline.rule_id == "D13a"))).one()
    assert (right.cancelled_at, right.breached_at) == (late, None)
    await bureau.check(tmp_path, late)


async def test_a_review_uses_the_right_and_doing_it_again_renews_it(bureau: Bureau) -> None:
    async with bureau.db.begin() as session:
        case = await bureau.open(session, S.ANSWER_DUE, accepted_at=START)
        await actions.answer(
            session, case, words="已查处。", by=bureau.officer, catalog=bureau.catalog, now=START
        )
        await actions.open_review(
            session, case, reason="不服", by=bureau.desk, catalog=bureau.catalog, now=START
        )
        right, owed = await bureau.find(session, case, "D13a"), await bureau.find(session, case, "P03")
        assert right is not None
        assert owed is not None
        assert (right.met_at, owed.cancelled_at) == (START, START)
        await actions.reopen(
            session, case, answer="重新核查。", by=bureau.head, catalog=bureau.catalog, now=START
        )
        assert case.next_due_rule == "P02"
