"""What is kept, how long, how much of it would go now, what holds it, and what purges did."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from config.keeping import AUDIT, CONTACT, Kept, Span, promised_spans
from models.administration import CaseHold, KeepingPeriod, PurgeDay
from models.call import HotlineCall
from models.case import Case, ThrottleCount
from models.event import Event
from models.notice import Notice
from models.staff import Staff, StaffSession
from models.states import CaseState, Channel, UpdateState
from models.tip import Draft, Identity, InboundUpdate, Tip

# ---------------------------------------------------------------- periods


async def list_history(session: AsyncSession, name: str) -> list[tuple[datetime, int]]:
    """Since when how many days, oldest first; empty while the usual period counts."""
    rows = await session.execute(
        select(KeepingPeriod.since, KeepingPeriod.days)
        .where(KeepingPeriod.name == name)
        .order_by(KeepingPeriod.id)
    )
    return [(row.since, row.days) for row in rows]


async def list_spans(session: AsyncSession, kept: Kept) -> list[Span]:
    """How long something is kept, by when it came in."""
    return promised_spans(kept, await list_history(session, kept.name))


def add_period(session: AsyncSession, name: str, days: int, *, change_id: int | None, now: datetime) -> None:
    """From now on it is kept so long."""
    session.add(KeepingPeriod(name=name, days=days, since=now, change_id=change_id))


# ---------------------------------------------------------------- contacts


def select_needless_identities(
    spans: Sequence[Span], *, now: datetime, is_held: bool
) -> Select[Identity, Tip]:
    """Identities of tips whose case has been over for the promised period; held ones apart from the others."""
    hold = exists().where(CaseHold.case_id == Case.id, CaseHold.lifted_at.is_(None))
    return (
        select(Identity, Tip)
        .join(Tip, Tip.id == Identity.tip_id)
        .join(Case, Case.id == Tip.case_id)
        .where(
            Case.is_open.is_(False),
            Case.state != CaseState.MERGED,
            or_(*(_is_over(span, now) for span in spans)),
            hold if is_held else ~hold,
        )
    )


def _is_over(span: Span, now: datetime) -> ColumnElement[bool]:
    is_over = Case.closed_at < now - span.period
    return is_over if span.before is None else and_(Tip.received_at < span.before, is_over)


async def list_needless_identities(
    session: AsyncSession, *, now: datetime, limit: int
) -> Sequence[tuple[Identity, Tip]]:
    """Nothing is left to ask, tell or pay: these may be erased. What is held is not among them."""
    spans = await list_spans(session, CONTACT)
    statement = (
        select_needless_identities(spans, now=now, is_held=False)
        .order_by(Identity.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def list_identities(session: AsyncSession, case_id: int) -> Sequence[tuple[Identity, Tip]]:
    """All identities of a case, locked: to erase them before their time."""
    statement = (
        select(Identity, Tip)
        .join(Tip, Tip.id == Identity.tip_id)
        .where(Tip.case_id == case_id)
        .with_for_update()
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


# ---------------------------------------------------------------- counts


async def count_kept(session: AsyncSession, kept: Kept) -> int:
    """How many of them there are now. Positions of the audit have no gaps, and counting them all would take long."""
    if kept.name == AUDIT.name:
        return int(await session.scalar(select(func.max(Event.position))) or 0)
    return await _count(session, _rows_of(kept))


async def count_due(session: AsyncSession, kept: Kept, spans: Sequence[Span], *, now: datetime) -> int:
    """How many the next purge would delete by these periods; of what no hold keeps."""
    if kept.name == CONTACT.name:
        needless = select_needless_identities(spans, now=now, is_held=False)
        return await _count(session, needless.with_only_columns(Identity.id))
    before = now - (spans[-1].period if kept.usual else timedelta())
    old: dict[str, tuple[ColumnElement[bool], ...]] = {
        "draft": (Draft.updated_at < before,),
        "sent_web": (Draft.updated_at < before,),
        "sent_chat": (Draft.updated_at < before,),
        "call_typed": (HotlineCall.updated_at < before,),
        "call": old_calls(before),
        "update": (InboundUpdate.state != UpdateState.WAITING, InboundUpdate.received_at < before),
        "counts": (ThrottleCount.window_ends_at < now,),
    }
    return await _count(session, _rows_of(kept).where(*old[kept.name])) if kept.name in old else 0


def _rows_of(kept: Kept) -> Select[Any]:
    rows: dict[str, Select[Any]] = {
        "contact": select(Identity.id),
        "draft": select(Draft.id).where(Draft.tip_id.is_(None)),
        "sent_web": select(Draft.id).where(Draft.tip_id.is_not(None), Draft.channel != Channel.TELEGRAM),
        "sent_chat": select(Draft.id).where(Draft.tip_id.is_not(None), Draft.channel == Channel.TELEGRAM),
        "call_typed": select(HotlineCall.id).where(HotlineCall.answers.is_not(None)),
        "call": select(HotlineCall.id),
        "update": select(InboundUpdate.id),
        "counts": select(ThrottleCount.id),
        "session": select(StaffSession.id),
        "notice": select(Notice.id),
        "case": select(Case.id),
    }
    return rows[kept.name]


async def count_held_contacts(session: AsyncSession, spans: Sequence[Span], *, now: datetime) -> int:
    """How many would go if no hold kept them."""
    held = select_needless_identities(spans, now=now, is_held=True)
    return await _count(session, held.with_only_columns(Identity.id))


def old_calls(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Rows of calls untouched since a moment, but for those of a case that is held."""
    is_held = exists().where(
        Tip.id == HotlineCall.tip_id, CaseHold.case_id == Tip.case_id, CaseHold.lifted_at.is_(None)
    )
    return (HotlineCall.updated_at < before, ~is_held)


async def _count(session: AsyncSession, rows: Select[Any]) -> int:
    return int(await session.scalar(select(func.count()).select_from(rows.subquery())) or 0)


# ---------------------------------------------------------------- holds


async def find_hold(session: AsyncSession, case_id: int) -> CaseHold | None:
    """The hold on a case, while it lasts."""
    return await session.scalar(
        select(CaseHold).where(CaseHold.case_id == case_id, CaseHold.lifted_at.is_(None))
    )


async def list_holds(session: AsyncSession) -> Sequence[tuple[CaseHold, Case, str]]:
    """All holds that last, newest first, with the case and the name of who placed it."""
    statement = (
        select(CaseHold, Case, Staff.name)
        .join(Case, Case.id == CaseHold.case_id)
        .join(Staff, Staff.id == CaseHold.staff_id)
        .where(CaseHold.lifted_at.is_(None))
        .order_by(CaseHold.id.desc())
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(statement)]


async def lock_case_by_number(session: AsyncSession, number: str) -> Case | None:
    """The case of a number, locked: a hold and a deletion never pass each other."""
    return await session.scalar(select(Case).where(Case.number == number).with_for_update())


# ---------------------------------------------------------------- log


async def note_purge(session: AsyncSession, name: str, gone: int, *, day: date, now: datetime) -> None:
    """One more run, and what it deleted, in the row of the day."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    row = dialect.insert(PurgeDay).values(day=day, name=name, runs=1, gone=gone, last_at=now)
    await session.execute(
        row.on_conflict_do_update(
            index_elements=["day", "name"],
            set_={"runs": PurgeDay.runs + 1, "gone": PurgeDay.gone + gone, "last_at": now},
        )
    )


async def list_purges(session: AsyncSession, *, limit: int) -> Sequence[PurgeDay]:
    """What purges did, the newest day first; days on which one only looked are left out."""
    statement = (
        select(PurgeDay).where(PurgeDay.gone > 0).order_by(PurgeDay.day.desc(), PurgeDay.name).limit(limit)
    )
    return (await session.scalars(statement)).all()


async def find_last_purge(session: AsyncSession) -> datetime | None:
    """When the last purge ran."""
    return await session.scalar(select(PurgeDay.last_at).order_by(PurgeDay.last_at.desc()).limit(1))
