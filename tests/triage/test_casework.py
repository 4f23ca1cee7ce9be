"""The whole procedure, move by move: approvals, disputes, recusal, follow-up, review, merging, side tracks."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog, load_catalog
from config.clock import LOCAL
from models.audit import record_event
from models.case import NO_CLOCK, Case, Deadline, Pause
from models.event import Event
from models.message import Message
from models.notice import Notice
from models.queries.cases import list_deadlines
from models.queries.tips import list_tips_of_case
from models.session import Database
from models.states import CaseState, MessageKind, Role, Satisfaction, Track
from tests.factories import make_case, make_deadline, make_message, make_staff, make_tip
from triage import actions
from triage.actions import MoveRefusedError
from triage.clocks import is_running, start_clock
from triage.waiting import move_waiting_cases

S = CaseState
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


async def clock(session: AsyncSession, case: Case, rule_id: str) -> Deadline:
    """The newest clock of a rule."""
    rows = [row for row in await list_deadlines(session, case.id) if row.rule_id == rule_id]
    return max(rows, key=lambda row: row.occasion)


async def refused(work, reason: str) -> None:
    with pytest.raises(MoveRefusedError) as error:
        await work
    assert error.value.refusal.reason == reason


async def verifying(session: AsyncSession, catalog: Catalog, now: datetime, **changes) -> Case:
    """A case in verification whose legal clock runs."""
    case = await make_case(session, S.VERIFYING, due_in=None, accepted_at=now, **changes)
    await start_clock(session, case, "D10", event="accepted", started_at=now, catalog=catalog)
    return case


# ---------------------------------------------------------------- extension


class TestExtension:
    async def test_it_counts_from_the_end_of_the_first_limit_and_the_reporter_is_told(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        async with db.begin() as session:
            officer, head = await make_staff(session), await make_staff(session, Role.SUPERVISOR, "city")
            case = await verifying(session, catalog, now, officer_id=officer.id)
            limit = (await clock(session, case, "D10")).due_at
            await actions.ask_extension(
                session, case, days="20", reason="要等鉴定", by=officer, catalog=catalog, now=now
            )
            assert case.state is S.EXTENSION_PENDING
            assert is_running(await clock(session, case, "D10"))
            await actions.grant_extension(session, case, by=head, catalog=catalog, now=now)
            extended = await clock(session, case, "D11")
        assert (case.state, case.pending, case.next_due_rule) == (S.VERIFYING, None, "D11")
        assert extended.counted_from == limit
        days = (extended.due_at.astimezone(LOCAL).date() - limit.astimezone(LOCAL).date()).days
        assert 20 <= days <= 28  # a holiday may move the last day on
        async with db.read() as session:
            kinds = set(await session.scalars(select(Event.kind)))
        assert {"extension_asked", "extension_granted"} <= kinds

    async def test_once_before_the_limit_thirty_days_at_most(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        async with db.begin() as session:
            officer, head = await make_staff(session), await make_staff(session, Role.SUPERVISOR, "city")
            case = await verifying(session, catalog, now)

            def ask(days: str, at: datetime):
                return actions.ask_extension(
                    session, case, days=days, reason="查不完", by=officer, catalog=catalog, now=at
                )

            for days in ("0", "31", "-1", "十", "", "1.5", "9" * 30):
                await refused(ask(days, now), "field.days")
            await refused(ask("10", now + timedelta(days=80)), "move.extension_too_late")
            await ask("10", now)
            await refused(ask("10", now), "move.wrong_state")
            await actions.deny_extension(session, case, reason="人手够", by=head, now=now)
            assert is_running(await clock(session, case, "D10"))
            await ask("30", now)
            await actions.grant_extension(session, case, by=head, catalog=catalog, now=now)
            await refused(ask("5", now), "move.extended_before")


# ---------------------------------------------------------------- supplement, suspension


class TestStandingStill:
    async def open(self, session: AsyncSession, catalog: Catalog, now: datetime) -> Case:
        case = await make_case(session, S.REGISTERED, "city", due_in=None, registered_at=now)
        await start_clock(session, case, "D03", event="registered", started_at=now, catalog=catalog)
        return case

    async def test_acceptance_waits_while_the_reporter_adds_what_is_missing(
        self, db: Database, catalog: Catalog
    ) -> None:
        monday = datetime(2026, 3, 2, 10, 0, tzinfo=LOCAL)
        async with db.begin() as session:
            desk = await make_staff(session, Role.INTAKE, "city")
            case = await self.open(session, catalog, monday)
            asked = monday + timedelta(days=1)
            await actions.ask_supplement(
                session, case, words="请补充地点。", by=desk, catalog=catalog, now=asked
            )
            assert (await clock(session, case, "D03")).due_at == NO_CLOCK
            tip = (await list_tips_of_case(session, case.id))[0]
            await make_message(session, case, tip, created_at=asked + timedelta(days=6))
        assert await move_waiting_cases(db, catalog=catalog, now=asked + timedelta(days=6)) == 1
        async with db.read() as session:
            case = await session.get_one(Case, case.id)
            running = await clock(session, case, "D03")
            pause = (await session.scalars(select(Pause))).one()
            window = await clock(session, case, "P01")
        # Tuesday was the first day that counted; the second and third are those after the next Monday.
        assert running.due_at.astimezone(LOCAL).date() == datetime(2026, 3, 11, tzinfo=LOCAL).date()
        assert "时限暂停" in running.sentence_zh
        assert (case.state, pause.reason, window.met_at is not None) == (S.REGISTERED, "supplement", True)

    async def test_when_the_window_ends_the_system_goes_on_and_nobody_is_late(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        async with db.begin() as session:
            desk = await make_staff(session, Role.INTAKE, "city", email="desk@example.cn")
            case = await self.open(session, catalog, now)
            await actions.ask_supplement(session, case, words="何时？", by=desk, catalog=catalog, now=now)
            window = (await clock(session, case, "P01")).due_at
        assert await move_waiting_cases(db, catalog=catalog, now=window) == 0
        late = window + timedelta(days=1)
        assert await move_waiting_cases(db, catalog=catalog, now=late) == 1
        assert await move_waiting_cases(db, catalog=catalog, now=late) == 0
        async with db.read() as session:
            case = await session.get_one(Case, case.id)
            kinds = set(await session.scalars(select(Notice.kind)))
        assert (case.state, case.has_breach) == (S.REGISTERED, False)
        assert "supplement_over" in kinds

    async def test_a_suspended_case_shows_honestly_that_its_legal_clock_runs_on(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        async with db.begin() as session:
            officer, lead = await make_staff(session), await make_staff(session, Role.LEAD)
            case = await verifying(session, catalog, now)
            before = (await clock(session, case, "D10")).due_at
            await actions.ask_suspension(session, case, kind="expert", reason="送鉴定", by=officer, now=now)
            await refused(
                actions.ask_suspension(session, case, kind="court", reason="再请", by=officer, now=now),
                "move.pending",
            )
            await actions.grant_suspension(session, case, by=lead, catalog=catalog, now=now)
            assert case.state is S.SUSPENDED
            assert (await clock(session, case, "D10")).due_at == before
            await actions.resume(session, case, by=officer, catalog=catalog, now=now)
            assert (case.state, (await clock(session, case, "D10")).due_at) == (S.VERIFYING, before)

    async def test_nobody_grants_his_own_request(self, db: Database, catalog: Catalog, now: datetime) -> None:
        async with db.begin() as session:
            lead = await make_staff(session, Role.LEAD)
            case = await verifying(session, catalog, now)
            await actions.ask_suspension(session, case, kind="police", reason="等公安", by=lead, now=now)
            await refused(
                actions.grant_suspension(session, case, by=lead, catalog=catalog, now=now), "move.own_request"
            )


# ---------------------------------------------------------------- disputes, recusal


class TestWhoseItIs:
    async def test_the_third_return_goes_to_the_superior_by_itself(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        async with db.begin() as session:
            desk = await make_staff(session, Role.INTAKE, "city")
            head = await make_staff(session, Role.SUPERVISOR, "city", email="head@example.cn")
            officers = {
                office: await make_staff(session, Role.OFFICER, office) for office in ("yancheng", "wuyang")
            }
            case = await make_case(session, S.ACCEPTED, "city", due_in=None, accepted_at=now)
            await start_clock(session, case, "D10", event="accepted", started_at=now, catalog=catalog)
            limit = (await clock(session, case, "D10")).due_at
            for number, office in enumerate(("yancheng", "wuyang", "yancheng"), 1):
                await actions.assign(session, case, office_id=office, by=desk, catalog=catalog, now=now)
                await actions.return_case(
                    session, case, reason="不归我们", by=officers[office], catalog=catalog, now=now
                )
                disputed = [row for row in await list_deadlines(session, case.id) if row.rule_id == "D09"]
                assert len(disputed) == (number >= 2)
            again = actions.assign(session, case, office_id="wuyang", by=desk, catalog=catalog, now=now)
            await refused(again, "move.needs_arbiter")
            await actions.assign(session, case, office_id="wuyang", by=head, catalog=catalog, now=now)
            assert (case.is_appointed, case.returns) == (True, 3)
            assert not is_running(await clock(session, case, "D09"))
            back = actions.return_case(
                session, case, reason="还是不归", by=officers["wuyang"], catalog=catalog, now=now
            )
            await refused(back, "move.appointed")
            assert (await clock(session, case, "D10")).due_at == limit
        async with db.read() as session:
            told = (await session.scalars(select(Notice).where(Notice.kind == "dispute_to_settle"))).all()
        assert [notice.staff_id for notice in told] == [head.id]

    async def test_a_clock_stays_with_the_office_that_had_it_when_it_ended(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        async with db.begin() as session:
            desk, officer = await make_staff(session, Role.INTAKE, "city"), await make_staff(session)
            case = await make_case(session, S.ACCEPTED, "city", due_in=None, accepted_at=now)
            await start_clock(session, case, "D10", event="accepted", started_at=now, catalog=catalog)
            await actions.assign(session, case, office_id="yancheng", by=desk, catalog=catalog, now=now)
            await actions.return_case(session, case, reason="不在本区", by=officer, catalog=catalog, now=now)
            await actions.assign(session, case, office_id="wuyang", by=desk, catalog=catalog, now=now)
            offices = [
                (row.rule_id, row.office_id)
                for row in sorted(await list_deadlines(session, case.id), key=lambda row: row.id)
            ]
        assert offices == [
            ("D10", "wuyang"), ("D07", "yancheng"), ("D08", "yancheng"), ("D06", "city"), ("D07", "wuyang"),
            ("D08", "wuyang"),
        ]  # fmt: skip

    async def test_who_declares_an_interest_is_out_and_the_next_by_load_has_it(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        async with db.begin() as session:
            one, busy, free = [await make_staff(session) for _ in range(3)]
            lead = await make_staff(session, Role.LEAD)
            await make_case(session, S.VERIFYING, officer_id=busy.id)
            case = await verifying(session, catalog, now, officer_id=one.id)
            await actions.recuse(session, case, reason="被举报人是我的亲戚", by=one, catalog=catalog, now=now)
            assert (case.state, case.officer_id, case.recused) == (S.ASSIGNED, free.id, [one.id])
            await refused(actions.add_note(session, case, words="看看", by=one, now=now), "move.recused")
            again = actions.assign(
                session, case, office_id="yancheng", officer_id=one.id, by=lead, catalog=catalog, now=now
            )
            await refused(again, "move.recused_officer")

    async def test_the_city_verifies_what_it_keeps_and_only_that(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        async with db.begin() as session:
            desk = await make_staff(session, Role.INTAKE, "city")
            case = await make_case(session, S.ACCEPTED, "city", due_in=None)
            await actions.verify_directly(session, case, by=desk, now=now)
            assert (case.state, case.officer_id) == (S.VERIFYING, desk.id)
            other = await verifying(session, catalog, now)
            for work in (
                actions.ask_suspension(session, other, kind="court", reason="等", by=desk, now=now),
            ):
                await refused(work, "move.other_office")


# ---------------------------------------------------------------- after the answer


class TestAfterTheAnswer:
    async def answered(self, session: AsyncSession, now: datetime, **changes) -> Case:
        tip = await make_tip(session, is_named=True)
        values = {"answered_at": now, "accepted_at": now, **changes}
        return await make_case(session, S.ANSWERED, due_in=None, tip=tip, **values)

    async def test_who_handled_the_case_does_not_ask_how_it_was(self, db: Database, now: datetime) -> None:
        async with db.begin() as session:
            lead, desk = await make_staff(session, Role.LEAD), await make_staff(session, Role.INTAKE, "city")
            case = await self.answered(session, now, result_by=lead.id)
            await refused(
                actions.follow_up(session, case, satisfaction="satisfied", by=lead, now=now), "move.own_case"
            )
            await refused(actions.close(session, case, by=desk, now=now), "move.no_follow_up")
            await refused(
                actions.follow_up(session, case, satisfaction="unreached", by=desk, now=now), "field.empty"
            )
            await actions.follow_up(session, case, satisfaction="partly", by=desk, now=now)
        assert (case.state, case.satisfaction) == (S.CLOSED, Satisfaction.PARTLY)

    async def test_three_tries_in_vain_close_the_case_as_such(self, db: Database, now: datetime) -> None:
        async with db.begin() as session:
            desk = await make_staff(session, Role.INTAKE, "city")
            case = await self.answered(session, now)
            for _ in range(2):
                await actions.note_call(session, case, by=desk, now=now)
                assert case.state is S.ANSWERED
            await actions.note_call(session, case, by=desk, now=now)
        assert (case.state, case.satisfaction) == (S.CLOSED, Satisfaction.UNREACHED)

    async def test_doing_it_again_has_a_clock_of_its_own(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        async with db.begin() as session:
            desk = await make_staff(session, Role.INTAKE, "city")
            case = await self.answered(session, now)
            await actions.redo(session, case, reason="没有查收费", by=desk, catalog=catalog, now=now)
        assert (case.state, case.next_due_rule) == (S.VERIFYING, "P02")

    async def test_a_file_is_closed_when_nothing_of_it_moves_any_more(
        self, db: Database, now: datetime
    ) -> None:
        async with db.begin() as session:
            desk = await make_staff(session, Role.INTAKE, "city")
            case = await make_case(
                session, S.CLOSED, due_in=None, tracks={"penalty": "decided", "urge": "written"}
            )
            await refused(actions.archive(session, case, by=desk, now=now), "move.open_tracks")
            case.tracks = {"penalty": "settled", "urge": "written"}
            await actions.archive(session, case, by=desk, now=now)
        assert case.state is S.ARCHIVED


class TestReview:
    async def test_a_request_of_the_reporter_opens_it_with_the_clock_from_his_moment(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        asked = now + timedelta(days=5)
        async with db.begin() as session:
            case = await make_case(session, S.CLOSED, due_in=None, answered_at=now, accepted_at=now)
            record_event(session, "review_asked", at=asked, case_id=case.id)
        later = asked + timedelta(days=1)
        assert await move_waiting_cases(db, catalog=catalog, now=later) == 1
        assert await move_waiting_cases(db, catalog=catalog, now=later) == 0
        async with db.read() as session:
            case = await session.get_one(Case, case.id)
            assert (case.state, case.is_open) == (S.IN_REVIEW, True)
            assert (await clock(session, case, "D13")).started_at == asked

    async def test_the_superior_decides_once_and_the_reporter_reads_why(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        async with db.begin() as session:
            head = await make_staff(session, Role.SUPERVISOR, "city")
            case = await make_case(session, S.CLOSED, due_in=None, answered_at=now, accepted_at=now)
            await actions.open_review(session, case, reason="不服", by=head, catalog=catalog, now=now)
            wrong = actions.take_up(session, case, answer="改为受理", by=head, catalog=catalog, now=now)
            await refused(wrong, "move.was_accepted")
            await actions.uphold(session, case, answer="原结论成立。", by=head, now=now)
            assert case.state is S.CLOSED
            again = actions.open_review(session, case, reason="还不服", by=head, catalog=catalog, now=now)
            await refused(again, "move.reviewed")
            letters = (await session.scalars(select(Message))).all()
        assert [(letter.kind, letter.text) for letter in letters] == [
            (MessageKind.TO_REPORTER, "原结论成立。")
        ]

    async def test_after_thirty_days_it_is_too_late(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        async with db.begin() as session:
            desk = await make_staff(session, Role.INTAKE, "city")
            case = await make_case(session, S.REFUSED, "city", due_in=None, answered_at=now)
            late = now + timedelta(days=45)
            await refused(
                actions.open_review(session, case, reason="不服", by=desk, catalog=catalog, now=late),
                "move.review_too_late",
            )

    async def test_a_refusal_that_does_not_stand_is_taken_up(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        async with db.begin() as session:
            head = await make_staff(session, Role.SUPERVISOR, "city")
            case = await make_case(session, S.REFUSED, "city", due_in=None, answered_at=now, reason_code="R2")
            await actions.open_review(session, case, reason="有新证据", by=head, catalog=catalog, now=now)
            await actions.take_up(session, case, answer="改为受理。", by=head, catalog=catalog, now=now)
            running = {row.rule_id for row in await list_deadlines(session, case.id) if is_running(row)}
        assert (case.state, running) == (S.ACCEPTED, {"D06", "D10"})


async def test_a_withdrawn_tip_is_ended_by_the_city_and_its_reporter_told(
    db: Database, catalog: Catalog, now: datetime
) -> None:
    async with db.begin() as session:
        officer, head = await make_staff(session), await make_staff(session, Role.SUPERVISOR, "city")
        case = await verifying(session, catalog, now)
        await actions.ask_termination(session, case, kind="withdrawn", reason="本人来电", by=officer, now=now)
        await actions.deny_termination(session, case, reason="涉及公共安全", by=head, now=now)
        assert (case.state, case.pending) == (S.VERIFYING, None)
        await actions.ask_termination(session, case, kind="withdrawn", reason="再次撤回", by=officer, now=now)
        await actions.grant_termination(session, case, answer="按您的意愿终止。", by=head, now=now)
        assert (case.state, case.is_open, case.next_due_at) == (S.TERMINATED, False, NO_CLOCK)
    async with db.read() as session:
        event = await session.scalar(select(Event).where(Event.kind == "terminated"))
    assert event.data["why"] == "withdrawn"


# ---------------------------------------------------------------- merging


class TestMerging:
    async def test_all_reporters_keep_their_number_and_read_the_answer(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        async with db.begin() as session:
            desk = await make_staff(session, Role.INTAKE, "city")
            first, second, third = [
                await make_case(session, S.REGISTERED, "city", due_rule="D03") for _ in range(3)
            ]
            await actions.merge(session, third, into=second.number, reason="同一事项", by=desk, now=now)
            await actions.merge(session, second, into=first.number, reason="同一事项", by=desk, now=now)
            assert {third.merged_into_id, second.merged_into_id} == {first.id}  # a star, no chain
            tips = await list_tips_of_case(session, first.id)
            assert {tip.number for tip in tips} == {first.number, second.number, third.number}
            await actions.split(session, second, reason="不是同一所", by=desk, catalog=catalog, now=now)
            assert [tip.number for tip in await list_tips_of_case(session, second.id)] == [second.number]
            assert (second.state, second.is_open, third.merged_into_id) == (S.REGISTERED, True, first.id)
            assert is_running(await clock(session, second, "D03"))

    async def test_what_has_ended_or_is_merged_takes_nobody_in(self, db: Database, now: datetime) -> None:
        async with db.begin() as session:
            desk = await make_staff(session, Role.INTAKE, "city")
            case = await make_case(session, S.REGISTERED, "city", due_rule="D03")
            ended = await make_case(session, S.CLOSED, "city", due_in=None)
            for into, reason in (
                (ended.number, "move.case_not_open"),
                (case.number, "move.unknown_case"),
                ("000000000000", "move.unknown_case"),
            ):
                await refused(
                    actions.merge(session, case, into=into, reason="同一", by=desk, now=now), reason
                )


# ---------------------------------------------------------------- side tracks


class TestTracks:
    async def test_the_way_to_the_police_with_all_its_clocks(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        facts = {"reason": "涉嫌组织考试作弊", "second": "赵工", "paper": "漯应急移〔2026〕1号"}
        way = [
            *(("suspected", None), ("team", None), ("reported", "D15"), ("approved", "D16"), ("sent", None)),
            *(("incomplete", "D18"), ("supplied", None), ("received", "D19"), ("not_filed", "D20")),
            *(("reconsidering", "D21"), ("refused_again", "D22"), ("supervised", None)),
            *(("filed", "D23"), ("handed_over", None)),
        ]
        async with db.begin() as session:
            officer, head = await make_staff(session), await make_staff(session, Role.SUPERVISOR, "city")
            case = await verifying(session, catalog, now)
            for step, started in way:
                by = head if step == "approved" else officer
                await actions.advance_track(
                    session, case, Track.POLICE, step, facts=facts, by=by, catalog=catalog, now=now
                )
                running = {row.rule_id for row in await list_deadlines(session, case.id) if is_running(row)}
                assert running == {"D10"} | ({started} if started else set()), step
            assert case.tracks == {"police": "handed_over"}

    async def test_the_head_decides_two_verify_and_no_fine_takes_its_place(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        async with db.begin() as session:
            officer = await make_staff(session)
            case = await verifying(session, catalog, now)

            def step(track: Track, name: str, **facts: str):
                return actions.advance_track(
                    session, case, track, name, facts=facts, by=officer, catalog=catalog, now=now
                )

            await step(Track.POLICE, "suspected", reason="涉嫌")
            await refused(step(Track.POLICE, "reported", paper="1"), "move.track_order")
            await refused(step(Track.POLICE, "team", second=officer.name), "move.same_officer")
            await step(Track.POLICE, "team", second="赵工")
            await step(Track.POLICE, "reported", paper="1号")
            await refused(step(Track.POLICE, "approved"), "move.track_role")
            await step(Track.PENALTY, "opened", paper="2号")
            await step(Track.PENALTY, "announced", paper="3号")
            await refused(step(Track.PENALTY, "decided", paper="4号", fine="30000"), "move.fine_instead")

    async def test_a_reward_only_after_the_penalty_is_final_and_for_who_can_be_found(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        async with db.begin() as session:
            desk = await make_staff(session, Role.INTAKE, "city")
            case = await make_case(session, S.CLOSED, due_in=None, tracks={"penalty": "served"})

            def assess(amount: str = "3000"):
                facts = {"amount": amount, "reason": "依据"}
                return actions.advance_track(
                    session, case, Track.REWARD, "assessed", facts=facts, by=desk, catalog=catalog, now=now
                )

            await refused(assess(), "move.penalty_not_final")
            case.tracks = {"penalty": "settled"}
            await refused(assess(), "move.no_named_reporter")
            (await list_tips_of_case(session, case.id))[0].is_named = True
            await refused(assess("很多"), "field.amount")
            await assess()
            head = await make_staff(session, Role.SUPERVISOR, "city")
            for name in ("granted", "notified"):
                await actions.advance_track(
                    session, case, Track.REWARD, name, facts={}, by=head, catalog=catalog, now=now
                )
            waiting = await clock(session, case, "D14")
            assert (waiting.is_watched, case.next_due_at, case.state) == (True, NO_CLOCK, S.CLOSED)

    async def test_urging_climbs_and_is_the_superiors(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        async with db.begin() as session:
            officer = await make_staff(session, email="officer@example.cn")
            head = await make_staff(session, Role.SUPERVISOR, "city")
            case = await verifying(session, catalog, now, officer_id=officer.id)
            for step in ("written", "summoned"):
                await actions.advance_track(
                    session,
                    case,
                    Track.URGE,
                    step,
                    facts={"reason": "超期"},
                    by=head,
                    catalog=catalog,
                    now=now,
                )
            down = actions.advance_track(
                session,
                case,
                Track.URGE,
                "reminded",
                facts={"reason": "再催"},
                by=head,
                catalog=catalog,
                now=now,
            )
            await refused(down, "move.track_order")
        async with db.read() as session:
            told = (await session.scalars(select(Notice).where(Notice.kind == "case_urged"))).all()
        assert {notice.staff_id for notice in told} == {officer.id}

    async def test_nobody_is_late_when_the_police_are(
        self, db: Database, catalog: Catalog, now: datetime
    ) -> None:
        async with db.begin() as session:
            case = await make_case(session, S.VERIFYING, due_in=None)
            await make_deadline(session, case, "D19", due_at=now, is_watched=True)
            officer = await make_staff(session)
            case.tracks = {"police": "received"}
            await actions.advance_track(
                session, case, Track.POLICE, "filed", facts={"paper": "立案"}, by=officer,
                catalog=catalog, now=now + timedelta(days=9),
            )  # fmt: skip
            assert not case.has_breach
