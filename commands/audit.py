"""`tipline audit`: the chain of all acts, verified, searched, and taken out as a signed file."""

import json
import sys
from datetime import datetime
from pathlib import Path

import click

from commands.home import EXISTING, FILE, name_operator, open_home, run
from config.clock import LOCAL, now
from config.keys import load_keys
from config.settings import read_settings
from models.numbers import read_digits

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def audit() -> None:
    """The chain of all acts."""


@audit.command("verify")
@click.option(
    "--heads",
    type=EXISTING,
    help="Heads noted earlier, from a copy kept elsewhere (default: audit-heads.log in the data folder).",
)
def audit_verify(heads: Path | None) -> None:
    """Walk the audit chain and name the first broken entry. Exit status 1 when there is one."""
    from models.audit import find_broken_event
    from models.heads import find_heads, read_heads

    async def work() -> None:
        async with open_home(read_settings()) as home, home.db.read() as session:
            known = read_heads(heads) if heads else find_heads(home.settings.data)
            broken = await find_broken_event(session, heads=known)
        if broken:
            click.echo(f"Entry {broken.position}: {broken.problem}.")
            sys.exit(1)
        click.echo(f"The audit chain is whole; {len(known)} heads noted earlier stand in it.")

    run(work())


@audit.command("search")
@click.option("--kind", default="", help="Kind of act, for example staff_added.")
@click.option("--by", "login", help="Login of who acted.")
@click.option("--case", "number", help="Case number.")
@click.option("--day", type=DAY, help="Day in Luohe, YYYY-MM-DD.")
@click.option("--before", type=click.IntRange(1), help="Only entries before this position: the next page.")
def audit_search(
    kind: str, login: str | None, number: str | None, day: datetime | None, before: int | None
) -> None:
    """Print a page of entries, newest first: position, time, who, act, case, facts, reason. Tabs part them."""
    from models.queries.events import EventFilter, find_case_id, list_audit
    from models.queries.staff import find_staff_by_login

    async def work() -> None:
        async with open_home(read_settings()) as home, home.db.read() as session:
            person = await find_staff_by_login(session, login) if login else None
            case_id = await find_case_id(session, read_digits(number)) if number else None
            if login and person is None:
                raise click.ClickException(f"There is no account {login!r}.")
            if number and case_id is None:
                raise click.ClickException(f"There is no case {number!r}.")
            wanted = EventFilter(kind, person.id if person else None, case_id, day.date() if day else None)
            page = await list_audit(session, wanted, after=before)
        for event, who, case in page.rows:
            at = event.at.astimezone(LOCAL).isoformat(timespec="seconds")
            facts = json.dumps(event.data, ensure_ascii=False, sort_keys=True)
            click.echo(
                "\t".join([str(event.position), at, who or "-", event.kind, case or "-", facts, event.reason])
            )
        if page.after:
            click.echo(f"More: --before {page.after}", err=True)

    run(work())


@audit.command("export")
@click.option("--out", required=True, type=FILE, help="Where the file goes; nothing is overwritten.")
@click.option("--from", "first", type=DAY, help="First day in Luohe (default: from the beginning).")
@click.option("--to", "last", type=DAY, help="Last day in Luohe (default: until now).")
def audit_export(out: Path, first: datetime | None, last: datetime | None) -> None:
    """Write entries as a file that is chained inside and signed, for checking without this installation."""
    from models.audit import record_event
    from models.audit_export import find_range, write_export

    async def work() -> None:
        async with open_home(read_settings()) as home:
            wanted = await find_range(
                home.db, first=first.date() if first else None, last=last.date() if last else None
            )
            if wanted is None:
                raise click.ClickException("There is no entry in these days.")
            try:
                file = out.open("xb")
            except OSError as error:
                raise click.ClickException(f"{out} cannot be made: {error.strerror}.") from error
            with file:
                async for piece in write_export(
                    home.db, wanted, signer=home.keys.signer, made_by=name_operator(), now=now()
                ):
                    file.write(piece)
            async with home.db.begin() as session:
                record_event(
                    session, "audit_exported", at=now(), reason=name_operator()[:200], first=wanted.first,
                    last=wanted.last,
                )  # fmt: skip
        click.echo(f"{out}: entries {wanted.first} to {wanted.last}.")

    run(work())


@audit.command("verify-export")
@click.argument("file", type=EXISTING)
@click.option("--key", type=EXISTING, help="Public keys (default: those of this installation).")
@click.option("--heads", type=EXISTING, help="Heads noted earlier, which the entries must meet.")
def audit_verify_export(file: Path, key: Path | None, heads: Path | None) -> None:
    """Check an exported file without asking anybody. Exit status 1 when something is not right."""
    from bot.proof import ProofRefusedError, list_public_keys, read_public_keys
    from config.text import LOCALES, text
    from models.audit_export import ExportRefusedError, check_export
    from models.heads import read_heads

    is_right = False
    try:
        stored = (
            json.loads(key.read_bytes()) if key else list_public_keys(load_keys(read_settings().keys_file))
        )
        with file.open("rb") as lines:
            found = check_export(lines, read_public_keys(stored), heads=read_heads(heads) if heads else None)
        said = [
            text("installation.export.right", locale, first=found.first, last=found.last)
            for locale in LOCALES
        ]
        is_right = True
    except ExportRefusedError as error:
        said = [
            text(f"installation.export.{error.problem}", locale, position=error.position)
            for locale in LOCALES
        ]
    except (ProofRefusedError, ValueError):
        said = [text("proof.refused.bad_keys", locale) for locale in LOCALES]
    click.echo("\n".join(said))
    sys.exit(0 if is_right else 1)
