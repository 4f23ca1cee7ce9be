"""Everything that a database holds of its cases, for proofs over whole histories; never for a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Case, Deadline, Finding
from models.case_bar import CaseBar
from models.event import Event
from models.notice import Notice
from models.staff import Staff
from models.tip import Tip


@dataclass(frozen=True, slots=True)
class Whole:
    """All rows, by id; events by position."""

    tips: Sequence[Tip]
    cases: Sequence[Case]
    found: frozenset[int]
    """Cases of which the machine or a person has found something."""
    deadlines: Sequence[Deadline]
    events: Sequence[Event]
    notices: Sequence[Notice]
    bars: Sequence[CaseBar]
    staff: Sequence[Staff]


async def read_whole(session: AsyncSession) -> Whole:
    """Read all of it at once."""
    return Whole(
        tips=(await session.scalars(select(Tip).order_by(Tip.id))).all(),
        cases=(await session.scalars(select(Case).order_by(Case.id))).all(),
        found=frozenset(await session.scalars(select(Finding.case_id).distinct())),
        deadlines=(await session.scalars(select(Deadline).order_by(Deadline.id))).all(),
        events=(await session.scalars(select(Event).order_by(Event.position))).all(),
        notices=(await session.scalars(select(Notice).order_by(Notice.id))).all(),
        bars=(await session.scalars(select(CaseBar).order_by(CaseBar.id))).all(),
        staff=(await session.scalars(select(Staff).order_by(Staff.id))).all(),
    )


async def count_tips(session: AsyncSession) -> int:
    """How many tips there are."""
    return int(await session.scalar(select(func.count()).select_from(Tip)) or 0)


async def find_next_wake(session: AsyncSession) -> datetime | None:
    """When the next clock must be looked at; None when none runs."""
    return await session.scalar(select(func.min(Deadline.wake_at)))
