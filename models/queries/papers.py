"""Papers of a case, their numbers, and drafts. Whoever asks has checked that the reader may see the case."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.issued_paper import Paper, PaperDraft


async def list_papers(session: AsyncSession, case_id: int) -> Sequence[Paper]:
    """What was issued for a case, oldest first; without the files."""
    return (await session.scalars(select(Paper).where(Paper.case_id == case_id).order_by(Paper.id))).all()


async def find_paper(session: AsyncSession, case_id: int, paper_id: int) -> Paper | None:
    """One paper of this case and of no other."""
    return await session.scalar(select(Paper).where(Paper.case_id == case_id, Paper.id == paper_id))


async def find_paper_by_request(session: AsyncSession, request_key: str) -> Paper | None:
    """The paper that this very form has brought forth already."""
    return await session.scalar(select(Paper).where(Paper.request_key == request_key))


async def get_sealed(session: AsyncSession, paper_id: int) -> tuple[bytes, bytes | None, bytes]:
    """DOCX, PDF and typed fields of a paper, all sealed."""
    row = await session.execute(select(Paper.docx, Paper.pdf, Paper.typed).where(Paper.id == paper_id))
    docx, pdf, typed = row.one()
    return docx, pdf, typed


async def get_next_serial(session: AsyncSession, series: str, year: int) -> int:
    """The number that comes next; somebody quicker may take it, then the row cannot be stored."""
    last = await session.scalar(
        select(func.max(Paper.serial)).where(Paper.series == series, Paper.year == year)
    )
    return (last or 0) + 1


async def find_draft(session: AsyncSession, case_id: int, form: str, staff_id: int) -> PaperDraft | None:
    """What this person has typed for this paper so far."""
    return await session.scalar(
        select(PaperDraft).where(
            PaperDraft.case_id == case_id, PaperDraft.form == form, PaperDraft.staff_id == staff_id
        )
    )


async def list_drafts(session: AsyncSession, case_id: int, staff_id: int) -> Sequence[PaperDraft]:
    """All that this person has begun for a case."""
    return (
        await session.scalars(
            select(PaperDraft).where(PaperDraft.case_id == case_id, PaperDraft.staff_id == staff_id)
        )
    ).all()


async def keep_draft(
    session: AsyncSession,
    case_id: int,
    form: str,
    staff_id: int,
    *,
    typed: bytes,
    replaces_id: int | None,
    now: datetime,
) -> None:
    """Write a draft over the one before."""
    draft = await find_draft(session, case_id, form, staff_id)
    if draft is None:
        draft = PaperDraft(case_id=case_id, form=form, staff_id=staff_id)
        session.add(draft)
    draft.typed, draft.replaces_id, draft.updated_at = typed, replaces_id, now


async def drop_draft(session: AsyncSession, case_id: int, form: str, staff_id: int) -> None:
    """The paper is issued, or somebody begins anew."""
    await session.execute(
        delete(PaperDraft).where(
            PaperDraft.case_id == case_id, PaperDraft.form == form, PaperDraft.staff_id == staff_id
        )
    )
