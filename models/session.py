"""Engine and sessions: one write door, one read door, on SQLite and PostgreSQL alike.

On SQLite the write engine has a single connection and begins with IMMEDIATE, so that writers queue in
the pool (first come, first served) instead of failing on a locked file; readers have their own
connections and never wait. `synchronous=FULL`: an acknowledged tip survives a power cut.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

import models.tables  # noqa: F401 - references between tables resolve only once all of them are known
from models.audit import chain_events_on_commit
from models.together import Result, Together

MIGRATIONS = Path(__file__).parent / "migrations"
WAIT_SECONDS = 15
_TROUBLE = (OperationalError, InterfaceError, PoolTimeoutError, ConnectionRefusedError)
_TROUBLE_OF_POSTGRES = ("08", "53", "57P")
"""SQLSTATE of a connection that broke, of a server without room, and of one that stops, crashed or is just starting."""
POSTGRES_CONNECTIONS = 20
SQLITE_READERS = 4


def is_database_trouble(error: Exception) -> bool:
    """Whether the database cannot be reached or does not answer: later it may work again.

    Where it went away in the middle of a commit nobody knows what was stored; keys of submissions are for that.
    """
    if isinstance(error, DBAPIError) and not isinstance(error, _TROUBLE):
        state = getattr(error.orig, "sqlstate", None) or ""
        return error.connection_invalidated or state.startswith(_TROUBLE_OF_POSTGRES)
    import asyncpg  # its own errors come through where a transaction is begun on a connection that just broke

    return isinstance(error, (*_TROUBLE, asyncpg.InterfaceError, asyncpg.PostgresConnectionError))


def dump_json(value: object) -> str:
    """JSON as stored: Chinese stays readable, so that SQLite finds keys by path."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Database:
    """The database of one process."""

    def __init__(self, url: str) -> None:
        """Prepare engines for `url` (sqlite+aiosqlite:///… or postgresql+asyncpg://…); connects at first use."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._make_folder()
            self.write_engine = self._sqlite_engine(
                connections=1, begin="BEGIN IMMEDIATE", is_read_only=False
            )
            self.read_engine = self._sqlite_engine(
                connections=SQLITE_READERS, begin="BEGIN", is_read_only=True
            )
        else:
            self.write_engine = create_async_engine(
                self.url,
                pool_size=POSTGRES_CONNECTIONS,
                max_overflow=0,
                pool_timeout=WAIT_SECONDS,
                pool_pre_ping=True,
                json_serializer=dump_json,
                hide_parameters=True,
                connect_args={"server_settings": {"timezone": "UTC", "application_name": "tipline"}},
            )
            event.listen(self.write_engine.sync_engine, "do_connect", _connect)
            self.read_engine = self.write_engine.execution_options(postgresql_readonly=True)
        self._write = async_sessionmaker(self.write_engine, expire_on_commit=False)
        self._read = async_sessionmaker(self.read_engine, expire_on_commit=False, autoflush=False)
        chain_events_on_commit(self._write)
        self._together = Together(self.begin)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """One write transaction: commits at the end of the block, rolls back on any error."""
        async with self._write() as session, session.begin():
            yield session

    async def write_together(self, work: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
        """Run a small write in a transaction that it may share with others; see `models.together`."""
        return await self._together.write(work)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """One consistent look; nothing can be written."""
        async with self._read() as session:
            yield session

    async def upgrade(self) -> None:
        """Bring the schema to the newest migration."""
        async with self.write_engine.begin() as connection:
            if not self.is_sqlite:
                # Two processes that start together must not migrate together.
                await connection.execute(text("SELECT pg_advisory_xact_lock(7216001)"))
            await connection.run_sync(_upgrade)

    async def is_current(self) -> bool:
        """Whether the schema is the newest one."""
        async with self.read_engine.connect() as connection:
            return await connection.run_sync(_is_current)

    async def has_schema(self) -> bool:
        """Whether there is a database of ours already, of whatever version."""
        async with self.write_engine.connect() as connection:
            return await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version"))

    async def close(self) -> None:
        """Give all connections back."""
        await self.write_engine.dispose()
        await self.read_engine.dispose()

    def _make_folder(self) -> None:
        if self.url.database and self.url.database != ":memory:":
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)

    def _sqlite_engine(self, *, connections: int, begin: str, is_read_only: bool) -> AsyncEngine:
        engine = create_async_engine(
            self.url,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=WAIT_SECONDS,
            json_serializer=dump_json,
            hide_parameters=True,
        )

        @event.listens_for(engine.sync_engine, "connect")
        def set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's own object
            connection.isolation_level = None  # we say BEGIN ourselves
            cursor = connection.cursor()
            for pragma in _pragmas(is_read_only=is_read_only):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        @event.listens_for(engine.sync_engine, "begin")
        def begin_as_told(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine


def _pragmas(*, is_read_only: bool) -> list[str]:
    shared = [
        f"busy_timeout={WAIT_SECONDS * 1000}",
        "foreign_keys=ON",
        "trusted_schema=OFF",
        "temp_store=MEMORY",
    ]
    if is_read_only:
        return [*shared, "query_only=ON"]
    return [*shared, "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"]


def _connect(dialect: Any, _record: object, arguments: list[Any], options: dict[str, Any]) -> Any:  # noqa: ANN401
    """A server that is not there is one error, whatever the network or the folder of its socket says."""
    try:
        return dialect.connect(*arguments, **options)
    except OSError as error:
        message = f"The database server does not answer: {type(error).__name__}."
        raise ConnectionRefusedError(message) from error


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's settings in code: there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(alembic_config(connection), "head")


def _is_current(connection: Connection) -> bool:
    heads = ScriptDirectory.from_config(alembic_config()).get_heads()
    return set(MigrationContext.configure(connection).get_current_heads()) == set(heads)
