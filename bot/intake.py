"""Intake: the one door through which tips and later messages come in, whatever the channel.

Functions take the session of the caller's transaction and never commit: the caller shows number and
code only after the commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot.questionnaire import PHONE_DIGITS
from bot.receipts import Receipt, derive_code, derive_number, hash_code
from config.clock import LOCAL
from config.keys import Keys
from models.audit import record_event
from models.files import ExaminedFile, save_attachment
from models.message import Message
from models.numbers import holds_code, read_digits
from models.queries.notices import queue_staff_notice
from models.queries.staff import find_staff
from models.queries.tips import (
    find_case_of_tip,
    find_message_by_submission,
    find_tip_by_submission,
    get_tip_to_change,
    give_attachments_to_tip,
    insert_tip_once,
    mark_unread,
)
from models.states import Channel, CodeScheme, MessageKind
from models.tip import Identity, Tip

MAX_TEXT = 20_000
MAX_ANSWER = 500
MAX_CONTACT = 100
_NOT_SAID = frozenset({"locale", "draft_id", "notice_version"})
_NUMBER_ATTEMPTS = 20
"""A billion numbers a year: even at ten million tips, twenty attempts all fail with a chance of 1e-40."""


class SubmissionError(ValueError):
    """A submission cannot be taken as it is. `problem` is a text key under `errors.`, `field` where it lies."""

    def __init__(self, problem: str, field: str, **values: object) -> None:
        """Keep what is wrong, where, and the numbers that its sentence needs."""
        super().__init__(f"{field}: {problem}")
        self.problem = problem
        self.field = field
        self.values = values


class KeyReusedError(ValueError):
    """The submission key was used before for something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a citizen sends. `submission_key`: random, the same when the same request is repeated."""

    channel: Channel
    submission_key: str = field(repr=False)
    text: str = field(repr=False)
    locale: str = "zh-CN"
    place: str = field(default="", repr=False)
    county: str = ""
    target: str = field(default="", repr=False)
    occurred: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    chat_id: str | None = field(default=None, repr=False)
    draft_id: int | None = None
    notice_version: str = ""
    """Version of the privacy notice that the reporter was shown before the first question."""
    answers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Answers to follow-up questions, by question."""
    meant: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """How the reporter corrected what we had understood; empty where he did not."""


async def receive_tip(session: AsyncSession, submission: Submission, *, keys: Keys, now: datetime) -> Receipt:
    """Store a tip with its identity and files; a repeated submission answers with the first receipt.

    Raises SubmissionError for what cannot be stored, KeyReusedError when the key carried another body.
    """
    check_submission(submission)
    digest = keys.digest("submission", "key", submission.channel, submission.submission_key)
    body = _digest_body(keys, submission)
    tip_id, tip = await _insert(session, submission, digest=digest, body=body, keys=keys, now=now)
    if tip_id is None:
        return _repeat(tip, body, submission, keys)
    if submission.name or submission.phone or submission.chat_id:
        session.add(_seal_identity(submission, tip_id, keys))
    if submission.draft_id is not None:
        await give_attachments_to_tip(session, draft_id=submission.draft_id, tip_id=tip_id)
    record_event(
        session, "tip_received", at=now, tip_id=tip_id, channel=submission.channel, named=tip.is_named
    )
    code = derive_code(keys, submission.channel, submission.submission_key)
    return Receipt(tip.number, code, now, tip_id, is_repeat=False)


async def receive_message(  # noqa: PLR0913 - all but three by name
    session: AsyncSession,
    tip: Tip,
    text: str,
    *,
    channel: Channel,
    keys: Keys,
    now: datetime,
    files: Sequence[ExaminedFile] = (),
    folder: Path | None = None,
    submission_key: str = "",
) -> Message:
    """Store what a reporter adds to his tip, and tell the officer that something is there. Raises SubmissionError.

    With a `submission_key`, a repeated request answers the message of the first one; raises KeyReusedError
    when the key carried other words.
    """
    check_words("text", text, longest=MAX_TEXT, is_required=not files)
    digest = None
    if submission_key:
        digest = keys.digest("submission", "message", str(tip.id), submission_key)
        tip = await get_tip_to_change(session, tip.id)  # a twin of this request waits here
        if stored := await find_message_by_submission(session, digest):
            return _repeat_message(stored, text)
    case = await find_case_of_tip(session, tip)
    message = Message(
        tip_id=tip.id,
        case_id=tip.case_id,
        kind=MessageKind.FROM_REPORTER,
        text=text,
        channel=channel,
        submission_digest=digest,
        created_at=now,
    )
    session.add(message)
    await session.flush()
    for examined in files:
        await save_attachment(session, _known(folder), examined, keys=keys, now=now, message_id=message.id)
    record_event(session, "reporter_wrote", at=now, tip_id=tip.id, case_id=tip.case_id, channel=channel)
    if case:
        await mark_unread(session, case.id)
        if officer := await find_staff(session, case.officer_id):
            await queue_staff_notice(
                session,
                officer,
                "reporter_wrote",
                case=case,
                dedup=f"message:{message.id}",
                values={"number": case.number},
                now=now,
            )
    return message


def check_submission(submission: Submission) -> None:
    """Raise SubmissionError for the first field that cannot be taken."""
    check_words("text", submission.text, longest=MAX_TEXT, is_required=True)
    for name in ("place", "target", "occurred"):
        check_words(name, getattr(submission, name), longest=MAX_ANSWER)
    for name in ("name", "phone"):
        check_words(name, getattr(submission, name), longest=MAX_CONTACT)
    if submission.phone.strip() and len(read_digits(submission.phone)) not in PHONE_DIGITS:
        raise SubmissionError("phone", "phone")
    for name, words in {**submission.answers, "meant": submission.meant.get("words", "")}.items():
        check_words(name, words, longest=MAX_ANSWER)


def check_words(field: str, words: str, *, longest: int, is_required: bool = False) -> None:
    """Raise SubmissionError when words are missing, too long, hold what no database can store, or a return code."""
    if is_required and not words.strip():
        raise SubmissionError("empty", field)
    if len(words) > longest:
        raise SubmissionError("too_long", field, longest=longest, length=len(words))
    if "\x00" in words or any("\ud800" <= ch <= "\udfff" for ch in words):
        raise SubmissionError("bad_characters", field)
    if holds_code(words):  # a code that lies in a text is a code that staff and backups can read
        raise SubmissionError("holds_code", field)


async def _insert(
    session: AsyncSession, submission: Submission, *, digest: bytes, body: bytes, keys: Keys, now: datetime
) -> tuple[int | None, Tip]:
    """Insert under a free number; (None, stored tip) when a twin of this request was faster."""
    year = now.astimezone(LOCAL).year
    for attempt in range(_NUMBER_ATTEMPTS):
        number = derive_number(
            keys, submission.channel, submission.submission_key, year=year, attempt=attempt
        )
        tip = _make_tip(submission, number, digest=digest, body=body, keys=keys, now=now)
        if tip_id := await insert_tip_once(session, tip):
            return tip_id, tip
        if stored := await find_tip_by_submission(session, digest):
            return None, stored
    message = "No free case number was found."
    raise RuntimeError(message)


def _make_tip(
    submission: Submission, number: str, *, digest: bytes, body: bytes, keys: Keys, now: datetime
) -> Tip:
    code = derive_code(keys, submission.channel, submission.submission_key)
    return Tip(
        number=number,
        code_scheme=CodeScheme.HMAC,
        code_hash=hash_code(keys, number, code),
        submission_digest=digest,
        body_digest=body,
        channel=submission.channel,
        locale=submission.locale,
        text=submission.text,
        place=submission.place,
        county=submission.county,
        target=submission.target,
        occurred=submission.occurred,
        answers=dict(submission.answers),
        meant=dict(submission.meant),
        is_named=bool(submission.name or submission.phone),
        received_at=now,
        notice_version=submission.notice_version,
        attempts=0,
    )


def _seal_identity(submission: Submission, tip_id: int, keys: Keys) -> Identity:
    def seal(words: str, place: str) -> bytes | None:
        return keys.seal("identity", words.encode(), place=place) if words else None

    chat = submission.chat_id or ""
    return Identity(
        tip_id=tip_id,
        name=seal(submission.name, "identity.name"),
        phone=seal(submission.phone, "identity.phone"),
        chat=seal(chat, "identity.chat"),
        chat_digest=keys.digest("address", chat) if chat else None,
    )


def _digest_body(keys: Keys, submission: Submission) -> bytes:
    """Keyed hash of what was said, to tell a repeated request from another one under the same key."""
    empty = {key for key in ("answers", "meant") if not getattr(submission, key)}
    said = {key: value for key, value in asdict(submission).items() if key not in _NOT_SAID | empty}
    return keys.digest("submission", "body", *(f"{key}={said[key]}" for key in sorted(said)))


def _repeat(stored: Tip, body: bytes, submission: Submission, keys: Keys) -> Receipt:
    if stored.body_digest != body:
        raise KeyReusedError
    code = derive_code(keys, submission.channel, submission.submission_key)
    return Receipt(stored.number, code, stored.received_at, stored.id, is_repeat=True)


def _repeat_message(stored: Message, text: str) -> Message:
    if stored.text != text:
        raise KeyReusedError
    return stored


def _known(folder: Path | None) -> Path:
    if folder is None:
        message = "Files need a folder."
        raise ValueError(message)
    return folder
