"""The way back: requests and ratings of reporters, what they deleted from their view, addresses no longer needed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Case, Finding
from models.message import Message
from models.states import FindingKind, FindingSource, MessageKind, RequestKind
from models.way_back import Rating, ReporterRequest


async def find_request(
    session: AsyncSession, tip_id: int, kind: RequestKind, about_at: datetime
) -> ReporterRequest | None:
    """What the reporter asked on this occasion, if he did."""
    return await session.scalar(
        select(ReporterRequest).where(
            ReporterRequest.tip_id == tip_id,
            ReporterRequest.kind == kind,
            ReporterRequest.about_at == about_at,
        )
    )


async def list_requests(session: AsyncSession, case_id: int) -> Sequence[ReporterRequest]:
    """All that reporters asked for on a case, oldest first."""
    statement = select(ReporterRequest).where(ReporterRequest.case_id == case_id).order_by(ReporterRequest.id)
    return (await session.scalars(statement)).all()


async def find_rating(session: AsyncSession, tip_id: int) -> Rating | None:
    """How it turned out, says the reporter."""
    return await session.scalar(select(Rating).where(Rating.tip_id == tip_id))


async def list_ratings(session: AsyncSession, case_id: int) -> Sequence[Rating]:
    """What the reporters of a case said of its outcome."""
    statement = select(Rating).where(Rating.case_id == case_id).order_by(Rating.id)
    return (await session.scalars(statement)).all()


async def hide_letters(session: AsyncSession, tip_id: int, *, now: datetime) -> int:
    """Take what the reporter wrote, and what he has read, out of his view; answers how many letters that were."""
    has_seen = or_(Message.kind == MessageKind.FROM_REPORTER, Message.read_at.is_not(None))
    mine = (Message.tip_id == tip_id, Message.kind != MessageKind.NOTE, Message.hidden_at.is_(None), has_seen)
    result = await session.execute(update(Message).where(*mine).values(hidden_at=now))
    return int(getattr(result, "rowcount", 0))


async def count_hidden_letters(session: AsyncSession, tip_id: int) -> int:
    """How many letters the reporter took out of his view."""
    ids = await session.scalars(
        select(Message.id).where(Message.tip_id == tip_id, Message.hidden_at.is_not(None))
    )
    return len(ids.all())


async def list_decided_clauses(session: AsyncSession, case: Case) -> list[str]:
    """The clauses of a case, once a person has decided them; what only the machine proposed is nobody's finding."""
    is_decided = select(Finding.id).where(
        Finding.case_id == case.id, Finding.kind == FindingKind.CLAUSE, Finding.source == FindingSource.STAFF
    )
    return list(case.clauses) if await session.scalar(is_decided.limit(1)) else []
