"""With what a part was started last."""

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.administration import StartState


async def list_start_state(session: AsyncSession, part: str) -> Mapping[str, StartState]:
    """By name; empty before the first start. Locked: of two starts at once one sees what the other stored."""
    rows = await session.scalars(select(StartState).where(StartState.part == part).with_for_update())
    return {row.name: row for row in rows}


async def forget_start_state(session: AsyncSession, part: str, names: list[str]) -> None:
    """Names that are no more."""
    await session.execute(delete(StartState).where(StartState.part == part, StartState.name.in_(names)))
