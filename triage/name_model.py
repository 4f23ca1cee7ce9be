"""The learned tagger of names: which characters of a tip belong to the name of an accused body or person.

In: the text, the spans that the rules marked in it (`NameFinder.find_clues`) and the spans of places. Out: names,
each exactly as it stands in the text. A linear model over hashed features of characters; the best sequence of
tags is found by Viterbi's algorithm. Training is in `triage/train_names.py`; here only numpy is needed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from triage.name_features import BUCKETS, Bytes, Clues, Ints, Span, make_features

Floats = npt.NDArray[np.float32]

OUTSIDE, BEGIN, INSIDE, END, SINGLE = range(5)
TAGS = 5
# What may follow what: a name that has begun must end.
FOLLOWS = (
    (OUTSIDE, BEGIN, SINGLE),
    (INSIDE, END),
    (INSIDE, END),
    (OUTSIDE, BEGIN, SINGLE),
    (OUTSIDE, BEGIN, SINGLE),
)
LAST = (OUTSIDE, END, SINGLE)
LONGEST_TEXT = 6_000
_MOST_NAMES = 12
_LONGEST_NAME = 32
_VAGUE = re.compile(r"某|[xX×*＊]{2}|[一-龥]某")
# How people are called, which is no name: 刘老师, 孙站长, 小周, 老K.
_CALLED = re.compile(
    r"[一-龥]{1,2}(?:老师|师傅|老板|站长|主任|校长|经理|主管|科长|队长|厂长|所长|局长|书记|教练|考官|警官|同学|医生|大夫|总|姐|哥)"
    r"|[老小阿][一-龥A-Z]"
)
_TITLE = re.compile(r"(?:公司|集团|培训学校|中心|合作社)\Z")
_PLOT = r"(?:[东西南北中]段|\d{1,4}号(?:院)?|[东西南北]?路?口)"
_STREET = re.compile(rf"[一-龥]{{2,12}}?(?:(?:路|街|巷){_PLOT}的?|(?:路|街|巷)的|大道{_PLOT}?的?)(?=[一-龥])")
"""A street that is clearly one, before a name: 人民路东段, 黄河路的, 新城大道; 建设路加油站 is a name."""
_ADDRESS = re.compile(rf"[一-龥\d]*(?:路|大道|大街|街|巷){_PLOT}?")
_ADDRESS_ENDS = frozenset("区镇乡道村")
_NUMBERED = re.compile(r"第|考|安全考|特种|实操|技能")
_SHORTEST_PLAIN = 4
_LENGTH_OF_A_PERSON = 3
_KINDS = re.compile(
    r"(?:的|那个|这个|安全)?(?:考点|考场|考试点|考试站|考核站|培训学校|培训机构|安全培训|培训班|学校|公司|厂)"
)


class NameModel:
    """Finds names by weights that were learned. Safe to share between threads."""

    def __init__(self, keys: Ints, weights: Floats, moves: Floats, common: Bytes, bias: float = 0.0) -> None:
        """`keys`: the buckets that have weights, `moves[a, b]`: what going from tag a to tag b counts."""
        self._keys, self._moves, self._common, self._bias = keys, moves, common, bias
        self._weights = np.vstack([np.zeros((1, TAGS), np.float32), weights.astype(np.float32)])
        self._rows = np.zeros(BUCKETS, np.int32)
        self._rows[keys] = np.arange(1, len(keys) + 1, dtype=np.int32)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> "NameModel":
        """A model from what `to_arrays` gave."""
        return cls(
            np.cumsum(arrays["steps"].astype(np.int64)),
            arrays["weights"].astype(np.float32),
            arrays["moves"],
            arrays["common"],
            float(arrays["bias"]),
        )

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All that the model is; the same model gives the same bytes."""
        return {
            "steps": np.diff(self._keys, prepend=0).astype(np.int32),
            "weights": self._weights[1:].astype(np.float16),
            "moves": self._moves,
            "common": self._common,
            "bias": np.array(self._bias, dtype=np.float32),
        }

    def find(self, text: str, clues: Clues, places: Sequence[Span] = ()) -> tuple[str, ...]:
        """The names in the text, longest form once, in order of appearance."""
        text = text[:LONGEST_TEXT]
        if not text:
            return ()
        # Column by column in one flat take: three times as fast as the obvious indexing.
        rows = self._rows[make_features(text, clues, places, self._common).T].ravel()
        scores = self._weights.take(rows, axis=0).reshape(-1, len(text) * TAGS).sum(axis=0).reshape(-1, TAGS)
        scores[:, OUTSIDE] += self._bias
        spans = spans_of(self._decode(scores.tolist()))
        return choose_names(text, [span for span in spans if not _is_word(*span, clues)], places)

    def _decode(self, scores: list[list[float]]) -> list[int]:
        """The best legal sequence: after O, E and S come O, B and S; after B and I come I and E."""
        moves = self._moves.tolist()
        open_, closed = (BEGIN, INSIDE), (OUTSIDE, END, SINGLE)
        into = [(tag, [moves[a][tag] for a in closed]) for tag in (OUTSIDE, BEGIN, SINGLE)]
        within = [(tag, [moves[a][tag] for a in open_]) for tag in (INSIDE, END)]
        low = -np.inf
        best = [0.0, low, low, low, low]
        back: list[list[int]] = []
        for row in scores:
            came, now = [0] * TAGS, [low] * TAGS
            o, b, i, e, s = best
            for tag, (from_o, from_e, from_s) in into:
                top, came[tag] = o + from_o, OUTSIDE
                if e + from_e > top:
                    top, came[tag] = e + from_e, END
                if s + from_s > top:
                    top, came[tag] = s + from_s, SINGLE
                now[tag] = top + row[tag]
            for tag, (from_b, from_i) in within:
                is_longer = i + from_i > b + from_b
                came[tag] = INSIDE if is_longer else BEGIN
                now[tag] = (i + from_i if is_longer else b + from_b) + row[tag]
            back.append(came)
            best = now
        tag = max(LAST, key=best.__getitem__)
        tags = [tag]
        for came in reversed(back[1:]):
            tag = came[tag]
            tags.append(tag)
        return tags[::-1]


def spans_of(tags: Sequence[int]) -> list[Span]:
    """Where the names stand that a legal sequence of tags marks."""
    spans, start = [], 0
    for at, tag in enumerate(tags):
        if tag in {BEGIN, SINGLE}:
            start = at
        if tag in {END, SINGLE}:
            spans.append((start, at + 1))
    return spans


def tags_of(spans: Iterable[Span], length: int) -> list[int]:
    """The tags of a text in which the names stand at these spans."""
    tags = [OUTSIDE] * length
    for start, end in spans:
        tags[start:end] = [BEGIN, *[INSIDE] * (end - start - 2), END] if end - start > 1 else [SINGLE]
    return tags


def choose_names(text: str, spans: Iterable[Span], places: Sequence[Span] = ()) -> tuple[str, ...]:
    """What a target may be: no 某 form, no bare “place and kind”; of forms that hold each other the longest."""
    trimmed = [_without_address(text, *_trim(text, start, end), places) for start, end in spans]
    names = list(
        dict.fromkeys(text[start:end] for start, end in trimmed if _is_fit(text, start, end, places))
    )
    longest = [name for name in names if not any(name != other and name in other for other in names)]
    return tuple(longest[:_MOST_NAMES])


def _trim(text: str, start: int, end: int) -> Span:
    name = text[start:end]
    return start + len(name) - len(name.lstrip()), end - len(name) + len(name.rstrip())


def _is_word(start: int, end: int, clues: Clues) -> bool:
    """Three characters without surname and ending are a word far more often than a name: 护身符, 纪念章."""
    if end - start != _LENGTH_OF_A_PERSON or any(first == start for first, _ in clues.get("surname", ())):
        return False
    return not any(first < end and last > start for first, last in clues.get("ending", ()))


def _without_address(text: str, start: int, end: int, places: Sequence[Span]) -> Span:
    """万金镇 and 郾城区 before a plain name tell where it is; a county, or any before a full title, is part of it."""
    street = _STREET.match(text, start, end)
    if street and end - street.end() >= _SHORTEST_PLAIN:
        start = street.end()
    if _TITLE.search(text, start, end):
        return start, end
    bare = start
    for first, last in sorted(places):
        if first <= bare < last <= end - _SHORTEST_PLAIN and text[last - 1] in _ADDRESS_ENDS:
            bare = last
    return (start, end) if _NUMBERED.match(text, bare, end) else (bare, end)


def _is_fit(text: str, start: int, end: int, places: Sequence[Span]) -> bool:
    is_vague = _VAGUE.search(text, start, end) or _CALLED.fullmatch(text, start, end)
    if not 2 <= end - start <= _LONGEST_NAME or is_vague or _ADDRESS.fullmatch(text, start, end):
        return False
    bare = start
    for first, last in sorted(places):
        bare = last if first <= bare < last < end else bare
    return bare == start or _KINDS.fullmatch(text, bare, end) is None
