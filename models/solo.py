"""SQLite without its thread, for one who works alone and waits anyway: filling a database with many small steps.

The usual driver hands every call to a thread and back, four times a statement; that keeps a server
answering, and costs most of the time of a long run. Here the calls are made at once, in the loop's own
thread. Never under a server: a wait for the lock would stop everything.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

import aiosqlite
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from models.session import Database

_CHUNK = 64


class _SoloConnection(aiosqlite.Connection):
    """A connection whose calls do not travel. Overrides two private methods of the pinned aiosqlite; a test looks."""

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        return fn(*args, **kwargs)

    async def _connect(self) -> aiosqlite.Connection:
        self._connection = self._connector()
        return self


def _connect(path: str, **options: Any) -> aiosqlite.Connection:  # noqa: ANN401 - options of sqlite3.connect
    connection = _SoloConnection(lambda: sqlite3.connect(path, **options), _CHUNK)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does for its own
    return connection


class SoloDatabase(Database):
    """The same database, for one user; what it writes is on the disk once `close` is through."""

    def _sqlite_engine(self, *, connections: int, begin: str, is_read_only: bool) -> AsyncEngine:
        engine = super()._sqlite_engine(connections=connections, begin=begin, is_read_only=is_read_only)

        @event.listens_for(engine.sync_engine, "do_connect")
        def connect_solo(
            _dialect: object, _record: object, _args: list[Any], options: dict[str, Any]
        ) -> None:
            options["async_creator_fn"] = _connect

        @event.listens_for(engine.sync_engine, "connect")
        def hurry(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's own object
            if not is_read_only:
                cursor = connection.cursor()
                cursor.execute(
                    "PRAGMA synchronous=NORMAL"
                )  # with WAL: nothing breaks, the last commits may be lost
                cursor.close()

        return engine
