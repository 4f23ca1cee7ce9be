"""A citizen's words cut into pieces, so that a template can mark evidence without trusting a character of it.

Pure. Offsets count characters of the original text; overlapping evidence is cut at every edge. Characters
that reorder or hide text become pieces of their own and are shown as a visible sign.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_HIDING = frozenset("\u00ad\u200b\u2060\ufeff")
_LAYOUT = frozenset("\n\r\t")


@dataclass(frozen=True, slots=True)
class Mark:
    """Evidence: this stretch speaks for `label`."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text with the labels it speaks for. `hidden`: code of an invisible character, else empty."""

    text: str
    labels: tuple[str, ...] = ()
    hidden: str = ""


def cut_text(text: str, marks: Iterable[Mark]) -> list[Piece]:
    """The whole text in pieces, in order; joined they give every visible character back.

    Marks that lie outside the text, wholly or in part, are cut to it: rules change, stored offsets stay.
    """
    inside = [(max(mark.start, 0), min(mark.end, len(text)), mark.label) for mark in marks]
    inside = [mark for mark in inside if mark[0] < mark[1]]
    hidden = [i for i, ch in enumerate(text) if is_hidden(ch)]
    edges = {0, len(text), *(edge for start, end, _ in inside for edge in (start, end))}
    edges.update(edge for i in hidden for edge in (i, i + 1))
    ordered = sorted(edges)
    return [_piece(text, start, end, inside) for start, end in pairwise(ordered)]


def _piece(text: str, start: int, end: int, marks: Sequence[tuple[int, int, str]]) -> Piece:
    labels = tuple(dict.fromkeys(label for first, last, label in marks if first <= start and end <= last))
    stretch = text[start:end]
    code = f"U+{ord(stretch):04X}" if len(stretch) == 1 and is_hidden(stretch) else ""
    return Piece(stretch, labels, code)


def is_hidden(character: str) -> bool:
    """Whether a reader could not see this character, or would be led astray by it."""
    if character in _REORDERING or character in _HIDING:
        return True
    return unicodedata.category(character) == "Cc" and character not in _LAYOUT
