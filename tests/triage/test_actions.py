"""Every move of a case: state, clocks, events and notices change together, or nothing does."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog, load_catalog
from models.audit import find_broken_event
from models.case import NO_CLOCK, Case, Deadline
from models.event import Event
from models.message import Message
from models.notice import Notice
from models.queries.cases import list_deadlines
from models.session import Database
from models.states import CaseState, FindingKind, MessageKind, Role, Verdict
from tests.factories import make_case, make_staff, verified
from triage import actions
from triage.actions import MoveRefusedError
from triage.clocks import is_running, start_clock

if TYPE_CHECKING:
    from models.staff import Staff


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


async def open_at_desk(session: AsyncSession, catalog: Catalog, now: datetime) -> Case:
    """A registered case whose acceptance clock runs."""
    case = await make_case(
        session,
        CaseState.REGISTERED,
        "city",
        jurisdiction="yancheng",
        due_in=None,
        needs_review=True,
        registered_at=now,
    )
    await start_clock(session, case, "D03", event="registered", started_at=now, catalog=catalog)
    return case


async def clocks(session: AsyncSession, case: Case) -> dict[str, Deadline]:
    """The newest clock of each rule."""
    return {
        row.rule_id: row for row in sorted(await list_deadlines(session, case.id), key=lambda row: row.id)
    }


class People:
    """A desk and two counties."""

    def __init__(self) -> None:
        self.intake: Staff
        self.officer: Staff
        self.lead: Staff
        self.stranger: Staff

    @classmethod
    async def make(cls, session: AsyncSession) -> "People":
        people = cls()
        people.intake = await make_staff(session, Role.INTAKE, "city", email="desk@example.cn")
        people.officer = await make_staff(session, Role.OFFICER, "yancheng", email="officer@example.cn")
        people.lead = await make_staff(session, Role.LEAD, "yancheng", email="lead@example.cn")
        people.stranger = await make_staff(session, Role.OFFICER, "wuyang")
        return people


async def test_the_whole_way_from_desk_to_answer(db: Database, catalog: Catalog, now: datetime) -> None:
    async with db.begin() as session:
        people = await People.make(session)
        case = await open_at_desk(session, catalog, now)
        steps = [now + timedelta(hours=hour) for hour in range(1, 8)]
        await actions.accept(session, case, by=people.intake, catalog=catalog, now=steps[0])
        await actions.assign(
            session, case, office_id="yancheng", by=people.intake, catalog=catalog, now=steps[1]
        )
        assert (case.state, case.officer_id) == (CaseState.ASSIGNED, people.officer.id)
        await actions.sign_for(session, case, by=people.officer, now=steps[2])
        await actions.file_result(
            session,
            case,
            verdict=Verdict.PROVEN,
            result="现场核查属实。",
            verification=verified(case),
            by=people.officer,
            now=steps[3],
        )
        await actions.approve(session, case, by=people.lead, catalog=catalog, now=steps[4])
        await actions.answer(
            session, case, words="经核查属实，已立案。", by=people.officer, catalog=catalog, now=steps[5]
        )
        await actions.close(session, case, by=people.officer, now=steps[6])

        assert (case.state, case.is_open) == (CaseState.CLOSED, False)
        assert [
            case.accepted_at,
            case.assigned_at,
            case.signed_at,
            case.result_at,
            case.approved_at,
        ] == steps[:5]
        assert (case.answered_at, case.closed_at) == (steps[5], steps[6])
        met = {rule: clock.met_at for rule, clock in (await clocks(session, case)).items() if clock.met_at}
        assert met == {
            "D03": steps[0], "D06": steps[1], "D07": steps[2], "D10": steps[4], "D12": steps[5], "P03": steps[6],
        }  # fmt: skip
        assert case.next_due_at == NO_CLOCK
    async with db.read() as session:
        kinds = (await session.scalars(select(Event.kind).order_by(Event.position))).all()
        assert [kind for kind in kinds if not kind.startswith("clock_")] == [
            "accepted", "assigned", "signed_for", "result_filed", "result_approved", "answered", "closed",
        ]  # fmt: skip
        assert await find_broken_event(session) is None
        notices = (await session.scalars(select(Notice).order_by(Notice.id))).all()
        assert [(notice.kind, notice.staff_id) for notice in notices if notice.staff_id] == [
            ("case_assigned", people.officer.id),
            ("result_to_review", people.lead.id),
        ]
        assert all(set(notice.values) <= {"number", "due"} for notice in notices)


async def test_a_move_that_is_refused_changes_nothing(db: Database, catalog: Catalog, now: datetime) -> None:
    async with db.begin() as session:
        people = await People.make(session)
        case = await open_at_desk(session, catalog, now)
    async with db.begin() as session:
        case = await session.get_one(Case, case.id)
        with pytest.raises(MoveRefusedError) as refused:
            await actions.sign_for(session, case, by=people.officer, now=now)
        assert refused.value.refusal.reason in {"move.wrong_state", "move.other_office"}
    async with db.read() as session:
        case = await session.get_one(Case, case.id)
        assert case.state is CaseState.REGISTERED
        assert (await session.scalars(select(Event.kind))).all() == ["clock_started"]


async def test_another_county_can_do_nothing(db: Database, catalog: Catalog, now: datetime) -> None:
    async with db.begin() as session:
        people = await People.make(session)
        case = await make_case(session, CaseState.ASSIGNED, "yancheng")
        with pytest.raises(MoveRefusedError, match="other_office"):
            await actions.sign_for(session, case, by=people.stranger, now=now)
        with pytest.raises(MoveRefusedError, match="other_office"):
            await actions.add_note(session, case, words="看看", by=people.stranger, now=now)


async def test_nobody_approves_his_own_result(db: Database, catalog: Catalog, now: datetime) -> None:
    async with db.begin() as session:
        people = await People.make(session)
        case = await make_case(session, CaseState.VERIFYING, "yancheng")
        await actions.file_result(
            session,
            case,
            verdict=Verdict.UNCLEAR,
            result="无法查清。",
            verification=verified(case, Verdict.UNCLEAR),
            by=people.lead,
            now=now,
        )
        with pytest.raises(MoveRefusedError, match="own_result"):
            await actions.approve(session, case, by=people.lead, catalog=catalog, now=now)
        assert case.state is CaseState.RESULT_FILED


async def test_returning_does_not_stop_the_clock_of_verification(
    db: Database, catalog: Catalog, now: datetime
) -> None:
    async with db.begin() as session:
        people = await People.make(session)
        case = await open_at_desk(session, catalog, now)
        await actions.accept(session, case, by=people.intake, catalog=catalog, now=now)
        await actions.assign(session, case, office_id="yancheng", by=people.intake, catalog=catalog, now=now)
        before = (await clocks(session, case))["D10"].due_at
        await actions.return_case(
            session, case, reason="属地不符", by=people.officer, catalog=catalog, now=now
        )
        after = await clocks(session, case)
        assert (case.state, case.office_id, case.officer_id) == (CaseState.ACCEPTED, "city", None)
        assert after["D10"].due_at == before
        assert is_running(after["D10"])
        assert not is_running(after["D07"])
        assert (after["D06"].occasion, is_running(after["D06"])) == (2, True)


async def test_a_late_act_keeps_its_breach(db: Database, catalog: Catalog, now: datetime) -> None:
    async with db.begin() as session:
        people = await People.make(session)
        case = await open_at_desk(session, catalog, now)
        late = now + timedelta(days=30)
        await actions.accept(session, case, by=people.intake, catalog=catalog, now=late)
        clock = (await clocks(session, case))["D03"]
        assert clock.met_at == late
        assert clock.breached_at == clock.due_at
        assert case.has_breach


async def test_an_urgent_tip_that_the_machine_accepts_still_waits_for_human_eyes(
    db: Database, catalog: Catalog, now: datetime
) -> None:
    async with db.begin() as session:
        people = await People.make(session)
        case = await open_at_desk(session, catalog, now)
        await start_clock(session, case, "D02", event="registered", started_at=now, catalog=catalog)
        await actions.accept(session, case, by=None, catalog=catalog, now=now)
        await actions.assign(session, case, office_id="yancheng", by=None, catalog=catalog, now=now)
        running = await clocks(session, case)
        assert is_running(running["D02"])
        assert not is_running(running["D03"])
        await actions.sign_for(session, case, by=people.officer, now=now)
        assert not is_running((await clocks(session, case))["D02"])


async def test_the_case_goes_to_the_officer_with_the_least_load(
    db: Database, catalog: Catalog, now: datetime
) -> None:
    async with db.begin() as session:
        people = await People.make(session)
        other = await make_staff(session, Role.OFFICER, "yancheng")
        await make_case(session, CaseState.VERIFYING, "yancheng", officer_id=people.officer.id)
        case = await make_case(session, CaseState.ACCEPTED, "city")
        await actions.assign(session, case, office_id="yancheng", by=None, catalog=catalog, now=now)
        assert case.officer_id == other.id


async def test_an_office_without_officers_gets_the_case_and_its_lead_is_told(
    db: Database, catalog: Catalog, now: datetime
) -> None:
    async with db.begin() as session:
        lead = await make_staff(session, Role.LEAD, "linying", email="lead@example.cn")
        case = await make_case(session, CaseState.ACCEPTED, "city")
        await actions.assign(session, case, office_id="linying", by=None, catalog=catalog, now=now)
        assert (case.office_id, case.officer_id) == ("linying", None)
        told = (await session.execute(select(Notice.kind, Notice.staff_id).order_by(Notice.id))).all()
        assert [tuple(row) for row in told] == [("case_assigned", lead.id), ("case_assigned_group", None)]


async def test_an_office_without_anybody_is_made_known_to_the_city(
    db: Database, catalog: Catalog, now: datetime
) -> None:
    async with db.begin() as session:
        people = await People.make(session)
        case = await make_case(session, CaseState.ACCEPTED, "city")
        await actions.assign(session, case, office_id="linying", by=None, catalog=catalog, now=now)
        told = (await session.execute(select(Notice.kind, Notice.staff_id).order_by(Notice.id))).all()
        assert [tuple(row) for row in told] == [
            ("office_unstaffed", people.intake.id),
            ("office_unstaffed", None),
        ]


async def test_a_lead_reassigns_within_his_office_only(db: Database, catalog: Catalog, now: datetime) -> None:
    async with db.begin() as session:
        people = await People.make(session)
        case = await make_case(session, CaseState.VERIFYING, "yancheng")
        with pytest.raises(MoveRefusedError, match="other_office"):
            await actions.assign(session, case, office_id="wuyang", by=people.lead, catalog=catalog, now=now)
        with pytest.raises(MoveRefusedError, match="unknown_officer"):
            await actions.assign(
                session, case, office_id="yancheng", officer_id=people.stranger.id,
                by=people.lead, catalog=catalog, now=now,
            )  # fmt: skip
        await actions.assign(
            session, case, office_id="yancheng", officer_id=people.officer.id,
            by=people.lead, catalog=catalog, now=now,
        )  # fmt: skip
        assert case.officer_id == people.officer.id


@pytest.mark.parametrize("words", ["", "  \n", "长" * 20_001])
async def test_empty_and_endless_words_are_refused(
    db: Database, catalog: Catalog, now: datetime, words: str
) -> None:
    async with db.begin() as session:
        people = await People.make(session)
        case = await make_case(session, CaseState.VERIFYING, "yancheng")
        for act in (actions.ask_reporter, actions.add_note):
            with pytest.raises(MoveRefusedError, match="field"):
                await act(session, case, words=words, by=people.officer, now=now)


async def test_a_note_never_goes_to_the_reporter(db: Database, catalog: Catalog, now: datetime) -> None:
    async with db.begin() as session:
        people = await People.make(session)
        case = await make_case(session, CaseState.VERIFYING, "yancheng")
        await actions.add_note(session, case, words="内部情况", by=people.officer, now=now)
        await actions.ask_reporter(session, case, words="考试是哪天？", by=people.officer, now=now)
        messages = (await session.scalars(select(Message).order_by(Message.id))).all()
        assert [(message.kind, message.text) for message in messages] == [
            (MessageKind.NOTE, "内部情况"),
            (MessageKind.TO_REPORTER, "考试是哪天？"),
        ]


async def test_a_decision_stands_beside_the_proposal(db: Database, catalog: Catalog, now: datetime) -> None:
    async with db.begin() as session:
        people = await People.make(session)
        case = await open_at_desk(session, catalog, now)
        await actions.decide_finding(
            session,
            case,
            kind=FindingKind.CLAUSE,
            values=["3.1.3"],
            by=people.intake,
            catalog=catalog,
            now=now,
        )
        assert case.clauses == ["3.1.3"]
    async with db.read() as session:
        event = (await session.scalars(select(Event).where(Event.kind == "finding_decided"))).one()
        assert (event.data["before"], event.data["after"]) == (["3.1.4"], ["3.1.3"])
