"""Tampering with the audit as the owner of the database: whatever is done, the first bad entry is named."""

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import find_broken_event, hash_event, record_event
from models.event import Event
from models.heads import HEADS, HeadsError, find_heads, note_head, read_heads
from models.notice import Notice
from models.session import Database
from models.states import Role
from tests.factories import act_as_owner, make_staff

LENGTH = 12


@pytest.fixture
async def written(db: Database, now: datetime) -> Database:
    for number in range(LENGTH):
        async with db.begin() as session:
            record_event(session, f"kind_{number}", at=now, reason="理由", number=number)
    return db


@pytest.mark.parametrize(
    "statement",
    ["update event set reason = 'x'", "delete from event where position = 3", "delete from event"],
)
async def test_the_database_itself_refuses_to_change_or_drop_entries(
    written: Database, statement: str
) -> None:
    with pytest.raises(DBAPIError, match="never changed or dropped"):
        async with written.begin() as session:
            await session.execute(text(statement))
    async with written.read() as session:
        assert await find_broken_event(session) is None


async def test_nor_to_empty_the_table(written: Database) -> None:
    if written.is_sqlite:
        pytest.skip("SQLite knows no TRUNCATE")
    with pytest.raises(DBAPIError, match="never changed or dropped"):
        async with written.begin() as session:
            await session.execute(text("TRUNCATE event"))


async def edit(session: AsyncSession, at: int, dice: random.Random) -> int:
    """One column of one entry."""
    columns = {
        "kind": "forged",
        "reason": "改写的理由",
        "data": {"number": 999},
        "at": datetime.fromisoformat("2020-01-01T00:00:00+00:00"),
        "hash": bytes(32),
        "previous": bytes(range(32)),
    }
    name = dice.choice(sorted(columns))
    await session.execute(update(Event).where(Event.position == at).values({name: columns[name]}))
    return at


async def drop(session: AsyncSession, at: int, dice: random.Random) -> int:
    """One entry, never the last: that is a cut."""
    at = min(at, LENGTH - 1)
    await session.execute(delete(Event).where(Event.position == at))
    return at


async def drop_and_close_up(session: AsyncSession, at: int, dice: random.Random) -> int:
    """One entry, and the later ones moved up, so that no gap shows."""
    at = await drop(session, at, dice)
    for position in range(at + 1, LENGTH + 1):
        await session.execute(update(Event).where(Event.position == position).values(position=position - 1))
    return at


async def insert(session: AsyncSession, at: int, dice: random.Random) -> int:
    """A forged entry that follows the one before it rightly: the next one does not follow it."""
    at = min(at, LENGTH - 2)
    before = await session.scalar(select(Event).where(Event.position == at))
    assert before is not None
    for position in range(LENGTH, at, -1):
        await session.execute(update(Event).where(Event.position == position).values(position=position + 1))
    forged = Event(kind="forged", at=before.at, reason="", data={}, position=at + 1, previous=before.hash)
    forged.hash = hash_event(forged)
    session.add(forged)
    await session.flush()
    return at + 2


async def reorder(session: AsyncSession, at: int, dice: random.Random) -> int:
    """Two entries change places."""
    first, second = sorted(dice.sample(range(1, LENGTH + 1), 2))
    for old, new in ((first, 10_000), (second, first), (10_000, second)):
        await session.execute(update(Event).where(Event.position == old).values(position=new))
    return first


async def truncate(session: AsyncSession, at: int, dice: random.Random) -> int:
    """The end is cut off."""
    at = max(at, 2)
    await session.execute(delete(Event).where(Event.position >= at))
    return at


async def rewrite(session: AsyncSession, at: int, dice: random.Random) -> int:
    """All from one entry on is written anew with right hashes: only what was noted elsewhere shows it."""
    rows = (await session.scalars(select(Event).where(Event.position >= at).order_by(Event.position))).all()
    previous = rows[0].previous
    for row in rows:
        row.reason, row.previous = "改写", previous
        previous = row.hash = hash_event(row)
    await session.flush()
    return LENGTH


Tampering = Callable[[AsyncSession, int, random.Random], Awaitable[int]]
WITHOUT_HEADS = frozenset({edit, drop, drop_and_close_up, insert, reorder})


@pytest.mark.parametrize("tamper", [edit, drop, drop_and_close_up, insert, reorder, truncate, rewrite])
async def test_the_first_bad_entry_is_named_each_time(
    written: Database, tmp_path: Path, tamper: Tampering, now
) -> None:
    await note_head(written, tmp_path, now=now)
    dice = random.Random(7)
    for _ in range(25):
        async with written.begin() as session:
            await act_as_owner(session)
            expected = await tamper(session, dice.randint(1, LENGTH), dice)
            session.expire_all()
            noted = await find_broken_event(session, heads=find_heads(tmp_path))
            alone = await find_broken_event(session)
            await session.rollback()
        assert noted is not None
        assert noted.position == expected
        assert (alone is not None) is (tamper in WITHOUT_HEADS)
        assert alone is None or alone.position == expected
    async with written.read() as session:
        assert await find_broken_event(session, heads=find_heads(tmp_path)) is None


async def test_the_head_is_noted_once_a_day_and_told_to_auditors(
    written: Database, tmp_path: Path, now
) -> None:
    async with written.begin() as session:
        await make_staff(session, Role.AUDITOR, "city", email="audit@example.cn")
    for moment in (now, now + timedelta(minutes=15), now + timedelta(days=1)):
        assert await note_head(written, tmp_path, now=moment) == 0
    lines = (tmp_path / HEADS).read_text().splitlines()
    assert len(lines) == 2
    assert (tmp_path / HEADS).stat().st_mode & 0o777 == 0o600
    async with written.read() as session:
        head = await session.scalar(select(Event).where(Event.position == LENGTH))
        notices = (await session.scalars(select(Notice).where(Notice.kind == "audit_head"))).all()
    assert read_heads(tmp_path / HEADS) == {LENGTH: head.hash}
    assert {notice.channel for notice in notices} == {"mail", "group"}
    assert len(notices) == 4
    assert notices[0].values == {"count": LENGTH, "head": head.hash.hex()[:32]}


async def test_what_a_mail_told_is_enough_to_prove_a_cut(written: Database, tmp_path: Path) -> None:
    async with written.read() as session:
        head = await session.scalar(select(Event).where(Event.position == LENGTH))
    kept = tmp_path / "kept"
    kept.write_text(f"2026-03-04T02:00:00+00:00 {LENGTH} {head.hash.hex()[:32]}\n")
    async with written.begin() as session:
        await act_as_owner(session)
        await session.execute(delete(Event).where(Event.position == LENGTH))
        session.expire_all()
        broken = await find_broken_event(session, heads=read_heads(kept))
        await session.rollback()
    assert (broken.position, broken.problem) == (LENGTH, "the end of the chain was cut off")


@pytest.mark.parametrize("line", ["nonsense", "2026-03-04 5 abcd", "2026-03-04 5 zz", "a b c d"])
def test_a_file_that_is_no_list_of_heads_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "heads"
    path.write_text(f"\n{line}\n")
    with pytest.raises(HeadsError, match="Line 2"):
        read_heads(path)


async def test_an_empty_chain_has_no_head(db: Database, tmp_path: Path, now) -> None:
    assert await note_head(db, tmp_path, now=now) == 0
    assert find_heads(tmp_path) == {}
