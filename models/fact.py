"""What was learned or decided about the installation itself: the last backup, what the chat service says of the bot.

Whoever learns it (a command, the chat, the worker) writes it here; the administrator's pages read it and say how old
it is. No secrets, nothing of any tip.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Data, Moment, Name, Short


class Fact(Base):
    """One thing that is known, as of a moment; a newer one takes its place."""

    __tablename__ = "fact"

    name: Mapped[Short] = mapped_column(primary_key=True)
    at: Mapped[Moment]
    source: Mapped[Name] = mapped_column(comment="which process or account says so")
    details: Mapped[Data]


class Known(StrEnum):
    """Names of facts."""

    BACKUP = "backup"
    RESTORE_TRIAL = "restore_trial"
    CERTIFICATE = "certificate"
    BOT = "bot"
    BOT_TROUBLE = "bot_trouble"
    MAIL_OFF = "mail_off"
    CHAT_OFF = "chat_off"
    KEYS_KEPT = "keys_kept"


async def note_fact(
    session: AsyncSession,
    name: Known,
    *,
    source: str,
    at: datetime,
    details: dict[str, Any] | None = None,
) -> None:
    """Keep what is known now."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    values = {"at": at, "source": source[:200], "details": details or {}}
    statement = dialect.insert(Fact).values(name=name.value, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


async def find_facts(session: AsyncSession) -> dict[str, Fact]:
    """All that is known, by name."""
    rows = await session.scalars(select(Fact).execution_options(populate_existing=True))
    return {fact.name: fact for fact in rows}


async def forget_fact(session: AsyncSession, name: Known) -> bool:
    """What was known counts no longer; False where nothing was known."""
    gone = await session.scalar(delete(Fact).where(Fact.name == name.value).returning(Fact.name))
    return gone is not None
