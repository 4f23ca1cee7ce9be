"""`tipline db`: schema, consistency, backup."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.home import EXISTING, FILE, name_operator, open_home, run
from config.clock import now
from config.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from config.keys import Keys
    from config.settings import Settings
    from models.checks import Problem
    from models.session import Database


@click.group()
def db() -> None:
    """Schema, consistency, backup."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the schema to this program's version."""

    async def work() -> None:
        async with open_home(read_settings(), may_create=True):
            click.echo("The database is up to date.")

    run(work())


@db.command("check")
def db_check() -> None:
    """Rows, clocks, files, kept versions and the audit chain. Exit status 1 when something does not fit."""

    async def work() -> None:
        async with open_home(read_settings()) as home:
            problems = await _check_all(home.db, home.settings, home.keys)
        for problem in problems:
            click.echo(str(problem))
        click.echo(f"{len(problems)} problems." if problems else "All is well.")
        sys.exit(1 if problems else 0)

    run(work())


async def _check_all(database: "Database", settings: "Settings", keys: "Keys") -> "Sequence[Problem]":
    """Every check there is, with the rules of today."""
    from config.catalog import load_catalog
    from models.checks import check_database
    from triage.archive import list_versions
    from triage.recounting import recount_with
    from triage.replay import count_with, replay_deadlines

    catalog = load_catalog()
    return await check_database(
        database,
        files=settings.files,
        now=now(),
        keys=keys,
        recompute=recount_with(catalog),
        replay=lambda events: replay_deadlines(events, count_with(catalog)),
        versions=list_versions(settings.data),
        say=lambda what: click.echo(f"Checking {what} …", err=True),
    )


@db.command("backup")
@click.argument("file", type=FILE)
@click.option("--with-keys", is_flag=True, help="Put the key file in: then guard the archive like the keys.")
def db_backup(file: Path, with_keys: bool) -> None:  # noqa: FBT001 - click
    """Write an archive of database and files while the program runs."""
    from models.backup import make_backup
    from models.restore_trial import record_backup

    settings = read_settings()
    facts = make_backup(settings, file, now=now(), with_keys=with_keys, say=_say)
    click.echo(str(facts))
    place, source = str(file.absolute()), name_operator()
    run(_record(settings, lambda base: record_backup(base, place, facts, source=source, now=now())))


@db.command("restore")
@click.argument("file", type=EXISTING)
def db_restore(file: Path) -> None:
    """Put an archive back into an empty installation."""
    from models.backup import restore_backup
    from models.restore_trial import record_restored

    settings = read_settings()
    facts = restore_backup(settings, file, say=_say)
    click.echo(str(facts))
    run(
        _record(
            settings, lambda database: record_restored(database, facts, source=name_operator(), now=now())
        )
    )


@db.command("try-restore")
@click.argument("file", type=EXISTING)
def db_try_restore(file: Path) -> None:
    """Restore an archive into a place of its own, check all of it, and delete that again.

    Exit status 1 when something does not fit. The running installation is not touched.
    """
    from models.restore_trial import record_trial, try_restore

    settings = read_settings()

    async def work() -> None:
        trial = await try_restore(settings, file, check=_check_all, say=_say)
        for problem in trial.problems:
            click.echo(str(problem))
        done = f"{trial.facts} Restored and checked in {trial.seconds:.0f} s"
        older = ", and brought up from an older schema" if trial.upgraded else ""
        found = f"{len(trial.problems)} problems" if trial.problems else "no problem"
        click.echo(f"{done}{older}: {found}.")
        await _record(
            settings,
            lambda database: record_trial(
                database, str(file.absolute()), trial, source=name_operator(), now=now()
            ),
        )
        sys.exit(1 if trial.problems else 0)

    run(work())


def _say(what: str) -> None:
    click.echo(f"{what} …", err=True)


async def _record(settings: "Settings", write: "Callable[[Database], Awaitable[None]]") -> None:
    """Keep it in the installation, where there is one at this program's schema: what was done counts either way."""
    from models.session import Database

    database = Database(settings.database_url)
    try:
        if await database.is_current():
            await write(database)
        else:
            click.echo(
                "Not noted: the database is not at this program's schema (`tipline db upgrade`).", err=True
            )
    finally:
        await database.close()
