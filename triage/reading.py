"""What the pipeline knows of one tip while it works on it, and what it says in the end.

Every part of the pipeline takes a `Reading`, fills in its own field and touches no other. A later part
(a learned one, say) adds `Signal`s beside those of the rules; the decision weighs them all alike.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from triage.cues import Hits, Match
from triage.normalise import Normal

if TYPE_CHECKING:
    from triage.meaning import Opinion

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Signal:
    """A rule that spoke on folded[start:end]; `factor` is what the context left of its weight, `frame` why."""

    rule: str
    weight: float
    start: int
    end: int
    cue: str
    factor: float = 1.0
    frame: str = ""

    @property
    def strength(self) -> float:
        """What counts."""
        return self.weight * self.factor


@dataclass(frozen=True, slots=True)
class Facts:
    """Contacts, figures and dates found in the text, each once, in order of appearance."""

    phones: tuple[str, ...] = ()
    wechat: tuple[str, ...] = ()
    qq: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    amounts: tuple[float, ...] = ()
    dates: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """A day named in the text, on folded[start:end]."""

    day: date
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Place:
    """The jurisdiction, how sure it is, and why in one word for the review."""

    jurisdiction: str = "unknown"
    confidence: float = 0.5
    offices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """The citizen's words behind a clause or pattern; original[start:end] == text."""

    label: str
    start: int
    end: int
    text: str
    why: str
    rule: str


@dataclass(frozen=True, slots=True)
class Classification:
    """What triage says of one tip (`tipline triage`, one output line)."""

    disposition: str
    subjects: tuple[str, ...]
    clauses: tuple[str, ...]
    patterns: tuple[str, ...]
    police_referral: bool
    urgency: str
    jurisdiction: str
    targets: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    confidence: dict[str, float]
    review_reasons: tuple[str, ...]
    facts: Facts
    rules_version: str
    missing: tuple[str, ...] = ()

    @property
    def review(self) -> bool:
        """Whether a person must look before anything is routed."""
        return bool(self.review_reasons)

    def to_json(self, tip_id: str) -> dict[str, Any]:
        """The output line, ready for `json.dumps`."""
        return {
            "id": tip_id,
            "disposition": self.disposition,
            "subjects": list(self.subjects),
            "clauses": list(self.clauses),
            "patterns": list(self.patterns),
            "police_referral": self.police_referral,
            "urgency": self.urgency,
            "jurisdiction": self.jurisdiction,
            "targets": list(self.targets),
            "evidence": [
                {
                    "for": e.label,
                    "start": e.start,
                    "end": e.end,
                    "text": e.text,
                    "why": e.why,
                    "rule": e.rule,
                }
                for e in self.evidence
            ],
            "confidence": dict(self.confidence),
            "review": self.review,
            "review_reasons": list(self.review_reasons),
            "facts": {
                "phones": list(self.facts.phones),
                "wechat": list(self.facts.wechat),
                "qq": list(self.facts.qq),
                "links": list(self.facts.links),
                "amounts": list(self.facts.amounts),
                "dates": list(self.facts.dates),
                "certificates": list(self.facts.certificates),
            },
            "missing": list(self.missing),
            "rules_version": self.rules_version,
        }


@dataclass(slots=True)
class Reading:
    """One tip on its way through the pipeline."""

    text: str
    received_at: datetime | None
    channel: str
    normal: Normal
    hits: Hits | None = None
    matches: list[Match] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    facts: Facts = field(default_factory=Facts)
    moments: list[Moment] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    """Where the original names a place."""
    targets: tuple[str, ...] = ()
    place: Place = field(default_factory=Place)
    ruled: Classification | None = None
    grounds: tuple[float, float] = (0.0, 0.0)
    opinion: "Opinion | None" = None
    result: Classification | None = None
