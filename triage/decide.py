"""The decision: from weighed signals to labels, confidence and the reasons for asking a person.

Words and weights come from the rules; the conditions of `labels.md` (who is accused, what is left open, what
outranks what) stand here, one small function each.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import accumulate

from config.patterns import CLAUSES, Body, PatternBook, Rule, Says
from triage.cues import CueFinder, Hits
from triage.entities import LOCAL
from triage.normalise import SPACE_BREAK
from triage.reading import Classification, Evidence, Moment, Reading, Signal

_BODIES: tuple[Body, ...] = ("training_institution", "exam_institution", "exam_site", "business_unit")
_WORDS_OF: Mapping[Body, tuple[str, ...]] = {
    "training_institution": ("training_body",),
    "exam_institution": ("exam_institution",),
    "exam_site": ("exam_site",),
    "business_unit": ("business",),
}
_SUBJECT_OF = {
    "3.1": "training_institution",
    "3.2": "exam_institution",
    "3.3": "exam_site",
    "3.4": "business_unit",
}
_PATTERNS = (
    "pass_guarantee", "exam_cheating", "certificate_reselling", "collusion", "overcharging", "fake_certificate",
)  # fmt: skip
_SPOKEN_AT = 0.95
_NEARLY = 0.45


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
        scene = _Scene(self._book, self._finder, reading, reading.hits)
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
            review_reasons=tuple(_review_reasons(reading, case, disposition, confidence)),
            facts=reading.facts,
            rules_version=self._version,
        )

    # ------------------------------------------------------------ what is alleged

    def _allegations(self, scene: "_Scene") -> _Case:
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

    def _allege_weakly(self, scene: "_Scene", case: _Case, rules: Iterable[Rule]) -> None:
        """Where nothing is said outright but the matter is ours, the rule that comes nearest speaks, unsurely."""
        nearest = max(rules, key=lambda rule: scene.strength(rule.id))
        if scene.strength(nearest.id) >= _NEARLY:
            self._allege(scene, case, nearest)
            case.police = False
            case.is_guess = True

    def _allege(self, scene: "_Scene", case: _Case, rule: Rule) -> None:
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

    def _disposition(self, scene: "_Scene", case: _Case) -> tuple[str, float]:
        """The most serious kind that the text supports, and how sure that is."""
        if scene.speaks("retraction") and scene.words("report_again") == 0:
            return "not_actionable", 0.6
        if scene.is_advertisement and set(case.clauses) <= {"3.1.4", "5.4", "3.1.3"}:
            return "not_actionable", 0.8
        if scene.is_warning:
            return "not_actionable", 0.7
        if scene.only_wonders:
            return "consultation", 0.65
        if case.is_guess:
            return "in_scope", 0.55
        if case.clauses or case.patterns:
            return "in_scope", 0.93 if scene.kind("allegation") >= 1.9 or scene.frame("reporting") else 0.75
        return self._without_allegation(scene)

    def _without_allegation(self, scene: "_Scene") -> tuple[str, float]:
        grievance, question = scene.kind("grievance"), scene.kind("question")
        if scene.asks_only and question >= scene.kind("hazard"):
            return "consultation", 0.85 if grievance < _SPOKEN_AT else 0.65
        if scene.kind("hazard") >= _SPOKEN_AT:
            return "other_safety", 0.85 if grievance < _SPOKEN_AT else 0.7
        if grievance >= _SPOKEN_AT:
            return "other_department", 0.85 if question < _SPOKEN_AT else 0.7
        if scene.kind("noise") >= _SPOKEN_AT and not scene.words("report_again"):
            return "not_actionable", 0.85
        return self._by_topic(scene, question)

    def _by_topic(self, scene: "_Scene", question: float) -> tuple[str, float]:
        """No rule spoke: what is the text about at least?"""
        if scene.has_little_text:
            return "not_actionable", 0.7 if question < _SPOKEN_AT else 0.5
        if question >= _SPOKEN_AT and not scene.words("report_again"):
            return "consultation", 0.75
        if scene.words("hazard_words") >= 2 and scene.words("hazard_words") >= scene.words("our_topic_sure"):
            return "other_safety", 0.55
        if scene.is_ours:
            return ("not_actionable", 0.5) if scene.only_denials else ("in_scope", 0.5)
        if scene.words("hazard_words") and scene.has("business_unit"):
            return "other_safety", 0.45
        return ("other_department", 0.5) if scene.tells_something else ("not_actionable", 0.5)

    # ------------------------------------------------------------ urgency, confidence

    def _urgency(self, scene: "_Scene", case: _Case, disposition: str) -> str:
        if disposition not in {"in_scope", "other_safety"}:
            return "normal"
        if scene.is_immediate(disposition, case):
            return "immediate"
        at_work = "3.4.3" in case.clauses and not scene.words("no_longer")
        return "high" if case.police or at_work else "normal"

    def _confidence(self, scene: "_Scene", case: _Case, certainty: float) -> dict[str, float]:
        strengths = [signal.strength for _, signal in case.clauses.values()]
        clauses = 0.85 if strengths and min(strengths) >= 1 else 0.6 if strengths else certainty
        return {
            "disposition": round(certainty, 2),
            "clauses": round(min(clauses, certainty), 2),
            "patterns": round(min(0.85, certainty), 2),
            "police_referral": round(min(0.9, certainty + 0.05), 2),
            "urgency": 0.85,
            "jurisdiction": round(scene.reading.place.confidence, 2),
            "targets": 0.8 if scene.reading.targets else 0.7,
        }


class _Scene:
    """Questions that the decision asks about one reading."""

    def __init__(self, book: PatternBook, finder: CueFinder, reading: Reading, hits: Hits) -> None:
        self.reading = reading
        self._book = book
        self._finder = finder
        self._hits = hits
        self._signals: dict[str, list[Signal]] = defaultdict(list)
        for signal in reading.signals:
            self._signals[signal.rule].append(signal)
        self._mentions = {body: self._places_of(body) for body in _BODIES}

    def _places_of(self, body: Body) -> list[tuple[int, int]]:
        return [span for words in _WORDS_OF[body] for span in self._finder.named(words, self._hits)]

    def words(self, name: str) -> int:
        """How many words of a list stand in the text."""
        return len(self._finder.named(name, self._hits))

    def strength(self, rule: str) -> float:
        """What all cues of a rule weigh together, each cue counted once."""
        best: dict[str, float] = {}
        for signal in self._signals.get(rule, ()):
            best[signal.cue] = max(best.get(signal.cue, 0.0), signal.strength)
        return sum(best.values())

    def mass(self, rule: str) -> float:
        """What all places where a rule speaks weigh together."""
        return sum(signal.strength for signal in self._signals.get(rule, ()))

    def speaks(self, rule: str) -> bool:
        return self.strength(rule) >= self._book.by_id[rule].threshold * _SPOKEN_AT

    def best(self, rule: str) -> Signal:
        return max(self._signals[rule], key=lambda signal: (signal.strength, signal.end - signal.start))

    def frame(self, rule: str) -> float:
        return float(len(self._signals.get(rule, ())))

    def kind(self, kind: str) -> float:
        return sum(self.strength(rule.id) for rule in self._book.rules if rule.kind == kind)

    # ---------------------------------------------------------- who is accused

    def has(self, body: Body) -> bool:
        return bool(self._mentions[body])

    @property
    def has_training_body(self) -> bool:
        """Whether a body that runs classes is spoken of, by its kind or by its name."""
        return self.words("training_body_strong") > 0 or any(
            name.endswith(("安全培训", "培训", "安培", "学校", "学堂")) for name in self.reading.targets
        )

    @property
    def names_nobody(self) -> bool:
        return not any(self._mentions.values())

    def distance(self, body: Body, signal: Signal) -> int:
        """How far the nearest mention of a body is from a signal; one that follows counts as farther."""
        best = 10_000
        for start, end in self._mentions[body]:
            gap = (
                0
                if start < signal.end and signal.start < end
                else max(signal.start - end, start - signal.end)
            )
            best = min(best, gap if start <= signal.start else gap + 8)
        return best

    def may_accuse(self, body: Body, signal: Signal) -> bool:
        """Whether a rule about this body can be meant here."""
        if body in {"exam_institution", "exam_site"}:
            exam = min(self.distance("exam_institution", signal), self.distance("exam_site", signal))
            return exam < 10_000 or not self.has("business_unit")
        if body == "business_unit":
            return self._is_about_a_firm(signal)
        return self._is_about_training(signal)

    def _is_about_a_firm(self, signal: Signal) -> bool:
        if not self.has("business_unit"):
            return not self.has_training_body and not self.has("exam_site")
        if not self.has_training_body:
            return True
        strong = self._finder.named("training_body_strong", self._hits)
        gaps = (max(signal.start - end, start - signal.end) for start, end in strong)
        # A training body inside the words themselves (“没请培训机构”) is not the accused.
        nearest = min((gap for gap in gaps if gap > 0), default=10_000)
        return self.distance("business_unit", signal) <= nearest + 4

    def _is_about_training(self, signal: Signal) -> bool:
        if self.words("seller") and not self.has("business_unit"):
            return True
        if self.names_nobody:
            return True
        if not self.has("training_institution"):
            return False
        if self.has("business_unit") and not self.has_training_body:
            return False
        exam = min(self.distance("exam_institution", signal), self.distance("exam_site", signal))
        return self.distance("training_institution", signal) <= exam + 12

    def choose_body(self, says: Says, rule: Rule, signal: Signal) -> Body:
        """Of the bodies that a rule tells apart, the one that is meant; a bare 考场 is the site."""
        institution, site = self.distance("exam_institution", signal), self.distance("exam_site", signal)
        if institution == 10_000:
            return "exam_site"
        if site == 10_000 or self._only_rooms():
            return "exam_institution"
        return "exam_institution" if institution <= site + 6 else "exam_site"

    def _only_rooms(self) -> bool:
        """Whether the site is only named as a room of the institution (考场, 考试的时候), not as a 考点."""
        text = self.reading.normal.text
        return not any("点" in text[s:e] or "基地" in text[s:e] for s, e in self._mentions["exam_site"])

    @property
    def is_high_risk(self) -> bool:
        return self.words("high_risk") > 0

    # ---------------------------------------------------------- the frame of the whole

    @property
    def has_little_text(self) -> bool:
        return sum("\u4e00" <= char <= "\u9fff" for char in self.reading.normal.text) < 8

    @property
    def is_advertisement(self) -> bool:
        """The seller speaks himself: his words are there, and nobody who tells of him is."""
        if self.words("report_again") or self.frame("reporting") or len(self.reading.normal.text) > 200:
            return False
        return self.mass("advertisement") >= 1.0

    @property
    def is_warning(self) -> bool:
        return self.mass("warning") >= 2.0 and not self.words("report_again") and not self.words("personal")

    @property
    def asks_only(self) -> bool:
        """A question and no report: he says that he asks, or a good part of the clauses ask."""
        if self.words("report_again") or self.words("grievance_sure") or self.kind("question") < _SPOKEN_AT:
            return False
        if self.words("explicit_ask"):
            return self.kind("question") >= 0.5 * self.words("narrative")
        return self._asking_share >= 0.34

    @property
    def _asking_share(self) -> float:
        breaks = self.reading.normal.breaks
        numbers = list(accumulate(int(strength >= SPACE_BREAK) for strength in breaks))
        asking = {
            numbers[signal.start]
            for rule in self._book.rules
            if rule.kind == "question"
            for signal in self._signals.get(rule.id, ())
        }
        return len(asking) / (numbers[-1] + 1) if numbers else 0.0

    @property
    def only_denials(self) -> bool:
        """Every fraud that is named is said not to happen."""
        named = [
            signal
            for rule in self._book.rules
            if rule.kind == "allegation"
            for signal in self._signals.get(rule.id, ())
        ]
        return bool(named) and all(signal.frame == "denial" for signal in named)

    @property
    def only_wonders(self) -> bool:
        """A short question that tells nothing, whatever fraud it names."""
        return (
            self.asks_only
            and len(self.reading.normal.text) < 60
            and not self.words("narrative")
            and not self.words("rhetorical")
            and self.kind("allegation") < 2 <= self.kind("question")
        )

    @property
    def is_ours(self) -> bool:
        """Whether the matter is training, exams or certificates of work safety."""
        return self.words("our_topic_sure") > 0 and not (
            self.words("other_exam") > self.words("our_topic_sure")
        )

    @property
    def tells_something(self) -> bool:
        return self.frame("reporting") > 0 or self.words("personal") > 0

    # ---------------------------------------------------------- time

    def is_immediate(self, disposition: str, case: _Case) -> bool:
        if any(self.speaks(rule) for rule in ("moment-evidence", "moment-threat")):
            return True
        if self.speaks("moment-danger") and (disposition == "other_safety" or "3.4.3" in case.clauses):
            return True
        about_exam = self.has("exam_site") or self.has("exam_institution") or "exam_cheating" in case.patterns
        if disposition != "in_scope":
            return False
        return self.speaks("moment-exam") or (about_exam and self._exam_is_near())

    def _exam_is_near(self) -> bool:
        """Whether the text speaks of an exam on a day within 48 hours, and not of one that is over."""
        received = self.reading.received_at
        if received is None:
            return False
        today = received.astimezone(LOCAL).date()
        exams = self._finder.named("exam_event", self._hits)
        return any(
            timedelta(0) <= moment.day - today <= timedelta(days=2)
            and any(self._hits.same_sentence(min(s, moment.start), max(e, moment.end)) for s, e in exams)
            and not self._is_over(moment, is_today=moment.day == today)
            for moment in self.reading.moments
        )

    def _is_over(self, moment: Moment, *, is_today: bool) -> bool:
        """“今天上午考完” is past; of today only what is still to come counts."""
        around = self.reading.normal.text[max(0, moment.start - 6) : moment.end + 16]
        if any(word in around for word in self._book.words("over")):
            return True
        return is_today and not any(word in around for word in self._book.words("to_come"))


def _settle_training(scene: _Scene, case: _Case) -> None:
    """“Never any training” is 3.4.1; of new, moved or managing staff it is said once, as 3.4.5 or 3.4.4."""
    if "3.4.1" in case.clauses and ("3.4.5" in case.clauses or "3.4.4" in case.clauses):
        if not scene.words("training_plan"):
            del case.clauses["3.4.1"]
    if "3.4.5" in case.clauses and "3.4.1" in case.clauses and not scene.words("new_staff"):
        if case.clauses["3.4.5"][0].id == "staff-untrained":
            del case.clauses["3.4.5"]


def _settle_cheating(scene: _Scene, case: _Case) -> None:
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


def _settle_certificates(scene: _Scene, case: _Case) -> None:
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


def _subjects(scene: _Scene, case: _Case, disposition: str) -> tuple[str, ...]:
    found = {_SUBJECT_OF[clause[:3]] for clause in case.clauses if clause[:3] in _SUBJECT_OF}
    if "training_institution" in found and not scene.has_training_body:
        found.discard("training_institution")
    if "exam_site" in found and scene.has("exam_institution") and scene._only_rooms():  # noqa: SLF001
        found = (found - {"exam_site"}) | {"exam_institution"}
    if disposition == "other_safety" and (scene.has("business_unit") or scene.reading.targets):
        found = {"business_unit"}
    if disposition == "other_department":
        if scene.speaks("grievance-pay"):
            found = {"business_unit"}
        if scene.has_training_body and scene.words("our_exam"):
            found = {"training_institution"}
    return tuple(body for body in _BODIES if body in found)


def _evidence(reading: Reading, case: _Case) -> Iterable[Evidence]:
    for label, (rule, signal) in [*case.clauses.items(), *case.patterns.items()]:
        start, end = reading.normal.original_span(signal.start, signal.end)
        yield Evidence(label, start, end, reading.text[start:end], rule.sentence.zh, rule.id)


def _review_reasons(
    reading: Reading, case: _Case, disposition: str, confidence: Mapping[str, float]
) -> Iterable[str]:
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
    if len(case.clauses) > 4:
        yield "many_clauses"
