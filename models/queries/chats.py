"""Chats: return addresses known by their keyed hash only, the tips that came from them, drafts to be woken."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.tip import Attachment, Draft, Identity, Tip


async def mark_chat(session: AsyncSession, chat_digest: bytes, *, is_reachable: bool) -> None:
    """Write down whether a chat takes our messages, on every tip that came from it."""
    await session.execute(
        update(Identity)
        .where(Identity.chat_digest == chat_digest, Identity.is_reachable.is_(not is_reachable))
        .values(is_reachable=is_reachable)
    )


async def list_tips_of_chat(session: AsyncSession, chat_digest: bytes, *, limit: int) -> Sequence[Tip]:
    """The tips that were sent from a chat, the newest first."""
    statement = (
        select(Tip)
        .join(Identity, Identity.tip_id == Tip.id)
        .where(Identity.chat_digest == chat_digest)
        .order_by(Tip.id.desc())
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def find_tip_of_chat(session: AsyncSession, chat_digest: bytes, number: str) -> Tip | None:
    """The tip with this number, if it was sent from this chat: nobody else's number opens anything."""
    statement = (
        select(Tip)
        .join(Identity, Identity.tip_id == Tip.id)
        .where(Identity.chat_digest == chat_digest, Tip.number == number)
    )
    return await session.scalar(statement)


async def find_mute(session: AsyncSession, chat_digest: bytes, tip_id: int) -> bool | None:
    """Whether the reporter stopped the notices about his tip; None where the tip is not of this chat."""
    return await session.scalar(
        select(Identity.is_muted).where(Identity.chat_digest == chat_digest, Identity.tip_id == tip_id)
    )


async def set_mute(session: AsyncSession, chat_digest: bytes, tip_id: int, *, is_muted: bool) -> None:
    """Stop or resume the notices about a tip in the chat that it was sent from."""
    await session.execute(
        update(Identity)
        .where(Identity.chat_digest == chat_digest, Identity.tip_id == tip_id)
        .values(is_muted=is_muted)
    )


async def unlink_chat(session: AsyncSession, chat_digest: bytes) -> None:
    """Forget the return address of every tip from this chat: only number and code open them from now on."""
    await session.execute(
        update(Identity).where(Identity.chat_digest == chat_digest).values(chat=None, chat_digest=None)
    )


async def list_drafts_to_wake(session: AsyncSession, *, now: datetime, limit: int) -> Sequence[Draft]:
    """Chats whose time has come, the longest waiting first."""
    statement = (
        select(Draft)
        .where(Draft.wake_at <= now, Draft.chat.is_not(None))
        .order_by(Draft.wake_at)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def clear_wake(session: AsyncSession, draft: Draft) -> bool:
    """Note that a chat was woken; False where somebody else was faster or its time was moved meanwhile."""
    cleared = await session.execute(
        update(Draft)
        .where(Draft.id == draft.id, Draft.wake_at == draft.wake_at)
        .values(wake_at=None, version=Draft.version)  # whoever writes the draft meanwhile is not disturbed
        .execution_options(synchronize_session=False)
    )
    return bool(getattr(cleared, "rowcount", 0))


async def find_draft_by_link(
    session: AsyncSession, digest: bytes, *, now: datetime, to_change: bool = False
) -> Draft | None:
    """The draft that a link opens, locked where it is about to; None when the link was used or is too old."""
    statement = select(Draft).where(
        Draft.link_digest == digest, Draft.link_until > now, Draft.tip_id.is_(None)
    )
    if to_change:
        statement = statement.with_for_update()
    return await session.scalar(statement.execution_options(populate_existing=True))


async def move_draft_attachments(session: AsyncSession, draft_id: int, to: int) -> None:
    """Files of one draft become files of another."""
    await session.execute(update(Attachment).where(Attachment.draft_id == draft_id).values(draft_id=to))


async def give_attachments_to_message(session: AsyncSession, *, draft_id: int, message_id: int) -> None:
    """Files that a chat sent before it was clear what for become files of an addition."""
    await session.execute(
        update(Attachment).where(Attachment.draft_id == draft_id).values(message_id=message_id, draft_id=None)
    )
