"""Texts that the leak check stopped and whose authors stand by them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.case import Case
from models.disclosure import OutgoingText
from models.queries.scope import in_scope
from models.scope import Scope
from models.staff import Staff


async def find_outgoing(
    session: AsyncSession, case_id: int, place: str, digest: bytes
) -> OutgoingText | None:
    """Exactly this text of this case, if somebody asked to let it go."""
    statement = select(OutgoingText).where(
        OutgoingText.case_id == case_id, OutgoingText.place == place, OutgoingText.digest == digest
    )
    return await session.scalar(statement)


async def list_waiting_texts(
    session: AsyncSession, decider: Staff, scope: Scope, *, since: datetime
) -> Sequence[tuple[OutgoingText, Case, Staff]]:
    """Texts that wait for this person's yes or no: written by others, of cases that he may see, oldest first."""
    author = aliased(Staff)
    statement = (
        select(OutgoingText, Case, author)
        .join(Case, Case.id == OutgoingText.case_id)
        .join(author, author.id == OutgoingText.author_id)
        .where(*_waits_for(decider, scope, since=since), author.is_active.is_(True))
        .order_by(OutgoingText.id)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(statement)]


async def count_waiting_texts(session: AsyncSession, decider: Staff, scope: Scope, *, since: datetime) -> int:
    """How many `list_waiting_texts` lists."""
    author = aliased(Staff)
    statement = (
        select(func.count())
        .select_from(OutgoingText)
        .join(Case, Case.id == OutgoingText.case_id)
        .join(author, author.id == OutgoingText.author_id)
        .where(*_waits_for(decider, scope, since=since), author.is_active.is_(True))
    )
    return int(await session.scalar(statement) or 0)


async def find_waiting_text_to_change(
    session: AsyncSession, text_id: int, decider: Staff, scope: Scope, *, since: datetime
) -> tuple[OutgoingText, Case] | None:
    """One of what `list_waiting_texts` lists, locked."""
    statement = (
        select(OutgoingText, Case)
        .join(Case, Case.id == OutgoingText.case_id)
        .where(OutgoingText.id == text_id, *_waits_for(decider, scope, since=since))
        .with_for_update(of=OutgoingText)
        .execution_options(populate_existing=True)
    )
    row = (await session.execute(statement)).first()
    return (row[0], row[1]) if row else None


def _waits_for(decider: Staff, scope: Scope, *, since: datetime) -> list[ColumnElement[bool]]:
    return [
        OutgoingText.decided_at.is_(None),
        OutgoingText.asked_at > since,
        OutgoingText.author_id != decider.id,
        in_scope(scope),
    ]
