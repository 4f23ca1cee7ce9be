"""The judgement: what the rules said and what the learned part thinks become one decision that knows how sure it is.

In: a reading, the rules' own classification and an `Opinion`. Out: the classification that goes out. Numbers come
from the model; the conditions of the labelling guide (which pattern belongs to which clause, what makes a matter
urgent) stand here. Where the model is switched off the rules' classification goes out as it is.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from config.patterns import CLAUSES
from config.text import text
from triage.meaning import DISPOSITIONS, LABELS, PATTERNS, SUBJECTS, Floats, Meaning, Opinion
from triage.missing import find_missing
from triage.reading import Classification, Evidence, Reading

CLAUSES_OF: Mapping[str, tuple[str, ...]] = {
    "pass_guarantee": ("3.1.4",),
    "certificate_reselling": ("3.1.4",),
    "overcharging": ("3.1.4",),
    "exam_cheating": ("3.1.4", "3.3.6"),
    "collusion": ("3.1.4", "3.3.6"),
    "fake_certificate": ("5.4", "3.4.3"),
}
"""Which clauses a pattern follows (notice 三 and 五; the labelling guide's table of patterns)."""
LEARNED = "learned"
_ACCUSING = frozenset({"in_scope", "other_safety"})
_MOST = 6.0
_GUESS = 0.5
_LIKELY = 0.15


@dataclass(frozen=True, slots=True)
class Choice:
    """The labels chosen from the probabilities of one text."""

    disposition: str
    clauses: tuple[str, ...]
    patterns: tuple[str, ...]
    subjects: tuple[str, ...]
    police_referral: bool
    urgency: str
    is_guess: bool


def judge(reading: Reading, ruled: Classification, opinion: Opinion, meaning: Meaning) -> Classification:
    """The classification of a text from both opinions about it."""
    if "not_chinese" in ruled.review_reasons:
        return ruled
    odds = meaning.mix(opinion, rule_marks(ruled), reading.grounds)
    chosen = choose(odds, meaning.thresholds, ruled.disposition)
    sure = meaning.sureness.estimate(
        sureness_figures(odds, meaning.thresholds, chosen, ruled, len(reading.text))
    )
    reasons = _review_reasons(ruled, chosen, odds, meaning, sure)
    return replace(
        ruled,
        disposition=chosen.disposition,
        subjects=chosen.subjects,
        clauses=chosen.clauses,
        patterns=chosen.patterns,
        police_referral=chosen.police_referral,
        urgency=chosen.urgency,
        targets=reading.targets if chosen.disposition in {*_ACCUSING, "other_department"} else (),
        evidence=tuple(_evidence(reading, ruled, chosen, opinion, meaning)),
        confidence=_confidence(ruled, chosen, odds, sure),
        review_reasons=reasons,
        missing=find_missing(reading, chosen.disposition, chosen.clauses, chosen.patterns),
    )


def rule_marks(ruled: Classification) -> Floats:
    """1 where the rules say a label, else 0; shape (labels,)."""
    said = {
        ruled.disposition, *ruled.clauses, *ruled.patterns, *ruled.subjects,
        *(["police_referral"] if ruled.police_referral else []),
        *(["immediate"] if ruled.urgency == "immediate" else []),
        *(["pressing"] if ruled.urgency != "normal" else []),
    }  # fmt: skip
    return np.fromiter((label in said for label in LABELS), dtype=np.float32)


def choose(odds: Mapping[str, float], thresholds: Mapping[str, float], ruled: str) -> Choice:
    """Labels from probabilities: each label above its threshold, then what the guide asks to go together.

    `ruled`: the disposition by the rules alone.
    """
    disposition = _choose_disposition(odds, ruled)
    subjects = tuple(label for label in SUBJECTS if odds[label] >= thresholds[label])
    if disposition != "in_scope":
        is_immediate = disposition == "other_safety" and odds["immediate"] >= thresholds["immediate"]
        subjects = subjects if disposition in {"other_safety", "other_department"} else ()
        return Choice(disposition, (), (), subjects, False, "immediate" if is_immediate else "normal", False)  # noqa: FBT003 - one line of values
    clauses = {label for label in CLAUSES if odds[label] >= thresholds[label]}
    is_guess = not clauses
    if is_guess:
        clauses = {max(CLAUSES, key=lambda label: odds[label] / thresholds[label])}
    patterns = {label for label in PATTERNS if odds[label] >= thresholds[label]}
    _settle(clauses, patterns, odds)
    police = odds["police_referral"] >= thresholds["police_referral"]
    return Choice(
        disposition,
        tuple(label for label in CLAUSES if label in clauses),
        tuple(label for label in PATTERNS if label in patterns),
        subjects,
        police,
        _urgency(clauses, odds, thresholds, police=police),
        is_guess,
    )


def _choose_disposition(odds: Mapping[str, float], ruled: str) -> str:
    """The likeliest; but what is ours by less than half, and not by the rules, is what comes next.

    On hands not seen 5 of 20 such tips were ours and 10 were the next kind.
    """
    first, second, *_ = sorted(DISPOSITIONS, key=lambda label: -odds[label])
    is_majority = odds[first] >= sum(odds[label] for label in DISPOSITIONS) / 2
    return second if first == "in_scope" != ruled and not is_majority else first


def _settle(clauses: set[str], patterns: set[str], odds: Mapping[str, float]) -> None:
    """No pattern without a clause that it follows; 5.4 and 3.1.4 never without the pattern that makes them."""
    for pattern in patterns:
        if not clauses & set(CLAUSES_OF[pattern]):
            clauses.add(max(CLAUSES_OF[pattern], key=lambda label: odds[label]))
    if "5.4" in clauses:
        patterns.add("fake_certificate")
    if "3.1.4" in clauses and not any("3.1.4" in CLAUSES_OF[pattern] for pattern in patterns):
        patterns.add(max((p for p in PATTERNS if "3.1.4" in CLAUSES_OF[p]), key=lambda label: odds[label]))


def _urgency(
    clauses: set[str], odds: Mapping[str, float], thresholds: Mapping[str, float], *, police: bool
) -> str:
    if odds["immediate"] >= thresholds["immediate"]:
        return "immediate"
    at_work = "3.4.3" in clauses and odds["pressing"] >= thresholds["pressing"]
    return "high" if police or at_work else "normal"


# ---------------------------------------------------------------- how sure


def sureness_figures(
    odds: Mapping[str, float],
    thresholds: Mapping[str, float],
    chosen: Choice,
    ruled: Classification,
    length: int,
) -> list[float]:
    """What the estimate of sureness looks at: how close the calls were, and whether the rules agree."""
    kinds = sorted((_log_odds(odds[label]) for label in DISPOSITIONS), reverse=True)
    in_scope = chosen.disposition == "in_scope"
    calls = (
        sorted(abs(_log_odds(odds[c]) - _log_odds(thresholds[c])) for c in CLAUSES)
        if in_scope
        else [_MOST] * 3
    )
    police = abs(_log_odds(odds["police_referral"]) - _log_odds(thresholds["police_referral"]))
    return [
        min(_MOST, kinds[0] - kinds[1]),
        min(_MOST, calls[0]),
        min(_MOST, calls[1]),
        min(_MOST, calls[2]),
        min(_MOST, police) if in_scope else _MOST,
        ruled.confidence["jurisdiction"],
        float(ruled.jurisdiction == "unknown"),
        float(ruled.disposition == chosen.disposition),
        float(set(ruled.clauses) == set(chosen.clauses)),
        float(ruled.police_referral == chosen.police_referral),
        float(in_scope),
        float(len(chosen.clauses)),
        float(chosen.is_guess),
        math.log1p(length),
    ]


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


def _confidence(
    ruled: Classification, chosen: Choice, odds: Mapping[str, float], sure: float
) -> dict[str, float]:
    """Probability of each decision as a whole; `route`: all of what an office needs at once."""
    share = odds[chosen.disposition] / sum(odds[label] for label in DISPOSITIONS)
    clauses = [odds[label] for label in chosen.clauses]
    patterns = [odds[label] for label in chosen.patterns]
    police = odds["police_referral"]
    return {
        "disposition": round(share, 3),
        "clauses": round(min(clauses, default=share), 3),
        "patterns": round(min(patterns, default=share), 3),
        "police_referral": round(police if chosen.police_referral else 1 - police, 3),
        "urgency": round(max(odds["immediate"], 1 - odds["immediate"]), 3),
        "jurisdiction": ruled.confidence["jurisdiction"],
        "targets": ruled.confidence["targets"],
        "route": round(sure, 3),
        **{label: round(odds[label], 3) for label in (*chosen.clauses, *chosen.patterns)},
    }


def _review_reasons(
    ruled: Classification, chosen: Choice, odds: Mapping[str, float], meaning: Meaning, sure: float
) -> tuple[str, ...]:
    """Why a person must look first; the rules' reasons about places stay, those about labels are decided anew."""
    reasons = []
    if chosen.disposition in _ACCUSING:
        reasons += list(_place_reasons(ruled))
    if chosen.is_guess and max(odds[label] for label in chosen.clauses) < _GUESS:
        reasons.append("no_clause")
    if sure < meaning.sureness.needed:
        kinds = sorted((odds[label] for label in DISPOSITIONS), reverse=True)
        close = kinds[1] > kinds[0] / 3 or chosen.disposition != "in_scope"
        reasons.append("unsure_disposition" if close else "unsure_clauses")
    return tuple(dict.fromkeys(reasons))


def _place_reasons(ruled: Classification) -> Iterable[str]:
    if ruled.jurisdiction == "unknown":
        yield "no_place"
    yield from (reason for reason in ruled.review_reasons if reason in {"several_places", "unsure_place"})


# ---------------------------------------------------------------- the words behind it


def _evidence(
    reading: Reading, ruled: Classification, chosen: Choice, opinion: Opinion, meaning: Meaning
) -> Iterable[Evidence]:
    """For every clause and pattern the citizen's own words: those that a rule found, else those that weigh most."""
    by_rule = {entry.label: entry for entry in ruled.evidence}
    for label in (*chosen.clauses, *chosen.patterns):
        found = by_rule.get(label) or _learned_evidence(reading, label, opinion, meaning)
        if found is not None:
            yield found


def _learned_evidence(reading: Reading, label: str, opinion: Opinion, meaning: Meaning) -> Evidence | None:
    cue = meaning.find_cue(opinion, label)
    if cue is None or cue.start >= cue.end:
        return None
    start, end = reading.normal.original_span(cue.start, cue.end)
    why = text(f"rules.{LEARNED}.why", "zh-CN", cue=cue.word)
    return Evidence(label, start, end, reading.text[start:end], why, f"{LEARNED}:{cue.word}")


def explain_opinion(reading: Reading, meaning: Meaning | None) -> list[dict[str, Any]]:
    """What the learned part thinks likely, most likely first; empty where it is switched off."""
    if meaning is None or reading.opinion is None or reading.ruled is None:
        return []
    opinion = reading.opinion
    odds = meaning.mix(opinion, rule_marks(reading.ruled), reading.grounds)
    likely = sorted((label for label in LABELS if odds[label] >= _LIKELY), key=lambda label: -odds[label])
    return [_explain_label(reading, label, opinion, meaning, odds[label]) for label in likely]


def _explain_label(
    reading: Reading, label: str, opinion: Opinion, meaning: Meaning, odds: float
) -> dict[str, Any]:
    cue = meaning.find_cue(opinion, label)
    start, end = reading.normal.original_span(cue.start, cue.end) if cue else (0, 0)
    return {
        "rule": LEARNED,
        "label": label,
        "log_odds": round(float(opinion.scores[LABELS.index(label)]), 2),
        "probability": round(odds, 3),
        "needed": round(meaning.thresholds[label], 3),
        "cue": cue.word if cue else "",
        "start": start,
        "end": end,
        "text": reading.text[start:end],
        "why": text(f"rules.{LEARNED}.why", "zh-CN", cue=cue.word) if cue else "",
    }


def labels_of(line: Mapping[str, object]) -> Sequence[float]:
    """A labelled tip's labels in the order of LABELS, 1 where they hold (for training and tests)."""
    said = {str(line["disposition"])}
    for name in ("clauses", "patterns", "subjects"):
        values = line[name]
        assert isinstance(values, list)  # noqa: S101 - shape of labelled tips, checked on reading
        said.update(map(str, values))
    said |= {name for name, holds in (
        ("police_referral", line["police_referral"]),
        ("immediate", line["urgency"] == "immediate"),
        ("pressing", line["urgency"] != "normal"),
    ) if holds}  # fmt: skip
    return [float(label in said) for label in LABELS]
