"""Finding cues: all words of all rules in one pass over the folded text, then the joins that a cue asks for.

In: folded text. Out: `Match`es with rule, weight and span. The work grows with the length of the text, whatever
the text holds: words are found by one automaton, gaps are bounded, and no list of hits grows past a ceiling.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ahocorasick_rs import MATCHKIND_LEFTMOST_LONGEST, AhoCorasick

from config.patterns import Cue, PatternBook
from triage.landmarks import find_landmarks
from triage.normalise import HARD

# Nobody needs more; a hostile text of one repeated word shall not cost more either.
_MOST_HITS = 600
_MOST_MATCHES = 12

Span = tuple[int, int]
_NEGATIVE = frozenset("没无未不缺免别空停坏关假")


@dataclass(frozen=True, slots=True)
class Match:
    """One cue found in folded[start:end]."""

    rule: str
    cue: str
    weight: float
    start: int
    end: int
    is_negative: bool = False


class Hits:
    """The words found in one text, by word list, and where its sentences end."""

    def __init__(self, spans: Mapping[int, list[Span]], text: str) -> None:
        self._spans = spans
        self._sentence = _sentence_numbers(text)

    def __contains__(self, words: int) -> bool:
        return words in self._spans

    def of(self, words: int) -> list[Span]:
        """Spans of a word list, ordered by start."""
        return self._spans.get(words, [])

    def same_sentence(self, start: int, end: int) -> bool:
        """Whether nothing ends a sentence between two places."""
        return self._sentence[start] == self._sentence[max(start, end - 1)]


@dataclass(frozen=True, slots=True)
class _Step:
    words: int
    gap: int


@dataclass(frozen=True, slots=True)
class _Plan:
    rule: str
    cue: Cue
    groups: tuple[tuple[_Step, ...], ...]
    exception: bool
    is_negative: bool


class CueFinder:
    """All cues of a book, ready to be looked for."""

    def __init__(self, book: PatternBook, extra: Mapping[str, Sequence[str]] | None = None) -> None:
        """`extra`: further named word lists to be found in the same pass (places)."""
        self._lists: dict[tuple[str, ...], int] = {}
        self._plans = [
            self._plan(rule.id, cue, exception=exception)
            for rule in book.rules
            for cues, exception in ((book.cues_of(rule), False), (book.exceptions_of(rule), True))
            for cue in cues
        ]
        self._named = {name: self._list(book.words(name)) for name in book.vocabulary}
        self._named |= {name: self._list(tuple(words)) for name, words in (extra or {}).items()}
        self._finder, self._of_word = self._automaton()
        self._swallow = AhoCorasick(list(book.words("swallow")), matchkind=MATCHKIND_LEFTMOST_LONGEST)
        self._by_first = self._group_plans()

    def find_words(self, text: str) -> Hits:
        """Every word of every list, in one pass."""
        spans: dict[int, list[Span]] = defaultdict(list)
        swallowed = self._swallowed(text)
        beside = {at for first, last in find_landmarks(text) for at in range(first, last)}
        for word, start, end in self._finder.find_matches_as_indexes(text, overlapping=True):
            if (end - start == 1 and start in swallowed) or start in beside:
                continue
            for words in self._of_word[word]:
                if len(hits := spans[words]) < _MOST_HITS:
                    hits.append((start, end))
        for hits in spans.values():
            hits.sort()
        return Hits(spans, text)

    def _swallowed(self, text: str) -> set[int]:
        """Characters that only help to write a longer word: the 证 of 保证 is no certificate."""
        found = self._swallow.find_matches_as_indexes(text)
        return {at for _, start, end in found for at in range(start, end)}

    def named(self, name: str, hits: Hits) -> list[Span]:
        """Spans of one list of the vocabulary."""
        return hits.of(self._named[name])

    def find(self, hits: Hits) -> list[Match]:
        """The cues that hold, exceptions already taken out, ordered by place."""
        found: list[Match] = []
        taken_back: dict[str, list[Span]] = defaultdict(list)
        for plan in self._candidates(hits):
            for start, end in _spans_of(plan, hits):
                if plan.exception:
                    taken_back[plan.rule].append((start, end))
                else:
                    found.append(
                        Match(plan.rule, plan.cue.text, plan.cue.weight, start, end, plan.is_negative)
                    )
        kept = [match for match in found if not _overlaps(match, taken_back.get(match.rule, ()))]
        return sorted(kept, key=lambda match: (match.start, match.end, match.rule))

    def _candidates(self, hits: Hits) -> Iterable[_Plan]:
        for first, plans in self._by_first.items():
            if first in hits:
                yield from (
                    plan for plan in plans if all(s.words in hits for group in plan.groups for s in group)
                )

    def _plan(self, rule: str, cue: Cue, *, exception: bool) -> _Plan:
        groups = tuple(
            tuple(_Step(self._list(step.words), step.gap) for step in group) for group in cue.groups
        )
        # Words about something missing are not denied by a “没有” beside them.
        is_negative = any(
            _NEGATIVE & set(word) for group in cue.groups for step in group for word in step.words
        )
        return _Plan(rule, cue, groups, exception, is_negative)

    def _list(self, words: tuple[str, ...]) -> int:
        return self._lists.setdefault(words, len(self._lists))

    def _automaton(self) -> tuple[AhoCorasick, list[list[int]]]:
        of_word: dict[str, list[int]] = defaultdict(list)
        for words, number in self._lists.items():
            for word in words:
                of_word[word].append(number)
        return AhoCorasick(list(of_word)), list(of_word.values())

    def _group_plans(self) -> dict[int, list[_Plan]]:
        """Plans under their longest word list's rarest-looking step: the one with the fewest words."""
        sizes = {number: len(words) for words, number in self._lists.items()}
        grouped: dict[int, list[_Plan]] = defaultdict(list)
        for plan in self._plans:
            rarest = min(
                (step.words for group in plan.groups for step in group), key=lambda number: sizes[number]
            )
            grouped[rarest].append(plan)
        return grouped


def _sentence_numbers(text: str) -> list[int]:
    numbers, number = [], 0
    for char in text:
        numbers.append(number)
        number += char in HARD
    numbers.append(number)
    return numbers


def _spans_of(plan: _Plan, hits: Hits) -> list[Span]:
    groups = [_in_order(group, hits) for group in plan.groups]
    spans = groups[0]
    for other in groups[1:]:
        spans = _near(spans, other, plan.cue.near, hits)
    return _shortest(spans)[:_MOST_MATCHES]


def _in_order(steps: tuple[_Step, ...], hits: Hits) -> list[Span]:
    """Join the steps one by one; of several ways to end at a place the shortest is kept."""
    spans = hits.of(steps[0].words)
    for step in steps[1:]:
        following = hits.of(step.words)
        ends: dict[int, int] = {}
        for start, end in spans:
            at = bisect_left(following, (end, 0))
            while at < len(following) and following[at][0] <= end + step.gap:
                stop = following[at][1]
                if hits.same_sentence(start, stop):
                    ends[stop] = max(start, ends.get(stop, start))
                at += 1
        spans = sorted((start, end) for end, start in ends.items())
        if not spans:
            break
    return spans


def _near(spans: list[Span], others: list[Span], near: int, hits: Hits) -> list[Span]:
    joined: list[Span] = []
    for start, end in spans:
        at = bisect_left(others, (start - near - 30, 0))
        for other_start, other_end in others[at : at + 40]:
            if other_start > end + near:
                break
            if other_end < start - near:
                continue
            whole = min(start, other_start), max(end, other_end)
            if hits.same_sentence(*whole):
                joined.append(whole)
                break
    return joined


def _shortest(spans: list[Span]) -> list[Span]:
    """One span for each place: of overlapping ones the shorter, since it quotes best."""
    kept: list[Span] = []
    for start, end in sorted(set(spans), key=lambda span: (span[1] - span[0], span[0])):
        if all(end <= s or start >= e for s, e in kept[:_MOST_MATCHES]):
            kept.append((start, end))
        if len(kept) >= _MOST_MATCHES:
            break
    return sorted(kept)


def _overlaps(match: Match, spans: Sequence[Span]) -> bool:
    return any(match.start < end and start < match.end for start, end in spans)
