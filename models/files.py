"""Attachments on the disk and in the database: save, open, delete, sweep.

Names on the disk are random and made by us. A file is written under a temporary name, flushed and
renamed before its row is committed: a row never lacks its file. A file without a row (the transaction
was rolled back) is swept later.
"""

import asyncio
import contextlib
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from config.keys import Keys
from models.examination import ExaminedFile, clean_name, examine_file, examine_in_thread
from models.message import Message
from models.refusal import FileRefusedError
from models.states import Scan
from models.tip import Attachment, Draft, Tip

__all__ = [
    "AttachmentLostError",
    "ExaminedFile",
    "FileRefusedError",
    "StoredFile",
    "clean_name",
    "delete_files",
    "examine_file",
    "examine_in_thread",
    "find_missing_files",
    "open_original",
    "open_working",
    "save_attachment",
    "store_in_thread",
    "sweep_orphans",
    "take_files_of_drafts",
]

MAX_FILES = 10
ORPHAN_AGE = timedelta(hours=25)
"""Younger files may belong to a row that is not committed yet; a file shows the day it was made, not the hour."""
_DAY = 86_400
_NAME = re.compile(r"[0-9a-f]{32}")
_PLACE = "attachment"
_BATCH = 500


class AttachmentLostError(RuntimeError):
    """A file that should be there is missing, or is not a plain file of ours."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that lies on the disk and waits for its row."""

    name: str = field(repr=False)
    media_type: str
    digest: bytes
    size: int
    original: str
    working: str | None
    scan: Scan = Scan.OFF


# ---------------------------------------------------------------- save


async def store_in_thread(folder: Path, examined: ExaminedFile, *, keys: Keys) -> StoredFile:
    """Write both copies to the disk before a transaction begins, so that no writer waits for the disk.

    Raises FileRefusedError("failed") when the disk does not take them.
    """
    return await asyncio.to_thread(_store, folder, examined, keys)


async def save_attachment(
    session: AsyncSession,
    folder: Path,
    examined: ExaminedFile | StoredFile,
    *,
    keys: Keys,
    now: datetime,
    draft_id: int | None = None,
    tip_id: int | None = None,
    message_id: int | None = None,
) -> Attachment:
    """Add a file to a draft, a tip or a message; the same file again gives the row that is there.

    Raises FileRefusedError: too_many, failed.
    """
    owner = {"draft_id": draft_id, "tip_id": tip_id, "message_id": message_id}
    mine = [getattr(Attachment, column) == value for column, value in owner.items() if value is not None]
    if len(mine) != 1:
        message = "A file belongs to exactly one draft, tip or message."
        raise ValueError(message)
    await _lock_owner(session, draft_id=draft_id, tip_id=tip_id, message_id=message_id)
    twin = await session.scalar(select(Attachment).where(*mine, Attachment.digest == examined.digest))
    if twin:
        return twin
    if await session.scalar(select(func.count()).select_from(Attachment).where(*mine)) == MAX_FILES:
        raise FileRefusedError("too_many")
    stored = (
        examined if isinstance(examined, StoredFile) else await store_in_thread(folder, examined, keys=keys)
    )
    row = _make_row(stored, now=now, owner=owner)
    session.add(row)
    await session.flush()
    return row


async def _lock_owner(
    session: AsyncSession, *, draft_id: int | None, tip_id: int | None, message_id: int | None
) -> None:
    """Two files sent at once to one owner wait for each other, so that ten stays ten."""
    if draft_id is not None:
        await session.execute(select(Draft.id).where(Draft.id == draft_id).with_for_update())
    if tip_id is not None:
        await session.execute(select(Tip.id).where(Tip.id == tip_id).with_for_update())
    if message_id is not None:
        await session.execute(select(Message.id).where(Message.id == message_id).with_for_update())


def _make_row(stored: StoredFile, *, now: datetime, owner: dict[str, int | None]) -> Attachment:
    return Attachment(
        **owner,
        name=stored.name,
        media_type=stored.media_type,
        size=stored.size,
        digest=stored.digest,
        original=stored.original,
        working=stored.working,
        created_at=now,
        scan=stored.scan,
    )


def _store(folder: Path, examined: ExaminedFile, keys: Keys) -> StoredFile:
    original = secrets.token_hex(16)
    working = secrets.token_hex(16) if examined.working is not None else None
    try:
        _write(folder, original, keys.seal("file", examined.data, place=_PLACE))
        if working and examined.working is not None:
            _write(folder, working, examined.working)
    except OSError as error:
        _remove(folder, [original, *([working] if working else [])])
        raise FileRefusedError("failed") from error
    return StoredFile(
        examined.name,
        examined.media_type,
        examined.digest,
        examined.size,
        original,
        working,
        scan=examined.scan,
    )


def _write(folder: Path, name: str, data: bytes) -> None:
    home = folder / name[:2]
    if not home.is_dir():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _flush_folder(folder)
    draft = home / f"{name}.part"
    try:
        with os.fdopen(
            os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb"
        ) as file:
            file.write(data)
            file.flush()
            # The same time on all files of a day: the disk need not tell in what order somebody chose them.
            day = int(os.fstat(file.fileno()).st_mtime) // _DAY * _DAY
            os.utime(file.fileno(), (day, day))
            os.fsync(file.fileno())
        draft.rename(home / name)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    _flush_folder(home)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ---------------------------------------------------------------- open


def open_working(folder: Path, attachment: Attachment) -> bytes:
    """The copy that staff may open. Raises AttachmentLostError, also when there is none."""
    if attachment.working is None or not attachment.is_passed:
        raise AttachmentLostError
    return _read(folder, attachment.working)


def open_original(folder: Path, attachment: Attachment, keys: Keys) -> bytes:
    """The bytes as sent. Who opens them must record it. Raises AttachmentLostError, SealBrokenError."""
    return keys.unseal("file", _read(folder, attachment.original), place=_PLACE)


def _read(folder: Path, name: str) -> bytes:
    """Read a file of ours: a plain file inside the folder, never through a link, never a pipe."""
    path = folder / name[:2] / name
    try:
        if not _NAME.fullmatch(name) or not path.resolve().is_relative_to(folder.resolve()):
            raise AttachmentLostError
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise AttachmentLostError
            return file.read()
    except OSError as error:
        raise AttachmentLostError from error


# ---------------------------------------------------------------- delete


def delete_files(folder: Path, attachments: Iterable[Attachment]) -> None:
    """Delete both copies of attachments whose rows are gone: call it after the commit, never before."""
    for attachment in attachments:
        _remove(folder, [attachment.original, *([attachment.working] if attachment.working else [])])


def _remove(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        if _NAME.fullmatch(name):
            with contextlib.suppress(OSError):
                (folder / name[:2] / name).unlink(missing_ok=True)


async def take_files_of_drafts(session: AsyncSession, *, untouched_since: datetime) -> list[Attachment]:
    """Delete the rows of files whose draft was left lying; give them back, to delete the files after the commit."""
    old = select(Draft.id).where(Draft.updated_at < untouched_since)
    rows = (await session.scalars(select(Attachment).where(Attachment.draft_id.in_(old)))).all()
    await session.execute(
        delete(Attachment)
        .where(Attachment.id.in_([row.id for row in rows]))
        .execution_options(synchronize_session=False)
    )
    return list(rows)


async def sweep_orphans(session: AsyncSession, folder: Path, *, now: datetime) -> int:
    """Delete files that no row names and that are old enough; answer how many."""
    old = await asyncio.to_thread(lambda: list(_list_old(folder, before=now - ORPHAN_AGE)))
    swept = 0
    for start in range(0, len(old), _BATCH):
        batch = old[start : start + _BATCH]
        known = await _known_names(session, [path.name for path in batch])
        orphans = [path for path in batch if path.name not in known]
        await asyncio.to_thread(_unlink, orphans)
        swept += len(orphans)
    return swept


async def find_missing_files(session: AsyncSession, folder: Path) -> list[int]:
    """Ids of attachments that lack a file on the disk: should be none."""
    missing = []
    rows = await session.stream(select(Attachment.id, Attachment.original, Attachment.working))
    async for row in rows:
        names = [name for name in (row.original, row.working) if name]
        if not all((folder / name[:2] / name).is_file() for name in names):
            missing.append(row.id)
    return missing


async def _known_names(session: AsyncSession, names: list[str]) -> set[str]:
    originals = await session.scalars(select(Attachment.original).where(Attachment.original.in_(names)))
    workings = await session.scalars(select(Attachment.working).where(Attachment.working.in_(names)))
    return {name for name in [*originals, *workings] if name}


def _list_old(folder: Path, *, before: datetime) -> Iterator[Path]:
    for path in folder.glob("??/*"):
        is_ours = _NAME.fullmatch(path.name.removesuffix(".part")) and not path.is_symlink()
        with contextlib.suppress(OSError):
            if is_ours and path.is_file() and path.stat().st_mtime < before.timestamp():
                yield path


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink()
