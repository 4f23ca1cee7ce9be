"""Readers of tips: the real one, and one that says what a test wants to hear."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from config.catalog import Catalog, load_catalog
from config.follow_ups import Understanding
from triage.language import Classifier, load_classifier
from triage.preview import Preview


@dataclass
class Says:
    """Understands every text in the same way, or none of them."""

    said: Understanding | None
    heard: list[str] = field(default_factory=list)

    async def read(self, words: str, *, now: datetime) -> Understanding | None:
        self.heard.append(words)
        return self.said


@cache
def _classifier(version: str) -> Classifier:
    return load_classifier(load_catalog())


async def make_real_reader(catalog: Catalog) -> Preview:
    """Triage as citizens meet it; patient, for machines that test many things at once."""

    async def load() -> Classifier:
        return _classifier(catalog.version)

    preview = Preview(load, seconds=20)
    await preview.warm()
    return preview
