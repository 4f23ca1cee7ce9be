"""Counters against guessing and flooding. Sources are keyed hashes; no address is stored."""

import math
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.case import ThrottleCount

FAILURES_ARE_FORGOTTEN_AFTER = timedelta(hours=24)


async def count_try(
    session: AsyncSession, scope: str, source: bytes, *, now: datetime, window: timedelta
) -> int:
    """Count one try of `source` and answer how many it made in the running window."""
    insert = (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(ThrottleCount)
    is_over = ThrottleCount.window_ends_at <= now
    statement = (
        insert.values(scope=scope, source=source, count=1, window_ends_at=now + window)
        .on_conflict_do_update(
            index_elements=["scope", "source"],
            set_={
                "count": case((is_over, 1), else_=ThrottleCount.count + 1),
                "window_ends_at": case((is_over, now + window), else_=ThrottleCount.window_ends_at),
            },
        )
        .returning(ThrottleCount.count)
    )
    return int(await session.scalar(statement) or 0)


async def full_seconds(session: AsyncSession, scope: str, source: bytes, *, most: int, now: datetime) -> int:
    """How many seconds until a window that has seen `most` tries is over; 0 where there is room."""
    ends_at = await session.scalar(
        select(ThrottleCount.window_ends_at).where(*_of(scope, source), ThrottleCount.count >= most)
    )
    return math.ceil((ends_at - now).total_seconds()) if ends_at and ends_at > now else 0


async def note_failure(
    session: AsyncSession,
    scope: str,
    source: bytes,
    *,
    now: datetime,
    free_tries: int,
    longest_wait: timedelta,
    first_wait: timedelta = timedelta(seconds=2),
) -> None:
    """Count a failure; from `free_tries` on one waits `first_wait`, doubled with each further one up to `longest_wait`.

    The wait always ends: otherwise a stranger could lock the rightful owner out for good.
    """
    failures = await count_try(session, scope, source, now=now, window=FAILURES_ARE_FORGOTTEN_AFTER)
    if failures < free_tries:
        return
    doubled = first_wait.total_seconds() * 2.0 ** min(failures - free_tries, 30)
    seconds = min(doubled, longest_wait.total_seconds())
    await session.execute(
        update(ThrottleCount).where(*_of(scope, source)).values(free_at=now + timedelta(seconds=seconds))
    )


async def wait_seconds(session: AsyncSession, scope: str, source: bytes, *, now: datetime) -> int:
    """How many seconds the source must wait before its next try; 0 when it need not."""
    free_at = await session.scalar(select(ThrottleCount.free_at).where(*_of(scope, source)))
    return math.ceil((free_at - now).total_seconds()) if free_at and free_at > now else 0


async def forget_failures(session: AsyncSession, scope: str, source: bytes) -> None:
    """The right code was given: start anew."""
    await session.execute(delete(ThrottleCount).where(*_of(scope, source)))


async def delete_old_counts(session: AsyncSession, *, now: datetime) -> None:
    """Forget windows that ended."""
    await session.execute(delete(ThrottleCount).where(ThrottleCount.window_ends_at < now))


def _of(scope: str, source: bytes) -> tuple[ColumnElement[bool], ...]:
    return (ThrottleCount.scope == scope, ThrottleCount.source == source)
