"""An opened installation, and how commands fail: what each group of commands stands on."""

import asyncio
import getpass
import os
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.keys import KeyFileError, Keys, load_keys
from config.rulefile import CatalogError
from config.settings import Settings, SettingsError

if TYPE_CHECKING:
    from config.catalog import Catalog
    from models.session import Database

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


class Group(click.Group):
    """Turns the errors that people can mend into one sentence and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run a command of the group."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            if isinstance(error, _mendable_errors()):
                raise click.ClickException(str(error)) from error
            raise


def _mendable_errors() -> tuple[type[Exception], ...]:
    """Errors whose message tells the operator what to do."""
    from bot.bench import BenchFailedError
    from models.backup import BackupError
    from models.heads import HeadsError
    from triage.archive import VersionError
    from triage.learn import CorpusError
    from triage.meaning import ModelError
    from triage.register import TableError
    from triage.staffing import StaffRefusedError

    return (
        SettingsError, KeyFileError, CatalogError, BackupError, StaffRefusedError, BenchFailedError,
        CorpusError, ModelError, VersionError, HeadsError, TableError,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Home:
    """What every part stands on."""

    settings: Settings
    keys: Keys
    catalog: "Catalog"
    db: "Database"


@asynccontextmanager
async def open_home(settings: Settings, *, may_create: bool = False) -> AsyncIterator[Home]:
    """Open rules, keys and database; with `may_create` make what is missing and bring the schema up to date."""
    from config.catalog import load_catalog
    from models.calendar_news import take_stored_calendar
    from models.session import Database

    if may_create:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    db = Database(settings.database_url)
    try:
        # New keys for an old database would lock its identities and files for good.
        keys = load_keys(settings.keys_file, may_create=may_create and not await db.has_schema())
        if may_create:
            await db.upgrade()
        elif not await db.is_current():
            raise click.ClickException(
                "The database is not at this program's schema: run `tipline db upgrade`."
            )
        catalog = load_catalog()
        await take_stored_calendar(db, catalog)
        yield Home(settings, keys, catalog, db)
    finally:
        await db.close()


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end. What is written is for the owner's eyes only."""
    os.umask(0o077)
    asyncio.run(work)


def name_operator() -> str:
    """Who gives this command, as the machine knows him: the account and the machine's name."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # a container without a list of accounts
        account = str(os.getuid())
    return f"{account}@{socket.gethostname()}"
