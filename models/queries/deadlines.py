"""Clocks that must be looked at: finding them, and taking a step of one exactly once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from models.case import NO_CLOCK, Case, Deadline


async def list_due_clocks(
    session: AsyncSession, *, now: datetime, limit: int
) -> Sequence[tuple[Deadline, Case]]:
    """Running clocks whose next step has come, with their cases; those of one case stand together."""
    statement = (
        select(Deadline, Case)
        .join(Case, Case.id == Deadline.case_id)
        .where(*_is_running(), Deadline.wake_at <= now, Deadline.is_watched.is_(False))
        .order_by(Deadline.case_id, Deadline.due_at, Deadline.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def list_lapsed_windows(
    session: AsyncSession, *, now: datetime, limit: int
) -> Sequence[tuple[int, int]]:
    """Rights that nobody used in time and whose clock has not ended yet: (clock, case)."""
    statement = (
        select(Deadline.id, Deadline.case_id)
        .where(*_is_running(), Deadline.wake_at < now, Deadline.is_watched.is_(True))
        .order_by(Deadline.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def list_clocks_of_other_calendars(
    session: AsyncSession, version: str, *, after: int, limit: int
) -> Sequence[tuple[int, int]]:
    """Running clocks that were counted by another calendar and not missed yet: (clock, case), by id from `after` on."""
    statement = (
        select(Deadline.id, Deadline.case_id)
        .where(
            Deadline.id > after,
            Deadline.calendar_version != version,
            Deadline.met_at.is_(None),
            Deadline.cancelled_at.is_(None),
            Deadline.breached_at.is_(None),
        )
        .order_by(Deadline.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def list_clocks_to_compare(
    session: AsyncSession, *, due_from: datetime, after: int, limit: int
) -> Sequence[tuple[Deadline, str]]:
    """Clocks that run, were not missed, and run out at this moment or later, with the numbers of their cases."""
    statement = (
        select(Deadline, Case.number)
        .join(Case, Case.id == Deadline.case_id)
        .where(
            Deadline.id > after,
            Deadline.met_at.is_(None),
            Deadline.cancelled_at.is_(None),
            Deadline.breached_at.is_(None),
            Deadline.due_at >= due_from,
            Deadline.due_at < NO_CLOCK,
        )
        .options(selectinload(Deadline.pauses))
        .order_by(Deadline.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def move_clock(
    session: AsyncSession,
    deadline_id: int,
    *,
    from_stage: int,
    **changes: Any,  # noqa: ANN401 - column values
) -> bool:
    """Change a clock that still stands at `from_stage`. False when somebody else was faster or it was stopped.

    However many schedulers run, one of them gets True: this is what makes every step happen once.
    """
    moved = await session.scalar(
        update(Deadline)
        .where(Deadline.id == deadline_id, Deadline.stage == from_stage, *_is_running())
        .values(**changes)
        .returning(Deadline.id)
        .execution_options(synchronize_session=False)
    )
    return moved is not None


async def lock_case(session: AsyncSession, case_id: int) -> None:
    """Take a case before its clocks, as every move of a case does: two writers never wait for each other."""
    await session.execute(select(Case.id).where(Case.id == case_id).with_for_update())


async def mark_breach(session: AsyncSession, case_id: int) -> None:
    """Say on the case that a limit was missed; does not disturb an officer who is editing it."""
    await session.execute(
        update(Case)
        .where(Case.id == case_id)
        .values(has_breach=True, version=Case.version)
        .execution_options(synchronize_session=False)
    )


def _is_running() -> tuple[ColumnElement[bool], ...]:
    return (Deadline.met_at.is_(None), Deadline.cancelled_at.is_(None), Deadline.wake_at.is_not(None))
