"""Signs of life of the program's parts, and who of several processes leads the clock."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Heartbeat

LEADER = "leader"


async def beat(
    session: AsyncSession, name: str, *, holder: str, now: datetime, details: dict[str, Any] | None = None
) -> None:
    """Note that a part is alive. `/readyz` looks how old the newest beat of each part is."""
    statement = _insert(session).values(name=name, holder=holder, beat_at=now, details=details or {})
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": holder, "beat_at": now, "details": statement.excluded.details},
        )
    )


async def find_beat(session: AsyncSession, name: str) -> Heartbeat | None:
    """The newest beat of a part."""
    return await session.get(Heartbeat, name, populate_existing=True)


async def is_leader(session: AsyncSession, *, holder: str, now: datetime, lease: timedelta) -> bool:
    """Whether `holder` leads, with at least half of its lease left: looking costs no write."""
    row = await find_beat(session, LEADER)
    return row is not None and row.holder == holder and row.beat_at > now - lease / 2


async def take_lead(session: AsyncSession, *, holder: str, now: datetime, lease: timedelta) -> bool:
    """Lead the clock, or lead on; False while another process does and shows life.

    A leader that sleeps past its lease loses it unawares: what leaders do is harmless when done twice.
    """
    insert = _insert(session).values(name=LEADER, holder=holder, beat_at=now, details={})
    statement = insert.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": holder, "beat_at": now},
        where=or_(Heartbeat.holder == holder, Heartbeat.beat_at < now - lease),
    ).returning(Heartbeat.holder)
    return bool(await session.scalar(statement) == holder)


async def give_up_lead(session: AsyncSession, *, holder: str) -> None:
    """Let another process lead at once: this one stops."""
    await session.execute(delete(Heartbeat).where(Heartbeat.name == LEADER, Heartbeat.holder == holder))


def _insert(session: AsyncSession) -> Any:  # noqa: ANN401 - one of two dialects' inserts
    return (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(Heartbeat)
