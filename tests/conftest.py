"""What every test may ask for.

database_url   a migrated, empty database; each test runs on SQLite and on a real PostgreSQL.
               For one of them only: @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
db             the same as models.session.Database
keys, now, catalog, settings
"""

import asyncio
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import structlog

from config.keys import PURPOSES, Keys
from config.settings import Settings, read_settings
from models.session import Database
from tests.chromium import find_chromium
from tests.postgres import TEMPLATE, Postgres, lifeline, locked, start_postgres

RUN_FOLDER = "TIPLINE_TEST_RUN"


def pytest_configure(config: pytest.Config) -> None:
    """The first process of a run makes the folder that its workers share."""
    if RUN_FOLDER in os.environ:
        return
    stack = ExitStack()
    folder = Path(tempfile.mkdtemp(prefix="tipline-tests-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    stack.enter_context(lifeline(folder))
    os.environ[RUN_FOLDER] = str(folder)
    stack.callback(os.environ.pop, RUN_FOLDER)
    config.add_cleanup(stack.close)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say whether the browser tests could run at all."""
    if find_chromium() is None:
        terminalreporter.write_line(
            "No Chromium on this machine: the browser tests were skipped.", yellow=True
        )


@pytest.fixture(autouse=True)
def our_umask() -> Iterator[None]:
    """A command that runs in this process makes its files private, as it should; what comes after need not."""
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)


@pytest.fixture(autouse=True)
def only_our_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have a real installation's settings in his shell."""
    for name in list(os.environ):
        if name.startswith("TIPLINE_") and name != RUN_FOLDER:
            monkeypatch.delenv(name)


CONTENT = re.compile(
    r"[\u4e00-\u9fff]{6,}"  # logs are English: a Chinese sentence in them is somebody's words
    r"|(?<!\d)1[3-9]\d{9}(?!\d)"  # a phone number
    r"|(?<!\d)\d{20}(?!\d)|(?:\d{4} ){4}\d{4}"  # a return code
    r"|\d{5,}:[\w-]{20,}"  # a bot token
)


@pytest.fixture(autouse=True)
def logs_hold_no_content(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """House rule: whatever a test does, no log line may hold words, phone numbers, codes or tokens."""
    lines: list[str] = []

    def keep(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        lines.append(str(event))
        return event

    processors = structlog.get_config()["processors"]
    structlog.configure(processors=[keep, *processors])
    yield
    structlog.configure(processors=processors)
    lines += [f"{record.getMessage()} {record.exc_info}" for record in caplog.get_records("call")]
    told = [line for line in lines if CONTENT.search(line)]
    assert not told, told


@pytest.fixture(scope="session")
def run_folder() -> Path:
    return Path(os.environ[RUN_FOLDER])


@pytest.fixture(scope="session")
def postgres(run_folder: Path) -> Postgres:
    """The run's PostgreSQL server."""
    return start_postgres(run_folder)


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres, run_folder: Path) -> str:
    """Name of a database with our schema, to be copied per test."""
    with locked(run_folder / "template.lock"):
        done = run_folder / "template-postgresql"
        if not done.exists():
            migrate(postgres.create_database(TEMPLATE))
            done.touch()
    return TEMPLATE


@pytest.fixture(scope="session")
def sqlite_template(run_folder: Path) -> Path:
    """A SQLite file with our schema, to be copied per test."""
    path = run_folder / "template.db"
    with locked(run_folder / "template-sqlite.lock"):
        done = run_folder / "template-sqlite"
        if not done.exists():
            migrate(f"sqlite+aiosqlite:///{path}")
            done.touch()
    return path


def migrate(url: str) -> None:
    """Run the migrations from nothing, in a thread, so that no test's event loop is touched."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, upgrade(url)).result()


async def upgrade(url: str) -> None:
    database = Database(url)
    try:
        await database.upgrade()
    finally:
        await database.close()


@pytest.fixture
def make_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Make empty, migrated databases: make_database("sqlite" | "postgresql") gives an address."""
    with ExitStack() as stack:

        def make(kind: str) -> str:
            name = f"t_{uuid4().hex}"
            if kind == "sqlite":
                template: Path = request.getfixturevalue("sqlite_template")
                path = tmp_path / f"{name}.db"
                shutil.copyfile(template, path)
                return f"sqlite+aiosqlite:///{path}"
            template_name: str = request.getfixturevalue("postgres_template")
            postgres: Postgres = request.getfixturevalue("postgres")
            stack.callback(postgres.drop_database, name)
            return postgres.create_database(name, template=template_name)

        yield make


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, make_database: Callable[[str], str]) -> str:
    """An empty database of our schema, once on each engine."""
    return make_database(request.param)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """That database, opened."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def keys() -> Keys:
    """The same made-up keys in every test."""
    return Keys(**{purpose: hashlib.sha256(purpose.encode()).digest() for purpose in PURPOSES})


@pytest.fixture
def now() -> datetime:
    """A Wednesday, ten in the morning in Luohe; the next public holiday is a month away."""
    return datetime(2026, 3, 4, 2, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """An installation of its own: data below tmp_path, any free ports, no channel configured."""
    return read_settings(
        {
            "TIPLINE_DATA": str(tmp_path / "data"),
            "TIPLINE_DATABASE_URL": database_url,
            "TIPLINE_PUBLIC": "127.0.0.1:0",
            "TIPLINE_CONSOLE": "127.0.0.1:0",
        }
    )
