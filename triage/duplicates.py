"""Whether two tips are likely about the same matter, and why. Pure.

`make_print` takes from a tip what can be compared; `compare` weighs what two prints have in common by
`config/duplicates.yaml`. What is found is shown to people as a likeness, never merged. Contacts come in as
keyed marks: who reads the database or this module learns no number from them.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any

from config.duplicates import DuplicateRules
from models.states import MarkKind
from triage.bodies import Body, BodyLikeness, BodyReader, fold, same_body

RUN = 3
LONGEST_TEXT = 4_000
TEXT_MARKS = 8
"""Two texts of which a third is the same miss each other in all eight once in twenty-five times, copies never."""
_NOWHERE = frozenset({"unknown", "outside", "city", ""})
_LONGEST_NAME = 60

Mark = tuple[MarkKind, int]
Digest = Callable[[MarkKind, str], int]
"""Keyed hash of a value, 64 bits."""
Reason = dict[str, Any]
"""`kind` is a text key under `console.likeness.`, the rest fills its blanks."""


Found = list[tuple[float, Reason]]
"""Reasons with their weights."""


@dataclass(frozen=True, slots=True)
class Print:
    """What of a tip is compared. `length`: characters without punctuation."""

    bodies: tuple[Body, ...]
    contacts: frozenset[Mark]
    matter: frozenset[str]
    jurisdiction: str
    day: date
    runs: frozenset[str]
    length: int


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much two tips are alike, and each reason as a value."""

    score: float
    reasons: tuple[Reason, ...] = ()
    is_suggested: bool = False
    is_confirmed: bool = False
    """Sure enough to steer the route; only people say that it is so."""


def make_print(
    *,
    targets: Iterable[str],
    matter: Iterable[str],
    jurisdiction: str,
    day: date,
    text: str,
    contacts: Iterable[Mark],
    reader: BodyReader,
) -> Print:
    """What can be compared of one tip."""
    folded = fold(text[:LONGEST_TEXT])
    bodies = [reader.read(name) for name in dict.fromkeys(targets)]
    return Print(
        bodies=tuple(body for body in bodies if body.stem),
        contacts=frozenset(contacts),
        matter=frozenset(matter),
        jurisdiction=jurisdiction,
        day=day,
        runs=frozenset(folded[at : at + RUN] for at in range(len(folded) - RUN + 1)),
        length=len(folded),
    )


def list_contact_marks(
    facts: Mapping[str, Sequence[str]], rules: DuplicateRules, digest: Digest
) -> list[Mark]:
    """Keyed marks of the contacts that triage found, without numbers that anybody writes."""
    found = {
        MarkKind.PHONE: facts.get("phones", ()),
        MarkKind.WECHAT: facts.get("wechat", ()),
        MarkKind.QQ: facts.get("qq", ()),
        MarkKind.LINK: facts.get("links", ()),
    }
    plain = [(kind, _plain_contact(kind, value)) for kind, values in found.items() for value in values]
    counted = dict.fromkeys(pair for pair in plain if pair[1] and pair[1] not in rules.contact.not_counted)
    return [(kind, digest(kind, value)) for kind, value in counted]


def _plain_contact(kind: MarkKind, value: str) -> str:
    plain = fold(value)
    if kind is MarkKind.LINK:
        plain = plain.removeprefix("https").removeprefix("http").removeprefix("www")
    return plain.removeprefix("86") if kind is MarkKind.PHONE and len(plain) > 11 else plain


def list_marks(tip: Print, digest: Digest) -> list[Mark]:
    """By which a later tip finds this one: names, contacts, and the rarest-hashed runs of its text."""
    marks: list[Mark] = []
    for body in tip.bodies:
        marks.append((MarkKind.BODY, digest(MarkKind.BODY, body.key)))
        marks += [(MarkKind.NEAR, digest(MarkKind.NEAR, key)) for key in body.list_near_keys()]
    marks += sorted(tip.contacts)
    marks += [(MarkKind.TEXT, digest(MarkKind.TEXT, run)) for run in _choose_runs(tip.runs)]
    # A tip of two letters has a mark too: so that every tip that was looked at can be told from those that were not.
    return list(dict.fromkeys(marks)) or [(MarkKind.TEXT, digest(MarkKind.TEXT, ""))]


def _choose_runs(runs: Iterable[str]) -> list[str]:
    """The same few of all runs wherever they stand: those with the smallest hash."""
    return sorted(runs, key=lambda run: hashlib.blake2b(run.encode(), digest_size=8).digest())[:TEXT_MARKS]


def compare(new: Print, known: Print, rules: DuplicateRules) -> Likeness:
    """How alike two tips are. The order changes the words of the reasons, never the score."""
    found = [
        *_same_bodies(new, known, rules),
        *_same_contacts(new, known, rules),
        *_same_text(new, known, rules),
        *_same_matter(new, known, rules),
        *_near_in_place(new, known, rules),
        *_near_in_time(new, known, rules),
    ]
    score = _add_up(weight for weight, _ in found)
    if _is_elsewhere(new, known):
        score *= rules.place.elsewhere_factor
    score = round(score, 3)
    kinds = {reason["kind"] for _, reason in found}
    is_suggested = score >= rules.suggest.score and _may_suggest(kinds)
    return Likeness(
        score=score,
        reasons=tuple(reason for _, reason in found),
        is_suggested=is_suggested,
        is_confirmed=is_suggested and score >= rules.confirm.score and _may_confirm(found, rules),
    )


def _may_suggest(kinds: set[str]) -> bool:
    """A body that was named before says nothing without the same allegation in the same season."""
    return bool(kinds & {"contact", "text"}) or {"body", "matter", "time"} <= kinds


def _may_confirm(found: Found, rules: DuplicateRules) -> bool:
    """A copy of a long text, or two of body, contact and text: a short text alone never."""
    kinds = {reason["kind"] for _, reason in found}
    copied = any(
        reason["percent"] >= rules.text.full * 100 for _, reason in found if reason["kind"] == "text"
    )
    return copied or len(kinds & {"body", "contact", "text", "text_short"}) > 1


def _add_up(weights: Iterable[float]) -> float:
    left = 1.0
    for weight in weights:
        left *= 1 - weight
    return 1 - left


def _same_bodies(new: Print, known: Print, rules: DuplicateRules) -> Found:
    """The best pair of names only: a tip that names ten is not ten times as alike."""
    weights = {how: getattr(rules.body, how) for how in BodyLikeness}
    pairs = [
        (weights[how], {"kind": "body", "how": how.value, "new": _name(a), "known": _name(b)})
        for a, b in product(new.bodies, known.bodies)
        if (how := same_body(a, b))
    ]
    return [max(pairs, key=lambda pair: pair[0])] if pairs else []


def _name(body: Body) -> str:
    return body.name[:_LONGEST_NAME]


def _same_contacts(new: Print, known: Print, rules: DuplicateRules) -> Found:
    kinds = sorted({kind for kind, _ in new.contacts & known.contacts})
    return [(getattr(rules.contact, kind), {"kind": "contact", "how": kind.value}) for kind in kinds]


def _same_text(new: Print, known: Print, rules: DuplicateRules) -> Found:
    share = share_of(new.runs, known.runs)
    if share < rules.text.floor:
        return []
    weight = rules.text.weight * min(1.0, (share - rules.text.floor) / (rules.text.full - rules.text.floor))
    is_short = min(new.length, known.length) < rules.text.short_below
    kind = "text_short" if is_short else "text"
    return [
        (weight * (rules.text.short_factor if is_short else 1), {"kind": kind, "percent": round(share * 100)})
    ]


def share_of(a: frozenset[str], b: frozenset[str]) -> float:
    """What two sets have in common, as a share of what either has."""
    return len(a & b) / len(a | b) if a and b else 0.0


def _same_matter(new: Print, known: Print, rules: DuplicateRules) -> Found:
    common = sorted(new.matter & known.matter)
    weight = rules.matter.weight * share_of(new.matter, known.matter)
    return [(weight, {"kind": "matter", "values": common})] if common else []


def _near_in_place(new: Print, known: Print, rules: DuplicateRules) -> Found:
    if new.jurisdiction in _NOWHERE or new.jurisdiction != known.jurisdiction:
        return []
    return [(rules.place.weight, {"kind": "place", "office": new.jurisdiction})]


def _is_elsewhere(new: Print, known: Print) -> bool:
    return not {new.jurisdiction, known.jurisdiction} & _NOWHERE and new.jurisdiction != known.jurisdiction


def _near_in_time(new: Print, known: Print, rules: DuplicateRules) -> Found:
    days = abs((new.day - known.day).days)
    if days > rules.time.days:
        return []
    return [(rules.time.weight * (1 - days / (rules.time.days + 1)), {"kind": "time", "days": days})]
