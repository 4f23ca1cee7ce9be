"""What the demo bureau is made of, read from `config/demo/`: people, tips, findings, conversations.

Reading only; what happens with it is in `story.py`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, field_validator

from config.clock import LOCAL
from config.rulefile import CONFIG, Frozen, read_shape
from models.states import Channel, Disposition, Role, Urgency, Verdict

FOLDER = CONFIG / "demo"
OTHER_TOPIC = "other"
_CHOICE = re.compile(r"\[([^\[\]|]*(?:\|[^\[\]|]*)+)\]")
_DAYS_AGO = re.compile(r"\{d(\d+)\}")
_MONTHS_AGO = re.compile(r"\{m(\d+)\}")
_PATTERNS = frozenset(
    {
        "pass_guarantee",
        "exam_cheating",
        "certificate_reselling",
        "collusion",
        "overcharging",
        "fake_certificate",
    }
)
Words = Annotated[str, Field(min_length=1)]
Pairs = tuple[tuple[Words, Words], ...]


class Person(Frozen):
    """One member of staff."""

    login: Words
    name: Words
    role: Role
    office: Words


class People(Frozen):
    """Shape of people.yaml."""

    password: Words
    staff: tuple[Person, ...]
    reporters: tuple[Words, ...]


class TipEntry(Frozen):
    """One voice of tips.yaml; used once for each word of `at`."""

    id: Words
    by: Words
    at: Words
    label: Words
    text: Words
    body: str = ""
    place: str = ""
    hour: int | None = None
    after: str = ""


class TipFile(Frozen):
    """Shape of tips.yaml."""

    tips: tuple[TipEntry, ...]


class Outcome(Frozen):
    """A verification result and the answer that goes with it."""

    result: Words
    answer: Words


class Transfer(Frozen):
    """To whom a matter goes that is not ours, and what the reporter is told."""

    to: Words
    answer: Words


class Urgings(Frozen):
    """How the supervisor reminds: of signing, before the limit, after it."""

    unsigned: Words
    soon: Words
    late: Words


class Answers(Frozen):
    """Shape of answers.yaml."""

    topics: Mapping[str, str]
    findings: Mapping[str, Mapping[Verdict, tuple[Outcome, ...]]]
    refusals: Mapping[str, Words]
    empty: Mapping[str, Words]
    consultations: Mapping[str, Words]
    transfers: Mapping[str, Transfer]
    other_transfer: Transfer
    elsewhere: Mapping[str, Words]
    elsewhere_answer: Words
    questions: Mapping[str, Pairs]
    additions: tuple[Words, ...]
    calls: tuple[Words, ...]
    thanks: tuple[Words, ...]
    notes: tuple[Words, ...]
    desk_notes: tuple[Words, ...]
    returns: tuple[Words, ...]
    send_backs: tuple[Words, ...]
    urgings: Urgings
    extension_reason: Words
    suspension_reason: Words
    supplement_request: Words
    merge_reason: Words
    review_reason: Words
    withdrawal_reason: Words
    withdrawal_answer: Words
    urging_reason: Words
    second_officers: tuple[Words, ...]
    evidence: tuple[Words, ...]
    supplement: Words
    unnamed: Words

    @field_validator("topics")
    @classmethod
    def _has_other(cls, topics: Mapping[str, str]) -> Mapping[str, str]:
        if OTHER_TOPIC not in topics:
            message = f"add the topic {OTHER_TOPIC!r}"
            raise ValueError(message)
        return topics


@dataclass(frozen=True, slots=True)
class Label:
    """What an experienced officer says of a tip."""

    disposition: Disposition
    clauses: tuple[str, ...]
    patterns: tuple[str, ...]
    is_police_matter: bool
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class Voice:
    """One tip to be sent: an entry in one of its uses."""

    entry: str
    use: int
    channel: Channel
    office: str
    label: Label
    body: str = field(repr=False)
    place: str = field(repr=False)
    text: str = field(repr=False)
    hour: int | None
    after: str


@dataclass(frozen=True, slots=True)
class Texts:
    """Everything read."""

    people: People
    voices: tuple[Voice, ...]
    answers: Answers


def load_texts() -> Texts:
    """Read all files of the demo. Raises CatalogError, or ValueError for a label that does not exist."""
    entries = read_shape(TipFile, FOLDER / "tips.yaml").tips
    return Texts(
        people=read_shape(People, FOLDER / "people.yaml"),
        voices=tuple(_voice(entry, use) for entry in entries for use in range(len(entry.at.split()))),
        answers=read_shape(Answers, FOLDER / "answers.yaml"),
    )


def _voice(entry: TipEntry, use: int) -> Voice:
    return Voice(
        entry=entry.id,
        use=use,
        channel=Channel(_of_use(entry.by.split(), use)),
        office=entry.at.split()[use],
        label=read_label(entry.label),
        body=_of_use(entry.body.split(" / "), use),
        place=_of_use(entry.place.split(" / "), use),
        text=entry.text,
        hour=entry.hour,
        after=entry.after,
    )


def _of_use(values: Sequence[str], use: int) -> str:
    return values[use % len(values)]


def read_label(words: str) -> Label:
    """`in_scope 3.1.4 pass_guarantee police high` as a label. Raises ValueError for an unknown word."""
    disposition, *rest = words.split()
    clauses = tuple(word for word in rest if word[0].isdigit())
    patterns = tuple(word for word in rest if word in _PATTERNS)
    urgencies = [Urgency(word) for word in rest if word not in {*clauses, *patterns, "police"}]
    return Label(
        disposition=Disposition(disposition),
        clauses=clauses,
        patterns=patterns,
        is_police_matter="police" in rest,
        urgency=urgencies[0] if urgencies else Urgency.NORMAL,
    )


def choose_words(words: str, use: int) -> str:
    """`[a|b]` read as `a` in the first use, `b` in the second, and so on in turn."""
    return _CHOICE.sub(lambda found: _of_use(found[1].split("|"), use), words)


def write_tip(voice: Voice, *, at: datetime) -> str:
    """The tip as sent at a moment."""
    day = at.astimezone(LOCAL)
    words = choose_words(voice.text, voice.use)
    words = _DAYS_AGO.sub(lambda found: say_day(day - timedelta(days=int(found[1]))), words)
    words = _MONTHS_AGO.sub(lambda found: f"{(day.month - int(found[1]) - 1) % 12 + 1}月", words)
    return words.replace("{body}", voice.body).replace("{place}", voice.place)


def say_day(day: datetime) -> str:
    """8月3日."""
    local = day.astimezone(LOCAL)
    return f"{local.month}月{local.day}日"
