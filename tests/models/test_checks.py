"""`db check` names what is wrong, and only that; `/readyz` tells the truth."""

import hashlib
import os
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from config.keys import Keys
from models.audit import record_event
from models.case import Case, Deadline, Heartbeat
from models.checks import check_database, readiness
from models.files import StoredFile, save_attachment
from models.likeness import Likeness
from models.session import Database
from models.states import FindingSource
from models.tip import Attachment, Tip
from tests.factories import act_as_owner, make_case, make_finding, make_tip


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


@pytest.fixture
async def case_id(db, now) -> int:
    """One sound case with its history."""
    async with db.begin() as session:
        case = await make_case(session)
        record_event(session, "accepted", at=now, case_id=case.id)
        return case.id


async def find_sentences(db, files, now, **more):
    return [problem.sentence for problem in await check_database(db, files=files, now=now, **more)]


async def test_a_sound_installation_has_no_problem(db, files, now, keys, case_id):
    assert await find_sentences(db, files, now, keys=keys, recompute=lambda row: row.due_at) == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ('update "case" set is_open = false', "marked open or ended against its state"),
        ("update \"case\" set number = '269999999999'", "No tip was told the number"),
        ("update tip set case_id = null", "has no tip"),
        ("update tip set assessed_at = null", "counts as not assessed"),
        ("update \"case\" set next_due_at = '2026-01-01 00:00:00'", "nearest due time of case"),
        ("update deadline set met_at = due_at", "No clock runs for case"),
        ("update deadline set breached_at = due_at", "is not marked so"),
        ("update deadline set office_id = 'wuyang'", "counts for another office"),
        ("update deadline set met_at = due_at, cancelled_at = due_at", "both met and dropped"),
        ("update deadline set met_at = due_at, wake_at = due_at", "would still wake"),
        ("update deadline set due_at = '2020-01-01 00:00:00'", "ends before it starts"),
        ("update event set reason = 'x'", "The audit chain breaks at entry 1"),
        ("delete from event", "has no history"),
    ],
)
async def test_each_fault_is_named(db, files, now, case_id, statement, words):
    async with db.begin() as session:
        await act_as_owner(session)
        await session.execute(text(statement))
    assert any(words in sentence for sentence in await find_sentences(db, files, now))


async def test_a_chain_of_likenesses_is_named(db, files, now, case_id):
    async with db.begin() as session:
        cases = [case_id, *[(await make_case(session)).id for _ in range(2)]]
        for later in cases[1:]:
            record_event(session, "accepted", at=now, case_id=later)
        said = {"score": 0.7, "is_sure": False, "reasons": [], "created_at": now}
        session.add_all(Likeness(case_id=b, first_case_id=a, **said) for a, b in pairwise(cases))
        number = (await session.get_one(Case, cases[1])).number
    words = f"Case {number} is likened to an earlier one and is the first of others as well."
    assert await find_sentences(db, files, now) == [words]


async def test_a_tip_that_waits_too_long_is_named(db, files, now):
    async with db.begin() as session:
        tip = await make_tip(session, received_at=now - timedelta(hours=2))
    assert await find_sentences(db, files, now) == [
        f"Tip {tip.number} has waited for triage for more than an hour: is the worker running?"
    ]


async def test_a_clock_that_the_rules_count_otherwise_is_named(db, files, now, case_id):
    sentences = await find_sentences(
        db, files, now, recompute=lambda row: row.due_at + timedelta(days=1) if row.rule_id == "D10" else None
    )
    assert len(sentences) == 1
    assert "D10" in sentences[0]


async def test_many_of_one_kind_are_counted_not_listed(db, files, now):
    async with db.begin() as session:
        for _ in range(9):
            await make_case(session)
    sentences = await find_sentences(db, files, now)
    assert len(sentences) == 6
    assert sentences[-1] == "… and 4 more like this."


@pytest.fixture
async def attachment(db, files, now, keys: Keys, case_id) -> Attachment:
    async with db.begin() as session:
        tip = await make_tip(session, received_at=now)
        stored = store(files, keys, b"a photo")
        return await save_attachment(session, files, stored, keys=keys, now=now, tip_id=tip.id)


def store(folder: Path, keys: Keys, data: bytes) -> StoredFile:
    name = "ab" + "0" * 30
    (folder / "ab").mkdir()
    (folder / "ab" / name).write_bytes(keys.seal("file", data, place="attachment"))
    return StoredFile("a.jpg", "image/jpeg", hashlib.sha256(data).digest(), len(data), name, None)


async def test_files_are_opened_and_compared(db, files, now, keys, attachment):
    assert await find_sentences(db, files, now, keys=keys) == []
    path = files / "ab" / attachment.original
    sealed = bytearray(path.read_bytes())
    sealed[-1] ^= 1
    path.write_bytes(sealed)
    assert await find_sentences(db, files, now, keys=keys) == [
        f"The original of attachment {attachment.id} is damaged: it is not what was sent."
    ]
    path.unlink()
    assert await find_sentences(db, files, now, keys=keys) == [
        f"Attachment {attachment.id} lacks a file on the disk."
    ]


async def test_files_of_nobody_are_counted(db, files, now, keys, attachment):
    (files / "cd").mkdir()
    stray = files / "cd" / ("cd" + "0" * 30)
    stray.write_bytes(b"left over")
    old = (now - timedelta(hours=50)).timestamp()
    os.utime(stray, (old, old))
    assert await find_sentences(db, files, now, keys=keys) == [
        "1 files on the disk belong to no attachment; the worker sweeps them."
    ]


async def beat(db, name, at):
    async with db.begin() as session:
        session.add(Heartbeat(name=name, holder="test", beat_at=at, details={}))


async def test_ready_while_the_worker_ticks(db, now):
    await beat(db, "worker", now - timedelta(seconds=20))
    said = await readiness(db, now=now, has_chat=False)
    assert said.is_ready
    assert said.as_json()["checks"] == {
        "database": {"is_fine": True},
        "worker": {"is_fine": True, "seconds_since_tick": 20},
        "telegram": {"is_fine": None, "is_off": True},
    }


@pytest.mark.parametrize("age", [None, 91, 100_000])
async def test_not_ready_once_the_worker_stands_still(db, now, age):
    if age:
        await beat(db, "worker", now - timedelta(seconds=age))
    assert not (await readiness(db, now=now, has_chat=False)).is_ready


async def test_not_ready_while_a_chat_that_is_set_up_is_silent(db, now):
    await beat(db, "worker", now)
    assert not (await readiness(db, now=now, has_chat=True)).is_ready


async def test_not_ready_without_a_database(tmp_path, now):
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")
    said = await readiness(db, now=now, has_chat=False)
    await db.close()
    assert not said.is_ready
    assert said.parts["database"] == {"is_fine": False}


async def test_not_ready_on_an_older_schema(db, now):
    await beat(db, "worker", now)
    async with db.begin() as session:
        await session.execute(text("update alembic_version set version_num = '0000'"))
    assert not (await readiness(db, now=now, has_chat=False)).is_ready


async def test_a_check_changes_nothing(db, files, now, case_id):
    async with db.begin() as session:
        await session.execute(update(Case).values(is_open=False))
        await session.execute(update(Deadline).values(office_id="x"))
    first = await find_sentences(db, files, now)
    assert first == await find_sentences(db, files, now)
    assert first


async def test_a_proposal_whose_rules_and_model_are_not_kept_is_named(db, tmp_path, now):
    kept, lost, alone = f"{'a' * 12}+{'b' * 12}", f"{'a' * 12}+{'c' * 12}", "a" * 12
    async with db.begin() as session:
        for version in (kept, lost, alone):
            case = await make_case(session, rules_version=version)
            tip = await session.scalar(select(Tip).where(Tip.case_id == case.id))
            await make_finding(session, case, tip, rules_version=version)
        await make_finding(session, case, tip, rules_version="staff", source=FindingSource.STAFF)
    found = await check_database(db, files=tmp_path, now=now, versions=[kept])
    said = [problem.sentence for problem in found if problem.check == "versions"]
    assert [lost in sentence for sentence in said] == [True]
    nothing = await check_database(db, files=tmp_path, now=now)
    assert not [problem for problem in nothing if problem.check == "versions"]
