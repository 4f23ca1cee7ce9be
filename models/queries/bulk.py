"""Many rows at once and how many there are: for benchmarks on databases of their own."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Base
from models.case import Case
from models.likeness import TipMark
from models.session import Database
from models.staff import Staff
from models.states import MarkKind, Role


async def insert_rows(session: AsyncSession, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows as they are: no events, no checks beyond those of the database."""
    if rows:
        await session.execute(insert(table), list(rows))


async def count_rows(session: AsyncSession, table: type[Base]) -> int:
    """How many rows a table has."""
    return int(await session.scalar(select(func.count()).select_from(table)) or 0)


async def gather_statistics(db: Database) -> None:
    """As PostgreSQL does by itself after a while, and SQLite never."""
    async with db.begin() as session:
        await session.execute(text("ANALYZE"))


@dataclass(frozen=True, slots=True)
class Sample:
    """What is looked for: one case, and the marks of its tip."""

    number: str
    target: str
    marks: Sequence[tuple[MarkKind, int]]


async def take_sample(db: Database, count: int) -> tuple[list[Sample], dict[tuple[Role, str], Staff]]:
    """Cases spread evenly over the years, the newest among them; and the people."""
    async with db.read() as session:
        total = await count_rows(session, Case)
        ids = {max(1, total - total * index // count) for index in range(count)}
        rows = (
            await session.execute(select(Case.id, Case.number, Case.target).where(Case.id.in_(ids)))
        ).all()
        marks: dict[int, list[tuple[MarkKind, int]]] = defaultdict(list)
        for mark in await session.scalars(select(TipMark).where(TipMark.tip_id.in_(ids))):
            marks[mark.tip_id].append((mark.kind, mark.value))
        people = {(row.role, row.office_id): row for row in await session.scalars(select(Staff))}
    return [Sample(row.number, row.target, marks[row.id]) for row in rows], people
