"""Names of bodies: what is the name itself, and whether two names mean one body. Pure.

漯河诚信安全技术培训学校 is 诚信 (the core) with a place before and a trade behind; 诚信安培 is the same core with a
shorter tail. The words by which the parts are told apart stand in `config/duplicates.yaml` and `config/names.yaml`.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache

import opencc
from pypinyin import lazy_pinyin

from config.catalog import Catalog
from config.duplicates import BodyNameWords
from config.patterns import NameWords
from config.places import CITY, OutsidePlace, PlaceName

_SHORTEST = 2
_LONGEST = 60
_NAMES_KEPT = 20_000
_LEAST_NAMELESS = 5
_LEAST_MISTYPED = 3
_IN_BRACKETS = re.compile(r"[（(]([^（()）]*)[)）]")


class BodyLikeness(StrEnum):
    """How the second name was recognised in the first: text keys under `console.likeness.body.`."""

    EQUAL = "equal"
    ABBREVIATION = "abbreviation"
    BRANCH = "branch"
    TYPING_ERROR = "typing_error"
    HOMOPHONE = "homophone"


@dataclass(frozen=True, slots=True)
class Body:
    """A name in its parts. `core` is empty where nothing but generic words is left."""

    name: str
    stem: str
    core: str
    tail: str = ""
    branch: str = ""
    office_id: str = ""
    trades: frozenset[str] = frozenset()
    is_person: bool = False

    @property
    def sound(self) -> str:
        """Its core by ear."""
        return sound_of(self.core or self.stem)

    @property
    def key(self) -> str:
        """What all ways of writing this body have in common, but for typing errors; empty for 张校长."""
        return self.sound if self.stem else ""

    def list_near_keys(self) -> list[str]:
        """Keys of which two names share one if one character too many, too few or wrong parts them."""
        sounds = self.sound.split()
        if self.is_person or len(self.core) < _LEAST_MISTYPED - 1:
            return []
        shorter = [" ".join(sounds[:at] + sounds[at + 1 :]) for at in range(len(sounds))]
        # 宏达技培 has no tail that anybody knows: its name may be its first two characters.
        begun = [" ".join(sounds[:_SHORTEST])] if not self.tail else []
        return list(dict.fromkeys([self.sound, *begun, *(shorter if len(sounds) >= _LEAST_MISTYPED else [])]))


class BodyReader:
    """Takes names apart."""

    def __init__(
        self,
        names: NameWords,
        words: BodyNameWords,
        places: Iterable[PlaceName],
        outside: Iterable[OutsidePlace] = (),
    ) -> None:
        """Compile the word lists once."""
        away = {form: place.name for place in outside for form in (place.name, f"{place.name}市")}
        self._offices = away | {
            place.name: place.office_id
            for place in places
            if place.kind in {"office", "town"} and place.office_id != CITY and len(place.name) >= _SHORTEST
        }
        wide = dict.fromkeys(words.wide_places, "")
        self._places = wide | self._offices
        self._place = re.compile(_any_of(self._places))
        branch = rf"(?:{_any_of(self._places)}|{_any_of(words.branch_words)})?"
        self._branch = re.compile(rf"(.{{2,}}?)((?:{branch})(?:{_any_of(words.branch_endings)}))")
        generic = {*names.endings, *names.trades, *names.strong_endings, *names.generic}
        self._tail = re.compile(
            rf"(?:{_any_of({word for word in generic if len(word) > 1} | {'厂', '店'})})$"
        )
        self._nameless = re.compile(rf"(?:{_any_of(generic | set(self._places))})*")
        self._trade_of = {word: word for word in names.trades} | {
            word: trade for trade, known in words.trades.items() for word in known
        }
        self._trade = re.compile(rf"(?=({_any_of(self._trade_of)}))")
        self._surnames = frozenset(names.surnames)
        self._title = re.compile(rf"(?:{_any_of(names.titles)})$")
        # The same few names come again and again.
        self.read = lru_cache(_NAMES_KEPT)(self._read)

    def _read(self, name: str) -> Body:
        """One name in its parts; any text is a name of some sort."""
        plain = fold(_IN_BRACKETS.sub(self._unbracket, name[:_LONGEST]))
        stem, office_id = self._split_place(plain)
        branch = ""
        if found := self._branch.fullmatch(stem):
            stem, branch = found[1], found[2]
        core = self._find_core(stem)
        tail = stem[len(core) :] if core else stem
        is_person = self._is_person(stem, tail)
        if is_person and self._title.search(stem):
            stem = core = ""  # 张校长 is as many people as there are schools
        return Body(
            name, stem, core, tail if stem else "", branch, office_id, self._read_trades(tail), is_person
        )

    def _unbracket(self, found: re.Match[str]) -> str:
        """A place in brackets is a place, not a part of the name: 宏达（漯河）培训学校."""
        return "" if fold(found[1]) in self._places else found[1]

    def _split_place(self, plain: str) -> tuple[str, str]:
        office_id = ""
        while found := self._place.match(plain):
            if len(plain) - found.end() < _SHORTEST:
                break
            office_id = self._offices.get(found[0], office_id)
            plain = plain[found.end() :]
        return plain, office_id

    def _find_core(self, stem: str) -> str:
        core = stem
        while found := self._find_tail(core):
            core = core[:found]
        return "" if self._nameless.fullmatch(core) else core

    def _find_tail(self, words: str) -> int:
        """Where the longest generic ending begins that leaves a name before it, or 0."""
        for start in range(_SHORTEST, len(words)):
            if self._tail.fullmatch(words, start):
                return start
        return 0

    def _read_trades(self, tail: str) -> frozenset[str]:
        return frozenset(self._trade_of[word] for word in self._trade.findall(tail))

    def _is_person(self, stem: str, tail: str) -> bool:
        is_short = _SHORTEST <= len(stem) <= 3 or (len(stem) == 4 and self._title.search(stem) is not None)
        return is_short and not tail and stem[0] in self._surnames


def make_reader(catalog: Catalog) -> BodyReader:
    """The reader of the rule files."""
    return BodyReader(catalog.cues.names, catalog.duplicates.names, catalog.place_names, catalog.outside)


def same_body(a: Body, b: Body) -> BodyLikeness | None:
    """Whether two names mean one body, and how that was recognised. The order does not count."""
    if not a.stem or not b.stem:
        return None
    if a.is_person and b.is_person:
        return BodyLikeness.EQUAL if a.stem == b.stem else None
    if a.core == b.core:
        return _compare_tails(a, b) if a.core else _compare_nameless(a, b)
    return _compare_cores(a, b)


def _compare_tails(a: Body, b: Body) -> BodyLikeness | None:
    """One core: the same body unless trade or county tell two apart; a branch may be in another county."""
    if a.trades and b.trades and not a.trades & b.trades:
        return None
    if a.branch != b.branch:
        return BodyLikeness.BRANCH
    if _is_elsewhere(a, b):
        return None
    if a.tail == b.tail:
        return BodyLikeness.EQUAL
    shorter, longer = sorted((a.tail, b.tail), key=len)
    is_same = bool(a.trades & b.trades) or _is_subsequence(shorter, longer)
    return BodyLikeness.ABBREVIATION if is_same else None


def _compare_nameless(a: Body, b: Body) -> BodyLikeness | None:
    """Nothing but generic words: 市安全技术培训中心 is only itself."""
    if a.stem != b.stem or len(a.stem) < _LEAST_NAMELESS or a.office_id != b.office_id:
        return None
    return BodyLikeness.EQUAL if a.branch == b.branch else BodyLikeness.BRANCH


def _compare_cores(a: Body, b: Body) -> BodyLikeness | None:
    """Two cores: one body when one name is spelt out in the other, or in one trade for a slip of ear or hand."""
    if not a.core or not b.core or _is_elsewhere(a, b) or a.branch != b.branch:
        return None
    if _is_spelt_out(a, b) or _is_spelt_out(b, a):
        return BodyLikeness.ABBREVIATION
    if not a.trades & b.trades:
        return None
    if a.sound == b.sound:
        return BodyLikeness.HOMOPHONE
    is_long = min(len(a.core), len(b.core)) >= _LEAST_MISTYPED
    return BodyLikeness.TYPING_ERROR if is_long and is_one_slip(a.core, b.core) else None


def _is_spelt_out(short: Body, long: Body) -> bool:
    """宏达技培 is 宏达 with characters of 职业技能培训学校."""
    rest = short.stem.removeprefix(long.core)
    is_longer = len(long.core) >= _SHORTEST and bool(long.tail) and rest != short.stem
    return is_longer and 0 < len(rest) < len(long.tail) and _is_subsequence(rest, long.tail)


def _is_elsewhere(a: Body, b: Body) -> bool:
    return bool(a.office_id and b.office_id) and a.office_id != b.office_id


def _is_subsequence(short: str, long: str) -> bool:
    rest = iter(long)
    return all(char in rest for char in short)


def is_one_slip(a: str, b: str) -> bool:
    """Whether one character more, less or other, or two changed places, make one of the other."""
    shorter, longer = sorted((a, b), key=len)
    at = next((at for at, char in enumerate(shorter) if char != longer[at]), len(shorter))
    rest, other = shorter[at:], longer[at:]
    if len(shorter) < len(longer):
        return rest == other[1:]
    is_swapped = rest[:2] == other[1::-1] and rest[2:] == other[2:]
    return bool(rest) and (rest[1:] == other[1:] or is_swapped)


def fold(text: str) -> str:
    """Letters, digits and characters in their plain form: full width, traditional and upper case undone."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return plain.translate(_PLAIN)


def sound_of(words: str) -> str:
    """Syllables without tones, parted by spaces; each character read by itself, as one who writes by ear does."""
    return " ".join(_syllable(char) for char in words)


@cache
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


class _PlainForms(dict[int, str]):
    """What `str.translate` makes of each character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        form = self[code] = _simplify(chr(code))
        return form


_PLAIN = _PlainForms()


def _simplify(char: str) -> str:
    if not char.isalnum():
        return ""
    simple = char if char.isascii() else str(_simplifier().convert(char))
    return simple if len(simple) == 1 else char


@cache
def _syllable(char: str) -> str:
    return lazy_pinyin(char, errors=lambda rest: rest)[0]


def _any_of(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, _by_length(words)))


def _by_length(words: Iterable[str]) -> Iterator[str]:
    return iter(sorted(words, key=lambda word: (-len(word), word)))
