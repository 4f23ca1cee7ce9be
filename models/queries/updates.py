"""The chat's durable inbox: storing, claiming in order per chat, finishing, forgetting."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.states import UpdateState
from models.tip import InboundUpdate


async def insert_updates_once(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> int:
    """Store updates; those that are there already are left alone. Answers how many were new."""
    if not rows:
        return 0
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(InboundUpdate).on_conflict_do_nothing(index_elements=["bot_id", "update_id"])
    new = 0
    for row in rows:  # one by one: rows keep the order in which they came
        result = await session.scalar(statement.values(**row).returning(InboundUpdate.id))
        new += result is not None
    return new


async def claim_updates(
    session: AsyncSession, *, now: datetime, limit: int, lease: timedelta
) -> Sequence[InboundUpdate]:
    """The oldest waiting update of each chat, leased to the caller; later ones of that chat wait for it."""
    earlier = aliased(InboundUpdate)
    is_behind = exists().where(
        earlier.chat == InboundUpdate.chat,
        earlier.state == UpdateState.WAITING,
        earlier.id < InboundUpdate.id,
    )
    heads = (
        select(InboundUpdate.id)
        .where(
            InboundUpdate.state == UpdateState.WAITING,
            or_(InboundUpdate.claimed_until.is_(None), InboundUpdate.claimed_until < now),
            ~is_behind,
        )
        .order_by(InboundUpdate.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = (await session.scalars(heads)).all()
    if not ids:
        return []
    await session.execute(
        update(InboundUpdate)
        .where(InboundUpdate.id.in_(ids))
        .values(claimed_until=now + lease, attempts=InboundUpdate.attempts + 1)
    )
    claimed = select(InboundUpdate).where(InboundUpdate.id.in_(ids)).order_by(InboundUpdate.id)
    return (await session.scalars(claimed.execution_options(populate_existing=True))).all()


async def has_claimable_update(session: AsyncSession, *, now: datetime) -> bool:
    """Whether claiming is worth a write transaction."""
    is_free = or_(InboundUpdate.claimed_until.is_(None), InboundUpdate.claimed_until < now)
    statement = select(InboundUpdate.id).where(InboundUpdate.state == UpdateState.WAITING, is_free).limit(1)
    return await session.scalar(statement) is not None


async def find_claimed_update(session: AsyncSession, update_id: int, *, attempt: int) -> InboundUpdate | None:
    """The update, locked, if the claim numbered `attempt` is still the newest: an overtaken worker gets None."""
    statement = (
        select(InboundUpdate)
        .where(
            InboundUpdate.id == update_id,
            InboundUpdate.attempts == attempt,
            InboundUpdate.state == UpdateState.WAITING,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return await session.scalar(statement)


async def extend_claim(session: AsyncSession, update_id: int, *, attempt: int, until: datetime) -> None:
    """Keep a claim for longer, while the work goes on."""
    await session.execute(
        update(InboundUpdate)
        .where(InboundUpdate.id == update_id, InboundUpdate.attempts == attempt)
        .values(claimed_until=until)
    )


async def release_claims(session: AsyncSession) -> None:
    """Give all claims back; only for a process that knows that it is alone."""
    await session.execute(
        update(InboundUpdate).where(InboundUpdate.state == UpdateState.WAITING).values(claimed_until=None)
    )


async def list_waiting_payloads(
    session: AsyncSession, chat: bytes, *, after: int, limit: int
) -> Sequence[dict[str, Any]]:
    """Payloads of a chat's updates that wait behind the one with id `after`."""
    statement = (
        select(InboundUpdate.payload)
        .where(
            InboundUpdate.chat == chat, InboundUpdate.state == UpdateState.WAITING, InboundUpdate.id > after
        )
        .order_by(InboundUpdate.id)
        .limit(limit)
    )
    return [payload for payload in await session.scalars(statement) if payload]


async def count_waiting_updates(session: AsyncSession, *, before: datetime) -> int:
    """How many updates wait since before a moment: should be none."""
    statement = (
        select(func.count())
        .select_from(InboundUpdate)
        .where(InboundUpdate.state == UpdateState.WAITING, InboundUpdate.received_at < before)
    )
    return int(await session.scalar(statement) or 0)


async def delete_old_updates(session: AsyncSession, *, before: datetime) -> int:
    """Forget ended updates; they must be kept for eight days, for Telegram may deliver one again."""
    result = await session.execute(
        delete(InboundUpdate).where(
            InboundUpdate.state != UpdateState.WAITING, InboundUpdate.received_at < before
        )
    )
    return int(getattr(result, "rowcount", 0))


async def find_waiting_updates(session: AsyncSession) -> tuple[int, datetime | None]:
    """How many updates wait to be answered, and since when the oldest of them."""
    statement = select(func.count(), func.min(InboundUpdate.received_at)).where(
        InboundUpdate.state == UpdateState.WAITING
    )
    count, oldest = (await session.execute(statement)).one()
    return int(count), oldest
