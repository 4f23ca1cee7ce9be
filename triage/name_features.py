"""What the learned tagger of names looks at: for each character of a text the hashed features around it.

In: the text, the spans that the rules marked in it (`NameFinder.find_clues`), the spans of places, and how common
pairs of characters are. Out: for each character the buckets of its features, always the same number.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from triage.names import flatten

Span = tuple[int, int]
Clues = Mapping[str, Sequence[Span]]
Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Buckets = npt.NDArray[np.int32]

BUCKETS = 1 << 20
# How common pairs of characters are, in steps: what stands nowhere else is likely part of a name.
PAIRS = 1 << 17
_PAD = 4
_EDGE = 1
_FAR = 15
_CLUES = ("sure", "body", "person", "ending", "title", "stop", "speech", "generic", "surname")
_BREAKS = frozenset("，。！？；：、,.!?;:\n\r\t “”\"'「」『』《》【】（）()—…")
_OPENING = frozenset("“「『《【")
_CLOSING = frozenset("”」』》】")

# Rows of a text that features are made of: `c-1` is the character before, `sure+1` the rules' mark of the next.
_WINDOW = {"c": 4, "rare": 3, "kind": 2, "place": 2, "again": 1, **dict.fromkeys(_CLUES, 2)}
_PLAIN = ("ahead", "behind", "left", "right", "before", "after", "early", "quoted", "mood")


def _shifted(name: str, first: int, last: int) -> list[str]:
    return [f"{name}{shift:+d}" for shift in range(first, last + 1)]


_ROWS = ("", *(row for name, reach in _WINDOW.items() for row in _shifted(name, -reach, reach)), *_PLAIN)
_RULES = " ".join(f"{name}+0" for name in ("sure", "body", "person"))
_TEMPLATES = (
    *_shifted("c", -3, 3),
    *(" ".join(_shifted("c", at, at + 1)) for at in range(-3, 3)),
    *(" ".join(_shifted("c", at, at + 2)) for at in range(-4, 3)),
    "c-1 c+1",
    "c-4 c-3 c-2 c-1",
    "c+1 c+2 c+3 c+4",
    "rare-2 rare-1 rare+0",
    "rare-1 rare+0 rare+1",
    "rare+0 rare+1 rare+2",
    "rare-1 rare+0 ending+1 body+0",
    "rare-1 rare+0 surname+0 person+0",
    "rare-1 rare+0 c-1",
    "rare-1 rare+0 stop-1 left",
    "rare+0 ahead",
    "rare-1 rare+0 ahead body+0",
    " ".join(_shifted("kind", -2, 2)),
    "kind+0 kind+1",
    "kind-1 kind+0",
    *(
        " ".join(_shifted(name, -1, 1))
        for name in ("sure", "body", "person", "ending", "stop", "speech", "generic")
    ),
    f"{_RULES} place+0",
    "ending+0 ending+1 ending+2",
    "title-1 title+0 surname+0",
    "title-2 title-1 title+0 person+0",
    "place-1 place+0 place+1",
    "place-1 place+0 c+0",
    "place+0 place+1 c+1",
    "place-1 place+0 generic+0 ending+0",
    "generic+0 ending+0 stop+0 stop-1",
    "surname-1 surname+0 surname+1 kind-1",
    "c+0 ending+0 sure+0",
    "c-1 body+0",
    "c+1 ending+0",
    "c-1 person+0",
    "c+1 person+0",
    "ahead behind",
    "ahead stop+0 place+0",
    "ahead body+0 c+0",
    "ahead c-1",
    "behind c+0",
    "left ahead kind+0",
    "left right",
    "before left",
    "after right",
    "before after ahead",
    "early body+0",
    "quoted sure+0 body+0",
    "quoted left right",
    "again+0 body+0 person+0",
    "again-1 again+0 again+1 place+0",
    *(f"mood {name}+0" for name in ("sure", "body", "ending", "person")),
)
_ARITY = 5
_PARTS = np.array(
    [
        [_ROWS.index(row) for row in (*template.split(), *[""] * (_ARITY - len(template.split())))]
        for template in _TEMPLATES
    ]
)
_SALT = (np.arange(1, len(_TEMPLATES) + 1, dtype=np.uint32) * np.uint32(0x9E3779B1))[:, None]


def make_features(text: str, clues: Clues, places: Sequence[Span], common: Bytes) -> Buckets:
    """For each character the buckets of its features: always the same number of columns."""
    rows = _make_rows(text, clues, places, common)
    mixed = np.broadcast_to(_SALT, (len(_TEMPLATES), len(text)))
    for part in range(_ARITY):
        mixed = (mixed ^ (mixed >> np.uint32(15))) * np.uint32(0x2C1B3C6D) + rows[_PARTS[:, part]]
    mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(0x5BD1E995)
    buckets: Buckets = ((mixed ^ (mixed >> np.uint32(15))) & np.uint32(BUCKETS - 1)).T.astype(np.int32)
    return buckets


def _make_rows(text: str, clues: Clues, places: Sequence[Span], common: Bytes) -> npt.NDArray[np.uint32]:
    flat = flatten(text).lower()
    flat = flat if len(flat) == len(text) else text
    size = len(flat)
    chars = codes_of(flat)
    breaks = np.array([char in _BREAKS for char in flat])
    left, right = _clause(breaks)
    here = np.arange(size)
    endings = _shape(clues.get("ending", ()), size)
    windows = {
        "c": chars,
        "rare": common[pairs_of(chars)].astype(np.int64),
        "kind": np.array([_kind(char) for char in flat], np.int64),
        "place": _shape(places, size),
        "again": _repeated(flat),
        **{name: _shape(clues.get(name, ()), size) for name in _CLUES},
    }
    plain = {
        "ahead": _distance_ahead(endings, breaks),
        "behind": _distance_behind(endings, breaks),
        "left": np.minimum(here - left, _FAR),
        "right": np.minimum(right - here, _FAR),
        "before": np.where(left < 0, _EDGE, chars[np.maximum(left, 0)]),
        "after": np.where(right >= size, _EDGE, chars[np.minimum(right, size - 1)]),
        "early": np.minimum(here, 20),
        "quoted": _inside_quotes(flat),
        "mood": np.full(size, _mood(flat)),
    }
    padded = {name: _padded(values) for name, values in windows.items()}
    return np.stack(
        [
            np.zeros(size, np.int64),
            *(
                padded[name][_PAD + shift : _PAD + shift + size]
                for name, reach in _WINDOW.items()
                for shift in range(-reach, reach + 1)
            ),
            *(plain[name] for name in _PLAIN),
        ]
    ).astype(np.uint32) * np.uint32(0x297A2D39)


def codes_of(text: str) -> Ints:
    """The characters as numbers above the edge's."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64) + 2


def pairs_of(chars: Ints) -> Ints:
    """The bucket of each pair of a character and the next."""
    following = np.append(chars[1:], _EDGE)
    pairs: Ints = ((chars * 0x9E3779B1 + following * 0x85EBCA6B) >> 7) & (PAIRS - 1)
    return pairs


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


_CLASSES: tuple[Callable[[str], bool], ...] = (
    lambda char: "\u4e00" <= char <= "\u9fff",
    _OPENING.__contains__,
    _CLOSING.__contains__,
    str.isdigit,
    lambda char: char.isascii() and char.isalpha(),
    str.isspace,
    _BREAKS.__contains__,
)


@lru_cache(maxsize=4096)
def _kind(char: str) -> int:
    return next((number for number, holds in enumerate(_CLASSES, start=2) if holds(char)), 0)


def _distance_ahead(endings: Ints, breaks: npt.NDArray[np.bool_]) -> Ints:
    """How far it is to the next ending within the clause."""
    out, distance = [], _FAR
    for code, is_break in zip(endings[::-1].tolist(), breaks[::-1].tolist(), strict=True):
        distance = _FAR if is_break else 0 if code in {4, 5} else min(distance + 1, _FAR)
        out.append(distance)
    return np.array(out[::-1], np.int64)


def _distance_behind(endings: Ints, breaks: npt.NDArray[np.bool_]) -> Ints:
    return _distance_ahead(np.where(endings == 2, 4, np.where(endings == 4, 2, endings))[::-1], breaks[::-1])[
        ::-1
    ]


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
