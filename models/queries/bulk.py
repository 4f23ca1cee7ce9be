"""Many rows at once and how many there are: for benchmarks on databases of their own."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Base


async def insert_rows(session: AsyncSession, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows as they are: no events, no checks beyond those of the database."""
    if rows:
        await session.execute(insert(table), list(rows))


async def count_rows(session: AsyncSession, table: type[Base]) -> int:
    """How many rows a table has."""
    return int(await session.scalar(select(func.count()).select_from(table)) or 0)
