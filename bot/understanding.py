"""What a reader makes of a citizen's own words, and what of it is kept with his draft.

The reader is triage, but this package does not know triage: it knows the shape `Reader`, and whoever puts the
program together hands one over, or none. A reader that is missing, slow or broken answers None; then the fixed
questionnaire is asked, and nobody waits.

**That the matter may be known.** A citizen is told before he sends that we may know of the matter already, that what
he has helps all the same, and that he gets a number of his own. Whether we do know must not be told, and is not looked
up: `Reader` has no way to ask. For consider the firm that types its own name and a likely story to see whether
somebody has reported it. One true “known” is all it wants, and the law forbids exactly that (who reported, and how
far the matter is, may not reach the accused: 信访工作条例 arts. 30, 46; 市场监管投诉举报办法 art. 33). Limits per
source do not help, because one answer is enough; noise does not, because the first answer is as good as it gets
and answers can be gathered; a threshold on length does not, because the firm knows its own story best. So the
sentence depends on the typed words alone (`is_detailed`): whoever names a body or tells enough reads it, be the
database full or empty, and it says itself that everybody reads it. What it loses in warmth the bureau gains back
after sending, where the likeness to earlier cases is looked for out of everybody's sight.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from config.follow_ups import FollowUps, Understanding
from config.text import LOCALES, text

NOTE = "_understood"
"""Key of the note among the answers of a draft; no question has such a name."""
_MOST_BODIES = 2
_LONGEST_BODY = 40


class Reader(Protocol):
    """Reads a text while its author waits."""

    async def read(self, words: str, *, now: datetime) -> Understanding | None:
        """What the text says, within about a second and a half; None where it cannot be told in that time."""
        ...


@dataclass(frozen=True, slots=True)
class Note:
    """What is kept with a draft of one reading. `of`: which words were read; others make it stale."""

    of: str
    asked: tuple[str, ...] = ()
    """Follow-ups chosen, in the order in which they are asked."""
    is_sure: bool = False
    matters: tuple[str, ...] = ()
    county: str = ""
    bodies: tuple[str, ...] = ()
    is_urgent: bool = False
    notice: str = ""
    """Where else the matter belongs: a text key below `questions.`, or nothing."""

    def to_json(self) -> dict[str, Any]:
        """For `Draft.answers`."""
        return asdict(self)


def find_note(answers: Mapping[str, Any]) -> Note | None:
    """The note of a draft, or None where nobody has read its words."""
    kept = answers.get(NOTE)
    if not isinstance(kept, Mapping):
        return None
    lists = {name: tuple(kept.get(name, ())) for name in ("asked", "matters", "bodies")}
    return Note(**{**kept, **lists})


def digest_words(words: str) -> str:
    """By which a note knows the words that it was made of."""
    return hashlib.sha256(words.encode(errors="replace")).hexdigest()[:16]


def find_story(answers: Mapping[str, Any]) -> str:
    """The citizen's own words among the answers."""
    return str((answers.get("what") or {}).get("text", ""))


def is_fresh(note: Note | None, answers: Mapping[str, Any]) -> bool:
    """Whether the note was made of the words as they stand."""
    return note is not None and note.of == digest_words(find_story(answers))


def shorten_bodies(bodies: tuple[str, ...]) -> tuple[str, ...]:
    """As many names, and so much of each, as fit into a sentence."""
    return tuple(body[:_LONGEST_BODY] for body in bodies[:_MOST_BODIES])


def tells_of_danger(words: str) -> bool:
    """Whether somebody may be in danger now, by words that mean it in any of our languages."""
    folded = words.casefold()
    signs = [sign for locale in LOCALES for sign in text("chat.danger.signs", locale).split()]
    return any(sign.casefold().replace("_", " ") in folded for sign in signs)


def is_detailed(answers: Mapping[str, Any], rules: FollowUps) -> bool:
    """Whether the matter may be known, for all that the words alone can say. See the module's text."""
    note = find_note(answers)
    names_body = bool((answers.get("who") or {}).get("target")) or bool(note and note.bodies)
    return names_body or len(find_story(answers).strip()) >= rules.detailed_from
