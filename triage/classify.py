"""The classifier: what one tip alleges, of whom, where, how urgently, and on which words.

Pure: a text in, a `Classification` out. The parts it runs, in order, are in `PARTS`; `triage/language.py` runs the
same parts as components of a spaCy pipeline.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from config.patterns import PatternBook
from config.places import OutsidePlace, PlaceName
from triage.context import Context
from triage.cues import CueFinder
from triage.decide import Decider
from triage.entities import find_facts, find_moments
from triage.judge import judge
from triage.jurisdiction import Gazetteer
from triage.meaning import Meaning
from triage.names import NameFinder
from triage.normalise import Normaliser
from triage.reading import Classification, Reading

LONGEST_TEXT = 20_000


class RuleCatalog(Protocol):
    """What the classifier needs of the catalog: the rules, and how places are called."""

    @property
    def version(self) -> str:
        """Digest of all rule files."""

    @property
    def cues(self) -> PatternBook:
        """The rules of triage."""

    @property
    def place_names(self) -> tuple[PlaceName, ...]:
        """Every name of every place of ours."""

    @property
    def outside(self) -> tuple[OutsidePlace, ...]:
        """Places outside Luohe."""


class Knowledge:
    """Everything the parts of the pipeline share; built once."""

    def __init__(self, catalog: RuleCatalog, meaning: Meaning | None = None) -> None:
        """Takes some hundred milliseconds. Without `meaning` the rules decide alone."""
        self.book = book = catalog.cues
        self.meaning = meaning
        self.version = f"{catalog.version}+{meaning.version}" if meaning else catalog.version
        self.normaliser = Normaliser(book.spelling)
        self.finder = CueFinder(book)
        self.context = Context(book, self.finder)
        self.gazetteer = Gazetteer(
            catalog.place_names, catalog.outside, normaliser=self.normaliser, around=book.around_places
        )
        self.names = NameFinder(book.names)
        self.decider = Decider(book, self.finder, version=self.version)


def read_text(knowledge: Knowledge, text: str, *, received_at: datetime | None, channel: str) -> Reading:
    """A fresh reading of a text, normalised; what stands beyond the longest text is left to people."""
    text = text[:LONGEST_TEXT]
    return Reading(text, received_at, channel, knowledge.normaliser.normalise(text))


def _rules(knowledge: Knowledge, reading: Reading) -> None:
    reading.hits = knowledge.finder.find_words(reading.normal.text)
    reading.matches = knowledge.finder.find(reading.hits)


def _context(knowledge: Knowledge, reading: Reading) -> None:
    if reading.hits is not None:
        reading.signals = knowledge.context.weigh(reading.matches, reading.hits, reading.normal)


def _entities(knowledge: Knowledge, reading: Reading) -> None:
    reading.moments = find_moments(reading.normal, reading.received_at)
    certificates = _certificates(knowledge, reading)
    reading.facts = find_facts(reading.text, reading.normal, reading.moments, certificates)
    spans = knowledge.gazetteer.find_spans(reading.normal.text)
    reading.places = [reading.normal.original_span(start, end) for start, end in spans]
    reading.targets = knowledge.names.find(reading.text, reading.places)


def _certificates(knowledge: Knowledge, reading: Reading) -> tuple[str, ...]:
    if reading.hits is None:
        return ()
    text = reading.normal.text
    return tuple(dict.fromkeys(text[s:e] for s, e in knowledge.finder.named("cert_special", reading.hits)))


def _jurisdiction(knowledge: Knowledge, reading: Reading) -> None:
    reading.place = knowledge.gazetteer.locate(reading.normal.text)


def _decision(knowledge: Knowledge, reading: Reading) -> None:
    reading.ruled = reading.result = knowledge.decider.decide(reading)


def _meaning(knowledge: Knowledge, reading: Reading) -> None:
    if knowledge.meaning is not None:
        reading.opinion = knowledge.meaning.weigh(reading.normal.text, reading.channel)


def _names(knowledge: Knowledge, reading: Reading) -> None:
    """Names by the learned tagger, to whom those of the rules are clues."""
    if knowledge.meaning is not None and knowledge.meaning.names is not None:
        clues = knowledge.names.find_clues(reading.text, reading.places)
        reading.targets = knowledge.meaning.names.find(reading.text, clues, reading.places)


def _judgement(knowledge: Knowledge, reading: Reading) -> None:
    if knowledge.meaning and reading.opinion and reading.ruled:
        reading.result = judge(reading, reading.ruled, reading.opinion, knowledge.meaning)


PARTS: Mapping[str, Callable[[Knowledge, Reading], None]] = MappingProxyType(
    {
        "tip_rules": _rules,
        "tip_context": _context,
        "tip_entities": _entities,
        "tip_jurisdiction": _jurisdiction,
        "tip_decision": _decision,
        "tip_meaning": _meaning,
        "tip_names": _names,
        "tip_judgement": _judgement,
    }
)


def classify(
    knowledge: Knowledge, text: str, *, received_at: datetime | None = None, channel: str = "web"
) -> Classification:
    """Run all parts over one text, without spaCy: for tests of the parts and for tools."""
    reading = read_text(knowledge, text, received_at=received_at, channel=channel)
    for part in PARTS.values():
        part(knowledge, reading)
    return get_result(reading)


def get_result(reading: Reading) -> Classification:
    """The classification of a reading; raises when the decision has not run."""
    if reading.result is None:
        raise RuntimeError("the pipeline ended without a decision; keep tip_decision switched on")
    return reading.result
