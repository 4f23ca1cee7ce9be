"""Attachments that the machine has yet to read or to weigh: claiming them, keeping what was read.

Only files that were sent: those of a draft may still be taken back.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from models.case import Case, Finding
from models.message import Message
from models.states import FindingSource, Scan, TextSource
from models.tip import Attachment, AttachmentText, Tip


async def list_file_digests(session: AsyncSession, *, draft_id: int, tip_id: int | None) -> set[bytes]:
    """SHA-256 of every original that this draft, or this tip with its messages, has."""
    of_tip = or_(
        Attachment.tip_id == tip_id,
        Attachment.message_id.in_(select(Message.id).where(Message.tip_id == tip_id)),
    )
    belongs = (
        Attachment.draft_id == draft_id if tip_id is None else or_(Attachment.draft_id == draft_id, of_tip)
    )
    return set(await session.scalars(select(Attachment.digest).where(belongs)))


async def has_unread_attachments(session: AsyncSession, *, now: datetime) -> bool:
    """Whether `claim_unread_attachments` would find any: a look that waits for no writer."""
    return await session.scalar(select(Attachment.id).where(*_is_unread(now)).limit(1)) is not None


async def claim_unread_attachments(
    session: AsyncSession, *, now: datetime, limit: int, lease: timedelta
) -> Sequence[Attachment]:
    """Attachments nobody has read yet, oldest first, leased to the caller."""
    unread = (
        select(Attachment.id)
        .where(*_is_unread(now))
        .order_by(Attachment.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = (await session.scalars(unread)).all()
    if not ids:
        return []
    await session.execute(
        update(Attachment)
        .where(Attachment.id.in_(ids))
        .values(read_by=now + lease, read_tries=Attachment.read_tries + 1)
        .execution_options(synchronize_session=False)
    )
    rows = select(Attachment).where(Attachment.id.in_(ids)).order_by(Attachment.id)
    return (await session.scalars(rows.execution_options(populate_existing=True))).all()


async def keep_reading(
    session: AsyncSession,
    attachment_id: int,
    texts: Iterable[tuple[TextSource, str]],
    *,
    unread: Sequence[str],
    scan: Scan,
    now: datetime,
) -> bool:
    """Keep what was read; False when another worker was faster."""
    row = await session.get(Attachment, attachment_id, populate_existing=True, with_for_update=True)
    if row is None or row.read_at is not None:
        return False
    session.add_all(
        AttachmentText(attachment_id=attachment_id, source=source, text=words, created_at=now)
        for source, words in texts
    )
    row.read_at, row.read_by, row.unread, row.scan = now, None, list(unread), scan
    return True


async def put_off_reading(session: AsyncSession, attachment_id: int, *, until: datetime) -> None:
    """The antivirus program does not answer: the file stays closed, and is asked about again."""
    await session.execute(
        update(Attachment)
        .where(Attachment.id == attachment_id, Attachment.read_at.is_(None))
        .values(read_by=until, read_tries=0)
    )


async def list_unweighed_attachments(
    session: AsyncSession, *, limit: int
) -> Sequence[tuple[Attachment, Tip]]:
    """Attachments that were read and whose tip has a case, with their texts and the tip they came with."""
    statement = (
        select(Attachment, Tip)
        .outerjoin(Message, Message.id == Attachment.message_id)
        .join(Tip, Tip.id == func.coalesce(Attachment.tip_id, Message.tip_id))
        .where(Attachment.weighed_at.is_(None), Attachment.read_at.is_not(None), Tip.case_id.is_not(None))
        .options(selectinload(Attachment.texts))
        .order_by(Attachment.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def lock_unweighed_attachment(session: AsyncSession, attachment_id: int) -> Attachment | None:
    """The attachment, locked; None when another worker has weighed it."""
    row = await session.get(Attachment, attachment_id, populate_existing=True, with_for_update=True)
    return row if row is not None and row.weighed_at is None else None


async def list_said_of_tip(session: AsyncSession, tip_id: int) -> set[tuple[str, str]]:
    """Kind and value of all that is said of a tip by its own words or by people."""
    statement = select(Finding.kind, Finding.value).where(
        Finding.tip_id == tip_id, Finding.source != FindingSource.ATTACHMENT
    )
    return {(row.kind, row.value) for row in await session.execute(statement)}


async def ask_for_review(session: AsyncSession, case_id: int, reason: str) -> None:
    """Say on the case that a person must look, and why; does not disturb an officer who is editing it."""
    case = await session.get_one(Case, case_id, populate_existing=True, with_for_update=True)
    if not case.is_open:
        return
    kept = case.review_reasons if case.needs_review else []
    await session.execute(
        update(Case)
        .where(Case.id == case_id)
        .values(
            needs_review=True,
            review_reasons=[*(each for each in kept if each != reason), reason],
            version=Case.version,
        )
        .execution_options(synchronize_session=False)
    )


def _is_unread(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Attachment.read_at.is_(None),
        Attachment.draft_id.is_(None),
        or_(Attachment.read_by.is_(None), Attachment.read_by < now),
    )
