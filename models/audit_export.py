"""A piece of the audit as a file that anybody can check without asking us: chained inside, signed as a whole.

    {"format": "tipline audit export 1", "made_at": …, "first": 1, "last": 812, "people": {"3": "zhang.min"}, …}
    {"position": 1, "kind": …, "at": …, …, "previous": …, "hash": …}      one line an entry, none left out between
    {"key": …, "signature": …}                                            Ed25519 over all bytes before this line

It is signed with the key of proofs of filing, which the public site publishes; another domain stands before what is
signed, so that neither can pass for the other. Entries hold acts, ids and reasons, never words of a tip.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import func, select

from config.clock import LOCAL
from config.keys import SigningKey
from models.audit import FIRST_PREVIOUS, hash_event
from models.event import Event
from models.session import Database
from models.staff import Staff

FORMAT = "tipline audit export 1"
AT_ONCE = 1000
_DOMAIN = b"tipline audit export 1\x00"


@dataclass(frozen=True, slots=True)
class Range:
    """Positions of the first and the last entry."""

    first: int
    last: int

    @property
    def entries(self) -> int:
        """How many: there are no gaps."""
        return self.last - self.first + 1


class ExportRefusedError(ValueError):
    """A file is no export of ours, or was changed; `problem` says how: a text key below `installation.export.`."""

    def __init__(self, problem: str, position: int = 0) -> None:
        """Keep what is wrong, and at which entry."""
        super().__init__(f"{problem} {position}".strip())
        self.problem = problem
        self.position = position


# ---------------------------------------------------------------- making


async def find_range(db: Database, *, first: date | None = None, last: date | None = None) -> Range | None:
    """The entries of some days in Luohe, both included; None where there are none."""
    statement = select(func.min(Event.position), func.max(Event.position))
    if first:
        statement = statement.where(Event.at >= _begin(first))
    if last:
        statement = statement.where(Event.at < _begin(last + timedelta(days=1)))
    async with db.read() as session:
        row = (await session.execute(statement)).one()
    begin: int | None = row[0]
    return Range(begin, row[1]) if begin is not None else None


def _begin(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=LOCAL)


async def write_export(
    db: Database, wanted: Range, *, signer: SigningKey, made_by: str, now: datetime
) -> AsyncIterator[bytes]:
    """The file piece by piece. No transaction is open while a piece is on its way."""
    digest = hashlib.sha256()
    async for piece in _write_lines(db, wanted, made_by=made_by, now=now):
        digest.update(piece)
        yield piece
    signature = signer.sign(_DOMAIN + digest.digest()).hex()
    yield _line({"key": signer.id, "signature": signature})


async def _write_lines(db: Database, wanted: Range, *, made_by: str, now: datetime) -> AsyncIterator[bytes]:
    async with db.read() as session:
        people = {str(row.id): row.login for row in await session.execute(select(Staff.id, Staff.login))}
    yield _line({
        "format": FORMAT, "made_at": now.isoformat(), "made_by": made_by, "first": wanted.first,
        "last": wanted.last, "people": people,
    })  # fmt: skip
    after = wanted.first - 1
    while after < wanted.last:
        statement = (
            select(Event)
            .where(Event.position > after, Event.position <= wanted.last)
            .order_by(Event.position)
            .limit(AT_ONCE)
        )
        async with db.read() as session:
            entries = (await session.scalars(statement)).all()
        if not entries:
            return
        yield b"".join(_line(_show(entry)) for entry in entries)
        after = entries[-1].position


def _show(entry: Event) -> dict[str, Any]:
    return {
        "position": entry.position,
        "kind": entry.kind,
        "at": entry.at.isoformat(),
        "staff_id": entry.staff_id,
        "tip_id": entry.tip_id,
        "case_id": entry.case_id,
        "reason": entry.reason,
        "data": entry.data,
        "previous": entry.previous.hex(),
        "hash": entry.hash.hex(),
    }


def _line(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


# ---------------------------------------------------------------- checking


def check_export(
    lines: Iterable[bytes], public_keys: Mapping[str, bytes], *, heads: Mapping[int, bytes] | None = None
) -> Range:
    """The range that the file holds whole and unchanged. Raises ExportRefusedError.

    `heads`: hashes noted earlier outside the database, which the entries must meet.
    """
    digest, before = hashlib.sha256(), b""
    wanted: Range | None = None
    position, previous = 0, b""
    for line in lines:
        if before:
            digest.update(before)
            if wanted is None:
                wanted = _read_header(before)
                position = wanted.first - 1
            else:
                position, previous = _follow(before, position, previous, heads or {})
        before = line
    if wanted is None:
        raise ExportRefusedError("not_whole")
    _check_signature(before, digest.digest(), public_keys)
    if position != wanted.last:
        raise ExportRefusedError("not_whole")
    return wanted


def _read_header(line: bytes) -> Range:
    header = _read(line)
    if header.get("format") != FORMAT:
        raise ExportRefusedError("not_ours")
    try:
        return Range(int(header["first"]), int(header["last"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ExportRefusedError("not_ours") from error


def _follow(line: bytes, position: int, previous: bytes, heads: Mapping[int, bytes]) -> tuple[int, bytes]:
    """The position and hash of the next entry, once it fits to the one before."""
    told, position = _read(line), position + 1
    try:
        entry = Event(
            position=told["position"],
            kind=told["kind"],
            at=datetime.fromisoformat(told["at"]),
            staff_id=told["staff_id"],
            tip_id=told["tip_id"],
            case_id=told["case_id"],
            reason=told["reason"],
            data=told["data"],
            previous=bytes.fromhex(told["previous"]),
            hash=bytes.fromhex(told["hash"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ExportRefusedError("changed", position) from error
    expected = previous or (FIRST_PREVIOUS if position == 1 else entry.previous)
    if entry.position != position or entry.previous != expected:
        raise ExportRefusedError("unlinked", position)
    if entry.hash != hash_event(entry):
        raise ExportRefusedError("changed", position)
    if not entry.hash.startswith(heads.get(position, b"")):
        raise ExportRefusedError("rewritten", position)
    return position, entry.hash


def _check_signature(line: bytes, digest: bytes, public_keys: Mapping[str, bytes]) -> None:
    told = _read(line)
    public = public_keys.get(str(told.get("key")))
    if public is None:
        raise ExportRefusedError("unknown_key" if "signature" in told else "not_whole")
    try:
        signature = bytes.fromhex(str(told.get("signature")))
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _DOMAIN + digest)
    except (InvalidSignature, ValueError) as error:
        raise ExportRefusedError("changed_signed") from error


def _read(line: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(line)
    except ValueError as error:
        raise ExportRefusedError("not_whole") from error
    if not isinstance(told, dict):
        raise ExportRefusedError("not_whole")
    return told
