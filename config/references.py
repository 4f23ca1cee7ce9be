"""References between rule files: what one names, another must have. Each problem names file, key and remedy."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from config.deadlines import DeadlineRule
from config.directive import SUBJECTS, Reference
from config.follow_ups import FollowUps, Matter, When
from config.places import CITY, Office
from config.rulefile import Problem
from config.text import LOCALES, read_texts

if TYPE_CHECKING:
    from config.catalog import Catalog

RULE_AREAS = ("deadlines", "directive", "states", "questions")
CLAUSE_WORDS = ("short", "title", "plain", "checklist")
FOLLOW_UP_WORDS = ("ask", "hint", "label")


def check_references(catalog: "Catalog", root: Path) -> list[Problem]:
    """Every name that leads nowhere, or to two places."""
    return [
        *_check_offices(catalog.offices),
        *_check_names(catalog.offices),
        *_check_directive(catalog),
        *_check_deadlines(catalog.deadlines),
        *_check_routing(catalog),
        *_check_questionnaires(catalog),
        *_check_follow_ups(catalog),
        *_check_cues(catalog),
        *_check_words(catalog, root),
    ]


# ---------------------------------------------------------------- offices and places


def _check_offices(offices: Mapping[str, Office]) -> Iterator[Problem]:
    if CITY not in offices:
        yield Problem(f"counties/{CITY}.yaml", "", "there is no city desk", "restore the file")
    towns = {town.code: office.id for office in offices.values() for town in office.towns}
    for office in offices.values():
        file = f"counties/{office.id}.yaml"
        for town in office.towns:
            if towns[town.code] != office.id:
                yield Problem(file, town.code, "this town is listed in two offices", "keep it in one of them")
            if town.before and town.before.office not in offices:
                yield _unknown(file, f"{town.name}.before.office", town.before.office, offices)
            for village in set(town.famous_villages) - set(town.villages):
                remedy = "add it to `villages` or take it out of `famous_villages`"
                yield Problem(file, town.name, f"{village} is no village of this town", remedy)
        for unconfirmed in office.unconfirmed_towns:
            key = f"unconfirmed_towns.{unconfirmed.name}"
            if unconfirmed.listed_under not in offices:
                yield _unknown(file, f"{key}.listed_under", unconfirmed.listed_under, offices)
            elif towns.get(unconfirmed.code) != unconfirmed.listed_under:
                remedy = "write the code of a town of that office"
                yield Problem(file, f"{key}.code", f"{unconfirmed.listed_under} has no such town", remedy)


def _check_names(offices: Mapping[str, Office]) -> Iterator[Problem]:
    """A sure name decides alone, so two offices cannot share one."""
    owners: dict[str, dict[str, str]] = defaultdict(dict)
    for office in offices.values():
        for name in office.list_sure_names():
            owners[name].setdefault(office.id, "aliases")
        for town in office.towns:
            for name in (town.name, *town.aliases):
                owners[name].setdefault(office.id, f"towns.{town.name}")
    for name, places in owners.items():
        if len(places) > 1:
            office_id, key = list(places.items())[-1]
            others = " and ".join(other for other in places if other != office_id)
            remedy = "keep it in one, or make it a weak name in both"
            yield Problem(f"counties/{office_id}.yaml", key, f"{name} is also a name of {others}", remedy)


# ---------------------------------------------------------------- the notice


def _check_directive(catalog: "Catalog") -> Iterator[Problem]:
    for clause in catalog.clauses.values():
        key = f"clauses.{clause.id}"
        yield from _check_laws(catalog, f"{key}.basis", clause.basis)
        for sanction in clause.sanctions:
            if sanction not in catalog.sanctions:
                yield _unknown("directive.yaml", f"{key}.sanctions", sanction, catalog.sanctions)
    for name, entry in catalog.sanctions.items():
        yield from _check_laws(catalog, f"sanctions.{name}.basis", entry.basis)
    for name, pattern in catalog.patterns.items():
        for clause_id in pattern.clauses:
            if clause_id not in catalog.clauses:
                yield _unknown("directive.yaml", f"patterns.{name}.clauses", clause_id, catalog.clauses)


def _check_laws(catalog: "Catalog", key: str, basis: tuple[Reference, ...]) -> Iterator[Problem]:
    for reference in basis:
        if reference.law not in catalog.laws:
            yield _unknown("directive.yaml", key, reference.law, catalog.laws)


# ---------------------------------------------------------------- the procedure


def _check_deadlines(rules: tuple[DeadlineRule, ...]) -> Iterator[Problem]:
    ids = {rule.id for rule in rules}
    for rule in rules:
        if rule.replaces is not None and rule.replaces not in ids:
            yield _unknown("deadlines.yaml", f"{rule.id}.replaces", rule.replaces, sorted(ids))
    for first, second in combinations(rules, 2):
        if first.id != second.id:
            continue
        if first.version == second.version:
            remedy = "give the later one the next version"
            yield Problem("deadlines.yaml", second.id, f"version {second.version} stands twice", remedy)
        if first.is_on and second.is_on and _overlap(first, second):
            remedy = "end the one with `in_force_to` before the other begins"
            yield Problem("deadlines.yaml", second.id, "two versions are in force on the same day", remedy)


def _overlap(first: DeadlineRule, second: DeadlineRule) -> bool:
    earlier, later = sorted((first, second), key=lambda rule: rule.in_force_from)
    return earlier.in_force_to is None or later.in_force_from <= earlier.in_force_to


def _check_routing(catalog: "Catalog") -> Iterator[Problem]:
    for subject in set(catalog.routing.city_subjects) - set(SUBJECTS):
        yield _unknown("routing.yaml", "city_subjects", subject, SUBJECTS)


def _check_questionnaires(catalog: "Catalog") -> Iterator[Problem]:
    for name, questionnaire in catalog.questionnaires.items():
        file = f"questionnaires/{name}.yaml"
        inputs = [field.id for question in questionnaire.questions for field in question.fields]
        for kind, ids in (
            ("question", [question.id for question in questionnaire.questions]),
            ("input", inputs),
        ):
            for item in sorted({item for item in ids if ids.count(item) > 1}):
                yield Problem(file, item, f"two of its {kind}s have this id", "rename one")


def _check_follow_ups(catalog: "Catalog") -> Iterator[Problem]:
    """Labels that are no clause or pattern; and the questions of a tip that the kinds of follow-ups ask."""
    rules = catalog.follow_ups
    labels: list[tuple[str, When | Matter]] = [
        *((f"follow_ups.{item.id}.when", item.when) for item in rules.follow_ups),
        *((f"matters.{item.id}", item) for item in rules.matters),
    ]
    for key, when in labels:
        for clause in set(when.clauses) - set(catalog.clauses):
            yield _unknown("follow_ups.yaml", f"{key}.clauses", clause, catalog.clauses)
        for pattern in set(when.patterns) - set(catalog.patterns):
            yield _unknown("follow_ups.yaml", f"{key}.patterns", pattern, catalog.patterns)
    taken = {question.id for entry in catalog.questionnaires.values() for question in entry.questions}
    for item in rules.follow_ups:
        if item.id in taken and item.kind in {"text", "choice"}:
            yield Problem(
                "follow_ups.yaml", item.id, "a questionnaire has a question of this id", "rename it"
            )


def _check_cues(catalog: "Catalog") -> Iterator[Problem]:
    for rule in catalog.cues.rules:
        for says in rule.says:
            file = f"patterns/{rule.id}.yaml"
            if says.clause is not None and says.clause not in catalog.clauses:
                yield _unknown(file, "says.clause", says.clause, catalog.clauses)
            if says.pattern is not None and says.pattern not in catalog.patterns:
                yield _unknown(file, "says.pattern", says.pattern, catalog.patterns)


# ---------------------------------------------------------------- words


def _check_words(catalog: "Catalog", root: Path) -> Iterator[Problem]:
    """Whatever the rule files name has its words in each language."""
    wanted = list(_list_wanted_words(catalog))
    for locale in LOCALES:
        texts = read_texts(root / "locales" / locale, RULE_AREAS)
        for key in wanted:
            if key not in texts:
                area, _, rest = key.partition(".")
                yield Problem(f"locales/{locale}/{area}.yaml", rest, "the words are missing", "add them")


def _list_wanted_words(catalog: "Catalog") -> Iterator[str]:
    for clause in catalog.clauses.values():
        yield from (f"directive.clause.{clause.id}.{part}" for part in CLAUSE_WORDS)
        yield from (f"directive.handler.{handler}" for handler in clause.handlers)
    yield from (f"directive.law.{name}" for name in catalog.laws)
    yield from (f"directive.sanction.{name}" for name in catalog.sanctions)
    yield from (f"directive.pattern.{name}" for name in catalog.patterns)
    yield from (f"deadlines.holiday.{name}" for name in set(catalog.calendar.days_off.values()))
    yield from (f"states.disposition.{name}" for name in catalog.routing.straight_dispositions)
    yield from _list_words_of_follow_ups(catalog.follow_ups)


def _list_words_of_follow_ups(rules: FollowUps) -> Iterator[str]:
    for item in rules.follow_ups:
        yield from (f"questions.follow_up.{item.id}.{part}" for part in FOLLOW_UP_WORDS)
        yield from (f"questions.follow_up.{item.id}.choice.{choice}" for choice in item.choices)
    yield from (f"questions.matter.{item.id}.{part}" for item in rules.matters for part in ("pick", "says"))
    yield from (f"questions.elsewhere.{item.id}" for item in rules.elsewhere)


def _unknown(file: str, key: str, name: str, known: object) -> Problem:
    choices = ", ".join(known) if isinstance(known, Mapping | list | tuple) else ""
    return Problem(file, key, f"{name} is not known", f"write one of {choices}")
