"""Cases that are handled as one: finding them, and moving a tip with all that hangs on it."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Case, Finding
from models.likeness import Likeness
from models.message import Message
from models.states import FindingSource, LikenessState
from models.tip import Tip


async def find_case_to_join(session: AsyncSession, number: str) -> Case | None:
    """The case with this number, locked: two merges never cross into a chain."""
    statement = select(Case).where(Case.number == number).with_for_update()
    return await session.scalar(statement.execution_options(populate_existing=True))


async def list_joined(session: AsyncSession, case_id: int) -> Sequence[Case]:
    """The cases that were merged into this one."""
    return (await session.scalars(select(Case).where(Case.merged_into_id == case_id).order_by(Case.id))).all()


async def move_tip(session: AsyncSession, tip_id: int, case_id: int) -> None:
    """Put a tip, its messages and what the machine said of it to a case. What people decided stays where it is."""
    await session.flush()
    await session.execute(update(Tip).where(Tip.id == tip_id).values(case_id=case_id))
    await session.execute(update(Message).where(Message.tip_id == tip_id).values(case_id=case_id))
    await session.execute(
        update(Finding)
        .where(Finding.tip_id == tip_id, Finding.source == FindingSource.MACHINE)
        .values(case_id=case_id)
    )


async def list_confirmed_numbers(session: AsyncSession, case_id: int) -> Sequence[str]:
    """Numbers of the open cases that somebody decided to be the same matter as this one."""
    pairs = select(Likeness.first_case_id.label("other")).where(
        Likeness.case_id == case_id, Likeness.state == LikenessState.CONFIRMED
    )
    back = select(Likeness.case_id.label("other")).where(
        Likeness.first_case_id == case_id, Likeness.state == LikenessState.CONFIRMED
    )
    statement = (
        select(Case.number)
        .where(Case.id.in_(pairs.union(back)), Case.is_open.is_(True), Case.id != case_id)
        .order_by(Case.registered_at, Case.id)
    )
    return (await session.scalars(statement)).all()
