"""Cases on which the reporter has done something that the procedure must follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Case, Deadline
from models.event import Event
from models.message import Message
from models.states import CaseState, MessageKind

SUPPLEMENT_RULE = "P01"
REVIEW_ASKED = "review_asked"
"""The event by which the public side says that a reporter asked for a review."""
_REVIEWABLE = (CaseState.REFUSED, CaseState.ANSWERED, CaseState.CLOSED)


@dataclass(frozen=True, slots=True)
class Wait:
    """A case that can go on. `asked_at`: when its reporter acted; None where only time passed."""

    case_id: int
    asked_at: datetime | None


async def list_supplemented(session: AsyncSession, *, now: datetime, limit: int) -> Sequence[Wait]:
    """Cases that wait for a supplement, whose reporter has written since or whose window is over."""
    written = select(func.min(Message.created_at)).where(
        Message.case_id == Case.id,
        Message.kind == MessageKind.FROM_REPORTER,
        Message.created_at >= Deadline.started_at,
    )
    came = written.correlate(Case, Deadline).scalar_subquery()
    statement = (
        select(Case.id, came)
        .join(Deadline, Deadline.case_id == Case.id)
        .where(
            Case.state == CaseState.NEEDS_SUPPLEMENT,
            Deadline.rule_id == SUPPLEMENT_RULE,
            Deadline.met_at.is_(None),
            Deadline.cancelled_at.is_(None),
            or_(Deadline.due_at < now, came.is_not(None)),
        )
        .order_by(Case.id)
        .limit(limit)
    )
    return [Wait(row[0], row[1]) for row in await session.execute(statement)]


async def list_asked_reviews(session: AsyncSession, *, limit: int) -> Sequence[Wait]:
    """Cases of which a review was asked after their answer and not opened yet. The action says if it was in time."""
    statement = (
        select(Case.id, func.min(Event.at))
        .join(Event, Event.case_id == Case.id)
        .where(
            Event.kind == REVIEW_ASKED,
            Event.at >= Case.answered_at,
            Case.state.in_(_REVIEWABLE),
            Case.reviewed_at.is_(None),
        )
        .group_by(Case.id)
        .order_by(Case.id)
        .limit(limit)
    )
    return [Wait(row[0], row[1]) for row in await session.execute(statement)]
