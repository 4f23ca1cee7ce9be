"""Calls on the hotline desk. Whoever asks for one says whose it must be: nobody opens another operator's call."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.call import HotlineCall
from models.case import Case
from models.notice import Notice
from models.queries.keeping import old_calls
from models.states import CallEnd, CaseState, NoticeState
from models.tip import Tip

TRIES_IN_VAIN = 2
UNREAD_ENDS = (CallEnd.FILED, CallEnd.ATTACHED)


async def find_call(session: AsyncSession, call_id: int, *, staff_id: int) -> HotlineCall | None:
    """An operator's own call."""
    return await session.scalar(
        select(HotlineCall).where(HotlineCall.id == call_id, HotlineCall.staff_id == staff_id)
    )


async def find_call_to_change(
    session: AsyncSession, *, staff_id: int, key: str = "", call_id: int = 0
) -> HotlineCall | None:
    """An operator's own call by the key of its page or by its id, locked."""
    which = HotlineCall.key == key if key else HotlineCall.id == call_id
    statement = select(HotlineCall).where(HotlineCall.staff_id == staff_id, which)
    return await session.scalar(statement.with_for_update())


async def insert_call_once(session: AsyncSession, staff_id: int, key: str, *, now: datetime) -> None:
    """Begin a call; where a request that saves and one that files arrive together, both find one row."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    values = {"staff_id": staff_id, "key": key, "destination": "", "reason": ""}
    adding = dialect.insert(HotlineCall).values(**values, started_at=now, updated_at=now)
    await session.execute(adding.on_conflict_do_nothing(index_elements=["staff_id", "key"]))


async def find_call_of_tip(session: AsyncSession, tip_id: int, *, staff_id: int) -> HotlineCall | None:
    """The call by which a tip was filed."""
    statement = select(HotlineCall).where(
        HotlineCall.tip_id == tip_id, HotlineCall.staff_id == staff_id, HotlineCall.end.in_(UNREAD_ENDS)
    )
    return await session.scalar(statement.limit(1))


async def list_unfinished_calls(session: AsyncSession, staff_id: int) -> Sequence[HotlineCall]:
    """Open calls, and filed ones whose numbers were not read out yet; the newest first."""
    unread = and_(
        HotlineCall.end.in_(UNREAD_ENDS), HotlineCall.read_at.is_(None), HotlineCall.key.is_not(None)
    )
    statement = select(HotlineCall).where(
        HotlineCall.staff_id == staff_id, or_(HotlineCall.end.is_(None), unread)
    )
    return (await session.scalars(statement.order_by(HotlineCall.id.desc()).limit(20))).all()


async def count_ends(session: AsyncSession, staff_id: int, *, since: datetime) -> dict[CallEnd, int]:
    """How an operator's own calls ended since a moment."""
    statement = (
        select(HotlineCall.end, func.count())
        .where(HotlineCall.staff_id == staff_id, HotlineCall.ended_at >= since, HotlineCall.end.is_not(None))
        .group_by(HotlineCall.end)
    )
    return {end: count for end, count in await session.execute(statement) if end is not None}


async def delete_old_calls(
    session: AsyncSession, *, untouched_since: datetime, before: datetime
) -> tuple[int, int]:
    """Forget what was typed and not read out or not ended in time, and in the end the rows; held cases keep theirs."""
    is_old = HotlineCall.updated_at < untouched_since
    typed = (await session.scalars(select(HotlineCall).where(is_old, HotlineCall.answers.is_not(None)))).all()
    for call in typed:
        call.answers = call.key = None
        call.end = call.end or CallEnd.DROPPED
        call.ended_at = call.ended_at or call.updated_at
    await session.flush()
    gone = await session.execute(
        delete(HotlineCall).where(*old_calls(before)).execution_options(synchronize_session=False)
    )
    return len(typed), int(getattr(gone, "rowcount", 0))


async def find_tip(session: AsyncSession, tip_id: int | None) -> Tip | None:
    """The tip that a call was about."""
    return await session.get(Tip, tip_id) if tip_id else None


async def list_states(session: AsyncSession, case_ids: Sequence[int]) -> dict[int, CaseState]:
    """In which states cases are, and nothing else of them."""
    statement = select(Case.id, Case.state).where(Case.id.in_(case_ids))
    return dict((await session.execute(statement)).all())


async def find_open_case_to_join(session: AsyncSession, number: str) -> Case | None:
    """The open case of a number, locked."""
    statement = select(Case).where(Case.number == number, Case.is_open).with_for_update()
    return await session.scalar(statement)


async def join_case(session: AsyncSession, tip_id: int, case: Case, *, now: datetime) -> bool:
    """Give a tip that waits for triage to a case; false where triage was faster."""
    tip = await session.get(Tip, tip_id, with_for_update=True, populate_existing=True)
    if tip is None or tip.case_id is not None or tip.claimed_until is not None:
        return False
    tip.case_id, tip.assessed_at = case.id, now
    return True


async def is_delivery_late(session: AsyncSession, *, before: datetime) -> bool:
    """Whether a notice that was due before a moment still waits, or was tried several times in vain."""
    is_late = or_(Notice.send_at < before, Notice.attempts >= TRIES_IN_VAIN)
    statement = select(Notice.id).where(Notice.state == NoticeState.WAITING, is_late)
    return await session.scalar(statement.limit(1)) is not None
