"""The spaCy pipeline: blank Chinese by characters, and our parts as components that can be seen and switched.

The only file that imports spaCy. `load_classifier(catalog)` takes well under a second and downloads nothing.
"""

import time
from collections.abc import Callable
from datetime import datetime
from operator import sub
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from triage.classify import PARTS, Knowledge, RuleCatalog, get_result, read_text
from triage.judge import explain_opinion
from triage.meaning import SHIPPED, load_meaning
from triage.reading import Classification, Reading, Signal

_READING = "tipline.reading"
_LONGEST_CUE = 60


class Classifier:
    """Says what tips allege. Safe to share between threads: a call leaves nothing behind."""

    def __init__(self, nlp: Language, knowledge: Knowledge) -> None:
        """Use `load_classifier`."""
        self.nlp = nlp
        self._knowledge = knowledge

    @property
    def rules_version(self) -> str:
        """Short digests of the rule files and of the model in use, joined by a plus."""
        return self._knowledge.version

    def read(self, text: str, *, received_at: datetime | None = None, channel: str = "web") -> Reading:
        """Run the pipeline and answer all that it noted on its way."""
        reading = read_text(self._knowledge, text, received_at=received_at, channel=channel)
        doc = self.nlp.make_doc(reading.normal.text)
        doc.user_data[_READING] = reading
        self.nlp(doc)
        return reading

    def classify(
        self, text: str, *, received_at: datetime | None = None, channel: str = "web"
    ) -> Classification:
        """What one tip alleges. Never fails on any text."""
        return get_result(self.read(text, received_at=received_at, channel=channel))

    def time_parts(self, text: str) -> dict[str, float]:
        """Seconds of processor time that each part took for one text, the normaliser first."""
        moments = [time.process_time()]
        reading = read_text(self._knowledge, text, received_at=None, channel="web")
        moments.append(time.process_time())
        doc = self.nlp.make_doc(reading.normal.text)
        doc.user_data[_READING] = reading
        for _, part in self.nlp.pipeline:
            doc = part(doc)
            moments.append(time.process_time())
        return dict(zip(("normaliser", *self.nlp.pipe_names), map(sub, moments[1:], moments), strict=True))

    def explain(
        self, text: str, *, received_at: datetime | None = None, channel: str = "web"
    ) -> list[dict[str, Any]]:
        """Which rule spoke on which words, with what weight, what the context made of it, and the sentence.

        After the rules comes the learned part: every label that it thinks at all likely, how likely before and after
        the rules were heard, and the stretch that speaks most for it.
        """
        reading = self.read(text, received_at=received_at, channel=channel)
        rules = [self._explain_signal(reading, signal) for signal in reading.signals]
        return [*rules, *explain_opinion(reading, self._knowledge.meaning)]

    def _explain_signal(self, reading: Reading, signal: Signal) -> dict[str, Any]:
        rule = self._knowledge.book.by_id[signal.rule]
        start, end = reading.normal.original_span(signal.start, signal.end)
        return {
            "rule": signal.rule,
            "kind": rule.kind,
            "weight": signal.weight,
            "counts": round(signal.strength, 2),
            "frame": signal.frame,
            "cue": signal.cue if len(signal.cue) <= _LONGEST_CUE else f"{signal.cue[:_LONGEST_CUE]}…",
            "start": start,
            "end": end,
            "text": reading.text[start:end],
            "why": rule.sentence.zh,
        }


def load_classifier(catalog: RuleCatalog, *, model: Path | None = SHIPPED) -> Classifier:
    """Rules, places, model and pipeline, ready to classify; with `model=None` the rules decide alone.

    Raises ModelError for a file that is no model of this program.
    """
    knowledge = Knowledge(catalog, load_meaning(model) if model else None)
    nlp = spacy.blank("zh")
    for name, part in PARTS.items():
        nlp.add_pipe("tip_part", name=name, config={"part": name})
        component = nlp.get_pipe(name)
        assert isinstance(component, _Component)  # noqa: S101 - our own factory made it
        component.bind(knowledge, part)
    return Classifier(nlp, knowledge)


class _Component:
    """One of our parts as a spaCy component."""

    def __init__(self, part: str) -> None:
        self.name = part
        self._run: Callable[[Reading], None] | None = None

    def bind(self, knowledge: Knowledge, part: Callable[[Knowledge, Reading], None]) -> None:
        self._run = lambda reading: part(knowledge, reading)

    def __call__(self, doc: Doc) -> Doc:
        reading = doc.user_data.get(_READING)
        if isinstance(reading, Reading) and self._run is not None:
            self._run(reading)
        return doc


@Language.factory("tip_part")
def _make_component(nlp: Language, name: str, part: str) -> _Component:  # noqa: ARG001 - spaCy hands them in
    return _Component(part)
