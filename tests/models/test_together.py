"""Group commit: many share one transaction, and one that fails spoils nobody else's."""

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import find_broken_event, record_event
from models.event import Event
from models.session import Database


class NotTodayError(Exception):
    """What a work may fail with."""


async def test_many_writes_share_few_commits_and_each_gets_its_own_result(
    db: Database, now: datetime
) -> None:
    commits = []
    event.listen(db.write_engine.sync_engine, "commit", lambda _connection: commits.append(1))

    def work(number: int):
        async def write(session: AsyncSession) -> int:
            record_event(session, "note_added", at=now, number=number)
            return number

        return write

    assert await asyncio.gather(*(db.write_together(work(number)) for number in range(40))) == list(range(40))
    assert len(commits) <= 3
    async with db.read() as session:
        stored = (await session.scalars(select(Event).order_by(Event.position))).all()
        assert sorted(entry.data["number"] for entry in stored) == list(range(40))
        assert await find_broken_event(session) is None


async def test_a_work_that_fails_fails_alone(db: Database, now: datetime) -> None:
    async def write(session: AsyncSession) -> str:
        record_event(session, "note_added", at=now)
        return "stored"

    async def fail(session: AsyncSession) -> str:
        record_event(session, "accepted", at=now)
        raise NotTodayError

    works = [write, fail, write, fail, write]
    results = await asyncio.gather(*(db.write_together(work) for work in works), return_exceptions=True)
    assert [result if isinstance(result, str) else type(result) for result in results] == [
        "stored", NotTodayError, "stored", NotTodayError, "stored",
    ]  # fmt: skip
    async with db.read() as session:
        assert (await session.scalars(select(Event.kind))).all() == ["note_added"] * 3


async def test_a_caller_who_goes_away_holds_nobody_up(db: Database, now: datetime) -> None:
    async def write(session: AsyncSession) -> str:
        record_event(session, "note_added", at=now)
        return "stored"

    gone = asyncio.create_task(db.write_together(write))
    others = [asyncio.create_task(db.write_together(write)) for _ in range(3)]
    await asyncio.sleep(0)
    gone.cancel()
    assert await asyncio.gather(*others) == ["stored"] * 3
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await db.write_together(write) == "stored"
