"""A backup is restored on trial beside the running installation, on either database, and nothing of it stays."""

import os

import pytest
from sqlalchemy import text

from config.keys import load_keys
from models.audit import record_event
from models.backup import make_backup
from models.checks import check_database
from models.fact import Known, find_facts
from models.restore_trial import record_trial, try_restore
from tests.factories import make_tip


@pytest.fixture
def settings(settings, request, monkeypatch):
    settings.data.mkdir()
    load_keys(settings.keys_file, may_create=True)
    if not settings.is_sqlite:
        programs = request.getfixturevalue("postgres").programs
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return settings


async def list_databases(db):
    if db.is_sqlite:
        return []
    async with db.read() as session:
        found = await session.scalars(
            text("select datname from pg_database where datname like 'tipline_trial%'")
        )
        return found.all()


async def test_what_was_in_the_backup_is_checked_and_nothing_of_it_stays(db, settings, tmp_path, now):
    async with db.begin() as session:
        await make_tip(session, received_at=now)
        record_event(session, "tip_received", at=now)
    archive = tmp_path / "backup.tar"
    make_backup(settings, archive, now=now, with_keys=True)
    async with db.begin() as session:
        record_event(session, "tip_received", at=now)  # after the backup: not in the trial
    seen = []

    async def check(trial, there, keys):
        assert there.data != settings.data
        assert trial.url != db.url
        async with trial.read() as session:
            seen.append(await session.scalar(text("select count(*) from event")))
        return await check_database(trial, files=there.files, now=now, keys=keys)

    trial = await try_restore(settings, archive, check=check)
    assert (seen, trial.problems, trial.upgraded) == ([1], [], False)
    assert [path.name for path in settings.data.iterdir()] == ["keys.json"]
    assert await list_databases(db) == []
    await record_trial(db, "backup.tar", trial, source="op", now=now)
    async with db.read() as session:
        fact = (await find_facts(session))[Known.RESTORE_TRIAL]
    assert (fact.at, fact.source, fact.details["problems"]) == (now, "op", 0)


async def test_a_check_that_breaks_off_leaves_nothing_either(db, settings, tmp_path, now):
    archive = tmp_path / "backup.tar"
    make_backup(settings, archive, now=now)

    async def check(_trial, _there, _keys):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await try_restore(settings, archive, check=check)
    assert [path.name for path in settings.data.iterdir()] == ["keys.json"]
    assert await list_databases(db) == []
