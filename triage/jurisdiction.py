"""Jurisdiction: which county office a tip belongs to, from the names of places in it.

In: folded text and the place names of the catalog. Out: an office id, `city`, `outside` or `unknown`, with a
confidence. A town says more than its county; the reporter's own home says little; a road almost nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from ahocorasick_rs import MATCHKIND_LEFTMOST_LONGEST, AhoCorasick

from config.patterns import PlaceWords
from config.places import CITY, OutsidePlace, PlaceName
from triage.normalise import Normaliser
from triage.reading import Place

_WEIGHTS = {"town": 4.0, "office": 3.0, "village": 2.0, "landmark": 0.6}
_WEAK = 0.3
_MARKED = 2.0
_HOME = 0.2


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
        self._finder = AhoCorasick(self._words, matchkind=MATCHKIND_LEFTMOST_LONGEST)

    def locate(self, text: str) -> Place:
        """Weigh every place named in the folded text."""
        scores: dict[str, float] = defaultdict(float)
        away = self._is_elsewhere(text)
        for index, start, end in self._finder.find_matches_as_indexes(text):
            if _is_part_of_latin(text, start, end):
                continue
            for office, weight in self._weigh(text, index, start, end, away=away):
                scores[office] = max(scores[office], weight) + (0.2 if scores[office] else 0.0)
        return _choose(_towns_decide(scores))

    def find_spans(self, text: str) -> list[tuple[int, int]]:
        """Where the folded text names a place."""
        return [(start, end) for _, start, end in self._finder.find_matches_as_indexes(text)]

    def _is_elsewhere(self, text: str) -> bool:
        hits = self._finder.find_matches_as_indexes(text)
        return any(
            self._words[i] in self._outside
            and self._words[i] not in self._ours
            and not text.startswith(self._around.not_there, end)
            for i, _, end in hits
        )

    def _weigh(self, text: str, index: int, start: int, end: int, *, away: bool) -> list[tuple[str, float]]:
        word = self._words[index]
        home = _HOME if self._is_home(text, start, end) else 1.0
        if word not in self._ours:
            there = 0.0 if text.startswith(self._around.not_there, end) else 2.5
            return [("outside", there * home)]
        return [
            (name.office_id, self._weight(name, text, start, end, away=away) * home)
            for name in self._ours[word]
        ]

    def _weight(self, name: PlaceName, text: str, start: int, end: int, *, away: bool) -> float:
        if name.unless_elsewhere and away:
            return 0.0
        if not name.is_weak:
            is_short = name.kind == "village" and not name.name.endswith(("村", "社区"))
            return 1.0 if is_short else _WEIGHTS[name.kind]
        marked = text.startswith(self._around.after, end) or text.endswith(self._around.before, 0, start)
        return _MARKED if marked and name.kind in {"town", "office"} else _WEAK

    def _is_home(self, text: str, start: int, end: int) -> bool:
        """“我家在临颍” is the reporter's home; “我是经开区一家厂的工人” is not."""
        before = text[max(0, start - 8) : start]
        if not before.endswith(self._around.home_before):
            return False
        return text.startswith(self._around.home_after, end) or not before.endswith(("我是", "本人是"))


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


def _strongest(entries: list[PlaceName]) -> list[PlaceName]:
    """A town's name beats a village of the same name elsewhere; of villages all stay."""
    towns = [entry for entry in entries if entry.kind in {"town", "office"}]
    return towns or entries


def _choose(scores: Mapping[str, float]) -> Place:
    offices = {
        office: score for office, score in scores.items() if office not in {CITY, "outside"} and score > 0
    }
    ranked = sorted(offices.items(), key=lambda item: -item[1])
    outside, city = scores.get("outside", 0.0), scores.get(CITY, 0.0)
    best = ranked[0][1] if ranked else 0.0
    if outside >= 1.0 and outside > best and (city < 1.0 or outside > city + 0.4):
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
