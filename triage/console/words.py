"""Words for what is stored: offices, clauses, clocks. The one place that joins rule data and locale texts."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never

from config.calendars import day_of
from config.catalog import Catalog
from config.clock import LOCAL
from config.deadlines import DeadlineRule, Unit
from config.directive import Reference
from config.text import format_date, format_day, format_due, has_text, text
from models.case import NO_CLOCK, Case
from models.states import FindingKind
from triage.console.effects import Line
from triage.console.timeline import Entry, Voice
from triage.console.tone import Tone, tell_tone
from triage.deadlines import describe_remaining
from triage.judge import LEARNED
from triage.workflow import Refusal

NEAR_DAYS = 15
"""Within so many days, a limit in days is also told in working days: behind a holiday it is nearer than it looks."""
_CODES = (
    ("wechat_group", ("weixin.qq.com/g/", "work.weixin.qq.com/gm/", "work.weixin.qq.com/g/")),
    ("wechat", ("u.wechat.com/", "weixin.qq.com/", "wxp://", "work.weixin.qq.com/")),
    ("qq", ("qm.qq.com/", "jq.qq.com/", "qq.com/q/")),
    ("alipay", ("qr.alipay.com/",)),
    ("link", ("http://", "https://")),
)


def tell_code(payload: str) -> str:
    """What kind of thing a QR code holds: a text key below console.file.code."""
    start = payload.strip().casefold()
    bare = start.removeprefix("https://").removeprefix("http://")
    return next(
        (kind for kind, starts in _CODES if bare.startswith(starts) or start.startswith(starts)), "text"
    )


class Words:
    """Words in one language."""

    def __init__(self, catalog: Catalog, locale: str) -> None:
        self.catalog = catalog
        self.locale = locale

    def __call__(self, key: str, **values: object) -> str:
        """A text of the console."""
        return text(f"console.{key}", self.locale, **values)

    def text(self, key: str, **values: object) -> str:
        """A text of another area."""
        return text(key, self.locale, **values)

    def moment(self, moment: datetime) -> str:
        """Day and time in Luohe."""
        return format_date(moment, self.locale)

    def exact(self, moment: datetime) -> str:
        """To the second, with the zone in words."""
        day, time = format_day(moment, self.locale), f"{moment.astimezone(LOCAL):%H:%M:%S}"
        return self.text("case.history.exact", day=day, time=time)

    def due(self, moment: datetime) -> str:
        """A due time; a limit in days ends at 24:00."""
        return format_due(moment, self.locale)

    def short_day(self, moment: datetime) -> str:
        """3月5日, for narrow places."""
        local = moment.astimezone(LOCAL)
        return self("short_day", month=text(f"dates.month.{local.month}", self.locale), day=local.day)

    def list_day(self, moment: datetime, *, now: datetime) -> str:
        """A day in a narrow column: 3月5日 of this year, 2025年3月5日 of another."""
        local = moment.astimezone(LOCAL)
        key = "this_year" if local.year == now.astimezone(LOCAL).year else "day"
        month = text(f"lists.month.{local.month}", self.locale)
        return text(f"lists.{key}", self.locale, year=local.year, month=month, day=local.day)

    def state(self, kind: str, value: str) -> str:
        """The word for a stored value of a vocabulary."""
        return text(f"states.{kind}.{value}", self.locale)

    def office(self, office_id: str) -> str:
        """Name of an office, or of a place that has none."""
        office = self.catalog.offices.get(office_id)
        return (
            office.short_name[self.locale] if office else self.state("jurisdiction", office_id or "unknown")
        )

    def place(self, jurisdiction: str) -> str:
        """Name of a jurisdiction; the whole city is a place, not the desk that looks after it."""
        if jurisdiction in self.catalog.counties:
            return self.office(jurisdiction)
        return self.state("jurisdiction", jurisdiction or "unknown")

    def office_options(self) -> list[dict[str, str]]:
        """All offices, for a choice."""
        return [{"value": office_id, "label": self.office(office_id)} for office_id in self.catalog.offices]

    def county_options(self) -> list[dict[str, str]]:
        """The county and zone offices, for a choice."""
        return [{"value": office_id, "label": self.office(office_id)} for office_id in self.catalog.counties]

    def clause_options(self) -> list[dict[str, str]]:
        """All clauses, for a choice."""
        return [{"value": name, "label": f"{name} {self.clause(name)}"} for name in self.catalog.clauses]

    def clause(self, clause_id: str) -> str:
        """A clause in short words."""
        clause = self.catalog.clauses.get(clause_id)
        return clause.short(self.locale) if clause else clause_id

    def clauses(self, clause_ids: Sequence[str]) -> str:
        """The first clause, and how many there are beside it."""
        if not clause_ids:
            return self("list.no_clause")
        first = self.clause(clause_ids[0])
        return (
            first
            if len(clause_ids) == 1
            else self("list.clause_and_more", clause=first, count=len(clause_ids))
        )

    def finding(self, kind: FindingKind, value: str) -> str:
        """What a finding says."""
        match kind:
            case FindingKind.CLAUSE:
                return f"{value} {self.clause(value)}"
            case FindingKind.JURISDICTION:
                return self.place(value)
            case FindingKind.TARGET:
                return value
            case FindingKind.POLICE_REFERRAL:
                return self(f"finding.police.{value}")
            case FindingKind.DISPOSITION | FindingKind.SUBJECT | FindingKind.PATTERN | FindingKind.URGENCY:
                return self.state(kind, value)
            case _:
                assert_never(kind)

    def title(self, clause_id: str) -> str:
        """The full wording of a clause."""
        clause = self.catalog.clauses.get(clause_id)
        return clause.title(self.locale) if clause else clause_id

    def verified(self, clause_ids: Iterable[str]) -> str:
        """Which clauses a result verifies, or that it verifies none."""
        joiner = self("finding.joiner")
        named = joiner.join(f"{name} {self.clause(name)}" for name in clause_ids)
        return self("finding.verified", clauses=named or self("finding.no_clause_verified"))

    def judged(self, verdicts: Mapping[str, str]) -> str:
        """The verdict on each allegation."""
        return self("finding.joiner").join(
            self(
                "finding.judged",
                clause=f"{clause} {self.clause(clause)}",
                verdict=self.state("verdict", said),
            )
            for clause, said in verdicts.items()
        )

    def police_decided(self, value: str) -> str:
        """Whether a result calls the matter one for the police."""
        return self("finding.police_line", said=self(f"finding.police_decided.{value}"))

    def law(self, clause_id: str) -> list[str]:
        """The places in the law behind a clause."""
        clause = self.catalog.clauses.get(clause_id)
        return [self.reference(place) for place in clause.basis] if clause else []

    def consequences(self, clause_id: str) -> list[str]:
        """What may follow where a clause is proven, each with its place in the law."""
        clause = self.catalog.clauses.get(clause_id)
        sanctions = [(name, self.catalog.sanctions[name]) for name in (clause.sanctions if clause else ())]
        joiner = self.text("deadlines.joiner")
        return [
            self.text(
                "case.law.consequence",
                what=self.text(f"directive.sanction.{name}"),
                law=joiner.join(self.reference(place) for place in sanction.basis),
            )
            for name, sanction in sanctions
        ]

    def source(self, rule_id: str, *, now: datetime) -> str:
        """What a clock rests on: the place in the law, the analogy, or the bureau's own promise."""
        rule = self.rule(rule_id, now)
        if rule is None:
            return ""
        kind = self.text(f"oversight.rules.basis_of.{rule.basis}")
        return self.text("case.law.source", basis=kind, law=rule.source.say(self.locale))

    def reference(self, place: Reference) -> str:
        """《中华人民共和国安全生产法》第三十条; one that nobody has looked up says so."""
        law = self.catalog.laws[place.law]
        words = f"《{law.title}》{place.article}"
        is_unsure = place.checked == "memory" and place.article
        return self("finding.article_unchecked", place=words) if is_unsure else words

    def checks(self, clause_id: str) -> Sequence[str]:
        """What to look at on site for a clause."""
        clause = self.catalog.clauses.get(clause_id)
        return clause.checklist(self.locale) if clause else ()

    def why(self, entry: Mapping[str, Any]) -> str:
        """The machine's reason for a finding: the sentence of its rule, else what was stored with the evidence."""
        name, _, cue = str(entry.get("rule") or "").partition(":")
        if name == LEARNED:
            return text(f"rules.{LEARNED}.why", self.locale, cue=cue)
        rule = self.catalog.cues.by_id.get(name)
        if rule is None:
            return str(entry.get("why") or "")
        return rule.sentence.en if self.locale == "en" else rule.sentence.zh

    def file_quote(self, number: int, entry: Mapping[str, Any]) -> str:
        """附件1 图片文字：“…”: words that were read in an attachment, shown as words and never as a link."""
        source = self(f"file.source.{entry['source']}")
        return self("file.quote", number=number, source=source, words=str(entry.get("text") or ""))

    def code_kind(self, payload: str) -> str:
        """What a QR code leads to, as far as its address says."""
        return self(f"file.code.{tell_code(payload)}")

    def unread(self, key: str) -> str:
        """What of a file the machine could not read."""
        return self(f"file.unread.{key}")

    def review_reason(self, key: str) -> str:
        """Why a person must look at a tip."""
        known = f"rules.review.{key}"
        return text(known if has_text(known, self.locale) else "console.review.other", self.locale)

    def error(self, key: str, **values: object) -> str:
        """A sentence of the area errors."""
        return text(f"errors.{key}", self.locale, **values)

    def refusal(self, refusal: Refusal) -> str:
        """Why something cannot be done, as a sentence."""
        return self.error(self.refusal_key(refusal), **self.refusal_values(refusal))

    def refusal_key(self, refusal: Refusal) -> str:
        """Text key of a refusal under `errors.`."""
        return refusal.reason if "." in refusal.reason else f"move.{refusal.reason}"

    def refusal_values(self, refusal: Refusal) -> dict[str, str]:
        """The values of its sentence, in words."""
        return {name: self._value(name, value) for name, value in refusal.values.items()}

    def _value(self, name: str, value: str) -> str:
        match name:
            case "move":
                return self(f"move.{value}.button")
            case "state":
                return self.state("case", value)
            case "role" | "verdict":
                return self.state(name, value)
            case "track":
                return ", ".join(text(f"casework.track.{name}", self.locale) for name in value.split(", "))
            case "field":
                return self(f"field.{value}")
            case _:
                return value

    def effect(self, line: Line, *, now: datetime) -> str:
        """What a move does to a clock."""
        due = self.due(line.due_at) if line.due_at else ""
        return self(f"effect.{line.effect}", clock=self.clock(line.rule_id, now=now), due=due)

    def clock(self, rule_id: str, *, now: datetime | None) -> str:
        """Name of a clock."""
        rule = self.rule(rule_id, now)
        return rule.name.say(self.locale) if rule else rule_id

    def entry(self, entry: Entry) -> str:
        """One line of the history: who did what."""
        key = f"event.{entry.kind}" if has_text(f"console.event.{entry.kind}", self.locale) else "event.other"
        who = entry.who or self(
            f"timeline.{Voice.REPORTER if entry.voice is Voice.REPORTER else Voice.SYSTEM}"
        )
        return self("timeline.line", who=who, what=self(key, **self._facts(entry.facts)))

    def _facts(self, facts: Mapping[str, Any]) -> dict[str, str]:
        """Facts of an event in words; what a sentence does not ask for is left out by it."""
        due = facts.get("due")
        before = facts.get("before") if due else None  # of a decision it is what stood there
        return {
            "channel": self._known("channel", facts.get("channel")),
            "office": self.office(str(facts.get("office") or "")),
            "verdict": self._known("verdict", facts.get("verdict")),
            "code": str(facts.get("code") or ""),
            "solved": self._known("solved", facts.get("solved")),
            "score": str(facts.get("score") or ""),
            "number": str(facts.get("number") or ""),
            "finding": self._known("finding", facts.get("finding")),
            "rule": self.clock(str(facts.get("rule") or ""), now=None),
            "due": self.due(datetime.fromisoformat(due)) if due else "",
            "before": self.due(datetime.fromisoformat(before)) if before else "",
            "count": str(facts.get("count") or ""),
            "days": str(facts.get("days") or ""),
            "why": self._why(facts.get("why")),
            "how": self._why(facts.get("how")),
            "satisfaction": self._known("satisfaction", facts.get("satisfaction")),
            "step": self._step(facts),
        }

    def _why(self, key: object) -> str:
        return text(f"casework.kind.{key}", self.locale) if key else ""

    def _step(self, facts: Mapping[str, Any]) -> str:
        """The step of a side track."""
        if "track" not in facts or "step" not in facts:
            return ""
        track, step = facts["track"], facts["step"]
        return self.text(
            "casework.step_line",
            track=self.text(f"casework.track.{track}"),
            step=self.text(f"casework.step.{track}.{step}"),
        )

    def _known(self, kind: str, value: object) -> str:
        return self.state(kind, str(value)) if value else ""

    def notice_reason(self, reason: str) -> str:
        """Why a notice was not sent."""
        key = f"notices.reason.{reason}"
        return text(key, self.locale) if reason and has_text(key, self.locale) else reason

    def size(self, size: int) -> str:
        """3.4 MB, 12 KB."""
        return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(size // 1000, 1)} KB"

    def media(self, media_type: str) -> str:
        """Kind of a file."""
        main, _, rest = media_type.partition("/")
        kind = main if main in {"image", "audio", "video", "text"} else "pdf" if rest == "pdf" else "document"
        return self(f"file.kind.{kind}")

    def left(self, rule_id: str, due_at: datetime, *, now: datetime) -> tuple[str, Tone]:
        """What is left until a due time, in words, and how pressing it is."""
        rule = self.rule(rule_id, now)
        unit = rule.limit.unit if rule else Unit.NATURAL_DAYS
        calendar = self.catalog.calendar
        words = describe_remaining(due_at, now=now, unit=unit, calendar=calendar, locale=self.locale)
        return words, tell_tone(due_at, unit=unit, calendar=calendar, now=now)

    def left_of(self, case: Case, *, now: datetime) -> tuple[str, Tone | None]:
        """What is left until the nearest due time of a case; no tone where no clock runs."""
        if not case.is_open or case.next_due_at >= NO_CLOCK:
            return text("deadlines.none", self.locale), None
        return self.left(case.next_due_rule or "", case.next_due_at, now=now)

    def working_days_of(self, case: Case, *, now: datetime) -> str:
        """How many working days are within what is left, where the rule counts all days and the end is near."""
        rule = self.rule(case.next_due_rule or "", now)
        today, last = day_of(now), day_of(min(case.next_due_at, NO_CLOCK))
        is_near = case.is_open and case.next_due_at > now and 0 < (last - today).days <= NEAR_DAYS
        if not is_near or rule is None or rule.limit.unit is not Unit.NATURAL_DAYS:
            return ""
        return text("lists.working", self.locale, count=self.catalog.calendar.count_working_days(today, last))

    def rule(self, rule_id: str, now: datetime | None) -> DeadlineRule | None:
        """The rule in force now, else any version of it; None for one that is no more."""
        try:
            return self.catalog.deadline_in_force(rule_id, now) if now else self._any_version(rule_id)
        except LookupError:
            return self._any_version(rule_id)

    def _any_version(self, rule_id: str) -> DeadlineRule | None:
        return next((rule for rule in self.catalog.deadlines if rule.id == rule_id), None)
