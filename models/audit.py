"""The audit chain: events are linked at commit, under one lock, and can be verified from the first entry.

`record_event` only collects; just before the commit the events get their positions and hashes. So the
lock is taken last, after all row locks, and is held for a few milliseconds: writers cannot deadlock on it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import event, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session

from models.case import Case
from models.event import Event

FIRST_PREVIOUS = bytes(32)
_PENDING = "tipline.pending_events"
_CHAIN_LOCK = 7216002
CLOCKWORK = ("clock_", "deadline_")
NOT_ACTS = frozenset(
    {"words_opened", "identity_opened", "original_opened", "attachment_weighed", "contact_expired"}
)
"""Entries that only tell of looking, or of what the program does by itself, are no act on the case."""


@dataclass(frozen=True, slots=True)
class BrokenChain:
    """The first entry that does not fit, and what is wrong with it."""

    position: int
    problem: str


def record_event(
    session: AsyncSession,
    kind: str,
    *,
    at: datetime,
    by: int | None = None,
    tip_id: int | None = None,
    case_id: int | None = None,
    reason: str = "",
    **data: Any,  # noqa: ANN401 - JSON values
) -> None:
    """Add one act to the audit of this transaction. `by` is a staff id, or None for the system or a reporter.

    `data` holds facts (from, to, rule, due …), never the text of a tip, names or codes.
    """
    entry = Event(kind=kind, at=at, staff_id=by, tip_id=tip_id, case_id=case_id, reason=reason, data=data)
    session.sync_session.info.setdefault(_PENDING, []).append(entry)


def chain_events_on_commit(sessions: async_sessionmaker[AsyncSession]) -> None:
    """Link collected events just before each commit of these sessions."""
    maker = sessions.kw.setdefault("sync_session_class", type("ChainedSession", (Session,), {}))
    event.listen(maker, "before_commit", _link_pending)
    event.listen(maker, "after_soft_rollback", lambda session, _previous: session.info.pop(_PENDING, None))


def _link_pending(session: Session) -> None:
    entries: list[Event] = session.info.pop(_PENDING, [])
    if not entries:
        return
    session.flush()
    _date_last_acts(session, entries)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SELECT pg_advisory_xact_lock({_CHAIN_LOCK})"))
    head = session.execute(
        select(Event.position, Event.hash).order_by(Event.position.desc()).limit(1)
    ).first()
    position, previous = (head.position, head.hash) if head else (0, FIRST_PREVIOUS)
    for entry in entries:
        position += 1
        entry.position, entry.previous = position, previous
        previous = entry.hash = hash_event(entry)
    session.add_all(entries)
    session.flush()


def _date_last_acts(session: Session, entries: Sequence[Event]) -> None:
    """Lists can be sorted by when somebody last did something. Before the chain's lock, as all row locks are."""
    acts = {
        entry.case_id: entry.at
        for entry in entries
        if entry.case_id and entry.kind not in NOT_ACTS and not entry.kind.startswith(CLOCKWORK)
    }
    for case_id, at in sorted(acts.items()):
        session.execute(
            update(Case).where(Case.id == case_id).values(acted_at=at),
            execution_options={"synchronize_session": False},
        )


def hash_event(entry: Event) -> bytes:
    """SHA-256 over all facts of an entry and the hash before it, in one canonical form."""
    facts = [
        entry.position,
        entry.kind,
        int(entry.at.timestamp() * 1_000_000),
        entry.staff_id,
        entry.tip_id,
        entry.case_id,
        entry.reason,
        entry.data,
    ]
    canonical = json.dumps(facts, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(entry.previous + canonical.encode()).digest()


async def find_broken_event(
    session: AsyncSession, *, heads: Mapping[int, bytes] | None = None
) -> BrokenChain | None:
    """Walk the whole chain; answer the first entry that does not fit, or None.

    `heads`: positions and hashes (or how they begin) noted earlier outside the database. They show a tail that was cut
    off, and a chain that somebody wrote anew from some entry on.
    """
    noted = heads or {}
    position, previous = 0, FIRST_PREVIOUS
    rows = await session.stream_scalars(
        select(Event).order_by(Event.position).execution_options(yield_per=1000, populate_existing=True)
    )
    async for entry in rows:
        position += 1
        if entry.position != position:
            return BrokenChain(position, "an entry is missing here")
        if entry.previous != previous:
            return BrokenChain(position, "the entry does not follow the one before it")
        if entry.hash != hash_event(entry):
            return BrokenChain(position, "the entry was changed after it was written")
        if not entry.hash.startswith(noted.get(position, b"")):
            return BrokenChain(position, "the chain was rewritten: its hash is not the one noted earlier")
        previous = entry.hash
        session.expunge(entry)
    if position < max(noted, default=0):
        return BrokenChain(position + 1, "the end of the chain was cut off")
    return None
