"""Which words of a move leave the house, and how a stopped text is shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from triage.console.marking import Mark, Piece, cut_text
from triage.console.moves import Typed
from triage.console.words import Words
from triage.leaks import LeakKind
from triage.workflow import Move

OUTGOING: Mapping[Move, tuple[str, ...]] = {
    Move.TRANSFER_OUT: ("to", "answer"),
    Move.ACCEPT: ("reason",),
    Move.ASSIGN: ("reason",),
}
"""Fields that another department or a county's office reads."""


def outgoing_text(move: Move, typed: Typed) -> str:
    """What of a form leaves the house, as one text; nothing for most moves."""
    return "\n".join(typed.get(name).strip() for name in OUTGOING.get(move, ()) if typed.get(name).strip())


@dataclass(frozen=True, slots=True)
class StoppedText:
    """A text with what gives the reporter away marked, and why."""

    pieces: Sequence[Piece]
    reasons: Sequence[str]


def view_stopped(text: str, leaks: Iterable[tuple[int, int, str]], words: Words) -> StoppedText:
    """The whole text in pieces; `leaks`: start, end, kind."""
    marks = [Mark(start, end, words.text(f"access.leak.{kind}")) for start, end, kind in leaks]
    kinds = [
        kind for kind in LeakKind if any(mark.label == words.text(f"access.leak.{kind}") for mark in marks)
    ]
    return StoppedText(cut_text(text, marks), [words.text(f"access.leak_advice.{kind}") for kind in kinds])
