"""Context: what the words around a cue make of it.

A cue that is denied, asked, quoted from a warning, or said of another exam weighs nothing or little. In:
the matches of all rules. Out: `Signal`s with the factor that the context left, and the reason.
"""

from collections.abc import Iterable

from config.patterns import PatternBook, Rule
from triage.cues import CueFinder, Hits, Match
from triage.normalise import HARD_BREAK, SOFT, SPACE_BREAK, Normal
from triage.reading import Signal, Span

_DENIAL_REACH = 3
_QUESTION_FACTOR = 0.2


class Context:
    """Knows the frames of the book and weighs matches by them."""

    def __init__(self, book: PatternBook, finder: CueFinder) -> None:
        """`finder` must have been built from the same book."""
        self._finder = finder
        self._rules = book.by_id

    def weigh(self, matches: Iterable[Match], hits: Hits, normal: Normal) -> list[Signal]:
        """Every match as a signal; those of frames and moments keep their weight."""
        frames = _Frames(self._finder, matches, hits, normal)
        return [self._signal(match, frames) for match in matches]

    def _signal(self, match: Match, frames: "_Frames") -> Signal:
        rule = self._rules[match.rule]
        frame, factor = self._frame_of(rule, match, frames)
        return Signal(match.rule, match.weight, match.start, match.end, match.cue, factor, frame)

    def _frame_of(self, rule: Rule, match: Match, frames: "_Frames") -> tuple[str, float]:
        if rule.kind in {"frame", "moment", "question", "noise"}:
            return "", 1.0
        if rule.kind == "allegation" and frames.is_denied(match):
            return "denial", 0.0
        if rule.kind in {"hazard", "grievance"}:
            return (
                ("asked", _QUESTION_FACTOR) if frames.is_asked(match) and rule.kind == "hazard" else ("", 1.0)
            )
        if frames.is_of_other_exam(rule, match):
            return "other-exam", 0.0
        if frames.is_asked(match):
            return "asked", _QUESTION_FACTOR
        return "", 1.0


class _Frames:
    """The frames of one text."""

    def __init__(self, finder: CueFinder, matches: Iterable[Match], hits: Hits, normal: Normal) -> None:
        self._normal = normal
        self._clauses = _clause_edges(normal)
        self._denials = sorted((m.end, m.start) for m in matches if m.rule == "denial")
        self._negations = finder.named("negations", hits)
        self._asked = finder.named("asked_words", hits)
        self._rhetorical = finder.named("rhetorical", hits)
        self._other = finder.named("other_exam", hits)
        self._ours = _not_inside(finder.named("our_exam", hits), self._other)
        self._hits = hits

    def is_denied(self, match: Match) -> bool:
        """Denied just before the words, or between them where they themselves hold no denial."""
        if match.is_negative:
            return False
        if any(match.start < start and end < match.end for start, end in self._negations):
            return True
        return any(
            0 <= match.start - end <= (_DENIAL_REACH if end - start > 2 else 1)
            and self._same_clause(start, match.start)
            for end, start in self._denials
        )

    def is_asked(self, match: Match) -> bool:
        """Asked, and not in the way of “这不就是保过班吗”."""
        left, right = self._clause_of(match)
        if any(left <= start and end <= right for start, end in self._rhetorical):
            return False
        return any(left <= start and end <= right for start, end in self._asked)

    def is_of_other_exam(self, rule: Rule, match: Match) -> bool:
        if rule.body == "business_unit" or not self._other:
            return False
        if not self._ours:
            return True
        near_other = any(
            self._hits.same_sentence(min(s, match.start), max(e, match.end)) for s, e in self._other
        )
        near_ours = any(
            self._hits.same_sentence(min(s, match.start), max(e, match.end)) for s, e in self._ours
        )
        return near_other and not near_ours

    def _same_clause(self, one: int, other: int) -> bool:
        return self._clauses[one] == self._clauses[other]

    def _clause_of(self, match: Match) -> Span:
        clauses = self._clauses
        left, right = match.start, match.end - 1
        first, last = clauses[left], clauses[right]
        while left > 0 and clauses[left - 1] == first:
            left -= 1
        while right + 1 < len(clauses) and clauses[right + 1] == last:
            right += 1
        return left, right + 1


def _clause_edges(normal: Normal) -> list[int]:
    """The number of the clause in which each character stands."""
    numbers, number = [], 0
    for char, strength in zip(normal.text, normal.breaks, strict=True):
        number += strength >= SPACE_BREAK and strength <= HARD_BREAK and char not in SOFT
        numbers.append(number)
    return numbers


def _not_inside(spans: list[Span], others: list[Span]) -> list[Span]:
    return [(s, e) for s, e in spans if not any(a <= s and e <= b and (a, b) != (s, e) for a, b in others)]
