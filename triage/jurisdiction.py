"""Jurisdiction: which county office a tip belongs to, from the names of places in it.

In: folded text and the place names of the catalog. Out: an office id, `city`, `outside` or `unknown`, with a
confidence. A town says more than its county; the reporter's own home says little; a road almost nothing.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ahocorasick_rs import MATCHKIND_LEFTMOST_LONGEST, AhoCorasick

from config.patterns import PlaceWords
from config.places import CITY, OutsidePlace, PlaceName
from triage.normalise import Normaliser
from triage.reading import Place

_WEIGHTS = {"town": 4.0, "office": 3.0, "village": 2.0, "landmark": 0.6}
_WEAK = 0.3
_MARKED = 2.0
_HOME = 0.2
_HEARD = 1.5
_ZONE_REACH = 6
_BODY_REACH = 14
_BODY = re.compile(r"市?[\u4e00-\u9fff]{2,}")


class Gazetteer:
    """All place names, ready to be looked for."""

    def __init__(
        self,
        names: Iterable[PlaceName],
        outside: Iterable[OutsidePlace],
        *,
        normaliser: Normaliser,
        around: PlaceWords,
    ) -> None:
        """Names are folded like the tips, so that they meet."""
        self._around = around
        self._ours: Mapping[str, list[PlaceName]] = _by_folded(names, normaliser)
        self._outside = {
            normaliser.normalise(word).text: place for place in outside for word in (place.name, *place.parts)
        }
        self._words = list(dict.fromkeys([*self._ours, *self._outside]))
        self._office_words = _words_of_offices(self._ours)
        self._areas = frozenset(word for word, _ in _list_areas(self._ours))
        self._sound = normaliser.sound
        self._sounds = _by_sound(self._ours, normaliser)
        self._finder = AhoCorasick(self._words, matchkind=MATCHKIND_LEFTMOST_LONGEST)

    def locate(self, text: str) -> Place:
        """Weigh every place named in the folded text."""
        scores: dict[str, float] = defaultdict(float)
        mentions = self._read_mentions(text)
        areas = {mention.word for mention in mentions} & self._areas
        for mention in mentions:
            for office, weight in self._weigh(text, mention, areas):
                scores[office] = max(scores[office], weight) + (0.2 if scores[office] else 0.0)
        if not any(scores.values()):
            scores.update(self._by_sound(text))
        if not any(scores.values()) and any(word in text for word in self._around.city_bodies):
            return Place(CITY, 0.6)
        return _choose(_towns_decide(scores), is_of_city=self._names_body_of_city(text))

    def find_spans(self, text: str) -> list[tuple[int, int]]:
        """Where the folded text names a place."""
        return [(start, end) for _, start, end in self._finder.find_matches_as_indexes(text)]

    def list_named(self, word: str) -> list[PlaceName]:
        """The places of ours that a folded word names."""
        return list(self._ours.get(word, ()))

    def _read_mentions(self, text: str) -> list["_Mention"]:
        """The places named, each with whether it is only home to the reporter, there and wherever it stands again."""
        found: list[_Mention] = []
        for run in self._list_runs(text):
            start, end = run[0][1], run[-1][2]
            is_home = self._is_home(text, start, end)
            for index, first, last in run:
                word, before = self._words[index], found[-1] if found else None
                is_elsewhere = self._is_zone_of(before, first, text)
                found.append(
                    _Mention(
                        word,
                        first,
                        last,
                        is_home=is_home,
                        is_elsewhere=is_elsewhere,
                        is_told_closer=last < end,
                    )
                )
        return found

    def _list_runs(self, text: str) -> list[list[tuple[int, int, int]]]:
        """Places that stand together without a gap, as in 郾城孟庙: one place, told closer and closer."""
        runs: list[list[tuple[int, int, int]]] = []
        for match in self._finder.find_matches_as_indexes(text):
            if _is_part_of_latin(text, match[1], match[2]):
                continue
            if runs and runs[-1][-1][2] == match[1]:
                runs[-1].append(match)
            else:
                runs.append([match])
        return runs

    def _is_zone_of(self, before: "_Mention | None", start: int, text: str) -> bool:
        """“许昌示范区” is a zone of 许昌; a place outside that stands in another sentence claims none."""
        if before is None:
            return False
        if before.word not in self._outside or before.word in self._ours:
            return before.is_elsewhere and before.end == start
        gap = text[before.end : start]
        return len(gap) <= _ZONE_REACH and not text.startswith(self._around.not_there, before.end)

    def _is_a_bodys(self, text: str, end: int) -> bool:
        return any(word in text[end : end + _BODY_REACH].partition(",")[0] for word in self._around.body_ends)

    def _names_body_of_city(self, text: str) -> bool:
        """“漯河金桥安全考务中心”: a body that bears the city in its name."""
        return any(
            all(name.office_id == CITY for name in self._ours.get(text[start:end], ()))
            and text[start:end] in self._ours
            and _BODY.match(text, end) is not None
            and self._is_a_bodys(text, end)
            for start, end in self.find_spans(text)
        )

    def _by_sound(self, text: str) -> dict[str, float]:
        """Towns written by ear: 渡曲镇, 北五渡那边."""
        sounds = [self._sound(char) for char in text]
        found: dict[str, float] = {}
        for start in range(len(sounds)):
            for length in (2, 3):
                office = self._sounds.get("".join(sounds[start : start + length]))
                end = start + length
                if office and (length > 2 or text.startswith(self._around.sound_after, end)):
                    found[office] = _HEARD
        return found

    def _weigh(self, text: str, mention: "_Mention", areas: Collection[str]) -> list[tuple[str, float]]:
        home = _HOME if mention.is_home else 1.0
        if mention.word not in self._ours:
            there = 0.0 if text.startswith(self._around.not_there, mention.end) else 2.5
            return [("outside", there * home)]
        return [
            (name.office_id, self._weight(name, text, mention, areas) * home)
            for name in self._ours[mention.word]
        ]

    def _weight(self, name: PlaceName, text: str, mention: "_Mention", areas: Collection[str]) -> float:
        if name.unless_elsewhere and mention.is_elsewhere:
            return 0.0
        if mention.word in self._office_words:
            return _WEIGHTS["office"]
        if not name.is_weak:
            is_short = name.kind == "village" and not name.name.endswith(("村", "社区"))
            return 1.0 if is_short else _WEIGHTS[name.kind]
        around = self._around
        marked = text.startswith(around.after, mention.end) or text.endswith(around.before, 0, mention.start)
        is_ours = text.endswith(around.ours_before, 0, mention.start) or mention.is_told_closer
        is_listed = text.endswith(around.listed_before, 0, mention.start)
        if name.kind == "office" and areas and (marked or is_listed):
            # 郾城 alone is an old name of the city; beside another county it is the district.
            return _WEIGHTS["office"]
        return _MARKED if (marked or is_ours) and name.kind in {"town", "office"} else _WEAK

    def _is_home(self, text: str, start: int, end: int) -> bool:
        """“我家在临颍” is the reporter's home; “我是经开区一家厂的工人” is not."""
        before = text[max(0, start - 8) : start]
        if not before.endswith(self._around.home_before):
            return False
        return text.startswith(self._around.home_after, end) or not before.endswith(("我是", "本人是"))


@dataclass(frozen=True, slots=True)
class _Mention:
    """A place named on folded[start:end]."""

    word: str
    start: int
    end: int
    is_home: bool
    is_elsewhere: bool
    is_told_closer: bool


def _is_part_of_latin(text: str, start: int, end: int) -> bool:
    """“lh” inside an account name is no place."""
    around = (text[start - 1 : start], text[start], text[end - 1], text[end : end + 1])
    left = around[0].isascii() and around[0].isalnum() and around[1].isascii()
    right = around[3].isascii() and around[3].isalnum() and around[2].isascii()
    return left or right or text[end : end + 1] == "_"


def _by_folded(names: Iterable[PlaceName], normaliser: Normaliser) -> dict[str, list[PlaceName]]:
    folded: dict[str, list[PlaceName]] = defaultdict(list)
    for name in names:
        word = normaliser.normalise(name.name).text
        if len(word) > 1:
            folded[word].append(name)
    return {word: _strongest(entries) for word, entries in folded.items()}


def _list_areas(ours: Mapping[str, list[PlaceName]]) -> list[tuple[str, str]]:
    """The sure words for a county or a zone, each with its office."""
    return [
        (word, name.office_id)
        for word, names in ours.items()
        for name in names
        if name.kind == "office" and not name.is_weak and name.office_id != CITY
    ]


def _words_of_offices(ours: Mapping[str, list[PlaceName]]) -> frozenset[str]:
    """Words that say no more than the county does: 召陵, a town and its district; 临颍县产业集聚区."""
    areas = _list_areas(ours)
    bare = {word for word, _ in areas if f"{word}镇" in ours}
    parks = {
        word
        for word, names in ours.items()
        for name in names
        if name.kind == "landmark"
        and any(word.startswith(area) and name.office_id == office for area, office in areas)
    }
    return frozenset(bare | parks)


def _by_sound(ours: Mapping[str, list[PlaceName]], normaliser: Normaliser) -> dict[str, str]:
    """Towns by their sound; no sound that two offices share."""
    owners: dict[str, set[str]] = defaultdict(set)
    for word, names in ours.items():
        if len(word) in {2, 3}:
            for name in names:
                if name.kind == "town" and not name.is_weak:
                    owners[normaliser.sound(word)].add(name.office_id)
    return {sound: next(iter(offices)) for sound, offices in owners.items() if len(offices) == 1}


def _strongest(entries: list[PlaceName]) -> list[PlaceName]:
    """A town's name beats a village of the same name elsewhere; of villages all stay."""
    towns = [entry for entry in entries if entry.kind in {"town", "office"}]
    return towns or entries


def _choose(scores: Mapping[str, float], *, is_of_city: bool) -> Place:
    offices = {
        office: score for office, score in scores.items() if office not in {CITY, "outside"} and score > 0
    }
    ranked = sorted(offices.items(), key=lambda item: -item[1])
    outside, city = scores.get("outside", 0.0), scores.get(CITY, 0.0)
    best = ranked[0][1] if ranked else 0.0
    if outside >= 1.0 and outside > best and not is_of_city:
        return Place("outside", 0.85 if not ranked and not city else 0.6)
    if best >= 0.9 or (best >= 0.55 and not city):
        return _of_offices(ranked)
    if city > 0:
        return Place(CITY, 0.9 if city >= 1.0 and best < 0.5 else 0.6)
    if outside >= 0.5:
        return Place("outside", 0.5)
    if best >= 0.25:
        return _of_offices(ranked)
    return Place("unknown", 0.9 if not scores else 0.6)


def _towns_decide(scores: dict[str, float]) -> dict[str, float]:
    """Where a county word and a town word disagree, the town decides; several counties stay several."""
    towns = {
        office
        for office, score in scores.items()
        if score >= _WEIGHTS["town"] and office not in {CITY, "outside"}
    }
    counties = {
        o
        for o, s in scores.items()
        if _WEIGHTS["office"] <= s < _WEIGHTS["town"] and o not in {CITY, "outside"}
    }
    if len(towns) == 1 and len(counties) == 1:
        return {office: score for office, score in scores.items() if office not in counties}
    return scores


def _of_offices(ranked: list[tuple[str, float]]) -> Place:
    best, score = ranked[0]
    rivals = tuple(office for office, other in ranked if other >= 0.45 * score)
    if len(rivals) > 1:
        close = ranked[1][1] >= 0.7 * score
        return Place(CITY if close else best, 0.55, rivals)
    return Place(best, 0.97 if score >= 2 else 0.65, rivals)
