"""The chat's sign of life: written only after the chat service really answered, so that /readyz tells the truth."""

import os
import socket
from datetime import datetime, timedelta

from config.clock import now
from models.fact import Known, note_fact
from models.queries.heartbeats import beat
from models.session import Database

NAME = "telegram"
EVERY = timedelta(seconds=10)


class Pulse:
    """Beats at most every ten seconds."""

    def __init__(self, db: Database) -> None:
        """Prepare."""
        self._db = db
        self._holder = f"{socket.gethostname()}:{os.getpid()}"[:64]
        self._beat_at: datetime | None = None
        self._trouble_at: datetime | None = None

    async def note_contact(self) -> None:
        """The chat service answered just now."""
        moment = now()
        if self._beat_at and moment - self._beat_at < EVERY:
            return
        async with self._db.begin() as session:
            await beat(session, NAME, holder=self._holder, now=moment)
        self._beat_at = moment

    async def note_trouble(self, trouble: str) -> None:
        """The chat service did not answer, or not as it should: `trouble` says in a word what it may be."""
        moment = now()
        if self._trouble_at and moment - self._trouble_at < EVERY:
            return
        self._trouble_at = moment
        async with self._db.begin() as session:
            await note_fact(
                session, Known.BOT_TROUBLE, source=self._holder, at=moment, details={"trouble": trouble}
            )
