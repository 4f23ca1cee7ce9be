"""The outbox: queued once, claimed by one, marked by its claimant only."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from models.notice import Notice
from models.queries.notices import (
    ALLOWED_VALUES,
    ForbiddenValueError,
    claim_notices,
    claim_of,
    count_notices,
    list_notices_of_case,
    mark_failed,
    mark_retry,
    mark_sent,
    mark_skipped,
    put_off_lane,
    queue_group_notice,
    queue_reporter_notice,
    queue_staff_notice,
)
from models.session import Database
from models.states import NoticeChannel, NoticeState
from models.tip import Identity
from tests.factories import make_case, make_staff, make_tip

LEASE = timedelta(seconds=60)


async def queue_one(db: Database, now: datetime, *, dedup: str = "a", kind: str = "case_assigned") -> int:
    async with db.begin() as session:
        staff = await make_staff(session, email="wang@example.org")
        await queue_staff_notice(
            session, staff, kind, case=None, dedup=dedup, values={"number": "263184720393"}, now=now
        )
    async with db.read() as session:
        return await session.scalar(select(func.max(Notice.id)))


async def state_of(db: Database, notice_id: int) -> Notice:
    async with db.read() as session:
        return await session.get_one(Notice, notice_id)


async def test_a_person_with_two_ways_gets_two_notices_and_no_more_when_queued_again(db, now, keys):
    async with db.begin() as session:
        case = await make_case(session)
        chat = keys.seal("identity", b"77", place="staff.chat")
        staff = await make_staff(session, email="wang@example.org", chat=chat)
        for _ in range(2):
            await queue_staff_notice(
                session,
                staff,
                "reporter_wrote",
                case=case,
                dedup="m:1",
                values={"number": case.number},
                now=now,
            )
    async with db.read() as session:
        notices = await list_notices_of_case(session, case.id)
    assert sorted(notice.channel for notice in notices) == [NoticeChannel.MAIL, NoticeChannel.TELEGRAM]
    assert {notice.state for notice in notices} == {NoticeState.WAITING}


async def test_two_writers_at_once_queue_one_notice(db, now):
    async with db.begin() as session:
        staff = await make_staff(session, email="wang@example.org")

    async def queue() -> None:
        async with db.begin() as session:
            await queue_staff_notice(
                session, staff, "case_assigned", case=None, dedup="x", values={}, now=now
            )

    await asyncio.gather(*(queue() for _ in range(8)))
    async with db.read() as session:
        assert await count_notices(session, NoticeState.WAITING) == 1


async def test_nobody_is_told_who_has_left_or_has_no_way(db, now):
    async with db.begin() as session:
        gone = await make_staff(session, email="li@example.org", is_active=False)
        silent = await make_staff(session)
        for staff in (gone, silent):
            await queue_staff_notice(
                session, staff, "case_assigned", case=None, dedup="x", values={}, now=now
            )
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Notice)) == 0


async def test_a_reporter_is_told_in_his_chat_and_a_web_reporter_is_not(db, now, keys):
    async with db.begin() as session:
        by_chat, by_web = await make_tip(session, locale="en"), await make_tip(session)
        chat = keys.seal("identity", b"99", place="identity.chat")
        session.add(Identity(tip_id=by_chat.id, chat=chat, chat_digest=keys.digest("address", "99")))
        await session.flush()
        for tip in (by_chat, by_web):
            await queue_reporter_notice(
                session, tip, "tip_accepted", dedup=f"t{tip.id}", values={"number": tip.number}, now=now
            )
        await queue_group_notice(session, "city_desk_new", case=None, dedup="g", values={}, now=now)
        await queue_group_notice(session, "city_desk_new", case=None, dedup="g", values={}, now=now)
    async with db.read() as session:
        notices = (await session.scalars(select(Notice).order_by(Notice.id))).all()
    assert [(notice.tip_id, notice.locale, notice.channel) for notice in notices] == [
        (by_chat.id, "en", NoticeChannel.TELEGRAM),
        (None, "zh-CN", NoticeChannel.GROUP),
    ]


async def test_a_reporter_who_blocked_us_is_skipped_with_the_reason(db, now, keys):
    async with db.begin() as session:
        tip = await make_tip(session)
        session.add(Identity(tip_id=tip.id, chat=b"x", chat_digest=bytes(32), is_reachable=False))
        await session.flush()
        await queue_reporter_notice(session, tip, "answer_ready", dedup="t", values={}, now=now)
    async with db.read() as session:
        notice = await session.scalar(select(Notice))
    assert (notice.state, notice.reason) == (NoticeState.SKIPPED, "unreachable")


@pytest.mark.parametrize(
    "values",
    [
        {"text": "some"},
        {"name": "x"},
        {"number": "宏达培训学校"},
        {"number": "2" * 41},
    ],
)
async def test_a_notice_cannot_carry_content(db, now, values):
    async with db.begin() as session:
        staff = await make_staff(session, email="wang@example.org")
        with pytest.raises(ForbiddenValueError):
            await queue_staff_notice(
                session, staff, "case_assigned", case=None, dedup="x", values=values, now=now
            )
    assert {"number", "due", "rule", "count", "head"} == ALLOWED_VALUES


async def test_each_notice_is_claimed_by_one_of_many(db, now):
    async with db.begin() as session:
        staff = await make_staff(session, email="wang@example.org")
        for serial in range(60):
            await queue_staff_notice(
                session, staff, "case_assigned", case=None, dedup=str(serial), values={}, now=now
            )
    batches = await asyncio.gather(
        *(claim_notices(db, now=now, limit=10, lease=LEASE) for _ in range(8)),
    )
    claimed = [notice.id for batch in batches for notice in batch]
    assert len(claimed) == len(set(claimed))
    while batch := await claim_notices(db, now=now, limit=10, lease=LEASE):
        claimed += [notice.id for notice in batch]
    assert len(claimed) == len(set(claimed)) == 60


async def test_what_is_not_due_yet_is_left_alone(db, now):
    await queue_one(db, now + timedelta(minutes=5))
    assert await claim_notices(db, now=now, limit=10, lease=LEASE) == []
    assert len(await claim_notices(db, now=now + timedelta(minutes=5), limit=10, lease=LEASE)) == 1


async def test_a_lease_that_ran_out_is_claimed_again_and_its_old_owner_changes_nothing(db, now):
    notice_id = await queue_one(db, now)
    (first,) = await claim_notices(db, now=now, limit=10, lease=LEASE)
    assert await claim_notices(db, now=now + LEASE, limit=10, lease=LEASE) == []
    later = now + LEASE + timedelta(seconds=1)
    (second,) = await claim_notices(db, now=later, limit=10, lease=LEASE)
    async with db.begin() as session:
        assert not await mark_failed(session, claim_of(first), reason="gave_up")
        assert not await mark_sent(session, claim_of(first), now=later)
        assert await mark_sent(session, claim_of(second), now=later)
    notice = await state_of(db, notice_id)
    assert (notice.state, notice.sent_at, notice.attempts, notice.claimed_until) == (
        NoticeState.SENT,
        later,
        2,
        None,
    )


async def test_a_put_off_notice_waits_and_the_owner_of_an_older_claim_with_its_number_is_fenced(db, now):
    notice_id = await queue_one(db, now)
    (first,) = await claim_notices(db, now=now, limit=10, lease=LEASE)
    again = now + timedelta(seconds=30)
    async with db.begin() as session:
        assert await mark_retry(session, claim_of(first), reason="busy", send_at=again, is_counted=False)
    waiting = await state_of(db, notice_id)
    assert (waiting.state, waiting.attempts, waiting.reason) == (NoticeState.WAITING, 0, "busy")
    (second,) = await claim_notices(db, now=again, limit=10, lease=LEASE)
    assert second.attempts == first.attempts
    async with db.begin() as session:
        assert not await mark_skipped(session, claim_of(first), reason="left")
        assert await mark_skipped(session, claim_of(second), reason="left")


async def test_only_the_lane_of_one_chat_is_put_off(db, now, keys):
    async with db.begin() as session:
        chat = keys.seal("identity", b"77", place="staff.chat")
        slow, other = await make_staff(session, chat=chat), await make_staff(session, chat=chat)
        for staff in (slow, slow, other):
            for dedup in ("a", "b"):
                await queue_staff_notice(
                    session, staff, "case_assigned", case=None, dedup=dedup, values={}, now=now
                )
    (first, *_) = await claim_notices(db, now=now, limit=1, lease=LEASE)
    async with db.begin() as session:
        await put_off_lane(session, first, until=now + timedelta(minutes=1))
    due = await claim_notices(db, now=now, limit=10, lease=LEASE)
    assert {notice.staff_id for notice in due} == {other.id}
