"""The learned tagger of names: which characters of a tip belong to the name of an accused body or person.

In: the text, the spans that the rules marked in it (`NameFinder.find_clues`) and the spans of places. Out: names,
each exactly as it stands in the text. A linear model over hashed features of characters; the best sequence of
tags is found by Viterbi's algorithm. Training is in `triage/train_names.py`; here only numpy is needed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from triage.names import flatten

Span = tuple[int, int]
Clues = Mapping[str, Sequence[Span]]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

BUCKETS = 1 << 20
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
_PRECEDES = tuple(tuple(a for a in range(TAGS) if b in FOLLOWS[a]) for b in range(TAGS))
LAST = (OUTSIDE, END, SINGLE)
LONGEST_TEXT = 6_000
_MOST_NAMES = 12
_LONGEST_NAME = 32
_PAD = 4
_EDGE = 1
_FAR = 15
_CLUES = ("sure", "body", "person", "ending", "title", "stop", "speech", "generic", "surname")
_BREAKS = frozenset("，。！？；：、,.!?;:\n\r\t “”\"'「」『』《》【】（）()—…")
_OPENING = frozenset("“「『《【")
_CLOSING = frozenset("”」』》】")
_VAGUE = re.compile(r"某|[xX×*＊]{2}|[一-龥]某")
_COUNTRY = re.compile(
    r"[\u4e00-\u9fff]{0,6}(?:区|县|镇|乡|街道|村|社区|办|市)?"
    r"(?:安全)?(?:考点|考场|考试点|考试站|考核站|培训学校|培训机构|学校|公司|厂)"
)


class NameModel:
    """Finds names by weights that were learned. Safe to share between threads."""

    def __init__(self, keys: Ints, weights: Floats, moves: Floats, bias: float = 0.0) -> None:
        """`keys`: the buckets that have weights, `moves[a, b]`: what going from tag a to tag b counts."""
        self._keys, self._moves, self._bias = keys, moves, bias
        self._weights = np.vstack([np.zeros((1, TAGS), np.float32), weights.astype(np.float32)])
        self._rows = np.zeros(BUCKETS, np.int32)
        self._rows[keys] = np.arange(1, len(keys) + 1, dtype=np.int32)
        self._from = [[(a, float(moves[a, b])) for a in _PRECEDES[b]] for b in range(TAGS)]

    @classmethod
    def load(cls, path: Path) -> "NameModel":
        """A model as `save` wrote it."""
        with np.load(path, allow_pickle=False) as file:
            return cls(
                np.cumsum(file["steps"].astype(np.int64)),
                file["weights"].astype(np.float32),
                file["moves"],
                float(file["bias"]),
            )

    def save(self, path: Path) -> None:
        """One compressed file; the same model makes the same bytes."""
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                steps=np.diff(self._keys, prepend=0).astype(np.int32),
                weights=self._weights[1:].astype(np.float16),
                moves=self._moves,
                bias=np.float32(self._bias),
            )

    def find(self, text: str, clues: Clues, places: Sequence[Span] = ()) -> tuple[str, ...]:
        """The names in the text, longest form once, in order of appearance."""
        text = text[:LONGEST_TEXT]
        if not text:
            return ()
        scores = self._weights[self._rows[make_features(text, clues, places)]].sum(axis=1)
        scores[:, OUTSIDE] += self._bias
        return choose_names(text, spans_of(self._decode(scores.tolist())))

    def _decode(self, scores: list[list[float]]) -> list[int]:
        best = [scores[0][tag] if tag in FOLLOWS[OUTSIDE] else -np.inf for tag in range(TAGS)]
        back: list[list[int]] = []
        for row in scores[1:]:
            came, now = [], []
            for tag, ways in enumerate(self._from):
                top, source = -np.inf, OUTSIDE
                for before, move in ways:
                    if (value := best[before] + move) > top:
                        top, source = value, before
                came.append(source)
                now.append(top + row[tag])
            back.append(came)
            best = now
        tag = max(LAST, key=best.__getitem__)
        tags = [tag]
        for came in reversed(back):
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


def choose_names(text: str, spans: Iterable[Span]) -> tuple[str, ...]:
    """What a target may be: no 某 form, no bare “place and kind”; of forms that hold each other the longest."""
    names = list(dict.fromkeys(text[start:end].strip() for start, end in spans))
    fit = [name for name in names if 2 <= len(name) <= _LONGEST_NAME and not _VAGUE.search(name)]
    longest = [name for name in fit if not any(name != other and name in other for other in fit)]
    return tuple(longest[:_MOST_NAMES])


# ---------------------------------------------------------------- features


def make_features(text: str, clues: Clues, places: Sequence[Span]) -> Ints:
    """For each character the buckets of its features: always the same number of columns."""
    flat = flatten(text).lower()
    if len(flat) != len(text):
        flat = text
    size = len(flat)
    chars = _padded(np.frombuffer(flat.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64) + 2)
    marks = {name: _padded(_shape(clues.get(name, ()), size)) for name in _CLUES}
    place = _padded(_shape(places, size))
    kinds = _padded(np.array([_kind(char) for char in flat], np.int64))
    breaks = np.array([char in _BREAKS for char in flat])
    columns = _Columns(size)

    c = [columns.at(chars, k) for k in range(-_PAD, _PAD + 1)]
    z = _PAD
    for k in range(-3, 4):
        columns.add(c[z + k])
    for a in range(-3, 3):
        columns.add(c[z + a], c[z + a + 1])
    columns.add(c[z - 1], c[z + 1])
    for a in range(-4, 3):
        columns.add(c[z + a], c[z + a + 1], c[z + a + 2])
    columns.add(c[z - 4], c[z - 3], c[z - 2], c[z - 1])
    columns.add(c[z + 1], c[z + 2], c[z + 3], c[z + 4])

    t = [columns.at(kinds, k) for k in range(-2, 3)]
    columns.add(*t)
    columns.add(t[2], t[3])
    columns.add(t[1], t[2])

    m = {name: [columns.at(codes, k) for k in range(-2, 3)] for name, codes in marks.items()}
    p = [columns.at(place, k) for k in range(-2, 3)]
    s, b, h, e, ti = m["sure"], m["body"], m["person"], m["ending"], m["title"]
    st, sp, g, sn = m["stop"], m["speech"], m["generic"], m["surname"]
    columns.add(s[2], s[1], s[3])
    columns.add(b[2], b[1], b[3])
    columns.add(h[2], h[1], h[3])
    columns.add(s[2], b[2], h[2], p[2])
    columns.add(e[1], e[2], e[3])
    columns.add(e[2], e[3], e[4])
    columns.add(ti[1], ti[2], sn[2])
    columns.add(ti[0], ti[1], ti[2], h[2])
    columns.add(st[1], st[2], st[3])
    columns.add(sp[1], sp[2], sp[3])
    columns.add(g[1], g[2], g[3])
    columns.add(p[1], p[2], p[3])
    columns.add(p[1], p[2], c[z])
    columns.add(p[2], p[3], c[z + 1])
    columns.add(p[1], p[2], g[2], e[2])
    columns.add(g[2], e[2], st[2], st[1])
    columns.add(sn[1], sn[2], sn[3], t[1])
    columns.add(c[z], e[2], s[2])
    columns.add(c[z - 1], b[2])
    columns.add(c[z + 1], e[2])
    columns.add(c[z - 1], h[2])

    ahead = _distance_ahead(marks["ending"][_PAD:-_PAD], breaks)
    behind = _distance_behind(marks["ending"][_PAD:-_PAD], breaks)
    left, right = _clause(breaks)
    before = np.where(left < 0, _EDGE, chars[_PAD + np.maximum(left, -1)])
    after = np.where(right >= size, _EDGE, chars[_PAD + np.minimum(right, size)])
    from_left = np.minimum(np.arange(size) - left, _FAR)
    to_right = np.minimum(right - np.arange(size), _FAR)
    columns.add(ahead, behind)
    columns.add(ahead, st[2], p[2])
    columns.add(ahead, b[2], c[z])
    columns.add(ahead, c[z - 1])
    columns.add(behind, c[z])
    columns.add(from_left, ahead, t[2])
    columns.add(from_left, to_right)
    columns.add(before, from_left)
    columns.add(after, to_right)
    columns.add(before, after, ahead)
    columns.add(np.minimum(np.arange(size), 20), b[2])
    quoted = _inside_quotes(flat)
    columns.add(quoted, s[2], b[2])
    columns.add(quoted, from_left, to_right)
    again = _repeated(flat)
    columns.add(again, b[2], h[2])
    columns.add(again, columns.at(_padded(again), -1), columns.at(_padded(again), 1), p[2])
    mood = np.full(size, _mood(flat), np.int64)
    columns.add(mood, s[2])
    columns.add(mood, b[2])
    columns.add(mood, e[2])
    columns.add(mood, h[2])
    return columns.join()


class _Columns:
    """Features of one text, hashed column by column."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._hashed: list[Ints] = []

    def at(self, padded: Ints, shift: int) -> Ints:
        return padded[_PAD + shift : _PAD + shift + self._size]

    def add(self, *values: Ints) -> None:
        mixed: Ints = np.full(self._size, (len(self._hashed) + 1) * 0x9E3779B1, np.int64)
        for value in values:
            mixed = (mixed ^ (mixed >> 15)) * 0x2C1B3C6D + value * 0x297A2D39
            mixed &= 0x7FFFFFFF
        mixed = (mixed ^ (mixed >> 13)) * 0x5BD1E995
        self._hashed.append(((mixed ^ (mixed >> 17)) >> 4) & (BUCKETS - 1))

    def join(self) -> Ints:
        return np.stack(self._hashed, axis=1)


def _padded(values: Ints) -> Ints:
    edge = np.full(_PAD, _EDGE, np.int64)
    return np.concatenate([edge, values, edge])


def _shape(spans: Sequence[Span], size: int) -> Ints:
    """0 outside, else where in its span a character stands: 2 begin, 3 inside, 4 end, 5 alone."""
    codes = [0] * size
    for start, end in spans:
        stop = min(end, size)
        if start >= stop:
            continue
        if stop - start == 1:
            codes[start] = 5
            continue
        codes[start], codes[stop - 1] = 2, 4
        codes[start + 1 : stop - 1] = [3] * (stop - start - 2)
    return np.array(codes, np.int64)


def _kind(char: str) -> int:
    if "\u4e00" <= char <= "\u9fff":
        return 0
    if char in _OPENING:
        return 2
    if char in _CLOSING:
        return 3
    if char.isdigit():
        return 4
    if char.isascii() and char.isalpha():
        return 5
    if char.isspace():
        return 6
    return 7 if char in _BREAKS else 8


def _distance_ahead(endings: Ints, breaks: npt.NDArray[np.bool_]) -> Ints:
    """How far it is to the next ending within the clause."""
    out, distance = [], _FAR
    for code, is_break in zip(endings[::-1].tolist(), breaks[::-1].tolist(), strict=True):
        distance = _FAR if is_break else 0 if code in {4, 5} else min(distance + 1, _FAR)
        out.append(distance)
    return np.array(out[::-1], np.int64)


def _distance_behind(endings: Ints, breaks: npt.NDArray[np.bool_]) -> Ints:
    return _distance_ahead(np.where(endings == 2, 4, np.where(endings == 4, 2, endings))[::-1], breaks[::-1])[::-1]


def _clause(breaks: npt.NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """For each character where the last break before it and the first after it stand."""
    size = len(breaks)
    places = np.arange(size)
    last = np.maximum.accumulate(np.where(breaks, places, -1))
    left = np.concatenate([[-1], last[:-1]])
    following = np.minimum.accumulate(np.where(breaks, places, size)[::-1])[::-1]
    return left, np.concatenate([following[1:], [size]])


def _inside_quotes(flat: str) -> Ints:
    depth, out = 0, []
    for char in flat:
        depth = 1 if char in _OPENING else 0 if char in _CLOSING or char == "\n" else depth
        out.append(depth)
    return np.array(out, np.int64)


def _repeated(flat: str) -> Ints:
    """1 where a character is part of three that stand elsewhere in the text as well."""
    threes: dict[str, int] = {}
    again = [0] * len(flat)
    for at in range(len(flat) - 2):
        three = flat[at : at + 3]
        first = threes.setdefault(three, at)
        if first != at and not _BREAKS & set(three):
            again[at : at + 3] = again[first : first + 3] = [1, 1, 1]
    return np.array(again, np.int64)


def _mood(flat: str) -> int:
    """Whether the text asks, thanks, sells, and how long it is."""
    asks = any(word in flat for word in ("请问", "咨询", "想问", "问一下", "问下", "请教"))
    accuses = any(word in flat for word in ("举报", "反映", "投诉", "揭发"))
    thanks = any(word in flat for word in ("感谢", "表扬", "锦旗", "点赞"))
    return asks + 2 * accuses + 4 * thanks + 8 * (len(flat) > 60) + 16 * (len(flat) > 250)
