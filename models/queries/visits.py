"""What the citizens' pages ask for: drafts in work, the messages of a tip, visits that were ended."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from models.case import NO_CLOCK, Deadline, ThrottleCount
from models.message import Message
from models.queries.limits import count_try
from models.states import MessageKind
from models.tip import Attachment, Draft

_ENDED = "visit-ended"


async def find_draft_to_change(session: AsyncSession, owner: bytes) -> Draft | None:
    """The draft of a cookie, locked, so that two windows of one citizen write one after the other."""
    statement = select(Draft).where(Draft.owner == owner).with_for_update()
    return await session.scalar(statement.execution_options(populate_existing=True))


async def remove_draft_attachment(
    session: AsyncSession, draft_id: int, attachment_id: int
) -> Attachment | None:
    """Take a file out of a draft; answer it so that its bytes can be deleted after the commit."""
    mine = (Attachment.id == attachment_id, Attachment.draft_id == draft_id)
    attachment = await session.scalar(select(Attachment).where(*mine))
    if attachment is not None:
        await session.delete(attachment)
    return attachment


async def remove_draft(session: AsyncSession, draft_id: int) -> Sequence[Attachment]:
    """Delete a draft; answer the files that were never sent, whose bytes go after the commit."""
    files = (await session.scalars(select(Attachment).where(Attachment.draft_id == draft_id))).all()
    for file in files:
        await session.delete(file)
    await session.flush()
    await session.execute(delete(Draft).where(Draft.id == draft_id))
    return files


async def list_letters(session: AsyncSession, tip_id: int) -> Sequence[Message]:
    """What reporter and staff wrote each other about one tip, oldest first.

    Never the notes of staff, nor what the reporter deleted from his view.
    """
    statement = (
        select(Message)
        .where(Message.tip_id == tip_id, Message.kind != MessageKind.NOTE, Message.hidden_at.is_(None))
        .options(selectinload(Message.attachments))
        .order_by(Message.id)
    )
    return (await session.scalars(statement)).all()


async def mark_letters_read(session: AsyncSession, tip_id: int, *, now: datetime) -> None:
    """The reporter has seen what staff wrote."""
    await session.execute(
        update(Message)
        .where(Message.tip_id == tip_id, Message.kind == MessageKind.TO_REPORTER, Message.read_at.is_(None))
        .values(read_at=now)
    )


async def list_clocks(session: AsyncSession, case_id: int, rules: Sequence[str]) -> Sequence[Deadline]:
    """Running deadlines of a case that follow one of `rules`, the nearest first; those that stand have no day."""
    statement = (
        select(Deadline)
        .where(
            Deadline.case_id == case_id,
            Deadline.rule_id.in_(rules),
            Deadline.due_at < NO_CLOCK,
            Deadline.met_at.is_(None),
            Deadline.cancelled_at.is_(None),
        )
        .order_by(Deadline.due_at)
    )
    return (await session.scalars(statement)).all()


async def end_visit(session: AsyncSession, visit: bytes, *, now: datetime, lasts: timedelta) -> None:
    """The cookie of this visit opens nothing any more, should it come back while it would still hold."""
    await count_try(session, _ENDED, visit, now=now, window=lasts)


async def is_visit_ended(session: AsyncSession, visit: bytes) -> bool:
    """Whether the citizen logged out of this visit."""
    statement = select(ThrottleCount.id).where(ThrottleCount.scope == _ENDED, ThrottleCount.source == visit)
    return await session.scalar(statement) is not None
