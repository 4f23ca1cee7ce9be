"""The head of the audit chain, noted once a day outside the database, so that a cut or a rewriting shows.

One line a day in `audit-heads.log`: moment, position, hash in hex. The file is only ever appended to; whoever
copies it elsewhere, or keeps the mails with the same figures, can prove what the chain was on that day.
"""

import asyncio
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from config.clock import LOCAL
from models.queries.events import find_head
from models.queries.notices import queue_group_notice, queue_staff_notice
from models.queries.staff import list_active_staff
from models.session import Database
from models.states import Role

HEADS = "audit-heads.log"
SHORT = 16
"""So many bytes of the hash are told in a notice: 128 bits, as many as a person can still compare."""


class HeadsError(ValueError):
    """A file of heads cannot be read; the message names the line."""


async def note_head(db: Database, folder: Path, *, now: datetime) -> int:
    """Note the head of the chain if that was not done today, and tell the auditors. Answers 0: nothing more to do."""
    path = folder / HEADS
    if _last_day(path) == _day(now):
        return 0
    async with db.read() as session:
        head = await find_head(session)
    if head is None:
        return 0
    # Told first: a notice is queued once a day however often this runs, and the line ends the day's duty.
    async with db.begin() as session:
        await _tell(session, *head, now=now)
    await asyncio.to_thread(_append, path, f"{now.isoformat(timespec='seconds')} {head[0]} {head[1].hex()}\n")
    return 0


async def _tell(session: AsyncSession, position: int, digest: bytes, *, now: datetime) -> None:
    """A copy in somebody's mail is out of reach for whoever owns the machine."""
    values: dict[str, str | int] = {"count": position, "head": digest[:SHORT].hex()}
    dedup = f"head:{_day(now)}"
    await queue_group_notice(session, "audit_head", case=None, dedup=dedup, values=values, now=now)
    for person in await list_active_staff(session, Role.AUDITOR):
        await queue_staff_notice(
            session, person, "audit_head", case=None, dedup=dedup, values=values, now=now
        )


def read_heads(path: Path) -> Mapping[int, bytes]:
    """Positions and hashes of a file of heads. Raises HeadsError."""
    heads: dict[int, bytes] = {}
    for number, line in enumerate(path.read_text(encoding="ascii", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            _, position, digest = line.split()
            heads[int(position)] = _at_least_short(bytes.fromhex(digest))
        except ValueError as error:
            message = f"Line {number} of {path} is no head: it must hold a moment, a position and a hash."
            raise HeadsError(message) from error
    return heads


def find_heads(folder: Path) -> Mapping[int, bytes]:
    """The heads noted in the data folder, or none. Raises HeadsError."""
    path = folder / HEADS
    return read_heads(path) if path.exists() else {}


def _at_least_short(digest: bytes) -> bytes:
    if len(digest) < SHORT:
        message = "too short to prove anything"
        raise ValueError(message)
    return digest


def _last_day(path: Path) -> str:
    """The day of the last line; a line that cannot be read counts as none."""
    try:
        last = path.read_text(encoding="ascii", errors="replace").rstrip().rpartition("\n")[2]
        return _day(datetime.fromisoformat(last.partition(" ")[0]))
    except (OSError, ValueError):
        return ""


def _day(moment: datetime) -> str:
    return moment.astimezone(LOCAL).date().isoformat()


def _append(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, line.encode("ascii"))
        os.fsync(handle)
    finally:
        os.close(handle)
