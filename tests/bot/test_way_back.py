"""What a reporter may do after his tip: each step once, told to those who decide, never decided by the machine."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.intake import SubmissionError
from bot.progress import load_progress
from bot.way_back import (
    NotNowError,
    ask_review,
    change_contact,
    hide_read_letters,
    load_standing,
    rate_outcome,
    remove_contact,
    review_until,
    withdraw_tip,
)
from config.calendars import LOCAL
from config.catalog import load_catalog
from config.keeping import CONTACT
from models.event import Event
from models.message import Message
from models.notice import Notice
from models.queries.cases import list_messages
from models.queries.tips import find_identity
from models.queries.visits import mark_letters_read
from models.states import CaseState, Channel, MessageKind, Role, Solved
from models.way_back import Rating, ReporterRequest
from tests.factories import NOW, make_case, make_message, make_staff, make_tip
from triage.jobs import forget_identities

WEB = Channel.WEB


@pytest.fixture(scope="module")
def catalog():
    return load_catalog()


async def answered_tip(session, **changes):
    case = await make_case(
        session, CaseState.ANSWERED, answered_at=NOW, answer="查实，已责令整改。", **changes
    )
    return await make_tip(session, case=case), case


async def kinds(db) -> list[str]:
    async with db.read() as session:
        return list(await session.scalars(select(Event.kind).order_by(Event.position)))


# ---------------------------------------------------------------- withdrawing


async def test_a_withdrawal_is_a_request_and_the_case_stays_as_it_is(db, keys, catalog):
    async with db.begin() as session:
        supervisor = await make_staff(session, Role.SUPERVISOR, "city", email="s@example.cn")
        officer = await make_staff(session, email="o@example.cn")
        case = await make_case(session, officer_id=officer.id)
        tip = await make_tip(session, case=case)
        await withdraw_tip(session, tip, "我弄错了，不是这家。", channel=WEB, keys=keys, now=NOW)
        again = await withdraw_tip(session, tip, "我弄错了，不是这家。", channel=WEB, keys=keys, now=NOW)
        standing = await load_standing(session, tip, catalog=catalog, now=NOW)
    async with db.read() as session:
        assert len((await session.scalars(select(ReporterRequest))).all()) == 1
        assert [letter.text for letter in await list_messages(session, case.id)] == ["我弄错了，不是这家。"]
        told = {(row.staff_id, row.kind) for row in await session.scalars(select(Notice))}
    assert again.asked_at == NOW
    assert (case.state, case.is_open, case.has_unread) == (CaseState.VERIFYING, True, True)
    assert (standing.may_withdraw, standing.withdrawal_asked_at) == (False, NOW)
    assert told == {(supervisor.id, "withdrawal_asked"), (officer.id, "reporter_wrote")}
    assert await kinds(db) == ["reporter_wrote", "withdrawal_asked"]


async def test_no_reason_is_needed_to_withdraw_and_the_officer_still_hears_of_it(db, keys):
    async with db.begin() as session:
        officer = await make_staff(session, email="o@example.cn")
        case = await make_case(session, officer_id=officer.id)
        tip = await make_tip(session, case=case)
        await withdraw_tip(session, tip, channel=WEB, keys=keys, now=NOW)
        await session.refresh(case)
        assert case.has_unread
        notices = (await session.scalars(select(Notice))).all()
    assert [(row.staff_id, row.kind) for row in notices] == [(officer.id, "withdrawal_asked")]


async def test_a_tip_that_nobody_has_read_yet_can_be_withdrawn_and_the_case_shows_it_later(db, keys):
    async with db.begin() as session:
        tip = await make_tip(session)
        await withdraw_tip(session, tip, "不举报了。", channel=WEB, keys=keys, now=NOW)
        case = await make_case(session, tip=tip)
        assert [letter.text for letter in await list_messages(session, case.id)] == ["不举报了。"]


async def test_after_the_answer_there_is_nothing_to_withdraw(db, keys, catalog):
    async with db.begin() as session:
        tip, _ = await answered_tip(session)
        assert not (await load_standing(session, tip, catalog=catalog, now=NOW)).may_withdraw
        with pytest.raises(NotNowError, match="too_late_to_withdraw"):
            await withdraw_tip(session, tip, channel=WEB, keys=keys, now=NOW)


# ---------------------------------------------------------------- asking for a review


def test_thirty_natural_days_are_counted_from_the_day_after_and_end_on_a_working_day(catalog):
    until = review_until(NOW, catalog).astimezone(LOCAL)  # 4 March + 30 = 3 April 2026, a Friday
    assert (until.month, until.day, until.hour) == (4, 3, 23)
    saturday = review_until(NOW + timedelta(days=1), catalog).astimezone(
        LOCAL
    )  # 4 April, Qingming; to the 7th
    assert (saturday.month, saturday.day) == (4, 7)


async def test_a_review_is_asked_once_with_reasons_and_told_to_the_city(db, keys, catalog):
    async with db.begin() as session:
        supervisor = await make_staff(session, Role.SUPERVISOR, "city", email="s@example.cn")
        tip, case = await answered_tip(session)
        for _ in range(2):
            request = await ask_review(
                session, tip, "没有人来找我核实。", channel=WEB, keys=keys, catalog=catalog, now=NOW
            )
        standing = await load_standing(session, tip, catalog=catalog, now=NOW)
        notices = (await session.scalars(select(Notice))).all()
        letters = await list_messages(session, case.id)
    assert (standing.may_ask_review, standing.review_asked_at, request.about_at) == (False, NOW, NOW)
    assert [(row.staff_id, row.kind) for row in notices] == [(supervisor.id, "review_asked")]
    assert [letter.text for letter in letters] == ["没有人来找我核实。"]
    assert case.state is CaseState.ANSWERED
    assert await kinds(db) == ["reporter_wrote", "review_asked"]


async def test_a_review_without_a_reason_is_not_taken(db, keys, catalog):
    async with db.begin() as session:
        tip, _ = await answered_tip(session)
        with pytest.raises(SubmissionError, match="empty"):
            await ask_review(session, tip, " ", channel=WEB, keys=keys, catalog=catalog, now=NOW)


async def test_the_last_second_of_the_last_day_is_in_time_and_the_next_one_is_not(db, keys, catalog):
    until = review_until(NOW, catalog)
    late = until + timedelta(seconds=1)
    async with db.begin() as session:
        tip, _ = await answered_tip(session)
        assert not (await load_standing(session, tip, catalog=catalog, now=late)).may_ask_review
        with pytest.raises(NotNowError, match="too_late_to_ask"):
            await ask_review(session, tip, "不服。", channel=WEB, keys=keys, catalog=catalog, now=late)
        await ask_review(session, tip, "不服。", channel=WEB, keys=keys, catalog=catalog, now=until)


async def test_a_second_answer_may_be_reviewed_again(db, keys, catalog):
    async with db.begin() as session:
        tip, case = await answered_tip(session)
        await ask_review(session, tip, "不服。", channel=WEB, keys=keys, catalog=catalog, now=NOW)
        case.answered_at = later = NOW + timedelta(days=20)
        await session.flush()
        assert (await load_standing(session, tip, catalog=catalog, now=later)).may_ask_review


async def test_before_the_answer_neither_review_nor_rating(db, keys, catalog):
    async with db.begin() as session:
        case = await make_case(session)
        tip = await make_tip(session, case=case)
        with pytest.raises(NotNowError, match="no_answer_yet"):
            await ask_review(session, tip, "不服。", channel=WEB, keys=keys, catalog=catalog, now=NOW)
        with pytest.raises(NotNowError, match="no_answer_yet"):
            await rate_outcome(session, tip, solved="yes", score=5, channel=WEB, keys=keys, now=NOW)


# ---------------------------------------------------------------- rating


async def test_a_rating_can_be_changed_for_a_week_and_stands_then(db, keys, catalog):
    async with db.begin() as session:
        tip, case = await answered_tip(session)
        rate = {"channel": WEB, "keys": keys}
        await rate_outcome(session, tip, solved="no", score=1, words="没人来。", now=NOW, **rate)
        sixth = NOW + timedelta(days=6)
        await rate_outcome(session, tip, solved="partly", score=3, now=sixth, **rate)
        with pytest.raises(NotNowError, match="rating_stands"):
            await rate_outcome(session, tip, solved="yes", score=5, now=NOW + timedelta(days=8), **rate)
        [rating] = await session.scalars(select(Rating))
        letters = await list_messages(session, case.id)
        after = await load_standing(session, tip, catalog=catalog, now=NOW + timedelta(days=8))
    assert (rating.solved, rating.score, rating.rated_at, rating.changed_at) == (Solved.PARTLY, 3, NOW, sixth)
    assert [letter.text for letter in letters] == ["没人来。"]
    assert not after.may_rate
    assert (await kinds(db)).count("outcome_rated") == 2


@pytest.mark.parametrize(
    ("solved", "score", "field"), [("maybe", 3, "solved"), ("yes", 0, "score"), ("yes", 6, "score")]
)
async def test_a_rating_is_one_of_what_was_asked(db, keys, solved, score, field):
    async with db.begin() as session:
        tip, _ = await answered_tip(session)
        with pytest.raises(SubmissionError) as caught:
            await rate_outcome(session, tip, solved=solved, score=score, channel=WEB, keys=keys, now=NOW)
    assert caught.value.field == field


# ---------------------------------------------------------------- contact


async def test_contact_is_sealed_replaced_and_erased(db, keys, catalog):
    async with db.begin() as session:
        tip = await make_tip(session)
        await change_contact(session, tip, name="张三", phone="13800000000", keys=keys, now=NOW)
        await change_contact(session, tip, phone=" 13900000000 ", keys=keys, now=NOW)
        identity = await find_identity(session, tip.id)
        standing = await load_standing(session, tip, catalog=catalog, now=NOW)
        assert identity.name is None
        assert keys.unseal("identity", identity.phone, place="identity.phone") == b"13900000000"
        assert (standing.has_name, standing.has_phone, tip.is_named) == (False, True, True)
        assert await remove_contact(session, tip, now=NOW)
        assert not await remove_contact(session, tip, now=NOW)
        await session.flush()
        assert await find_identity(session, tip.id) is None
        assert not tip.is_named
    assert await kinds(db) == ["contact_changed", "contact_changed", "contact_removed"]


async def test_without_name_and_phone_there_is_no_contact(db, keys):
    async with db.begin() as session:
        tip = await make_tip(session)
        with pytest.raises(SubmissionError, match="contact_missing"):
            await change_contact(session, tip, name=" ", keys=keys, now=NOW)


async def test_addresses_are_erased_half_a_year_after_closing_and_not_before(db, keys):
    async with db.begin() as session:
        for state, closed_at in (
            (CaseState.CLOSED, NOW),
            (CaseState.MERGED, NOW),
            (CaseState.IN_REVIEW, NOW),
            (CaseState.CLOSED, NOW + timedelta(days=1)),
        ):
            case = await make_case(session, state, closed_at=closed_at)
            tip = await make_tip(session, case=case)
            await change_contact(session, tip, phone="13800000000", keys=keys, now=NOW)
    assert await forget_identities(db, now=NOW + CONTACT.usual) == 0
    assert await forget_identities(db, now=NOW + CONTACT.usual + timedelta(seconds=1)) == 1
    assert await forget_identities(db, now=NOW + CONTACT.usual + timedelta(seconds=1)) == 0
    assert (await kinds(db)).count("contact_expired") == 1


# ---------------------------------------------------------------- letters


async def test_read_letters_leave_the_reporters_view_and_stay_in_the_file(db):
    async with db.begin() as session:
        case = await make_case(session)
        tip = await make_tip(session, case=case)
        await make_message(session, case, tip, "我还有照片。")
        await make_message(session, case, tip, "请说明时间。", kind=MessageKind.TO_REPORTER)
        await mark_letters_read(session, tip.id, now=NOW)
        await make_message(session, case, tip, "还有一个问题。", kind=MessageKind.TO_REPORTER)
        assert await hide_read_letters(session, tip, now=NOW) == 2
        assert await hide_read_letters(session, tip, now=NOW) == 0
        progress = await load_progress(session, tip, now=NOW)
        kept = await list_messages(session, case.id)
    assert [letter.text for letter in progress.letters] == ["还有一个问题。"]
    assert len(kept) == 3
    assert await kinds(db) == ["letters_hidden"]
    async with db.read() as session:
        assert len((await session.scalars(select(Message))).all()) == 3
