"""Shapes of `counties/*.yaml` and `outside.yaml`: who handles what is where, and how people call it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from config.rulefile import Frozen
from config.text import LOCALES

CITY = "city"
_ENDINGS = ("社区", "村")
OfficeKind = Literal["city", "district", "county", "functional_zone"]
PlaceKind = Literal["office", "town", "village", "landmark"]
Confidence = Literal["very_low", "low", "medium", "high"]


def _in_all_languages(words: Mapping[str, str]) -> Mapping[str, str]:
    if set(words) != set(LOCALES):
        message = f"write it in each of {', '.join(LOCALES)}"
        raise ValueError(message)
    return MappingProxyType(dict(words))


ProperName = Annotated[Mapping[str, str], AfterValidator(_in_all_languages)]
"""A name by locale. Proper names are data; all other words are in the locales."""


class Membership(Frozen):
    """Whose a town was before `Town.since`, and its code then."""

    office: str
    code: str


class Town(Frozen):
    """镇, 乡 or 街道, with its villages and communities (村, 社区)."""

    code: str = Field(pattern=r"^\d{9}$")
    name: str
    aliases: tuple[str, ...] = ()
    weak_names: tuple[str, ...] = ()
    former_names: tuple[str, ...] = ()
    famous_villages: tuple[str, ...] = ()
    villages: tuple[str, ...] = Field(min_length=1)
    since: date | None = None
    before: Membership | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Town":
        if (self.since is None) != (self.before is None):
            message = "`since` and `before` belong together"
            raise ValueError(message)
        return self


class UnconfirmedTown(Frozen):
    """A town that a zone is said to manage. Counts only once it is switched on."""

    code: str = Field(pattern=r"^\d{9}$")
    name: str
    is_part_only: bool = False
    listed_under: str
    confidence: Confidence
    source: str
    is_active: bool


class Landmark(Frozen):
    """Roads, works and sights; they point to a place but always need a check."""

    names: tuple[str, ...] = Field(min_length=1)
    kind: str
    confidence: Confidence
    source: str


class Trap(Frozen):
    """A name that is easily taken for another."""

    name: str
    note: str


class Office(Frozen):
    """A bureau that handles tips, and the area that is its own."""

    id: str = Field(pattern=r"^[a-z]+$")
    kind: OfficeKind
    name: ProperName
    short_name: ProperName
    authority: ProperName
    code: str
    code_standard: str
    aliases: tuple[str, ...] = ()
    misspellings: tuple[str, ...] = ()
    former_names: tuple[str, ...] = ()
    weak_names: tuple[str, ...] = ()
    unless_elsewhere: tuple[str, ...] = ()
    authority_names: tuple[str, ...] = Field(min_length=1)
    note: str = ""
    towns: tuple[Town, ...] = ()
    unconfirmed_towns: tuple[UnconfirmedTown, ...] = ()
    landmarks: tuple[Landmark, ...] = ()
    traps: tuple[Trap, ...] = ()
    source: str

    @property
    def is_county(self) -> bool:
        """Whether it is one of the county and zone offices, not the city desk."""
        return self.kind != CITY

    def title(self, locale: str) -> str:
        """源汇区, Yuanhui District."""
        return self.name[locale]

    def short_title(self, locale: str) -> str:
        """For lists: 经开区, Development Zone."""
        return self.short_name[locale]

    def list_sure_names(self) -> list[str]:
        """Names of the area that belong to it alone."""
        return [*self.name.values(), *self.aliases, *self.misspellings, *self.former_names]


class OutsidePlace(Frozen):
    """A place outside Luohe. `zones`: words for a zone of ours that mean its own where it is named."""

    name: str
    parts: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()


class OutsideFile(Frozen):
    """`outside.yaml`."""

    places: tuple[OutsidePlace, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class PlaceName:
    """One way to name a place of ours.

    `is_weak`: never decides alone. `unless_elsewhere`: does not count where a place outside Luohe is named.
    """

    name: str
    office_id: str
    kind: PlaceKind
    town: str | None = None
    is_weak: bool = False
    unless_elsewhere: bool = False


def find_ambiguous_villages(offices: Iterable[Office]) -> Mapping[str, tuple[str, ...]]:
    """Names of villages (without 村, 社区) that occur in more than one jurisdiction, with the codes of their towns."""
    towns: dict[str, list[str]] = defaultdict(list)
    owners: dict[str, set[str]] = defaultdict(set)
    for office in offices:
        for town in office.towns:
            for village in town.villages:
                towns[strip_ending(village)].append(town.code)
                owners[strip_ending(village)].add(office.id)
    return MappingProxyType({name: tuple(towns[name]) for name in towns if len(owners[name]) > 1})


def list_place_names(offices: Iterable[Office]) -> tuple[PlaceName, ...]:
    """Every name of every place of ours, once for each place that bears it."""
    offices = tuple(offices)
    doubtful = _list_doubtful_villages(offices)
    zones = {
        town.code: (office.id, town)
        for office in offices
        for town in office.unconfirmed_towns
        if town.is_active
    }
    names = (name for office in offices for name in _list_names(office, doubtful))
    return tuple(dict.fromkeys(_in_zone(name, zones) for name in names))


def _list_doubtful_villages(offices: Iterable[Office]) -> frozenset[tuple[str, str]]:
    """(office, name) of villages whose name is that of a village or a town elsewhere too."""
    offices = tuple(offices)
    ambiguous = find_ambiguous_villages(offices)
    towns = {
        (name, office.id)
        for office in offices
        for town in office.towns
        for name in (town.name, *town.aliases)
    }
    elsewhere = {(office.id, name) for name, owner in towns for office in offices if office.id != owner}
    return frozenset({(office.id, name) for office in offices for name in ambiguous} | elsewhere)


def _in_zone(name: PlaceName, zones: Mapping[str, tuple[str, UnconfirmedTown]]) -> PlaceName:
    """The name of a town that a zone manages belongs to the zone; of one managed in part it decides nothing alone."""
    if name.town is None or name.town not in zones:
        return name
    zone, town = zones[name.town]
    return replace(name, is_weak=True) if town.is_part_only else replace(name, office_id=zone)


def strip_ending(village: str) -> str:
    """南街村 and 南街社区 are both called 南街."""
    for ending in _ENDINGS:
        if village.endswith(ending) and len(village) > len(ending):
            return village.removesuffix(ending)
    return village


def _list_names(office: Office, doubtful: Collection[tuple[str, str]]) -> Iterator[PlaceName]:
    away, weak = set(office.unless_elsewhere), set(office.weak_names)
    for name in (*office.list_sure_names(), *office.weak_names, *office.unless_elsewhere):
        yield PlaceName(name, office.id, "office", None, name in weak, name in away)
    for town in office.towns:
        for name in (town.name, *town.aliases):
            yield PlaceName(name, office.id, "town", town.code)
        for name in (*town.weak_names, *town.former_names):
            yield PlaceName(name, office.id, "town", town.code, is_weak=True)
        for village in town.villages:
            yield from _list_names_of_village(office, town, village, doubtful)
    for landmark in office.landmarks:
        for name in landmark.names:
            yield PlaceName(name, office.id, "landmark", is_weak=True)


def _list_names_of_village(
    office: Office, town: Town, village: str, doubtful: Collection[tuple[str, str]]
) -> Iterator[PlaceName]:
    short = strip_ending(village)
    full = village if village != short else f"{short}村"
    is_weak = (office.id, short) in doubtful and village not in town.famous_villages
    yield PlaceName(full, office.id, "village", town.code, is_weak)
    # Two characters without 村 (刘庄, 幸福) are as often a surname or a word as a village.
    yield PlaceName(short, office.id, "village", town.code, is_weak or len(short) < 3)
