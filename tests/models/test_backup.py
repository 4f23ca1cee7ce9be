"""What was acknowledged comes back from a backup; what is damaged is not put back."""

import hashlib
import io
import json
import os
import stat
import tarfile
import threading
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import select

from config.keys import load_keys
from models.audit import record_event
from models.backup import BackupError, make_backup, read_backup, restore_backup
from models.checks import check_database
from models.files import StoredFile, save_attachment
from models.session import Database
from models.tip import Tip
from tests.factories import make_case, make_tip

STORED = "ab" + "0" * 30


@pytest.fixture
def settings(settings, request, monkeypatch):
    """An installation with keys; PostgreSQL's own programs are on the PATH."""
    settings.data.mkdir()
    load_keys(settings.keys_file, may_create=True)
    if not settings.is_sqlite:
        programs = request.getfixturevalue("postgres").programs
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return settings


@pytest.fixture
def fresh(settings, request, tmp_path):
    """Settings of an empty installation on the same kind of database."""
    data = tmp_path / "fresh"
    empty = replace(settings, data=data, keys_file=data / "keys.json")
    if settings.is_sqlite:
        yield replace(empty, database_url=f"sqlite+aiosqlite:///{data / 'tipline.db'}")
        return
    postgres, name = request.getfixturevalue("postgres"), f"fresh_{uuid4().hex}"
    yield replace(empty, database_url=postgres.create_database(name))
    postgres.drop_database(name)


async def fill(db, settings, now):
    keys = load_keys(settings.keys_file)
    (settings.files / "ab").mkdir(parents=True)
    sealed = keys.seal("file", b"a photo", place="attachment")
    (settings.files / "ab" / STORED).write_bytes(sealed)
    stored = StoredFile("照片.jpg", "image/jpeg", hashlib.sha256(b"a photo").digest(), 7, STORED, None)
    async with db.begin() as session:
        case = await make_case(session, text="孟庙镇宏达安全培训学校交八百块包过。")
        record_event(session, "accepted", at=now, case_id=case.id)
        tip = await session.scalar(select(Tip))
        await save_attachment(session, settings.files, stored, keys=keys, now=now, tip_id=tip.id)
        return tip.number


async def test_everything_comes_back_and_passes_every_check(db, settings, fresh, tmp_path, now):
    number = await fill(db, settings, now)
    archive = tmp_path / "backup.tar"
    facts = make_backup(settings, archive, now=now)
    assert facts == read_backup(archive)
    assert facts.files == 1
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600

    fresh.data.mkdir()
    fresh.keys_file.write_bytes(settings.keys_file.read_bytes())
    fresh.keys_file.chmod(0o600)
    restore_backup(fresh, archive)
    again = Database(fresh.database_url)
    try:
        assert await again.is_current()
        keys = load_keys(fresh.keys_file)
        assert await check_database(again, files=fresh.files, now=now, keys=keys) == []
        async with again.read() as session:
            tip = await session.scalar(select(Tip))
        assert (tip.number, tip.text) == (number, "孟庙镇宏达安全培训学校交八百块包过。")
    finally:
        await again.close()


async def test_models_and_rules_of_past_decisions_come_back_too(db, settings, fresh, tmp_path, now):
    versions = settings.data / "triage" / "versions"
    versions.mkdir(parents=True)
    for name in ("model.npz", "candidate.npz", "versions/a+b.zip", "versions/.a+c.zip"):
        (settings.data / "triage" / name).write_bytes(name.encode())
    archive = tmp_path / "backup.tar"
    assert make_backup(settings, archive, now=now).files == 0
    restore_backup(fresh, archive)
    found = {path.relative_to(fresh.data).as_posix() for path in (fresh.data / "triage").rglob("*.*")}
    assert found == {"triage/model.npz", "triage/versions/a+b.zip"}
    assert (fresh.data / "triage" / "model.npz").read_bytes() == b"model.npz"


async def test_a_backup_never_overwrites_a_model(db, settings, fresh, tmp_path, now):
    archive = tmp_path / "backup.tar"
    make_backup(settings, archive, now=now)
    (fresh.data / "triage").mkdir(parents=True)
    (fresh.data / "triage" / "model.npz").touch()
    with pytest.raises(BackupError, match="models in"):
        restore_backup(fresh, archive)


async def test_the_keys_stay_out_unless_asked_for(db, settings, fresh, tmp_path, now):
    await fill(db, settings, now)
    archive = tmp_path / "backup.tar"
    make_backup(settings, archive, now=now)
    with tarfile.open(archive) as opened:
        assert not any("keys" in name for name in opened.getnames())
    with_keys = tmp_path / "with-keys.tar"
    make_backup(settings, with_keys, now=now, with_keys=True)
    restore_backup(fresh, with_keys)
    assert load_keys(fresh.keys_file) == load_keys(settings.keys_file)


async def test_an_older_backup_is_never_overwritten(db, settings, tmp_path, now):
    archive = tmp_path / "backup.tar"
    archive.write_text("older")
    with pytest.raises(BackupError, match="there already"):
        make_backup(settings, archive, now=now)
    assert archive.read_text() == "older"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_backup_while_tips_come_in_holds_a_consistent_moment(db, settings, fresh, tmp_path, now):
    archive, done = tmp_path / "backup.tar", threading.Event()
    thread = threading.Thread(target=lambda: (make_backup(settings, archive, now=now), done.set()))
    acknowledged = 0
    while not done.is_set():
        async with db.begin() as session:
            await make_tip(session)
            record_event(session, "tip_received", at=now)
        acknowledged += 1
        if acknowledged == 20:
            thread.start()
    thread.join()
    restore_backup(fresh, archive)
    again = Database(fresh.database_url)
    try:
        async with again.read() as session:
            tips = len((await session.scalars(select(Tip))).all())
        assert 20 <= tips <= acknowledged
        problems = await check_database(again, files=fresh.files, now=now.replace(year=2020))
        assert [problem for problem in problems if problem.check != "rows"] == []
    finally:
        await again.close()


async def test_nothing_that_is_there_is_overwritten(db, settings, tmp_path, now):
    number = await fill(db, settings, now)
    archive = tmp_path / "backup.tar"
    make_backup(settings, archive, now=now)
    with pytest.raises(BackupError, match="empty"):
        restore_backup(settings, archive)
    moved = replace(settings, data=tmp_path / "elsewhere")
    with pytest.raises(BackupError, match="already"):
        restore_backup(moved, archive)
    async with db.read() as session:
        assert (await session.scalar(select(Tip))).number == number


@pytest.fixture
async def archive(db, settings, tmp_path, now):
    await fill(db, settings, now)
    path = tmp_path / "backup.tar"
    make_backup(settings, path, now=now)
    return path


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("damage", ["bit", "cut", "empty", "not a tar", "missing"])
async def test_a_damaged_archive_is_refused_before_anything_is_written(archive, fresh, damage):
    match damage:
        case "bit":
            flip(archive, 5000)
        case "cut":
            os.truncate(archive, archive.stat().st_size // 2)
        case "empty":
            archive.write_bytes(b"")
        case "not a tar":
            archive.write_text("hello")
        case "missing":
            archive.unlink()
    with pytest.raises(BackupError):
        restore_backup(fresh, archive)
    assert not fresh.data.exists()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_archive_cannot_write_outside_the_data_folder(fresh, tmp_path):
    path = tmp_path / "evil.tar"
    content = b"gotcha"
    manifest = {
        "format": 1,
        "made_at": "x",
        "engine": "sqlite",
        "parts": {"../../evil.txt": hashlib.sha256(content).hexdigest()},
    }
    with tarfile.open(path, "w") as archive:
        for name, data in (("../../evil.txt", content), ("manifest.json", json.dumps(manifest).encode())):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    with pytest.raises(BackupError):
        restore_backup(fresh, path)
    assert not list(tmp_path.rglob("evil.txt"))


async def test_an_older_backup_stays_until_the_new_one_is_whole(archive, settings, now):
    before = archive.read_bytes()
    gone = replace(settings, database_url="sqlite+aiosqlite:////nowhere/tipline.db")
    with pytest.raises(BackupError):
        make_backup(gone, archive, now=now)
    assert archive.read_bytes() == before
    assert [path.name for path in archive.parent.glob(".*backup*")] == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_without_the_programs_of_postgresql_the_way_out_is_named(
    db, settings, tmp_path, monkeypatch, now
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError, match="pg_dump is not on the PATH"):
        make_backup(settings, tmp_path / "backup.tar", now=now)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_postgresql_says_is_passed_on(db, settings, tmp_path, now):
    wrong = replace(settings, database_url=settings.database_url.replace("/t_", "/no_such_"))
    with pytest.raises(BackupError, match="does not exist"):
        make_backup(wrong, tmp_path / "backup.tar", now=now)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_archive_of_the_other_engine_is_refused(archive, fresh):
    other = replace(fresh, database_url="postgresql+asyncpg://localhost/x")
    with pytest.raises(BackupError, match="sqlite"):
        restore_backup(other, archive)
