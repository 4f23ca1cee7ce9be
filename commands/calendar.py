"""`tipline calendar`: the command line's twin of the administrator's page, with the same checks and record."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.home import open_home, run
from config.clock import now
from config.settings import read_settings

if TYPE_CHECKING:
    from config.catalog import Catalog
    from triage.calendar_import import Preview

LOCALE = "en"


@click.group()
def calendar() -> None:
    """Working days: the years that are known, and the notice of a new one."""


@calendar.command("show")
def show() -> None:
    """From which year to which days are known, and where each year comes from."""
    run(_show())


@calendar.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="", help="Number or address of the notice; kept in the audit.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
def take(file: Path, source: str, dry_run: bool) -> None:  # noqa: FBT001 - click
    """Take in the notice of a year: our YAML, or the notice's own words as a text file."""
    try:
        written = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file} is not UTF-8: save it as UTF-8.") from error
    run(_import(written, source, is_trial=dry_run))


async def _show() -> None:
    from models.queries.calendars import list_notices

    async with open_home(read_settings()) as home:
        async with home.db.read() as session:
            stored = {row.year: row.source for row, _ in reversed(await list_notices(session))}
        known = home.catalog.calendar
        for year in range(known.first_year, known.last_year + 1):
            click.echo(f"{year}  {stored.get(year, 'shipped')}")
        click.echo(f"Version {known.version}")


async def _import(written: str, source: str, *, is_trial: bool) -> None:
    from config.calendar_notice import NoticeError
    from triage.calendar_import import apply_notice, preview_notice
    from triage.calendar_words import say_problem

    async with open_home(read_settings()) as home:
        try:
            found = await preview_notice(home.db, written, catalog=home.catalog, now=now())
            _tell(found, home.catalog)
            if not is_trial:
                await apply_notice(home.db, found, source=source, by=None, catalog=home.catalog, now=now())
        except NoticeError as error:
            for problem in error.problems:
                click.echo(say_problem(problem, LOCALE), err=True)
            sys.exit(1)
    click.echo(
        "Nothing was stored."
        if is_trial
        else "Stored. Running parts count by it within seconds, and the worker moves the limits."
    )


def _tell(found: "Preview", catalog: "Catalog") -> None:
    from triage.calendar_words import say_change, say_shift

    for change in found.changes:
        said = say_change(change, LOCALE)
        click.echo(f"{said['day']}: {said['before']} → {said['after']}")
    for shift in found.shifts:
        told = say_shift(shift, catalog, LOCALE, now=now())
        click.echo(f"{told['number']}  {told['rule']}: {told['before']} → {told['after']}")
    click.echo(
        f"{len(found.changes)} days change; {len(found.shifts)} limits move in {found.count_cases()} cases, "
        f"{found.count_late(now())} of them overdue at once; {found.settled} are no estimate any longer."
    )
