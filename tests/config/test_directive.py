"""The notice: all clauses with their words, and nothing unverified before the public."""

import pytest

from config.directive import SUBJECTS
from config.text import LOCALES, text

IDS = [
    "3.1.1", "3.1.2", "3.1.3", "3.1.4", "3.2.1", "3.2.2", "3.2.3", "3.2.4",
    "3.3.1", "3.3.2", "3.3.3", "3.3.4", "3.3.5", "3.3.6", "3.4.1", "3.4.2", "3.4.3", "3.4.4", "3.4.5", "3.4.6", "5.4",
]  # fmt: skip
PATTERNS = [
    "pass_guarantee", "exam_cheating", "certificate_reselling", "collusion", "overcharging", "fake_certificate",
]  # fmt: skip


def test_twenty_clauses_one_more_and_six_patterns(catalog):
    assert list(catalog.clauses) == IDS
    assert list(catalog.patterns) == PATTERNS


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("clause_id", IDS)
def test_every_clause_speaks_both_languages(catalog, clause_id, locale):
    clause = catalog.clauses[clause_id]
    assert clause.subject in SUBJECTS
    assert 4 <= len(clause.short(locale)) <= 60
    assert len(clause.plain(locale)) <= 80
    assert len(clause.title(locale)) > len(clause.short(locale))
    assert 4 <= len(clause.checklist(locale)) <= 5
    assert all(text(f"directive.handler.{handler}", locale) for handler in clause.handlers)


def test_the_public_only_sees_references_that_somebody_has_read(catalog):
    for clause in catalog.clauses.values():
        shown = clause.list_public_basis()
        assert shown, clause.id
        assert {reference.checked for reference in shown} == {"seen"}
        assert all(catalog.laws[reference.law].checked == "seen" for reference in shown)
    assert any(
        reference.checked == "memory" for clause in catalog.clauses.values() for reference in clause.basis
    )


def test_crimes_are_only_ever_a_suspicion_for_the_police(catalog):
    crimes = [name for name, sanction in catalog.sanctions.items() if sanction.is_crime]
    assert crimes
    for name in crimes:
        assert text(f"directive.sanction.{name}", "zh-CN").startswith("涉嫌")
        assert "移送公安" in text(f"directive.sanction.{name}", "zh-CN")
        assert text(f"directive.sanction.{name}", "en").startswith("Suspected")
    for clause in catalog.clauses.values():
        assert ("police" in clause.handlers) >= bool(set(clause.sanctions) & set(crimes)), clause.id


def test_where_the_police_and_the_market_have_a_say(catalog):
    assert {"police", "market"} <= set(catalog.clauses["3.1.4"].handlers)
    assert "police" in catalog.clauses["5.4"].handlers
    assert catalog.clauses["3.4.1"].handlers == ("county",)
