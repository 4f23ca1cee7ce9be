"""What happens to a call: kept, filed, attached to a case, sent elsewhere, read out. Sessions come from the caller."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import record_event
from models.call import HotlineCall
from models.queries.calls import (
    find_call_of_tip,
    find_call_to_change,
    find_open_case_to_join,
    insert_call_once,
    join_case,
)
from models.queries.notices import queue_staff_notice
from models.queries.staff import find_staff
from models.queries.tips import mark_unread
from models.staff import Staff
from models.states import CallEnd


class CallEndedError(Exception):
    """This call was ended before, and ends only once."""


class NotJoinedError(Exception):
    """The case is not open any more, or does not exist."""


async def keep_call(
    session: AsyncSession, staff: Staff, *, key: str, answers: bytes, now: datetime
) -> HotlineCall:
    """Keep what was typed so far. Raises CallEndedError."""
    await insert_call_once(session, staff.id, key, now=now)
    call = await find_call_to_change(session, staff_id=staff.id, key=key)
    if call is None or call.end is not None:
        raise CallEndedError
    call.answers, call.updated_at = answers, now
    await session.flush()
    return call


async def end_call(
    session: AsyncSession, call: HotlineCall, end: CallEnd, *, now: datetime, tip_id: int | None = None
) -> None:
    """It ended so."""
    call.end, call.ended_at, call.updated_at, call.tip_id = end, now, now, tip_id
    await session.flush()


async def file_call(
    session: AsyncSession, staff: Staff, *, key: str, answers: bytes, tip_id: int, now: datetime
) -> HotlineCall:
    """Note under which tip a call was filed; filing again answers the same row."""
    if done := await find_call_of_tip(session, tip_id, staff_id=staff.id):
        return done
    call = await keep_call(session, staff, key=key, answers=answers, now=now)
    await end_call(session, call, CallEnd.FILED, now=now, tip_id=tip_id)
    return call


async def attach_call(
    session: AsyncSession, call: HotlineCall, number: str, *, by: Staff, now: datetime
) -> None:
    """Let a tip that was just filed join an open case, and tell its officer. Raises NotJoinedError."""
    if call.end is CallEnd.ATTACHED:
        return
    case = await find_open_case_to_join(session, number)
    if case is None or call.tip_id is None or not await join_case(session, call.tip_id, case, now=now):
        raise NotJoinedError
    call.end = CallEnd.ATTACHED
    await mark_unread(session, case.id)
    record_event(session, "tip_attached", at=now, by=by.id, tip_id=call.tip_id, case_id=case.id)
    if officer := await find_staff(session, case.officer_id):
        await queue_staff_notice(
            session,
            officer,
            "reporter_wrote",
            case=case,
            dedup=f"call:{call.id}",
            values={"number": case.number},
            now=now,
        )


def mark_read(call: HotlineCall, *, now: datetime) -> None:
    """Number and code were read out: from now on nobody at the desk can see them, and what was typed is erased."""
    if call.read_at is None:
        call.read_at = call.updated_at = now
    call.key = call.answers = None
