"""The catalog: all rule files, read, checked and frozen. `load_catalog()` at start; nothing is read later."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import BaseModel

from config.calendar_file import CalendarFile
from config.calendars import Calendar, day_of
from config.deadlines import DeadlineFile, DeadlineRule
from config.directive import Clause, DirectiveFile, FraudPattern, Law, Sanction
from config.duplicates import DuplicateRules
from config.follow_ups import FollowUps
from config.leaks import LeakRules
from config.patterns import PatternBook, PatternError, load_patterns
from config.places import (
    Office,
    OutsideFile,
    OutsidePlace,
    PlaceName,
    find_ambiguous_villages,
    list_place_names,
)
from config.questionnaires import Questionnaire
from config.routing import Routing
from config.rulefile import CONFIG, CatalogError, Problem, read_shape

NOT_RULES = ("locales", "demo", "ui", "desk", "phrases", "documents.yaml")
Read = TypeVar("Read")
Shape = TypeVar("Shape", bound=BaseModel)


class NoDeadlineError(LookupError):
    """No rule of this id is in force on that day."""


@dataclass(frozen=True)
class Catalog:
    """Everything that the rule files say. `version` changes with any of them."""

    version: str
    directive: DirectiveFile = field(repr=False)
    offices: Mapping[str, Office] = field(repr=False)
    outside: tuple[OutsidePlace, ...] = field(repr=False)
    deadlines: tuple[DeadlineRule, ...] = field(repr=False)
    calendar: Calendar
    routing: Routing = field(repr=False)
    questionnaires: Mapping[str, Questionnaire] = field(repr=False)
    cues: PatternBook = field(repr=False)
    duplicates: DuplicateRules = field(repr=False)
    follow_ups: FollowUps = field(repr=False)
    leaks: LeakRules = field(repr=False)

    @cached_property
    def clauses(self) -> Mapping[str, Clause]:
        """Clauses by id, in the order of the notice."""
        return MappingProxyType(self.directive.list_clauses())

    def take_calendar(self, calendar: Calendar) -> None:
        """Count by this calendar from now on: the one thing that changes while the program runs.

        The notice of a year comes in November, and whoever counts time in this process must know it at once.
        """
        object.__setattr__(self, "calendar", calendar)

    @property
    def patterns(self) -> Mapping[str, FraudPattern]:
        """The six fraud patterns by name."""
        return self.directive.patterns

    @property
    def laws(self) -> Mapping[str, Law]:
        """Laws and notices by id."""
        return self.directive.laws

    @property
    def sanctions(self) -> Mapping[str, Sanction]:
        """What may follow, by id."""
        return self.directive.sanctions

    @cached_property
    def counties(self) -> Mapping[str, Office]:
        """The eight county and zone offices, without the city desk."""
        return MappingProxyType({key: office for key, office in self.offices.items() if office.is_county})

    @cached_property
    def place_names(self) -> tuple[PlaceName, ...]:
        """Every name of every place of ours."""
        return list_place_names(self.offices.values())

    @cached_property
    def ambiguous_villages(self) -> Mapping[str, tuple[str, ...]]:
        """Names of villages that occur in more than one jurisdiction, with the codes of their towns."""
        return find_ambiguous_villages(self.offices.values())

    def office_of_town(self, code: str, *, on: date) -> str:
        """Id of the office that a town belonged to on a day. Raises LookupError."""
        for office in self.offices.values():
            for town in office.towns:
                if town.since and town.before and on < town.since and code in {town.code, town.before.code}:
                    return town.before.office
                if code in {town.code, town.before.code if town.before else ""}:
                    return office.id
        raise LookupError(code)

    def deadline_in_force(self, rule_id: str, at: date | datetime) -> DeadlineRule:
        """The rule that governs a clock which starts at this moment or day. Raises NoDeadlineError."""
        day = day_of(at) if isinstance(at, datetime) else at
        rules = (rule for rule in self.deadlines if rule.stands_for == rule_id and rule.is_in_force(day))
        if rule := min(rules, key=lambda rule: rule.replaces is None, default=None):
            return rule
        message = f"{rule_id} on {day}"
        raise NoDeadlineError(message)


def load_catalog(root: Path = CONFIG) -> Catalog:
    """Read, check and freeze all rule files. Raises CatalogError, which names file, key and remedy of each problem."""
    from config.references import check_references

    catalog = read_catalog(root)
    if problems := check_references(catalog, root):
        raise CatalogError(problems)
    return catalog


def read_catalog(root: Path) -> Catalog:
    """All rule files in their shapes; references between them are not looked at. Raises CatalogError."""
    reader = _Reader(root)
    directive = reader.read(DirectiveFile, "directive.yaml")
    offices = reader.read_folder(Office, "counties")
    outside = reader.read(OutsideFile, "outside.yaml")
    deadlines = reader.read(DeadlineFile, "deadlines.yaml")
    calendar = reader.read(CalendarFile, "calendars/cn.yaml")
    routing = reader.read(Routing, "routing.yaml")
    duplicates = reader.read(DuplicateRules, "duplicates.yaml")
    follow_ups = reader.read(FollowUps, "follow_ups.yaml")
    leaks = reader.read(LeakRules, "leaks.yaml")
    questionnaires = reader.read_folder(Questionnaire, "questionnaires")
    cues = reader.attempt(lambda: _read_cues(root))
    if not (
        directive
        and outside
        and deadlines
        and calendar
        and routing
        and cues
        and duplicates
        and follow_ups
        and leaks
    ):
        raise CatalogError(reader.problems)
    if reader.problems:
        raise CatalogError(reader.problems)
    return Catalog(
        version=digest_rules(root),
        directive=directive,
        offices=_in_order(offices),
        outside=outside.places,
        deadlines=deadlines.rules,
        calendar=calendar.make_calendar(),
        routing=routing,
        questionnaires=MappingProxyType(questionnaires),
        cues=cues,
        duplicates=duplicates,
        follow_ups=follow_ups,
        leaks=leaks,
    )


def digest_rules(root: Path) -> str:
    """Twelve characters that change with any rule file; words for people are not rules."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.yaml")):
        name = path.relative_to(root)
        if name.parts[0] not in NOT_RULES:
            digest.update(name.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


class _Reader:
    """Reads on after a bad file, so that all problems are told at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[Problem] = []

    def read(self, shape: type[Shape], name: str) -> Shape | None:
        return self.attempt(lambda: read_shape(shape, self.root / name, root=self.root))

    def read_folder(self, shape: type[Shape], folder: str) -> dict[str, Shape]:
        found: dict[str, Shape] = {}
        for path in sorted((self.root / folder).glob("*.yaml")):
            name = f"{folder}/{path.name}"
            if (item := self.read(shape, name)) is not None:
                found[path.stem] = item
                self.check_id(name, path.stem, item)
        return found

    def check_id(self, name: str, stem: str, item: BaseModel) -> None:
        if (given := getattr(item, "id", stem)) != stem:
            self.problems.append(
                Problem(name, "id", f"the id is {given}", f"write {stem}, or rename the file")
            )

    def attempt(self, work: Callable[[], Read]) -> Read | None:
        try:
            return work()
        except CatalogError as error:
            self.problems.extend(error.problems)
            return None


def _read_cues(root: Path) -> PatternBook:
    try:
        return load_patterns(root)
    except PatternError as error:
        name, _, message = str(error).partition(": ")
        raise CatalogError([Problem(name, "", message or name, "mend the rule there")]) from error


def _in_order(offices: Mapping[str, Office]) -> Mapping[str, Office]:
    """Offices as official lists have them: by code, the city desk last."""
    ordered = sorted(offices.values(), key=lambda office: (not office.is_county, office.code))
    return MappingProxyType({office.id: office for office in ordered})
