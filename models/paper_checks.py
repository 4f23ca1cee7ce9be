"""Whether issued papers are whole: numbers without gaps, files that still have the hashes that were noted."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from config.keys import Keys, SealBrokenError
from models.issued_paper import Paper


async def find_paper_problems(session: AsyncSession, keys: Keys | None) -> AsyncIterator[str]:
    """One sentence for each series with a gap and, with `keys`, for each paper whose files are not as issued."""
    counted = select(Paper.series, Paper.year, func.count(), func.min(Paper.serial), func.max(Paper.serial))
    for series, year, count, first, last in await session.execute(counted.group_by(Paper.series, Paper.year)):
        if (first, last) != (1, count):
            yield f"The numbers of papers {series} in {year} have a gap: {count} papers, from {first} to {last}."
    for paper_id in (await session.scalars(select(Paper.id).order_by(Paper.id))).all() if keys else ():
        files = select(Paper.docx, Paper.docx_sha256, Paper.pdf, Paper.pdf_sha256).where(Paper.id == paper_id)
        docx, docx_digest, pdf, pdf_digest = (await session.execute(files)).one()
        for kind, sealed, digest in (("docx", docx, docx_digest), ("pdf", pdf, pdf_digest)):
            if keys and not await asyncio.to_thread(_is_whole, sealed, digest, kind, keys):
                yield f"The {kind.upper()} of paper {paper_id} is damaged: it is not what was issued."


def _is_whole(sealed: bytes | None, digest: bytes | None, kind: str, keys: Keys) -> bool:
    if sealed is None or digest is None:
        return sealed is digest
    try:
        return hashlib.sha256(keys.unseal("file", sealed, place=f"paper.{kind}")).digest() == digest
    except SealBrokenError:
        return False
