"""Acts on many cases at once, and lists kept by name."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.list_work import BulkItem, BulkRun, SavedView

RUNS_KEPT = timedelta(days=30)
MOST_SAVED_VIEWS = 12


async def insert_run_once(
    session: AsyncSession,
    *,
    key: str,
    staff_id: int,
    act: str,
    numbers: Sequence[str],
    back: str,
    now: datetime,
) -> int | None:
    """A new run, or None where this form was sent before."""
    statement = (
        _insert(session, BulkRun)
        .values(key=key, staff_id=staff_id, act=act, numbers=list(numbers), back=back, made_at=now)
        .on_conflict_do_nothing()
        .returning(BulkRun.id)
    )
    found: int | None = await session.scalar(statement)
    return found


async def insert_item_once(
    session: AsyncSession,
    run_id: int,
    number: str,
    *,
    is_done: bool,
    reason: dict[str, Any] | None = None,
) -> bool:
    """What became of one case; False where that was written before."""
    statement = (
        _insert(session, BulkItem)
        .values(run_id=run_id, number=number, is_done=is_done, reason=reason or {})
        .on_conflict_do_nothing()
        .returning(BulkItem.id)
    )
    return await session.scalar(statement) is not None


async def find_run(session: AsyncSession, run_id: int, *, staff_id: int) -> BulkRun | None:
    """A run, if this person started it."""
    return await session.scalar(select(BulkRun).where(BulkRun.id == run_id, BulkRun.staff_id == staff_id))


async def find_run_by_key(session: AsyncSession, key: str, *, staff_id: int) -> BulkRun | None:
    """The run that a form started which was sent before."""
    return await session.scalar(select(BulkRun).where(BulkRun.key == key, BulkRun.staff_id == staff_id))


async def list_items(session: AsyncSession, run_id: int) -> Sequence[BulkItem]:
    """What became of the cases of a run so far."""
    return (await session.scalars(select(BulkItem).where(BulkItem.run_id == run_id))).all()


async def delete_old_runs(session: AsyncSession, *, now: datetime) -> int:
    """Forget runs that nobody looks at any more; answers how many."""
    old = select(BulkRun.id).where(BulkRun.made_at < now - RUNS_KEPT)
    await session.execute(delete(BulkItem).where(BulkItem.run_id.in_(old)))
    gone = delete(BulkRun).where(BulkRun.made_at < now - RUNS_KEPT).returning(BulkRun.id)
    return len((await session.scalars(gone)).all())


async def list_saved_views(session: AsyncSession, staff_id: int) -> Sequence[SavedView]:
    """The lists that somebody named, in the order in which he named them."""
    statement = select(SavedView).where(SavedView.staff_id == staff_id).order_by(SavedView.id)
    return (await session.scalars(statement.limit(MOST_SAVED_VIEWS))).all()


async def save_view(session: AsyncSession, staff_id: int, *, name: str, query: str, now: datetime) -> None:
    """Keep a list under a name; a name that is used already means this list from now on."""
    insert = _insert(session, SavedView).values(staff_id=staff_id, name=name, query=query, made_at=now)
    await session.execute(
        insert.on_conflict_do_update(index_elements=["staff_id", "name"], set_={"query": query})
    )


async def delete_saved_view(session: AsyncSession, view_id: int, *, staff_id: int) -> bool:
    """Forget a name of this person's; False where he has no such list."""
    statement = delete(SavedView).where(SavedView.id == view_id, SavedView.staff_id == staff_id)
    return await session.scalar(statement.returning(SavedView.id)) is not None


def _insert(session: AsyncSession, table: type[BulkRun | BulkItem | SavedView]) -> Any:  # noqa: ANN401 - of either dialect
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(table)
