"""Chats as return addresses: known by their keyed hash only."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from models.tip import Identity


async def mark_chat(session: AsyncSession, chat_digest: bytes, *, is_reachable: bool) -> None:
    """Write down whether a chat takes our messages, on every tip that came from it."""
    await session.execute(
        update(Identity)
        .where(Identity.chat_digest == chat_digest, Identity.is_reachable.is_(not is_reachable))
        .values(is_reachable=is_reachable)
    )
