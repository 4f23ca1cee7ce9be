"""What stands in attachments: codes in pictures, text of PDFs, text of pictures, as additional evidence.

A tip never waits for it: it is assessed on its own words, and what is found in its files is added afterwards.

1. read    claim → decode in a process of its own, outside any transaction → keep the texts in one commit
2. weigh   the same classifier reads each text alone; clauses, patterns and names that it finds become findings
           of the source `attachment`, with the attachment and the quoted words. They change nothing of the case
           but this: what the tip's own words did not say asks a person to look.

The tip's text and every offset into it stay as they are: offsets of these findings count in the text that was
read. Only the working copy is read, and only once the antivirus program, where there is one, has passed the file.
"""

import asyncio
import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from config.keys import Keys, SealBrokenError
from models.antivirus import LATER_SECONDS, scan
from models.audit import record_event
from models.case import Finding
from models.files import AttachmentLostError, open_original, open_working
from models.numbers import hide_codes
from models.queries.attachments import (
    ask_for_review,
    claim_unread_attachments,
    has_unread_attachments,
    keep_reading,
    list_said_of_tip,
    list_unweighed_attachments,
    lock_unweighed_attachment,
    put_off_reading,
)
from models.session import Database
from models.states import Disposition, FindingKind, FindingSource, Scan, TextSource
from models.tip import Attachment, AttachmentText, Tip
from triage.language import Classifier
from triage.routing import REVIEW_OF_FILE

WEIGHED_AT_ONCE = 10
LEASE = timedelta(minutes=6)
"""Longer than all readers of a file may take together."""
MAX_TRIES = 3
SCAN_PAUSE = timedelta(minutes=5)
LONGEST_TEXT = 20_000
LONGEST_QUOTE = 80
LEAST_WORDS = 6
"""Shorter texts are a page number or a shop sign: nothing that alleges anything."""
_SECONDS = {TextSource.CODE: 30.0, TextSource.PDF: 30.0, TextSource.PICTURE: 240.0}
"""By the clock on the wall, on a busy machine; processor time is limited more tightly by the child itself."""
_LONGEST_ANSWER = 1_000_000
_CHILD = Path(__file__).with_name("attachment_child.py")
_READERS = {"image": (TextSource.CODE, TextSource.PICTURE), "application/pdf": (TextSource.PDF,)}
_GAPS = re.compile(r"\n{3,}")
_LABELS = (
    (FindingKind.CLAUSE, "clauses"),
    (FindingKind.PATTERN, "patterns"),
    (FindingKind.TARGET, "targets"),
)

log = structlog.get_logger()

Text = tuple[TextSource, str]


@dataclass(frozen=True, slots=True)
class Readings:
    """What a file gave: texts, and what could not be read (text keys below console.file.unread)."""

    texts: tuple[Text, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Room:
    """What reading needs of the installation."""

    db: Database
    files: Path
    keys: Keys
    antivirus: str | None = None


async def read_attachments(room: Room, classifier: Classifier, *, now: datetime) -> int:
    """Read some attachments and weigh what was read; answers how many, so that the caller knows whether to go on."""
    return await _read_some(room, now=now) + await _weigh_some(room.db, classifier, now=now)


@cache
def can_read_pictures() -> bool:
    """Whether the optional reader of pictures is installed: `pip install tipline[ocr]`."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


# ---------------------------------------------------------------- read


async def _read_some(room: Room, *, now: datetime) -> int:
    async with room.db.read() as session:
        if not await has_unread_attachments(session, now=now):
            return 0
    async with room.db.begin() as session:
        claimed = await claim_unread_attachments(session, now=now, limit=1, lease=LEASE)
    for attachment in claimed:
        await _read_one(room, attachment, now=now)
    return len(claimed)


async def _read_one(room: Room, attachment: Attachment, *, now: datetime) -> None:
    said = await _scan_again(room, attachment)
    if said is Scan.WAITING:
        async with room.db.begin() as session:
            await put_off_reading(session, attachment.id, until=now + SCAN_PAUSE)
        return
    was, attachment.scan = attachment.scan, said
    readings = Readings() if said is Scan.INFECTED else await _read_copy(room, attachment)
    async with room.db.begin() as session:
        await keep_reading(session, attachment.id, readings.texts, unread=readings.unread, scan=said, now=now)
    if said is not was or readings.unread:
        log.info("attachment_read", attachment_id=attachment.id, scan=said, unread=readings.unread)


async def _scan_again(room: Room, attachment: Attachment) -> Scan:
    """The word of the antivirus program for a file that waits for it; fails closed."""
    if attachment.scan is not Scan.WAITING:
        return attachment.scan
    try:
        data = await asyncio.to_thread(open_original, room.files, attachment, room.keys)
    except (AttachmentLostError, SealBrokenError):
        return Scan.WAITING
    said = await scan(room.antivirus, data, seconds=LATER_SECONDS)
    # A program that was taken out of the settings has not passed what it was never asked about.
    return Scan.WAITING if said is Scan.OFF else said


async def _read_copy(room: Room, attachment: Attachment) -> Readings:
    sources = _READERS.get(attachment.media_type) or _READERS.get(attachment.media_type.partition("/")[0], ())
    if not sources or attachment.working is None:
        return Readings()
    if attachment.read_tries > MAX_TRIES:
        return Readings(unread=("failed",))
    try:
        data = await asyncio.to_thread(open_working, room.files, attachment)
    except AttachmentLostError:
        return Readings(unread=("failed",))
    return await read_file(data, sources)


async def read_file(data: bytes, sources: Iterable[TextSource]) -> Readings:
    """What each reader finds in a file. Never raises: a reader that fails or takes too long is named instead."""
    texts: list[Text] = []
    unread: list[str] = []
    for source in sources:
        if source is TextSource.PICTURE and not can_read_pictures():
            unread.append("no_picture_reader")
            continue
        found = await _ask_child(source, data)
        if found is None:
            unread.append(source.value)
        texts += [(source, words) for each in found or () if (words := clean_text(each)).strip()]
    return Readings(tuple(texts), tuple(unread))


async def _ask_child(source: TextSource, data: bytes) -> list[str] | None:
    """Start the reader, give it the bytes, take its answer; None when it died or took too long."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(_CHILD), source.value,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        cwd="/",
    )  # fmt: skip
    try:
        async with asyncio.timeout(_SECONDS[source]):
            out = await _talk(process, data)
    except (TimeoutError, OSError):
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()  # a pipe that nobody empties would keep the end from being noticed
    return _parse_answer(out) if process.returncode == 0 else None


async def _talk(process: asyncio.subprocess.Process, data: bytes) -> bytes:
    """Give the child its bytes and take what it says, which may be anything: never more than is ever needed."""
    assert process.stdin  # noqa: S101 - asked for above
    assert process.stdout  # noqa: S101
    feeding = asyncio.create_task(_feed(process.stdin, data))
    said = b""
    try:
        while len(said) <= _LONGEST_ANSWER and (bite := await process.stdout.read(65_536)):
            said += bite
        if len(said) > _LONGEST_ANSWER:
            raise BrokenPipeError
        await process.wait()
    finally:
        feeding.cancel()
        await asyncio.wait([feeding])
    return said


async def _feed(pipe: asyncio.StreamWriter, data: bytes) -> None:
    with suppress(OSError):  # a child that died reads no more
        pipe.write(data)
        await pipe.drain()
    pipe.close()


def _parse_answer(out: bytes) -> list[str] | None:
    try:
        said = json.loads(out)
    except ValueError:
        return None
    is_fine = isinstance(said, list) and all(isinstance(words, str) for words in said)
    return said if is_fine else None


def clean_text(words: str) -> str:
    """As it may be stored: no controls, no halves of characters, nobody's return code, not endless."""
    plain = words[: LONGEST_TEXT * 2].replace("\r\n", "\n").replace("\r", "\n")
    visible = "".join(ch for ch in plain if ch in "\n\t" or not unicodedata.category(ch).startswith("C"))
    return hide_codes(_GAPS.sub("\n\n", visible)[:LONGEST_TEXT])


# ---------------------------------------------------------------- weigh


async def _weigh_some(db: Database, classifier: Classifier, *, now: datetime) -> int:
    async with db.read() as session:
        waiting = await list_unweighed_attachments(session, limit=WEIGHED_AT_ONCE)
    for attachment, tip in waiting:
        said = await asyncio.to_thread(weigh_texts, classifier, tip, attachment.texts)
        async with db.begin() as session:
            await _keep_findings(session, attachment, tip, said, now=now)
    return len(waiting)


Said = tuple[FindingKind, str, float | None, list[dict[str, Any]], str]
"""Kind, value, confidence, evidence, version of rules and model."""


def weigh_texts(classifier: Classifier, tip: Tip, texts: Sequence[AttachmentText]) -> list[Said]:
    """Clauses, patterns and names that the texts of one file speak of, each once. Pure."""
    said: dict[tuple[FindingKind, str], Said] = {}
    for text in texts:
        if len(text.text.strip()) < LEAST_WORDS:
            continue
        line = classifier.classify(text.text, received_at=tip.received_at, channel=tip.channel.value).to_json(
            ""
        )
        if line["disposition"] != Disposition.IN_SCOPE:
            continue
        for kind, plural in _LABELS:
            for value in line[plural]:
                said.setdefault((kind, value[:200]), _say(kind, value, line, text))
    return list(said.values())


def _say(kind: FindingKind, value: str, line: dict[str, Any], text: AttachmentText) -> Said:
    where = {"attachment": text.attachment_id, "source": text.source.value, "attachment_text": text.id}
    entries = [{**entry, **where} for entry in line["evidence"] if entry["for"] == value]
    return (
        kind,
        value[:200],
        line["confidence"].get(value),
        entries or [_quote(value, text, where)],
        line["rules_version"],
    )


def _quote(value: str, text: AttachmentText, where: dict[str, Any]) -> dict[str, Any]:
    """Where no single stretch was the reason: the name itself, or how the text begins."""
    start = max(text.text.find(value), 0)
    end = start + len(value) if text.text.startswith(value, start) else min(len(text.text), LONGEST_QUOTE)
    return {"for": value, "start": start, "end": end, "text": text.text[start:end], **where}


async def _keep_findings(
    session: AsyncSession, attachment: Attachment, tip: Tip, said: Sequence[Said], *, now: datetime
) -> None:
    """Add what was said to the tip's case, once; ask a person to look where the tip's own words did not say it."""
    row = await lock_unweighed_attachment(session, attachment.id)
    if row is None or tip.case_id is None:
        return
    row.weighed_at = now
    session.add_all(_make_finding(tip, each, now=now) for each in said)
    known = await list_said_of_tip(session, tip.id)
    if any((kind, value) not in known for kind, value, *_ in said):
        await ask_for_review(session, tip.case_id, REVIEW_OF_FILE)
    if said:
        record_event(
            session, "attachment_weighed", at=now, tip_id=tip.id, case_id=tip.case_id, file=attachment.id
        )


def _make_finding(tip: Tip, said: Said, *, now: datetime) -> Finding:
    kind, value, confidence, evidence, version = said
    return Finding(
        case_id=tip.case_id,
        tip_id=tip.id,
        kind=kind,
        value=value,
        source=FindingSource.ATTACHMENT,
        confidence=confidence,
        evidence=evidence,
        rules_version=version,
        created_at=now,
    )
