"""The history of a case as one list: acts, messages and notes by time. Pure.

An act that only says that a message was written gives way to the message itself; a question put to
several reporters is one entry.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never

from models.event import Event
from models.message import Message
from models.states import MessageKind
from models.tip import Attachment


class Voice(StrEnum):
    """Who speaks in an entry: text keys under `console.timeline.voice.`."""

    REPORTER = "reporter"
    STAFF = "staff"
    SYSTEM = "system"


class Show(StrEnum):
    """What of the history is shown, as the address says it: text keys under `case.history.`."""

    ACTS = ""
    ALL = "all"
    REPORTER = "reporter"
    STAFF = "staff"
    SYSTEM = "system"
    CLOCKS = "clocks"


def read_show(word: str) -> Show:
    """What an address asks for; the acts where it asks for nothing that there is."""
    return Show(word) if word in set(Show) else Show.ACTS


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history. `kind` is a text key under `console.event.`."""

    at: datetime
    kind: str
    voice: Voice
    who: str = ""
    reason: str = ""
    text: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    attachments: Sequence[Attachment] = ()


TOLD_BY_MESSAGES = frozenset({"reporter_wrote", "reporter_asked", "note_added"})
CLOCKWORK = frozenset({"clock_started", "clock_paused", "clock_resumed", "clock_met", "clock_cancelled"})
CLOCKS = CLOCKWORK | {"clock_shifted", "deadline_warned", "deadline_breached", "deadline_escalated"}
TOLD_ELSEWHERE = frozenset({"likeness_found", "hold_placed", "hold_lifted"})
"""The page shows it in its own place, to those who may see it: both cases, or that material must stay."""
BY_REPORTER = frozenset(
    {
        "tip_received",
        "withdrawal_asked",
        "review_asked",
        "outcome_rated",
        "contact_changed",
        "contact_removed",
        "letters_hidden",
    }
)
_KINDS = {
    MessageKind.FROM_REPORTER: ("message_from_reporter", Voice.REPORTER),
    MessageKind.TO_REPORTER: ("message_to_reporter", Voice.STAFF),
    MessageKind.NOTE: ("note", Voice.STAFF),
}


def make_timeline(
    events: Iterable[tuple[Event, str | None]],
    messages: Iterable[Message],
    *,
    names: Mapping[int, str],
    show: Show = Show.ACTS,
) -> list[Entry]:
    """Newest first. `names`: staff id to name. Clocks that start and stop in time show only when asked for."""
    told = TOLD_BY_MESSAGES | TOLD_ELSEWHERE
    entries = [_of_event(event, name) for event, name in events if event.kind not in told]
    entries += _of_messages(messages, names)
    shown = [entry for entry in entries if _is_shown(entry, show)]
    return sorted(shown, key=lambda entry: entry.at)[
        ::-1
    ]  # reversed: of one moment, the later act comes first too


def _is_shown(entry: Entry, show: Show) -> bool:
    match show:
        case Show.ALL:
            return True
        case Show.CLOCKS:
            return entry.kind in CLOCKS
        case Show.ACTS:
            return entry.kind not in CLOCKWORK
        case Show.REPORTER | Show.STAFF | Show.SYSTEM:
            return entry.voice.value == show.value and entry.kind not in CLOCKWORK
        case _:
            assert_never(show)


def _of_event(event: Event, name: str | None) -> Entry:
    voice = Voice.STAFF if event.staff_id else Voice.REPORTER if event.kind in BY_REPORTER else Voice.SYSTEM
    return Entry(event.at, event.kind, voice, name or "", reason=event.reason, facts=event.data)


def _of_messages(messages: Iterable[Message], names: Mapping[int, str]) -> list[Entry]:
    told: dict[object, Entry] = {}
    for message in messages:
        kind, voice = _KINDS[message.kind]
        # A question to three reporters of a merged case is stored three times, with one moment and one text.
        same = message.id if voice is Voice.REPORTER else (kind, message.created_at, message.text)
        told.setdefault(
            same,
            Entry(
                message.created_at,
                kind,
                voice,
                names.get(message.staff_id or 0, ""),
                text=message.text,
                attachments=tuple(message.attachments),
            ),
        )
    return list(told.values())
