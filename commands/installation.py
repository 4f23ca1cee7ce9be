"""What the administrator's pages show and do, at the command line: the same functions, the same checks and record."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.home import EXISTING, Home, name_operator, open_home, run
from config.clock import now
from config.settings import read_settings
from config.text import BASE_LOCALE, LOCALES

if TYPE_CHECKING:
    from triage.console.words import Words

LANG = click.option("--lang", type=click.Choice(LOCALES), default=BASE_LOCALE, show_default=True)


def _words(home: Home, lang: str) -> "Words":
    from triage.console.words import Words

    return Words(home.catalog, lang)


@click.command()
@LANG
def health(lang: str) -> None:
    """How each part does, and what to do. Exit status 1 when something needs a hand."""
    from triage.console.parts import look_at_parts

    async def work() -> None:
        async with open_home(read_settings()) as home:
            parts = await look_at_parts(home, _words(home, lang), now=now())
        for part in parts:
            click.echo(
                f"{part.state:5} {part.name}: {part.words} {part.remedy if part.state == 'bad' else ''}".rstrip()
            )
        sys.exit(1 if any(part.state == "bad" for part in parts) else 0)

    run(work())


POINTS = click.Choice(["keys", "chat", "mail"])


@click.command("setup-list")
@click.option("--confirm", type=POINTS, help="A copy of the key file is kept; chat or mail are not wanted.")
@click.option("--take-back", type=POINTS, help="It is not so any more.")
@LANG
def setup_list(confirm: str | None, take_back: str | None, lang: str) -> None:
    """What is to be done before real use. Exit status 1 while something is open."""
    from triage.console.setting_up import answer_point, look_at_setting_up

    async def answer(home: Home, point: str, *, is_chosen: bool) -> None:
        source = name_operator()
        async with home.db.begin() as session:
            await answer_point(session, point, is_chosen=is_chosen, by=None, source=source, now=now())

    async def work() -> None:
        async with open_home(read_settings()) as home:
            for answered, is_chosen in ((confirm, True), (take_back, False)):
                if answered:
                    await answer(home, answered, is_chosen=is_chosen)
            look = await look_at_setting_up(home, None, _words(home, lang), now=now())
        for sentence in look.refused:
            click.echo(f"!      {sentence}")
        for point in look.points:
            how = point.how if point.state == "open" else ""
            click.echo(f"{point.state:6} {point.name}: {point.words} {how}".rstrip())
        sys.exit(1 if look.count_open else 0)

    run(work())


@click.group()
def bodies() -> None:
    """The register of bodies."""


@bodies.command("import")
@click.argument("file", type=EXISTING)
@click.option("--dry-run", is_flag=True, help="Only check, and say what would change.")
@LANG
def bodies_import(file: Path, dry_run: bool, lang: str) -> None:  # noqa: FBT001 - click
    """Import a list (CSV or XLSX: name, aliases, kind, county). All of it or nothing; exit status 1 for nothing."""
    from triage.bodies import make_reader
    from triage.register import check_table, compare, import_rows, read_table

    async def work() -> None:
        async with open_home(read_settings()) as home:
            checked = check_table(read_table(file), home.catalog, make_reader(home.catalog))
            for problem in checked.problems:
                click.echo(f"{file}:{problem.line}: {problem.say(lang)}")
            if checked.problems:
                sys.exit(1)
            if dry_run:
                done = await compare(home.db, checked.rows)
            else:
                done = await import_rows(home.db, checked.rows, by=None, source=name_operator(), now=now())
        verb = "Would add" if dry_run else "Added"
        click.echo(f"{verb} {done.added}, change {done.changed}, leave {done.same} as they are.")

    run(work())


@click.group()
def channels() -> None:
    """Ways in and out."""


@channels.command("show")
@LANG
def channels_show(lang: str) -> None:
    """What is known of each way, as the page of channels has it; no secret is told."""
    from triage.console.channels import look_at_channels

    async def work() -> None:
        async with open_home(read_settings()) as home:
            words = _words(home, lang)
            look = await look_at_channels(home, None, words, now=now())
        for channel in look.all():
            state = words.text(f"installation.channels.{'on' if channel['is_on'] else 'off'}")
            click.echo(f"{channel['name']}: {state} {channel['about']}".rstrip())
            for row in channel["rows"]:
                click.echo(f"  {row['label']}: {row['value']}")

    run(work())


@channels.command("test")
@click.argument("way", type=click.Choice(["mail", "telegram", "group"]))
@click.option(
    "--to", "login", required=True, help="Login of the account that gets it (for groups: who asks)."
)
def channels_test(way: str, login: str) -> None:
    """Queue a test notice; the worker sends it as any other. `tipline health` shows what waits or failed."""
    from models.audit import record_event
    from models.queries.notices import queue_test_notice
    from models.queries.staff import find_staff_by_login
    from models.states import NoticeChannel

    async def work(moment: datetime) -> None:
        async with open_home(read_settings()) as home, home.db.begin() as session:
            person = await find_staff_by_login(session, login)
            if person is None or not person.is_active:
                raise click.ClickException(f"There is no active account {login!r}.")
            await queue_test_notice(session, NoticeChannel(way), person, now=moment)
            record_event(session, "channel_tested", at=moment, reason=name_operator()[:200], way=way)
        click.echo("Queued.")

    run(work(now()))
