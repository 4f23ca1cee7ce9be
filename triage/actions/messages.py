"""Questions to reporters, notes among staff, and what has been read."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import record_event
from models.case import Case
from models.message import Message
from models.queries.tips import list_tips_of_case, mark_seen
from models.staff import Staff
from models.states import MessageKind
from triage.actions.ground import check_words, move, tell_reporters, write_to_reporters
from triage.workflow import Move


async def ask_reporter(session: AsyncSession, case: Case, *, words: str, by: Staff, now: datetime) -> None:
    """Put a question to all reporters of the case. The clocks run on."""
    check_words(words, "words")
    move(case, Move.ASK_REPORTER, by=by)
    await write_to_reporters(session, case, words, by=by, now=now)
    record_event(session, "reporter_asked", at=now, by=by.id, case_id=case.id)
    await tell_reporters(session, case, "question_waiting", now=now)


async def add_note(session: AsyncSession, case: Case, *, words: str, by: Staff, now: datetime) -> None:
    """A note among staff; the reporter never sees it."""
    check_words(words, "words")
    move(case, Move.ADD_NOTE, by=by)
    tips = await list_tips_of_case(session, case.id)
    session.add(
        Message(
            tip_id=tips[0].id,
            case_id=case.id,
            kind=MessageKind.NOTE,
            text=words,
            staff_id=by.id,
            created_at=now,
        )
    )
    record_event(session, "note_added", at=now, by=by.id, case_id=case.id)


async def mark_read(session: AsyncSession, case: Case, messages: Sequence[Message], *, now: datetime) -> None:
    """Somebody who handles the case has opened it: the reporter's messages count as read."""
    for message in messages:
        if message.kind is MessageKind.FROM_REPORTER and message.read_at is None:
            message.read_at = now
    await session.flush()
    await mark_seen(session, case.id)
    await session.refresh(case, ["has_unread"])
