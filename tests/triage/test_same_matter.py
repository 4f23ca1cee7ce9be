"""How often the machine is right that two tips are about the same matter, on pairs written by hand."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from config.catalog import load_catalog
from models.states import MarkKind
from triage.bodies import make_reader
from triage.duplicates import Likeness, Print, compare, list_contact_marks, make_print
from triage.language import load_classifier

PAIRS = Path(__file__).parent / "labelled" / "pairs.txt"
DAY = date(2026, 3, 4)
Judged = list[tuple[bool, Likeness]]


def read_pairs() -> Iterator[tuple[bool, str, str]]:
    for line in PAIRS.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            mark, one, other = line.split("\t")
            yield mark == "same", one, other


@pytest.fixture(scope="module")
def judged() -> Judged:
    catalog = load_catalog()
    classifier, reader, rules = load_classifier(catalog), make_reader(catalog), catalog.duplicates

    def read(text: str) -> Print:
        line = classifier.classify(text).to_json("1")
        return make_print(
            targets=line["targets"],
            matter=[*line["clauses"], *line["patterns"]],
            jurisdiction=line["jurisdiction"],
            day=DAY,
            text=text,
            contacts=list_contact_marks(line["facts"], rules, digest),
            reader=reader,
        )

    return [(same, compare(read(one), read(other), rules)) for same, one, other in read_pairs()]


def digest(kind: MarkKind, value: str) -> int:
    return hash((kind, value))


def rates(judged: Judged, what: str) -> tuple[float, float]:
    """Precision and recall of `is_suggested` or `is_confirmed`."""
    said = [same for same, likeness in judged if getattr(likeness, what)]
    return sum(said) / max(1, len(said)), sum(said) / sum(same for same, _ in judged)


def test_there_are_pairs_of_both_kinds(judged: Judged) -> None:
    assert len(judged) >= 60
    assert sum(same for same, _ in judged) >= 30


def test_a_suggestion_finds_most_of_the_same_matter_and_is_mostly_right(judged: Judged) -> None:
    precision, recall = rates(judged, "is_suggested")
    assert precision >= 0.95
    assert recall >= 0.75


def test_what_steers_a_route_is_never_another_matter(judged: Judged) -> None:
    precision, recall = rates(judged, "is_confirmed")
    assert precision == 1.0, [likeness for same, likeness in judged if likeness.is_confirmed and not same]
    assert recall > 0
