"""Drafts of forms, and who has a case open. Whoever asks has checked that the reader may see the case."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.at_work import CaseDraft, CasePresence
from models.case import Case
from models.queries.scope import in_scope
from models.scope import Reach
from models.staff import Staff


async def find_draft(
    session: AsyncSession, case_id: int, staff_id: int, form: str, *, to_change: bool = False
) -> CaseDraft | None:
    """What this person has in this form of the case, words or not."""
    statement = select(CaseDraft).where(
        CaseDraft.case_id == case_id, CaseDraft.staff_id == staff_id, CaseDraft.form == form
    )
    return await session.scalar(statement.with_for_update() if to_change else statement)


async def list_drafts(session: AsyncSession, case_id: int, staff_id: int) -> Sequence[CaseDraft]:
    """All that this person has begun on a case and not sent, the newest first."""
    statement = select(CaseDraft).where(
        CaseDraft.case_id == case_id, CaseDraft.staff_id == staff_id, CaseDraft.typed.is_not(None)
    )
    return (await session.scalars(statement.order_by(CaseDraft.updated_at.desc()))).all()


async def write_draft(session: AsyncSession, **values: Any) -> None:  # noqa: ANN401 - columns
    """Write a draft over the one before; two requests at once find one row."""
    unique = ("case_id", "staff_id", "form")
    changes = {name: value for name, value in values.items() if name not in unique}
    statement = _insert(session, CaseDraft).values(**values)
    await session.execute(statement.on_conflict_do_update(index_elements=unique, set_=changes))


async def delete_draft(session: AsyncSession, case_id: int, staff_id: int, form: str) -> None:
    """Nothing stands in this form any more."""
    await session.execute(
        delete(CaseDraft).where(
            CaseDraft.case_id == case_id, CaseDraft.staff_id == staff_id, CaseDraft.form == form
        )
    )


async def delete_old_drafts(
    session: AsyncSession, *, untouched_since: datetime, sent_before: datetime
) -> None:
    """Forget words that nobody touched for long, and the marks of those that were sent."""
    is_old = CaseDraft.updated_at < untouched_since
    is_sent = CaseDraft.typed.is_(None) & (CaseDraft.updated_at < sent_before)
    await session.execute(delete(CaseDraft).where(is_old | is_sent))


async def list_authors(session: AsyncSession) -> Sequence[Staff]:
    """Everybody who has a draft somewhere."""
    authors = select(CaseDraft.staff_id).distinct()
    return (await session.scalars(select(Staff).where(Staff.id.in_(authors)))).all()


async def delete_drafts_out_of_reach(session: AsyncSession, staff_id: int, scope: Reach) -> None:
    """Forget what somebody wrote on cases that he may no longer see."""
    seen = select(Case.id).where(Case.id == CaseDraft.case_id, in_scope(scope)).exists()
    await session.execute(delete(CaseDraft).where(CaseDraft.staff_id == staff_id, ~seen))


async def write_presence(
    session: AsyncSession, case_id: int, staff_id: int, *, now: datetime, opens: bool, writes: bool
) -> None:
    """Note that somebody opened the page, looks at it still, or writes."""
    values: dict[str, Any] = {"case_id": case_id, "staff_id": staff_id, "opened_at": now, "seen_at": now}
    changes: dict[str, Any] = {"seen_at": now} | ({"opened_at": now} if opens else {})
    if writes:
        values["writing_at"] = changes["writing_at"] = now
    statement = _insert(session, CasePresence).values(**values)
    await session.execute(
        statement.on_conflict_do_update(index_elements=("case_id", "staff_id"), set_=changes)
    )


async def stop_writing(session: AsyncSession, case_id: int, staff_id: int) -> None:
    """What was written is sent or put aside."""
    await session.execute(
        update(CasePresence)
        .where(CasePresence.case_id == case_id, CasePresence.staff_id == staff_id)
        .values(writing_at=None)
    )


async def find_presence(session: AsyncSession, case_id: int, staff_id: int) -> CasePresence | None:
    """When this person last had the case open."""
    return await session.scalar(
        select(CasePresence).where(CasePresence.case_id == case_id, CasePresence.staff_id == staff_id)
    )


async def list_present(
    session: AsyncSession, case_id: int, *, without: int, since: datetime
) -> Sequence[tuple[CasePresence, Staff]]:
    """Colleagues who have the case open, whoever opened it last first."""
    statement = (
        select(CasePresence, Staff)
        .join(Staff, Staff.id == CasePresence.staff_id)
        .where(CasePresence.case_id == case_id, CasePresence.seen_at >= since)
        .where(CasePresence.staff_id != without, Staff.is_active)
        .order_by(CasePresence.opened_at.desc())
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def list_who_may_see(
    session: AsyncSession, case_id: int, scopes: Sequence[tuple[int, Reach]]
) -> frozenset[int]:
    """Which of these people may see the case now; `scopes`: staff id and reach. One query for all of them."""
    if not scopes:
        return frozenset()
    seen = [select(Case.id).where(Case.id == case_id, in_scope(scope)).exists() for _, scope in scopes]
    row = (await session.execute(select(*seen))).one()
    return frozenset(staff_id for (staff_id, _), may_see in zip(scopes, row, strict=True) if may_see)


async def delete_old_presence(session: AsyncSession, *, before: datetime) -> None:
    """Nobody needs to know who looked at what yesterday."""
    await session.execute(delete(CasePresence).where(CasePresence.seen_at < before))


def _insert(session: AsyncSession, table: type[CaseDraft | CasePresence]) -> Any:  # noqa: ANN401 - of either dialect
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(table)
