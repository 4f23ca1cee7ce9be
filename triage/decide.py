"""The decision: from weighed signals to labels, confidence and the reasons for asking a person.

Words and weights come from the rules; the conditions of `labels.md` (who is accused, what is left open, what
outranks what) stand here, one small function each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from config.patterns import CLAUSES, PatternBook, Rule, Says
from triage.cues import CueFinder
from triage.reading import Classification, Evidence, Reading, Signal
from triage.scene import BODIES, SPOKEN_AT, Scene

_SUBJECT_OF = {
    "3.1": "training_institution",
    "3.2": "exam_institution",
    "3.3": "exam_site",
    "3.4": "business_unit",
}
_PATTERNS = (
    "pass_guarantee", "exam_cheating", "certificate_reselling", "collusion", "overcharging", "fake_certificate",
)  # fmt: skip
_NEARLY = 0.45
# What an advertisement offers; a text that alleges anything else is no advertisement.
_SOLD = {"3.1.3", "3.1.4", "5.4"}


@dataclass(slots=True)
class _Case:
    """What is being put together for one tip."""

    clauses: dict[str, tuple[Rule, Signal]] = field(default_factory=dict)
    patterns: dict[str, tuple[Rule, Signal]] = field(default_factory=dict)
    police: bool = False
    is_guess: bool = False

    def add(self, rule: Rule, signal: Signal, says: Says) -> None:
        if says.clause:
            self.clauses.setdefault(says.clause, (rule, signal))
        if says.pattern:
            self.patterns.setdefault(says.pattern, (rule, signal))


class Decider:
    """Puts the labels together."""

    def __init__(self, book: PatternBook, finder: CueFinder, *, version: str) -> None:
        """`finder` must have been built from the same book; `version` is written into every answer."""
        self._book = book
        self._finder = finder
        self._version = version

    def decide(self, reading: Reading) -> Classification:
        """The classification of a reading whose other parts are filled in."""
        assert reading.hits is not None  # noqa: S101 - the pipeline's order, not a wish of the caller
        scene = Scene(self._book, self._finder, reading, reading.hits)
        reading.grounds = scene.grounds
        case = self._allegations(scene)
        disposition, certainty = self._disposition(scene, case)
        if disposition != "in_scope":
            case = _Case()
        urgency = self._urgency(scene, case, disposition)
        subjects = _subjects(scene, case, disposition)
        confidence = self._confidence(scene, case, certainty)
        return Classification(
            disposition=disposition,
            subjects=subjects,
            clauses=tuple(clause for clause in CLAUSES if clause in case.clauses),
            patterns=tuple(pattern for pattern in _PATTERNS if pattern in case.patterns),
            police_referral=case.police,
            urgency=urgency,
            jurisdiction=reading.place.jurisdiction,
            targets=reading.targets if disposition not in {"consultation", "not_actionable"} else (),
            evidence=tuple(_evidence(reading, case)),
            confidence=confidence,
            review_reasons=tuple(_review_reasons(scene, case, disposition, confidence)),
            facts=reading.facts,
            rules_version=self._version,
        )

    # ------------------------------------------------------------ what is alleged

    def _allegations(self, scene: Scene) -> _Case:
        case = _Case()
        allegations = [rule for rule in self._book.rules if rule.kind == "allegation"]
        for rule in allegations:
            if scene.speaks(rule.id):
                self._allege(scene, case, rule)
        if not case.clauses and not case.patterns and scene.is_ours and not scene.asks_only:
            self._allege_weakly(scene, case, allegations)
        _settle_training(scene, case)
        _settle_cheating(scene, case)
        _settle_certificates(scene, case)
        return case

    def _allege_weakly(self, scene: Scene, case: _Case, rules: Iterable[Rule]) -> None:
        """Where nothing is said outright but the matter is ours, the rule that comes nearest speaks, unsurely."""
        nearest = max(rules, key=lambda rule: scene.strength(rule.id))
        if scene.strength(nearest.id) >= _NEARLY:
            self._allege(scene, case, nearest)
            case.police = False
            case.is_guess = True

    def _allege(self, scene: Scene, case: _Case, rule: Rule) -> None:
        signal = scene.best(rule.id)
        if rule.needs_body and not scene.has(rule.needs_body):
            return
        if rule.body is not None and not scene.may_accuse(rule.body, signal):
            return
        for says in rule.says:
            if says.high_risk is not None and says.high_risk != scene.is_high_risk:
                continue
            if says.body and scene.choose_body(says, rule, signal) not in says.body:
                continue
            case.add(rule, signal, says)
        case.police = case.police or rule.police

    # ------------------------------------------------------------ disposition

    def _disposition(self, scene: Scene, case: _Case) -> tuple[str, float]:
        """The most serious kind that the text supports, and how sure that is."""
        if (frame := self._frame(scene, case)) is not None:
            return frame
        if case.is_guess:
            return "in_scope", 0.55
        if case.clauses or case.patterns:
            return "in_scope", 0.93 if scene.kind("allegation") >= 1.9 else 0.8
        return self._without_allegation(scene)

    def _frame(self, scene: Scene, case: _Case) -> tuple[str, float] | None:
        """What the whole text is, where that outweighs the words in it."""
        if scene.speaks("retraction") and not scene.words("report_again"):
            return "not_actionable", 0.6
        if scene.is_advertisement and set(case.clauses) <= _SOLD:
            return "not_actionable", 0.65
        if scene.is_warning:
            return "not_actionable", 0.7
        return ("consultation", 0.65) if scene.only_wonders else None

    def _without_allegation(self, scene: Scene) -> tuple[str, float]:
        grievance, question = scene.kind("grievance"), scene.kind("question")
        if scene.asks_only and question >= scene.kind("hazard"):
            return "consultation", 0.85 if grievance < SPOKEN_AT and scene.asks_enough else 0.6
        if scene.kind("hazard") >= SPOKEN_AT:
            return "other_safety", 0.85 if grievance < SPOKEN_AT else 0.7
        if grievance >= SPOKEN_AT:
            return "other_department", 0.85 if question < SPOKEN_AT else 0.7
        if scene.kind("noise") >= SPOKEN_AT and not scene.words("report_again"):
            return "not_actionable", 0.85
        return self._by_topic(scene, question)

    def _by_topic(self, scene: Scene, question: float) -> tuple[str, float]:
        """No rule spoke: what is the text about at least? Nobody should rely on it."""
        if scene.is_foreign:
            return "in_scope", 0.4
        if scene.has_little_text:
            return "not_actionable", 0.7 if question < SPOKEN_AT else 0.5
        asks = question >= SPOKEN_AT and not scene.words("report_again")
        dangers = scene.words("hazard_words")
        ladder = (
            (asks and scene.asks_enough, "consultation", 0.65),
            (dangers >= 2 and dangers >= scene.words("our_topic_sure"), "other_safety", 0.55),
            (scene.is_ours and scene.only_denials, "not_actionable", 0.5),
            (scene.is_ours, "in_scope", 0.5),
            (asks, "consultation", 0.5),
            (dangers > 0 and scene.has("business_unit"), "other_safety", 0.45),
            (scene.tells_something, "other_department", 0.5),
        )
        return next(((kind, sure) for holds, kind, sure in ladder if holds), ("not_actionable", 0.5))

    # ------------------------------------------------------------ urgency, confidence

    def _urgency(self, scene: Scene, case: _Case, disposition: str) -> str:
        if disposition not in {"in_scope", "other_safety"}:
            return "normal"
        if scene.is_immediate(disposition, case.clauses, case.patterns):
            return "immediate"
        at_work = "3.4.3" in case.clauses and not scene.words("no_longer")
        return "high" if case.police or at_work else "normal"

    def _confidence(self, scene: Scene, case: _Case, certainty: float) -> dict[str, float]:
        """How often such decisions were right on labelled tips that the rules were not written from."""
        clauses = min(certainty, _clause_certainty(scene, case))
        return {
            "disposition": round(certainty, 2),
            "clauses": round(clauses, 2),
            "patterns": round(clauses, 2),
            "police_referral": round(min(certainty, clauses + 0.1), 2),
            "urgency": 0.75,
            "jurisdiction": round(scene.reading.place.confidence, 2),
            "targets": 0.75,
        }


def _clause_certainty(scene: Scene, case: _Case) -> float:
    """One cue alone may mislead, and where many clauses are said one of them is often too many."""
    if case.is_guess:
        return 0.3
    if not case.clauses:
        return 0.95
    if len(case.clauses) > 2:
        return 0.5
    return 0.8 if scene.kind("allegation") >= 1.9 else 0.6


def _settle_training(scene: Scene, case: _Case) -> None:
    """“Never any training” is 3.4.1; of new, moved or managing staff it is said once, as 3.4.5 or 3.4.4."""
    if "3.4.1" not in case.clauses:
        return
    if {"3.4.4", "3.4.5"} & set(case.clauses) and not scene.words("training_plan"):
        del case.clauses["3.4.1"]
    elif "3.4.5" in case.clauses and not scene.words("new_staff") and not scene.words("manager"):
        del case.clauses["3.4.5"]


def _settle_cheating(scene: Scene, case: _Case) -> None:
    """Cheating is 3.1.4 of the training side or a middleman, 3.3.6 of the exam side; both where both are at fault."""
    if "exam_cheating" not in case.patterns:
        return
    rule, signal = case.patterns["exam_cheating"]
    outside_help = any(scene.speaks(name) for name in ("exam-cheating-substitute", "exam-cheating-device"))
    if "3.3.6" in case.clauses and not outside_help:
        return
    if scene.has_training_body or scene.words("seller"):
        case.clauses.setdefault("3.1.4", (rule, signal))
    elif "3.3.6" not in case.clauses:
        case.clauses["3.3.6" if scene.has("exam_site") or scene.has("exam_institution") else "3.1.4"] = (
            rule,
            signal,
        )


def _settle_certificates(scene: Scene, case: _Case) -> None:
    """Real or false left open is both; a firm that buys false ones from a seller is 3.4.3 and 5.4."""
    resold = case.patterns.get("certificate_reselling")
    genuine = scene.speaks("said-to-be-genuine")
    if resold and not genuine and "5.4" not in case.clauses and "fake_certificate" not in case.patterns:
        if not scene.has_training_body and not scene.has("exam_site"):
            case.clauses.setdefault("5.4", resold)
            case.patterns.setdefault("fake_certificate", resold)
    elif resold and "5.4" in case.clauses and genuine and not scene.words("fake_words"):
        case.clauses.pop("5.4")
        case.patterns.pop("fake_certificate", None)
    elif resold and "5.4" in case.clauses and not genuine:
        del case.patterns["certificate_reselling"]
        if case.clauses.get("3.1.4", (None, None))[0] is resold[0]:
            del case.clauses["3.1.4"]
    if resold and "pass_guarantee" in case.patterns and not scene.words("pass_words"):
        # “Pay and the certificate comes” is the sale itself, not a promise to pass an exam.
        del case.patterns["pass_guarantee"]
    used = scene.speaks("fake-certificate-used") and "3.4.3" in case.clauses
    if used and scene.speaks("bulk-purchase") and "5.4" not in case.clauses:
        case.clauses["5.4"] = case.clauses["3.4.3"]
        case.police = True


def _subjects(scene: Scene, case: _Case, disposition: str) -> tuple[str, ...]:
    found = {_SUBJECT_OF[clause[:3]] for clause in case.clauses if clause[:3] in _SUBJECT_OF}
    if "training_institution" in found and not scene.has_training_body:
        found.discard("training_institution")
    if "exam_site" in found and scene.has("exam_institution") and scene.names_only_rooms():
        found = (found - {"exam_site"}) | {"exam_institution"}
    if disposition == "other_safety" and (scene.has("business_unit") or scene.reading.targets):
        found = {"business_unit"}
    if disposition == "other_department":
        if scene.speaks("grievance-pay"):
            found = {"business_unit"}
        if scene.has_training_body and scene.words("our_exam"):
            found = {"training_institution"}
    return tuple(body for body in BODIES if body in found)


def _evidence(reading: Reading, case: _Case) -> Iterable[Evidence]:
    for label, (rule, signal) in [*case.clauses.items(), *case.patterns.items()]:
        start, end = reading.normal.original_span(signal.start, signal.end)
        yield Evidence(label, start, end, reading.text[start:end], rule.sentence.zh, rule.id)


def _review_reasons(
    scene: Scene, case: _Case, disposition: str, confidence: Mapping[str, float]
) -> Iterable[str]:
    reading = scene.reading
    if scene.is_foreign:
        yield "not_chinese"
    if confidence["disposition"] < 0.7:
        yield "unsure_disposition"
    if disposition == "in_scope" and (not case.clauses or case.is_guess):
        yield "no_clause"
    if disposition in {"in_scope", "other_safety"}:
        if reading.place.jurisdiction == "unknown":
            yield "no_place"
        elif len(reading.place.offices) > 1:
            yield "several_places"
        elif reading.place.confidence < 0.6:
            yield "unsure_place"
    if case.clauses and not case.is_guess and confidence["clauses"] < 0.65:
        yield "unsure_clauses"
