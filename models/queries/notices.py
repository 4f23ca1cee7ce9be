"""The outbox: queueing in the transaction that caused it, claiming, and marking what became of it.

A notice says that something is there, never what: its values come from `ALLOWED_VALUES` only. A claim is
a lease; whoever marks a notice names his claim, so that a sender that slept past its lease changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Case
from models.notice import Notice
from models.queries.bars import is_barred
from models.session import Database
from models.staff import Staff
from models.states import NoticeChannel, NoticeState
from models.tip import Identity, Tip

GROUP_LOCALE = "zh-CN"
ALLOWED_VALUES = frozenset({"number", "due", "rule", "count", "head"})
"""Case number, moment (ISO 8601), rule id, count, fingerprint of the audit. All else stays in the console."""
_LONGEST_VALUE = 40

Values = Mapping[str, str | int]


class ForbiddenValueError(ValueError):
    """A notice was to carry something that notices never carry."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Which claim of a notice one speaks of: a later claim has another number or a later end."""

    notice_id: int
    attempt: int
    until: datetime


# ---------------------------------------------------------------- queue


async def queue_staff_notice(
    session: AsyncSession,
    staff: Staff,
    kind: str,
    *,
    case: Case | None,
    dedup: str,
    values: Values,
    now: datetime,
    send_at: datetime | None = None,
) -> None:
    """Tell a member of staff by each way that he has, not before `send_at`. The same `dedup` again changes nothing."""
    if not staff.is_active or (case and await _is_closed_to(session, case, staff)):
        return
    ways = {NoticeChannel.MAIL: staff.email, NoticeChannel.TELEGRAM: staff.chat}
    for channel in (channel for channel, address in ways.items() if address):
        await _insert_once(
            session,
            _make_row(kind, channel, values, now=now, send_at=send_at)
            | {"locale": staff.locale, "case_id": case.id if case else None}
            | {"dedup_key": f"{dedup}:{kind}:{channel}:staff-{staff.id}", "staff_id": staff.id},
        )


async def _is_closed_to(session: AsyncSession, case: Case, staff: Staff) -> bool:
    """Who must not know of a case gets no notice of it either."""
    await session.flush()  # the case or the bar may be new
    return await is_barred(session, case.id, office_id=staff.office_id, staff_id=staff.id)


async def queue_group_notice(
    session: AsyncSession,
    kind: str,
    *,
    case: Case | None,
    dedup: str,
    values: Values,
    now: datetime,
    send_at: datetime | None = None,
) -> None:
    """Tell the bureau's group addresses. The same `dedup` again changes nothing."""
    row = _make_row(kind, NoticeChannel.GROUP, values, now=now, send_at=send_at)
    row |= {"locale": GROUP_LOCALE, "case_id": case.id if case else None}
    await _insert_once(session, row | {"dedup_key": f"{dedup}:{kind}:{NoticeChannel.GROUP}"})


async def queue_reporter_notice(
    session: AsyncSession,
    tip: Tip,
    kind: str,
    *,
    dedup: str,
    values: Values,
    now: datetime,
    send_at: datetime | None = None,
) -> None:
    """Tell a reporter in the chat that he wrote from; whoever came by web looks with his code."""
    identity = (
        await session.execute(
            select(Identity.chat_digest, Identity.is_reachable, Identity.is_muted).where(
                Identity.tip_id == tip.id
            )
        )
    ).first()
    if not identity or not identity.chat_digest:
        return
    row = _make_row(kind, NoticeChannel.TELEGRAM, values, now=now, send_at=send_at)
    row |= {"locale": tip.locale, "case_id": tip.case_id}
    row |= {"dedup_key": f"{dedup}:{kind}:{NoticeChannel.TELEGRAM}:tip-{tip.id}", "tip_id": tip.id}
    if identity.is_muted or not identity.is_reachable:
        reason = "muted" if identity.is_muted else "unreachable"
        row |= {"state": NoticeState.SKIPPED, "reason": reason}
    await _insert_once(session, row)


TEST = "channel_test"


async def queue_test_notice(
    session: AsyncSession, channel: NoticeChannel, staff: Staff, *, now: datetime
) -> None:
    """Try one way out, to the administrator himself or to the groups; twice within a minute is once."""
    row = _make_row(TEST, channel, {}, now=now, send_at=None)
    row |= {"dedup_key": f"{TEST}:{channel}:staff-{staff.id}:{int(now.timestamp()) // 60}"}
    to_whom = {"locale": GROUP_LOCALE} if channel is NoticeChannel.GROUP else {"staff_id": staff.id}
    await _insert_once(session, {"locale": staff.locale, **row, **to_whom})


async def find_last_tests(session: AsyncSession, *, since: datetime) -> dict[NoticeChannel, Notice]:
    """The newest test of each way out since a moment."""
    is_recent = and_(Notice.state.in_(list(NoticeState)), Notice.send_at >= since)
    newest = select(func.max(Notice.id)).where(is_recent, Notice.kind == TEST).group_by(Notice.channel)
    rows = await session.scalars(select(Notice).where(Notice.id.in_(newest)))
    return {notice.channel: notice for notice in rows}


async def find_last_outcome(
    session: AsyncSession, channel: NoticeChannel, state: NoticeState, *, since: datetime
) -> Notice | None:
    """The newest notice of a way out that ended so since a moment."""
    is_recent = and_(Notice.state == state, Notice.send_at >= since)
    statement = select(Notice).where(is_recent, Notice.channel == channel)
    return await session.scalar(statement.order_by(Notice.send_at.desc(), Notice.id.desc()).limit(1))


def _make_row(
    kind: str, channel: NoticeChannel, values: Values, *, now: datetime, send_at: datetime | None
) -> dict[str, Any]:
    check_values(values)
    return {
        "kind": kind,
        "channel": channel,
        "values": dict(values),
        "state": NoticeState.WAITING,
        "attempts": 0,
        "created_at": now,
        "send_at": send_at or now,
        "reason": "",
    }


def check_values(values: Values) -> None:
    """Raise ForbiddenValueError unless every value is of a kind that may leave the house."""
    for name, value in values.items():
        if name not in ALLOWED_VALUES or len(str(value)) > _LONGEST_VALUE or not str(value).isascii():
            message = f"A notice may not carry {name!r}."
            raise ForbiddenValueError(message)


async def _insert_once(session: AsyncSession, row: dict[str, Any]) -> None:
    await session.flush()  # the case or tip that it points to may be new
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    await session.execute(
        dialect.insert(Notice).values(**row).on_conflict_do_nothing(index_elements=["dedup_key"])
    )


# ---------------------------------------------------------------- claim


async def claim_notices(db: Database, *, now: datetime, limit: int, lease: timedelta) -> list[Notice]:
    """Notices that are due, longest waiting first, leased to the caller. Two callers never get the same one.

    A notice whose lease ran out is due again: its sender died, and nobody knows whether it was sent.
    """
    async with db.read() as session:
        # Looked at first without the write lock, because there is nothing to send nearly always.
        if not await session.scalar(select(Notice.id).where(_is_due(now)).limit(1)):
            return []
    async with db.begin() as session:
        due = (
            select(Notice.id)
            .where(_is_due(now))
            .order_by(Notice.send_at, Notice.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        ids = (await session.scalars(due)).all()
        if not ids:
            return []
        await session.execute(
            update(Notice)
            .where(Notice.id.in_(ids))
            .values(state=NoticeState.SENDING, claimed_until=now + lease, attempts=Notice.attempts + 1)
        )
        claimed = select(Notice).where(Notice.id.in_(ids)).order_by(Notice.send_at, Notice.id)
        return list((await session.scalars(claimed.execution_options(populate_existing=True))).all())


def _is_due(now: datetime) -> ColumnElement[bool]:
    is_waiting = and_(Notice.state == NoticeState.WAITING, Notice.send_at <= now)
    return or_(is_waiting, and_(Notice.state == NoticeState.SENDING, Notice.claimed_until < now))


def claim_of(notice: Notice) -> Claim:
    """The claim under which a notice was taken. Raises ValueError for one that is not claimed."""
    if notice.claimed_until is None:
        message = "This notice is not claimed."
        raise ValueError(message)
    return Claim(notice.id, notice.attempts, notice.claimed_until)


# ---------------------------------------------------------------- mark


async def mark_sent(session: AsyncSession, claim: Claim, *, now: datetime) -> bool:
    """It went out. False when the claim is no longer ours; then nothing changed."""
    return await _mark(session, claim, state=NoticeState.SENT, sent_at=now, reason="")


async def mark_retry(
    session: AsyncSession,
    claim: Claim,
    *,
    reason: str,
    send_at: datetime,
    is_counted: bool = True,
    values: Mapping[str, Any] | None = None,
) -> bool:
    """Try again later. A try that the other side put off does not count against the ceiling.

    `values` replace those of the notice: they note which group addresses have it already.
    """
    attempts = claim.attempt if is_counted else claim.attempt - 1
    more = {} if values is None else {"values": dict(values)}
    return await _mark(
        session, claim, state=NoticeState.WAITING, reason=reason, send_at=send_at, attempts=attempts, **more
    )


async def mark_failed(session: AsyncSession, claim: Claim, *, reason: str) -> bool:
    """It will not go out: staff see why (notices.reason.<reason>)."""
    return await _mark(session, claim, state=NoticeState.FAILED, reason=reason)


async def mark_skipped(session: AsyncSession, claim: Claim, *, reason: str) -> bool:
    """It need not or cannot go this way: staff see why (notices.reason.<reason>)."""
    return await _mark(session, claim, state=NoticeState.SKIPPED, reason=reason)


async def put_off_lane(session: AsyncSession, notice: Notice, *, until: datetime) -> None:
    """Let the other waiting notices of one chat wait as long as the chat asked; other chats go on."""
    await session.execute(
        update(Notice)
        .where(
            Notice.state == NoticeState.WAITING,
            Notice.channel == notice.channel,
            Notice.staff_id.is_not_distinct_from(notice.staff_id),
            Notice.tip_id.is_not_distinct_from(notice.tip_id),
            Notice.send_at < until,
        )
        .values(send_at=until)
    )


async def _mark(session: AsyncSession, claim: Claim, **changes: Any) -> bool:  # noqa: ANN401 - column values
    marked = await session.scalar(
        update(Notice)
        .where(
            Notice.id == claim.notice_id,
            Notice.state == NoticeState.SENDING,
            Notice.attempts == claim.attempt,
            Notice.claimed_until == claim.until,
        )
        .values(claimed_until=None, **changes)  # `values` is a column too: it comes inside `changes`
        .returning(Notice.id)
    )
    return marked is not None


# ---------------------------------------------------------------- look


async def list_notices_of_case(session: AsyncSession, case_id: int) -> Sequence[Notice]:
    """All notices about a case, oldest first."""
    return (await session.scalars(select(Notice).where(Notice.case_id == case_id).order_by(Notice.id))).all()


async def count_notices(session: AsyncSession, state: NoticeState, *, before: datetime | None = None) -> int:
    """How many notices stand so, or stand so since before a moment (for `/readyz` and figures)."""
    statement = select(func.count()).select_from(Notice).where(Notice.state == state)
    if before is not None:
        statement = statement.where(Notice.send_at < before)
    return int(await session.scalar(statement) or 0)


async def find_address(session: AsyncSession, notice: Notice) -> Staff | Identity | None:
    """To whom a notice goes: the account, or the sealed return address of a tip."""
    if notice.staff_id is not None:
        return await session.get(Staff, notice.staff_id)
    if notice.tip_id is not None:
        return await session.scalar(select(Identity).where(Identity.tip_id == notice.tip_id))
    return None


async def mark_unreachable(session: AsyncSession, tip_id: int) -> None:
    """The reporter's chat refuses us: staff see it on the case, and he still has his code."""
    await session.execute(update(Identity).where(Identity.tip_id == tip_id).values(is_reachable=False))
