"""What the decision asks about one tip: who is spoken of, who is accused, in what frame, and when.

In: a reading whose rules and context have run. Out: answers to small questions, each from the words of the text.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import timedelta
from itertools import accumulate

from config.patterns import Body, PatternBook, Rule, Says
from triage.cues import CueFinder, Hits
from triage.entities import LOCAL
from triage.normalise import SPACE_BREAK
from triage.reading import Moment, Reading, Signal

SPOKEN_AT = 0.95
FOREIGN_LETTERS = 30
# So long after its hour an exam may still go on.
_EXAM_HOURS = 2
_HOURS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
_CLOCK = re.compile(
    r"(?P<at>(?:(?P<digits>\d{1,2})|(?P<word>十[一二]?|[一二三四五六七八九两]))[点:](?P<half>半|30)?)"
)
_LATE = ("下午", "傍晚", "晚", "夜", "后晌")
BODIES: tuple[Body, ...] = ("training_institution", "exam_institution", "exam_site", "business_unit")
_WORDS_OF: Mapping[Body, tuple[str, ...]] = {
    "training_institution": ("training_body",),
    "exam_institution": ("exam_institution",),
    "exam_site": ("exam_site",),
    "business_unit": ("business",),
}


class Scene:
    """Questions that the decision asks about one reading."""

    def __init__(self, book: PatternBook, finder: CueFinder, reading: Reading, hits: Hits) -> None:
        self.reading = reading
        self._book = book
        self._finder = finder
        self._hits = hits
        self._signals: dict[str, list[Signal]] = defaultdict(list)
        for signal in reading.signals:
            self._signals[signal.rule].append(signal)
        self._mentions = {body: self._places_of(body) for body in BODIES}

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
        """Whether a rule says enough to be believed."""
        return self.strength(rule) >= self._book.by_id[rule].threshold * SPOKEN_AT

    def best(self, rule: str) -> Signal:
        """The strongest signal of a rule; of equals the longest."""
        return max(self._signals[rule], key=lambda signal: (signal.strength, signal.end - signal.start))

    def frame(self, rule: str) -> float:
        """In how many places a frame stands."""
        return float(len(self._signals.get(rule, ())))

    def kind(self, kind: str) -> float:
        """What all rules of a kind weigh together."""
        return sum(self.strength(rule.id) for rule in self._book.rules if rule.kind == kind)

    # ---------------------------------------------------------- who is accused

    def has(self, body: Body) -> bool:
        """Whether a kind of body is spoken of."""
        return bool(self._mentions[body])

    @property
    def has_training_body(self) -> bool:
        """Whether a body that runs classes is spoken of, by its kind or by its name."""
        return self.words("training_body_strong") > 0 or any(
            name.endswith(("安全培训", "培训", "安培", "学校", "学堂")) for name in self.reading.targets
        )

    @property
    def names_nobody(self) -> bool:
        """Whether no body of any kind is spoken of."""
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
        if site == 10_000 or self.names_only_rooms():
            return "exam_institution"
        return "exam_institution" if institution <= site + 6 else "exam_site"

    def names_only_rooms(self) -> bool:
        """Whether the site is only named as a room of the institution (考场, 考试的时候), not as a 考点."""
        text = self.reading.normal.text
        return not any("点" in text[s:e] or "基地" in text[s:e] for s, e in self._mentions["exam_site"])

    @property
    def is_high_risk(self) -> bool:
        """Whether the firm is of a high-risk industry (3.4.4)."""
        return self.words("high_risk") > 0

    # ---------------------------------------------------------- the frame of the whole

    @property
    def has_little_text(self) -> bool:
        """Hardly a word of Chinese."""
        return sum("\u4e00" <= char <= "\u9fff" for char in self.reading.normal.text) < 8

    @property
    def is_foreign(self) -> bool:
        """Written in another language: much text, hardly a word of Chinese. Nobody can say from cues what it tells."""
        letters = sum(char.isalpha() and not "\u4e00" <= char <= "\u9fff" for char in self.reading.text)
        return self.has_little_text and letters >= FOREIGN_LETTERS

    @property
    def is_advertisement(self) -> bool:
        """The seller speaks himself: his words are there, and nobody who tells of him is."""
        if self.words("report_again") or self.frame("reporting") or self.words("explicit_ask"):
            return False
        return self.mass("advertisement") >= 1.0

    @property
    def is_warning(self) -> bool:
        """An official word against fraud, which accuses nobody."""
        return self.mass("warning") >= 2.0 and not self.words("report_again") and not self.words("personal")

    @property
    def asks_only(self) -> bool:
        """A question and no report: he says that he asks, or a good part of the clauses ask."""
        if self.words("report_again") or self.words("grievance_sure") or self.kind("question") < SPOKEN_AT:
            return False
        if self.words("explicit_ask"):
            return self.kind("question") >= 0.5 * self.words("narrative") and self.asks_enough
        return self._asking_share >= 0.34

    @property
    def asks_enough(self) -> bool:
        """One question cue may stand in any long tale; a letter that asks asks more than once."""
        return self.kind("question") >= len(self.reading.normal.text) / 60

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
    def grounds(self) -> tuple[float, float]:
        """Whether training, exams, certificates or anything alleged is spoken of at all; whether another exam is."""
        bodies = any(self.has(body) for body in BODIES if body != "business_unit")
        ours = bodies or self.words("our_topic_sure") > 0 or self.kind("allegation") > 0
        return float(ours), float(self.words("other_exam") > 0)

    @property
    def tells_something(self) -> bool:
        """Whether somebody tells of something."""
        return self.frame("reporting") > 0 or self.words("personal") > 0

    # ---------------------------------------------------------- time

    def is_immediate(self, disposition: str, clauses: Collection[str], patterns: Collection[str]) -> bool:
        """Whether it cannot wait for office hours (labels: urgency)."""
        if any(self.speaks(rule) for rule in ("moment-evidence", "moment-threat")):
            return True
        if self.speaks("moment-danger") and (disposition == "other_safety" or "3.4.3" in clauses):
            return True
        about_exam = self.has("exam_site") or self.has("exam_institution") or "exam_cheating" in patterns
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
        """“今天上午考完” is past; of today only what is still to come counts, by its hour where one is told."""
        around = self.reading.normal.text[max(0, moment.start - 6) : moment.end + 16]
        if any(word in around for word in self._book.words("over")):
            return True
        if not is_today:
            return False
        hour = read_hour(self.reading.normal.text[moment.start : moment.end + 10])
        if hour is not None and self.reading.received_at is not None:
            received = self.reading.received_at.astimezone(LOCAL)
            return received.hour + received.minute / 60 > hour + _EXAM_HOURS
        return not any(word in around for word in self._book.words("to_come"))


def read_hour(text: str) -> float | None:
    """The hour of the day that a text names first, “下午三点半” as 15.5; none where it names none."""
    found = _CLOCK.search(text)
    if found is None:
        return None
    hour = (
        float(found["digits"]) if found["digits"] else _HOURS.index(found["word"].replace("两", "二")) + 1.0
    )
    late = any(word in text[: found.start("at")] for word in _LATE)
    return (hour + 12 if late and hour < 12 else hour) + (0.5 if found["half"] else 0)
