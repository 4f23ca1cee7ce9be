"""The audit chain: whatever is done to the rows behind its back, the first broken entry is named."""

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import delete, select, text, update

from models.audit import find_broken_event, record_event
from models.event import Event
from models.session import Database
from tests.factories import act_as_owner


async def write_events(db: Database, count: int, *, now: datetime) -> None:
    for number in range(count):
        async with db.begin() as session:
            record_event(session, "note_added", at=now, reason="理由", number=number)


async def test_an_untouched_chain_verifies(db: Database, now: datetime) -> None:
    await write_events(db, 5, now=now)
    async with db.read() as session:
        assert await find_broken_event(session) is None


async def test_a_rolled_back_act_leaves_no_entry_and_no_gap(db: Database, now: datetime) -> None:
    await write_events(db, 1, now=now)
    with pytest.raises(RuntimeError):
        async with db.begin() as session:
            record_event(session, "accepted", at=now)
            raise RuntimeError
    await write_events(db, 1, now=now)
    async with db.read() as session:
        assert (await session.scalars(select(Event.position).order_by(Event.position))).all() == [1, 2]
        assert await find_broken_event(session) is None


async def test_many_writers_at_once_make_one_chain(db: Database, now: datetime) -> None:
    await asyncio.gather(*(write_events(db, 5, now=now) for _ in range(8)))
    async with db.read() as session:
        assert (await session.scalars(select(Event.position).order_by(Event.position))).all() == list(
            range(1, 41)
        )
        assert await find_broken_event(session) is None


CHANGES = {
    "another kind": update(Event).where(Event.position == 3).values(kind="approved"),
    "another reason": update(Event).where(Event.position == 3).values(reason="别的理由"),
    "another actor's data": update(Event).where(Event.position == 3).values(data={"number": 99}),
    "a backdated moment": text("UPDATE event SET at = '2020-01-01 00:00:00' WHERE position = 3"),
    "an entry taken out": delete(Event).where(Event.position == 3),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_tampering_names_the_first_broken_entry(db: Database, now: datetime, change: str) -> None:
    await write_events(db, 5, now=now)
    async with db.begin() as session:
        await act_as_owner(session)
        await session.execute(CHANGES[change])
    async with db.read() as session:
        broken = await find_broken_event(session)
    assert broken is not None
    assert broken.position == 3


async def test_a_tail_cut_off_is_seen_by_a_head_noted_outside(db: Database, now: datetime) -> None:
    await write_events(db, 5, now=now)
    async with db.read() as session:
        head = (await session.execute(select(Event.position, Event.hash).where(Event.position == 5))).one()
    async with db.begin() as session:
        await act_as_owner(session)
        await session.execute(delete(Event).where(Event.position > 3))
    async with db.read() as session:
        assert await find_broken_event(session) is None
        broken = await find_broken_event(session, heads={head.position: head.hash})
    assert broken is not None
    assert broken.position == 4


async def test_reading_cannot_write(db: Database, now: datetime) -> None:
    with pytest.raises(Exception, match=r"read-?only"):
        async with db.read() as session:
            await session.execute(text("DELETE FROM event"))
