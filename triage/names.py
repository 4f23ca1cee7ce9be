"""Names of the accused: bodies and people, each exactly as it stands in the text.

A body's name is what stands before an ending such as 培训学校 or 有限公司, back to the first word that cannot
belong to a name. A person is named only by a surname with a given name, beside a title or a deed. The words are
in `config/names.yaml`; every expression is bounded.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from config.patterns import NameWords

Span = tuple[int, int]
_MOST_NAMES = 12
_LONGEST = 16
_MOST_ENDINGS = 3
_NAME_CHAR = re.compile(r"[\u4e00-\u9fffA-Za-z0-9·（）()]")
_QUOTED = re.compile(r"[“\"「『《【]([\u4e00-\u9fffA-Za-z0-9·（）()]{2,24})[”\"」』》】]")
_AFTER_NAMED = re.compile(r"[\s“\"「『《:：]{0,2}([\u4e00-\u9fffA-Za-z0-9·]{2,18})")
_LEADING_PLACE = re.compile(r"(?:漯河市)?[\u4e00-\u9fff]{2,4}(?:区|县|镇|乡|街道|村)(?=[\u4e00-\u9fff]{2})")
_PLACE_ENDS = frozenset("区县镇乡道村街处社")
_SITE_ENDINGS = ("考点", "考试点", "考试站", "实操基地")


class NameFinder:
    """Finds names by the words of `config/names.yaml`."""

    def __init__(self, words: NameWords) -> None:
        """Compile the word lists once."""
        self._words = words
        endings = sorted({*words.endings, *words.trades}, key=len, reverse=True)
        # 安培 is a school's short form, but not the beginning of 安培训.
        pattern = _any_of(endings).replace("|安培|", "|安培(?!训)|")
        self._ending = re.compile(pattern)
        # What may follow an ending inside one name: 公考漯河分校, 彩钢工程有限公司.
        self._longer = re.compile(rf"(?:[\u4e00-\u9fff]{{2}})?(?:有限公司|分校|分公司)|(?:{pattern})")
        self._generic = re.compile(_any_of(words.generic))
        self._phrase = re.compile(
            rf"{_any_of(words.phrases)}|\d{{3,}}|第[一二三四五六七八九十]|[一二三四五六七八九十两几多半]家"
        )
        self._indefinite = re.compile(rf"(?:{_any_of(words.indefinite)})$")
        self._named = re.compile(_any_of(words.named))
        self._short_stops = {stop for stop in words.stops if len(stop) == 1}
        self._long_stops = tuple(stop for stop in words.stops if len(stop) > 1)
        self._inside = frozenset(words.inside_names)
        self._person = self._compile_person()
        self._title_before = re.compile(rf"(?:{_any_of(words.titles)})$")
        self._body_before = re.compile(rf"(?:{_any_of(words.bodies_before_person)})的$")
        self._not_accused = re.compile(rf"(?:{_any_of(words.not_accused)})$")
        self._not_persons = frozenset(words.not_persons)
        by_length = {
            "title": words.titles,
            "stop": words.stops,
            "speech": (*words.named, *words.before_quotes),
            "generic": words.generic,
            "surname": tuple(words.surnames),
        }
        self._clue_words = {
            kind: re.compile(_any_of(sorted(set(listed), key=lambda word: (-len(word), word))))
            for kind, listed in by_length.items()
        }

    def find(self, text: str, places: Sequence[Span] = ()) -> tuple[str, ...]:
        """The names in the text, longest form once, in order of appearance. `places`: spans of place names in it."""
        flat = flatten(text)
        spans = [
            *self._bodies(flat, places),
            *self._after_named(flat),
            *self._quoted(flat),
            *self._people(flat),
        ]
        names = list(dict.fromkeys(text[start:end] for start, end in _longest(spans)))
        kept = [name for name in names if not any(name != other and name in other for other in names)]
        return tuple(kept[:_MOST_NAMES])

    def find_clues(self, text: str, places: Sequence[Span] = ()) -> dict[str, list[Span]]:
        """What in the text speaks for a name and against one, by kind: clues for the learned tagger."""
        flat = flatten(text)
        bodies = list(self._bodies(flat, places))
        sure = [*bodies, *self._after_named(flat), *self._quoted(flat), *self._people(flat)]
        endings = [match.span() for match in self._ending.finditer(flat)]
        return {
            "sure": _longest(sure),
            "body": _longest((self._left_edge(flat, start), end) for start, end in endings),
            "person": [match.span(1) for match in self._person.finditer(flat)],
            "ending": endings,
            **{
                kind: [match.span() for match in words.finditer(flat)]
                for kind, words in self._clue_words.items()
            },
        }

    # ------------------------------------------------------------ bodies

    def _bodies(self, flat: str, places: Sequence[Span]) -> Iterator[Span]:
        for match in self._ending.finditer(flat):
            start, end = self._left_edge(flat, match.start()), match.end()
            for _ in range(_MOST_ENDINGS):
                longer = self._longer.match(flat, end)
                end = longer.end() if longer is not None else end
            start = _without_place(flat, start, match.start(), places)
            is_place = any(s <= start and match.start() <= e for s, e in places)
            if not is_place and self._is_name(flat, start, match.start(), end):
                yield start, end

    def _left_edge(self, flat: str, end: int) -> int:
        start = end
        while start > 0 and end - start < _LONGEST and self._may_begin_before(flat, start, end):
            start -= 1
        return start

    def _may_begin_before(self, flat: str, start: int, end: int) -> bool:
        char = flat[start - 1]
        if not _NAME_CHAR.match(char) or flat.endswith(self._long_stops, 0, start):
            return False
        if char in "（(":
            return "）" in flat[start:end] or ")" in flat[start:end]
        return char not in self._short_stops or (char in self._inside and end - start < 4)

    def _is_name(self, flat: str, start: int, ending: int, end: int) -> bool:
        """Whether what stands before the ending is somebody's own name, not a description."""
        core, whole = flat[start:ending], flat[start:end]
        if not 2 <= len(core) <= _LONGEST or self._phrase.search(core):
            return False
        own = self._own_characters(core)
        if whole.endswith(_SITE_ENDINGS) or not whole.endswith(self._words.strong_endings):
            return own >= 2
        return own >= 1 or core.startswith("漯河")

    def _own_characters(self, name: str) -> int:
        """How many characters remain when all that only describes is taken out."""
        return len(self._generic.sub("", name))

    # ------------------------------------------------------------ said to be a name

    def _after_named(self, flat: str) -> Iterator[Span]:
        """What follows 厂名叫, 名叫 and the like, up to its ending."""
        for match in self._named.finditer(flat):
            rest = _AFTER_NAMED.match(flat, match.end())
            if rest is not None and (stop := self._first_stop(rest.group(1))):
                yield rest.start(1), rest.start(1) + stop

    def _first_stop(self, name: str) -> int:
        """Where a name ends that begins here; 0 where none does."""
        stop = 0
        for ending in self._ending.finditer(name):
            if ending.end() >= 3 and (not stop or ending.start() == stop):
                stop = ending.end()
        is_name = stop and self._own_characters(name[:stop]) and not self._indefinite.match(name[:1])
        return stop if is_name and not name.startswith(tuple(self._words.speech)) else 0

    def _quoted(self, flat: str) -> Iterator[Span]:
        for match in _QUOTED.finditer(flat):
            name = match.group(1)
            announced = flat[max(0, match.start() - 4) : match.start()].endswith(self._words.before_quotes)
            ended = any(ending.end() == len(name) for ending in self._ending.finditer(name))
            speaks = any(word in name for word in self._words.speech) and not ended
            if (announced or ended) and self._own_characters(name) >= 2 and not speaks:
                yield match.span(1)

    # ------------------------------------------------------------ people

    def _compile_person(self) -> re.Pattern[str]:
        words = self._words
        before = _any_of([*words.titles, *words.person_before])
        after = _any_of(words.person_after)
        return re.compile(
            rf"(?:{before}|[，。；、：\s“（(])([{words.surnames}][\u4e00-\u9fff]{{1,2}})(?=[，。；、：）)（(\s”]|{after}|$)"
        )

    def _people(self, flat: str) -> Iterator[Span]:
        at = 0
        while (match := self._person.search(flat, at)) is not None:
            start, end = match.span(1)
            at = start
            before, after = flat[max(0, start - 8) : start], flat[end : end + 4]
            if self._is_accused(before, after) and self._is_person(match.group(1)):
                yield start, end
                at = end

    def _is_accused(self, before: str, after: str) -> bool:
        if self._not_accused.search(before):
            return False
        titled = self._title_before.search(before) or self._body_before.search(before)
        return titled is not None or after.startswith(self._words.deeds)

    def _is_person(self, name: str) -> bool:
        given = name[1:]
        is_word = name[:2] in self._not_persons or self._ending.search(name) is not None
        return not is_word and not given.endswith("长") and not set(self._words.not_given) & set(given)


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in words)


def flatten(text: str) -> str:
    """The text with full-width forms folded one to one, so that places in it stay what they were."""
    return "".join(map(_fold, text))


@lru_cache(maxsize=8192)
def _fold(char: str) -> str:
    form = unicodedata.normalize("NFKC", char)
    return form if len(form) == 1 else char


def _longest(spans: Iterable[Span]) -> list[Span]:
    """Spans that do not overlap, longer ones first served, in order of appearance."""
    chosen: list[Span] = []
    for start, end in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
        if all(end <= s or start >= e for s, e in chosen):
            chosen.append((start, end))
        if len(chosen) > 4 * _MOST_NAMES:
            break
    return sorted(chosen)


def _without_place(flat: str, start: int, end: int, places: Sequence[Span]) -> int:
    """Take 郾城区新店镇 off the front of a name; a bare 漯河 or 舞阳 belongs to it."""
    for place_start, place_end in places:
        if place_start <= start < place_end <= end - 2 and flat[place_end - 1] in _PLACE_ENDS:
            start = place_end
    lead = _LEADING_PLACE.match(flat, start, end)
    if lead is not None and end - lead.end() >= 2 and not lead.group().startswith(("园区", "小区")):
        start = lead.end()
    return start
