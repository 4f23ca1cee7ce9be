"""Every rule proves itself: its examples are read as it says, its counter-examples are not.

Used by the tests and by `tipline check`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from config.patterns import PatternBook, Rule
from triage.reading import Reading

_DISPOSITION_OF = {
    "hazard": {"other_safety"},
    "grievance": {"other_department"},
    "question": {"consultation"},
    "noise": {"not_actionable"},
}


class Reads(Protocol):
    """What the check needs of a classifier."""

    def read(self, text: str) -> Reading:
        """Run the pipeline over one text."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """An example that a rule does not live up to."""

    rule: str
    text: str
    is_counter: bool

    def __str__(self) -> str:
        """One sentence with file, key and remedy."""
        key, verb = ("counter_examples", "matches") if self.is_counter else ("examples", "does not match")
        return f"patterns/{self.rule}.yaml, {key}: “{self.text}” {verb}; mend the cues or the example."


def check_examples(book: PatternBook, classifier: Reads) -> list[Contradiction]:
    """All contradictions between rules and their examples; empty when every rule keeps its word."""
    return [found for rule in book.rules for found in _check_rule(rule, classifier)]


def _check_rule(rule: Rule, classifier: Reads) -> Iterable[Contradiction]:
    for text in rule.examples:
        if not _holds(rule, classifier.read(text)):
            yield Contradiction(rule.id, text, is_counter=False)
    for text in rule.counter_examples:
        if _holds(rule, classifier.read(text)):
            yield Contradiction(rule.id, text, is_counter=True)


def _holds(rule: Rule, reading: Reading) -> bool:
    result = reading.result
    if result is None:
        return False
    if rule.kind == "allegation":
        labels = {*result.clauses, *result.patterns}
        return any({says.clause, says.pattern} & labels for says in rule.says)
    if rule.kind in _DISPOSITION_OF:
        return result.disposition in _DISPOSITION_OF[rule.kind]
    return any(signal.rule == rule.id and signal.strength >= rule.threshold for signal in reading.signals)
