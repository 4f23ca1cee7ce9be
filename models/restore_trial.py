"""Whether a backup can be restored: into a place of its own, with every check, and nothing of it left behind.

Also the record of backups and trials: a fact for the administrator's page, an entry of the audit for ever.
"""

import contextlib
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from secrets import token_hex

from sqlalchemy.engine import make_url

from config.keys import Keys, load_keys
from config.settings import Settings
from models.audit import record_event
from models.backup import KEYS_PART, BackupFacts, restore_backup, run_tool, say_nothing
from models.checks import Problem
from models.fact import Known, note_fact
from models.session import Database

Say = Callable[[str], None]
Check = Callable[[Database, Settings, Keys], Awaitable[Sequence[Problem]]]


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it. `upgraded`: the backup was of an older program, and was brought up to date on trial."""

    facts: BackupFacts
    problems: Sequence[Problem]
    seconds: float
    upgraded: bool


async def try_restore(settings: Settings, source: Path, *, check: Check, say: Say = say_nothing) -> Trial:
    """Restore on trial and check. Raises BackupError; the installation itself is not touched.

    Needs as much room as the backup holds; on PostgreSQL the right to make a database.
    """
    begun = time.monotonic()
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=settings.data, prefix=".trial-") as folder,
        _room(settings, Path(folder)) as trial,
    ):
        facts = restore_backup(trial, source, say=say)
        keys = load_keys(trial.keys_file if KEYS_PART in facts.parts else settings.keys_file)
        db = Database(trial.database_url)
        try:
            is_old = not await db.is_current()
            if is_old:
                say("upgrading")
                await db.upgrade()
            problems = await check(db, trial, keys)
        finally:
            await db.close()
    return Trial(facts, problems, time.monotonic() - begun, is_old)


@contextlib.contextmanager
def _room(settings: Settings, folder: Path) -> Iterator[Settings]:
    """An empty installation beside the real one."""
    trial = replace(settings, data=folder, keys_file=folder / "keys.json")
    if settings.is_sqlite:
        yield replace(trial, database_url=f"sqlite+aiosqlite:///{(folder / 'tipline.db').absolute()}")
        return
    url, name = make_url(settings.database_url), f"tipline_trial_{token_hex(6)}"
    run_tool("psql", url, "--no-psqlrc", "--quiet", f'--command=create database "{name}"')
    try:
        address = url.set(database=name).render_as_string(hide_password=False)
        yield replace(trial, database_url=address)
    finally:
        run_tool("psql", url, "--no-psqlrc", "--quiet", f'--command=drop database if exists "{name}"')


# ---------------------------------------------------------------- the record


async def record_backup(db: Database, file: str, facts: BackupFacts, *, source: str, now: datetime) -> None:
    """Note that a backup was made, by whom, and where it lies."""
    with_keys = KEYS_PART in facts.parts
    details = {"file": file[:400], "files": facts.files, "with_keys": with_keys}
    async with db.begin() as session:
        await note_fact(session, Known.BACKUP, source=source, at=now, details=details)
        record_event(
            session, "backup_made", at=now, reason=source[:200], file=details["file"], with_keys=with_keys
        )


async def record_restored(db: Database, facts: BackupFacts, *, source: str, now: datetime) -> None:
    """The installation goes on from a backup: what happened after it was made is not here."""
    async with db.begin() as session:
        record_event(session, "backup_restored", at=now, reason=source[:200], due=facts.made_at)


async def record_trial(db: Database, file: str, trial: Trial, *, source: str, now: datetime) -> None:
    """Note what came of a trial: which checks found something, without naming a row."""
    found = sorted({problem.check for problem in trial.problems})
    details = {
        "file": file[:400],
        "made_at": trial.facts.made_at,
        "problems": len(trial.problems),
        "checks": found,
        "seconds": round(trial.seconds),
    }
    async with db.begin() as session:
        await note_fact(session, Known.RESTORE_TRIAL, source=source, at=now, details=details)
        record_event(
            session,
            "restore_tried",
            at=now,
            reason=source[:200],
            file=details["file"],
            problems=len(trial.problems),
        )
