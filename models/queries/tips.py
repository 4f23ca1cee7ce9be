"""Tips, drafts and identities: storing, finding, claiming for triage."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import cast

from sqlalchemy import ColumnElement, Executable, Table, and_, delete, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from models.case import Case
from models.message import Message
from models.states import Channel, CodeScheme
from models.tip import Attachment, Draft, Identity, Tip

MAX_ATTEMPTS = 5
_TIP_COLUMNS = tuple(column.name for column in Tip.__table__.columns if column.name != "id")


async def insert_tip_once(session: AsyncSession, tip: Tip) -> int | None:
    """Store `tip`; answer its id, or None where its number or its submission is stored already."""
    statement = _insert_once(session.get_bind().dialect.name)
    values = {name: getattr(tip, name) for name in _TIP_COLUMNS}
    tip_id: int | None = await session.scalar(statement, values)
    return tip_id


@cache
def _insert_once(dialect: str) -> Executable:
    """Built once: putting the statement together costs more than running it."""
    insert = (sqlite if dialect == "sqlite" else postgresql).insert(cast("Table", Tip.__table__))
    statement: Executable = insert.on_conflict_do_nothing().returning(Tip.__table__.c.id)
    return statement


async def find_tip_by_submission(session: AsyncSession, digest: bytes) -> Tip | None:
    """The tip that was stored for a submission key."""
    return await session.scalar(select(Tip).where(Tip.submission_digest == digest))


async def find_message_by_submission(session: AsyncSession, digest: bytes) -> Message | None:
    """The message that was stored for a submission key."""
    return await session.scalar(select(Message).where(Message.submission_digest == digest))


async def find_tip_by_number(session: AsyncSession, number: str) -> Tip | None:
    """The tip with this case number."""
    return await session.scalar(select(Tip).where(Tip.number == number))


async def get_tip(session: AsyncSession, tip_id: int) -> Tip:
    """The tip with its attachments."""
    return await session.get_one(Tip, tip_id, options=[selectinload(Tip.attachments)], populate_existing=True)


async def get_tip_to_change(session: AsyncSession, tip_id: int) -> Tip:
    """The tip, locked until the end of the transaction: who comes second sees what the first one did."""
    return await session.get_one(Tip, tip_id, populate_existing=True, with_for_update=True)


async def list_tips_of_case(session: AsyncSession, case_id: int) -> Sequence[Tip]:
    """All tips of a case with their attachments, first reporter first."""
    statement = (
        select(Tip)
        .where(Tip.case_id == case_id)
        .options(selectinload(Tip.attachments).selectinload(Attachment.texts))
        .order_by(Tip.received_at, Tip.id)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def find_cases_with_names(session: AsyncSession, case_ids: Sequence[int]) -> frozenset[int]:
    """Those of these cases of which some reporter can be called."""
    statement = select(Tip.case_id).where(Tip.case_id.in_(case_ids), Tip.is_named)
    return frozenset(case_id for case_id in await session.scalars(statement) if case_id)


async def has_reporter_to_call(session: AsyncSession, case_id: int) -> bool:
    """Whether somebody of the case left a telephone number and no chat that would take a message."""
    has_no_chat = or_(
        Identity.chat_digest.is_(None), Identity.is_reachable.is_(False), Identity.is_muted.is_(True)
    )
    statement = (
        select(Tip.id)
        .join(Identity, Identity.tip_id == Tip.id)
        .where(Tip.case_id == case_id, Identity.phone.is_not(None), has_no_chat)
        .limit(1)
    )
    return await session.scalar(statement) is not None


async def find_case_of_tip(session: AsyncSession, tip: Tip) -> Case | None:
    """The case that a tip belongs to, once there is one."""
    return await session.get(Case, tip.case_id) if tip.case_id else None


async def find_identity(session: AsyncSession, tip_id: int) -> Identity | None:
    """Sealed identity and return address of a tip. Who opens them must record why."""
    return await session.scalar(select(Identity).where(Identity.tip_id == tip_id))


async def find_latest_tip_of_chat(session: AsyncSession, chat_digest: bytes) -> Tip | None:
    """The newest tip sent from a chat."""
    statement = (
        select(Tip)
        .join(Identity, Identity.tip_id == Tip.id)
        .where(Identity.chat_digest == chat_digest)
        .order_by(Tip.id.desc())
        .limit(1)
    )
    return await session.scalar(statement)


async def find_draft(session: AsyncSession, owner: bytes) -> Draft | None:
    """The draft of a cookie or chat."""
    return await session.scalar(select(Draft).where(Draft.owner == owner))


async def list_draft_attachments(session: AsyncSession, draft_id: int) -> Sequence[Attachment]:
    """Files of a draft that is not sent yet."""
    statement = select(Attachment).where(Attachment.draft_id == draft_id).order_by(Attachment.id)
    return (await session.scalars(statement)).all()


async def give_attachments_to_tip(session: AsyncSession, *, draft_id: int, tip_id: int) -> None:
    """Files of a draft become files of the tip that it turned into.

    All of them get the moment of the tip: when each was chosen says more about the reporter than anybody needs.
    """
    received_at = select(Tip.received_at).where(Tip.id == tip_id).scalar_subquery()
    await session.execute(
        update(Attachment)
        .where(Attachment.draft_id == draft_id)
        .values(tip_id=tip_id, draft_id=None, created_at=received_at)
    )


async def mark_unread(session: AsyncSession, case_id: int) -> None:
    """Say on the case that the reporter wrote; does not disturb an officer who is editing it."""
    await session.execute(
        update(Case).where(Case.id == case_id).values(has_unread=True, version=Case.version)
    )


async def mark_seen(session: AsyncSession, case_id: int) -> None:
    """Say on the case that what the reporter wrote was read; whoever edits it at the same time is not disturbed."""
    await session.execute(
        update(Case).where(Case.id == case_id).values(has_unread=False, version=Case.version)
    )


async def claim_waiting_tips(
    session: AsyncSession, *, now: datetime, limit: int, lease: timedelta
) -> Sequence[Tip]:
    """Tips not yet assessed, oldest first, leased to the caller so that a second worker takes others.

    A tip that failed `MAX_ATTEMPTS` times is still claimed: the caller then sends it to the city desk unread
    by the machine, for no tip may be left lying.
    """
    waiting = (
        select(Tip.id)
        .where(*_is_waiting(now))
        .order_by(Tip.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = (await session.scalars(waiting)).all()
    if not ids:
        return []
    await session.execute(
        update(Tip).where(Tip.id.in_(ids)).values(claimed_until=now + lease, attempts=Tip.attempts + 1)
    )
    tips = select(Tip).where(Tip.id.in_(ids)).order_by(Tip.id).execution_options(populate_existing=True)
    return (await session.scalars(tips)).all()


async def has_waiting_tips(session: AsyncSession, *, now: datetime) -> bool:
    """Whether `claim_waiting_tips` would find any: a look that waits for no writer."""
    return await session.scalar(select(Tip.id).where(*_is_waiting(now)).limit(1)) is not None


async def list_unhardened_codes(session: AsyncSession, *, limit: int) -> Sequence[tuple[int, str]]:
    """Tips whose return code is stored as a fast keyed hash only: (tip id, hash)."""
    statement = (
        select(Tip.id, Tip.code_hash).where(Tip.code_scheme == CodeScheme.HMAC).order_by(Tip.id).limit(limit)
    )
    return [(row.id, row.code_hash) for row in await session.execute(statement)]


async def harden_code(session: AsyncSession, tip_id: int, *, fast: str, slow: str) -> None:
    """Replace the fast hash `fast` by the slow one; nothing happens when it was replaced already."""
    await session.execute(
        update(Tip)
        .where(Tip.id == tip_id, Tip.code_scheme == CodeScheme.HMAC, Tip.code_hash == fast)
        .values(code_scheme=CodeScheme.ARGON2, code_hash=slow)
    )


async def delete_old_drafts(
    session: AsyncSession, *, before: datetime, sent_before: Mapping[Channel, datetime]
) -> int:
    """Delete drafts untouched since `before`, sent ones earlier: they hold the key from which their code derives.

    Drafts with files wait until the files are deleted.
    """
    has_files = exists().where(Attachment.draft_id == Draft.id)
    is_old = [Draft.updated_at < before]
    for channel, moment in sent_before.items():
        is_old.append(and_(Draft.tip_id.is_not(None), Draft.channel == channel, Draft.updated_at < moment))
    result = await session.execute(delete(Draft).where(or_(*is_old), ~has_files))
    return int(getattr(result, "rowcount", 0))


async def count_waiting_tips(session: AsyncSession, *, before: datetime) -> int:
    """How many tips wait for triage since before a moment: should be none."""
    ids = await session.scalars(
        select(Tip.id).where(Tip.assessed_at.is_(None), Tip.received_at < before).limit(1000)
    )
    return len(ids.all())


async def find_oldest_waiting(session: AsyncSession) -> datetime | None:
    """Since when the tip waits that waits longest for triage."""
    statement = select(Tip.received_at).where(Tip.assessed_at.is_(None)).order_by(Tip.received_at).limit(1)
    return await session.scalar(statement)


def _is_waiting(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Tip.assessed_at.is_(None), or_(Tip.claimed_until.is_(None), Tip.claimed_until < now))
