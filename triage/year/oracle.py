"""The oracle of `tipline bench year`: what all clocks and their steps must be, counted by somebody who trusts nobody.

Deliberately naive, day by day, and apart from the program: it reads `deadlines.yaml` and the calendar as plain text
files and shares no line with `config` or `triage`. What it says follows from what happened to a case (accepted,
assigned, returned …) and never from what the program noted about its own clocks.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import yaml

HERE = ZoneInfo("Asia/Shanghai")
ONE_DAY = timedelta(days=1)
SLACK = timedelta(minutes=3)
"""A worker that is awake takes a step within this time."""
OPENS, CLOSES, MIDNIGHT = time(9), time(17, 30), time(23, 59, 59)

# What happened to a case → the words that rules begin with.
BEGINS = {
    "accepted": "accepted", "assigned": "assigned", "returned": "returned", "disputed": "disputed",
    "extension_granted": "extension_granted", "result_approved": "result_approved", "answered": "answered",
    "review_opened": "review_asked", "supplement_asked": "supplement_asked", "redone": "redone",
    "found_elsewhere": "found_elsewhere", "telling_owed": "decided", "refused": "refused",
    "review_reopened": "reopened", "review_accepted": "accepted", "split_off": "split_off",
}  # fmt: skip
BEGINS_ON_TRACK = {
    ("police", "reported"): "crime_reported", ("police", "approved"): "referral_approved",
    ("police", "received"): "referral_received", ("police", "incomplete"): "referral_incomplete",
    ("police", "filed"): "police_filed", ("police", "not_filed"): "refusal_received",
    ("police", "reconsidering"): "reconsideration_asked", ("police", "refused_again"): "reconsideration_decided",
    ("penalty", "opened"): "penalty_opened", ("penalty", "decided"): "penalty_decided",
    ("reward", "notified"): "reward_notified", ("order", "received"): "hotline_received",
}  # fmt: skip
WATCHED = {"police", "reporter"}
# Act: from which states, to which. Written from the procedure.
WAY = {
    "case_opened": ("", "registered"), "accepted": ("registered", "accepted"), "refused": ("registered", "refused"),
    "transferred_out": ("registered accepted", "transferred"), "supplement_asked": ("registered", "needs_supplement"),
    "supplement_ended": ("needs_supplement", "registered"), "assigned": ("accepted assigned verifying", "assigned"),
    "verified_directly": ("accepted", "verifying"), "signed_for": ("assigned", "verifying"),
    "returned": ("assigned verifying", "accepted"), "extension_asked": ("verifying", "extension_pending"),
    "extension_granted": ("extension_pending", "verifying"), "extension_denied": ("extension_pending", "verifying"),
    "suspended": ("verifying", "suspended"), "resumed": ("suspended", "verifying"),
    "result_filed": ("verifying", "result_filed"), "result_sent_back": ("result_filed", "verifying"),
    "result_approved": ("result_filed", "answer_due"), "answered": ("answer_due", "answered"),
    "followed_up": ("answered", "closed"), "closed": ("answered", "closed"), "archived": ("closed", "archived"),
    "redone": ("answered", "verifying"), "review_opened": ("refused answered closed", "in_review"),
    "review_upheld": ("in_review", "closed"), "review_reopened": ("in_review", "verifying"),
    "review_accepted": ("in_review", "accepted"),
    "terminated": ("registered accepted assigned verifying suspended", "terminated"),
    "merged": ("registered accepted assigned verifying", "merged"), "split_off": ("merged", "registered"),
}  # fmt: skip
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that happened to a case."""

    kind: str
    at: datetime
    by: int | None
    data: Mapping[str, Any]


class Wall:
    """A calendar on the wall; years after the last notice are guessed from the law's own holidays."""

    def __init__(self, file: Path, *, last_year: int) -> None:
        """Read the notices up to and including `last_year`."""
        years = yaml.safe_load(file.read_text(encoding="utf-8"))["years"]
        self.last_year = min(last_year, max(years))
        self._off: set[date] = set()
        self._worked: set[date] = set()
        for year in range(min(years), self.last_year + 1):
            self._off |= {day for run in years[year]["holidays"].values() for day in _run(year, run)}
            self._worked |= {day for run in years[year]["make_up_working_days"] for day in _run(year, run)}

    def is_open(self, day: date) -> bool:
        """Whether people are at work."""
        if day.year > self.last_year:
            return day.weekday() < 5 and day not in _guess(day.year)
        return day not in self._off and (day.weekday() < 5 or day in self._worked)

    def open_days(self, day: date, number: int) -> date:
        """So many open days on, or back where negative."""
        while number:
            day += ONE_DAY if number > 0 else -ONE_DAY
            if self.is_open(day):
                number += -1 if number > 0 else 1
        return day

    def office_hour(self, moment: datetime) -> datetime:
        """The moment itself when people are at work, else when they come next."""
        local = moment.astimezone(HERE)
        day = local.date()
        while not self.is_open(day) or (day == local.date() and local.time() >= CLOSES):
            day += ONE_DAY
        return max(moment, datetime.combine(day, OPENS, HERE))


@cache
def _guess(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("CN", years=year))


def _run(year: int, words: str) -> Iterator[date]:
    first, _, last = str(words).partition("..")
    day = date.fromisoformat(f"{year}-{first}")
    while day <= date.fromisoformat(f"{year}-{last or first}"):
        yield day
        day += ONE_DAY


def count(
    rule: Mapping[str, Any],
    start: datetime,
    wall: Wall,
    *,
    days: int | None = None,
    stood: Sequence[tuple[datetime, datetime]] = (),
) -> datetime:
    """When a limit ends: tick off one day after the other."""
    left, unit = days or rule["limit"]["amount"], rule["limit"]["unit"]
    if unit == "hours":
        return start + timedelta(hours=left)
    day = start.astimezone(HERE).date()
    while left:
        day += ONE_DAY
        stands = any(
            halted.astimezone(HERE).date() < day <= resumed.astimezone(HERE).date()
            for halted, resumed in stood
        )
        if not stands and (unit == "natural_days" or wall.is_open(day)):
            left -= 1
    while rule.get("rolls") and not wall.is_open(day):
        day += ONE_DAY
    return datetime.combine(day, MIDNIGHT, HERE)


@dataclass(slots=True)
class Ticking:
    """One clock. `dues`: from when on which due time held; None while it stood."""

    rule: Mapping[str, Any]
    started: datetime
    since: datetime
    days: int | None = None
    dues: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    stood: list[tuple[datetime, datetime]] = field(default_factory=list)
    ended: datetime | None = None

    @property
    def due(self) -> datetime | None:
        """The due time that holds now."""
        return self.dues[-1][1]

    def runs(self, moment: datetime) -> bool:
        """Whether it has not ended by then."""
        return self.ended is None or self.ended > moment


@dataclass(frozen=True, slots=True)
class Born:
    """How a case began. `conditional`: rules of its birth that hold for some cases only, where they do."""

    registered: datetime
    conditional: frozenset[str]


@dataclass(frozen=True, slots=True)
class Oracle:
    """Rules, both calendars, when the later notice came, and when nobody watched the clocks."""

    rules: Sequence[Mapping[str, Any]]
    before: Wall
    after: Wall
    notice: datetime
    outages: Sequence[tuple[datetime, datetime]]

    def tell_clocks(
        self, said: Iterable[Said], born: Born, ends: Mapping[Key, datetime | None]
    ) -> dict[Key, Ticking]:
        """All clocks of a case, from what happened to it. `ends`: when each was met or dropped."""
        clocks: dict[Key, Ticking] = {}
        asked, has_shifted, is_appointed = None, False, False
        for one in said:
            if one.at >= self.notice and not has_shifted:
                self._shift(clocks)
                has_shifted = True
            if one.kind == "review_asked":
                asked = one.at
            if one.kind == "appointed":
                is_appointed = True
                clocks = {
                    key: clock for key, clock in clocks.items() if (key[0], clock.started) != ("D08", one.at)
                }
            since = asked if one.kind == "review_opened" and one.by is None and asked else one.at
            for word in _begins(one):
                for rule in self._rules_of(word, since, born):
                    if is_appointed and rule["id"] == "D08":
                        continue  # an appointed office has no right to give a case back
                    at = born.registered if word == "registered" else since
                    self._start(clocks, rule, at, one, ends, born)
            self._halt(clocks, one)
        if not has_shifted:
            self._shift(clocks)
        return clocks

    def _rules_of(self, word: str, at: datetime, born: Born) -> list[Mapping[str, Any]]:
        day = at.astimezone(HERE).date()
        return [
            rule
            for rule in self.rules
            if word in rule["start_events"]
            and rule.get("is_on", True)
            and rule["in_force_from"] <= day <= rule.get("in_force_to", date.max)
            and (not rule.get("only_some") or rule["id"] in born.conditional)
        ]

    def _wall(self, moment: datetime) -> Wall:
        return self.after if moment >= self.notice else self.before

    def _start(
        self,
        clocks: dict[Key, Ticking],
        rule: Mapping[str, Any],
        at: datetime,
        one: Said,
        ends: Mapping[Key, datetime | None],
        born: Born,
    ) -> None:
        key = (rule["id"], sum(name == rule["id"] for name, _ in clocks) + 1)
        since, days = at, None
        if one.kind == "found_elsewhere":
            since = born.registered
        if one.kind == "extension_granted":
            since = max(clock.due for (name, _), clock in clocks.items() if name == "D10" and clock.due)
            days = one.data["days"]
        clock = Ticking(rule, at, since, days, ended=ends.get(key))
        clock.dues.append((one.at, count(rule, since, self._wall(one.at), days=days)))
        clocks[key] = clock

    def _halt(self, clocks: dict[Key, Ticking], one: Said) -> None:
        why = {"supplement_asked": "supplement", "suspended": one.data.get("why")}.get(one.kind)
        for clock in clocks.values():
            if not clock.runs(one.at):
                continue
            if why in clock.rule.get("pauses", ()) and clock.due and clock.due >= one.at:
                clock.dues.append((one.at, None))
            elif one.kind in {"supplement_ended", "resumed"} and clock.due is None:
                clock.stood.append((clock.dues[-1][0], one.at))
                self._count_again(clock, one.at)

    def _shift(self, clocks: dict[Key, Ticking]) -> None:
        """The notice came: what runs and was not missed is counted again."""
        for clock in clocks.values():
            if clock.runs(self.notice) and clock.due and clock.due >= self.notice:
                self._count_again(clock, self.notice)

    def _count_again(self, clock: Ticking, at: datetime) -> None:
        due = count(clock.rule, clock.since, self._wall(at), days=clock.days, stood=clock.stood)
        if due != clock.due:
            clock.dues.append((at, due))

    # ------------------------------------------------------------ the ladder

    def tell_steps(
        self, clock: Ticking, *, is_urgent: bool, until: datetime
    ) -> list[tuple[str, datetime, bool]]:
        """Each step that must have happened: its kind, its first possible moment, and whether that is certain.

        Not certain is what falls together with the clock's own end.
        """
        if clock.rule["role"] in WATCHED or clock.rule.get("is_window"):
            return []
        steps = []
        for place, (since, due) in enumerate(clock.dues):
            if due is None:
                continue
            end = clock.dues[place + 1][0] if place + 1 < len(clock.dues) else clock.ended or until
            begun = clock.started if place == 0 else since
            owed = [
                (kind, self._first_chance(kind, max(moment, since), due, is_urgent=is_urgent))
                for kind, moment in self._moments(clock.rule, begun, due, since)
            ]
            steps += [(kind, first, first < end - SLACK) for kind, first in owed if first < end + SLACK]
        return sorted(steps, key=lambda step: step[1])

    def _moments(
        self, rule: Mapping[str, Any], begun: datetime, due: datetime, since: datetime
    ) -> list[tuple[str, datetime]]:
        """The steps of one due time. Where the notice comes between, those after it are by the new calendar."""
        steps = [*_ladder(rule, begun, due, self._wall(since))]
        if since < self.notice <= due:
            taken = [step for step in steps if step[1] < self.notice]
            again = [*_ladder(rule, begun, due, self.after)]
            passed = sum(moment <= self.notice for _, moment in again)
            return taken + again[max(len(taken), passed) :]
        rungs = reversed([*_ladder(rule, begun, due, self.after)])
        pairs = zip(reversed(steps), rungs, strict=False)
        return [new if old[1] >= self.notice else old for old, new in pairs]

    def _first_chance(self, kind: str, moment: datetime, due: datetime, *, is_urgent: bool) -> datetime:
        """When somebody could take it at the earliest: in office hours unless it is urgent, with a worker awake."""
        if kind == "deadline_breached" or is_urgent:
            return self._awake(moment)
        first = moment
        while first != (later := self._awake(self._wall(first).office_hour(first))):
            first = later
        # A warning that still waits for the office is noted with the missed limit itself.
        return min(first, self._awake(due)) if kind == "deadline_warned" else first

    def _awake(self, moment: datetime) -> datetime:
        return next((up for down, up in self.outages if down <= moment < up), moment)


def _ladder(
    rule: Mapping[str, Any], begun: datetime, due: datetime, wall: Wall
) -> Iterator[tuple[str, datetime]]:
    day = due.astimezone(HERE).date()
    for moment in sorted({_before(due, span, wall) for span in rule.get("warn", ())}):
        if begun < moment < due:
            yield "deadline_warned", moment
    yield "deadline_breached", due
    for rung in rule.get("ladder", ()):
        amount, unit = rung["after"]["amount"], rung["after"]["unit"]
        if unit == "hours":
            yield "deadline_escalated", due + timedelta(hours=amount)
        else:
            last = wall.open_days(day, amount) if unit == "working_days" else day + amount * ONE_DAY
            yield "deadline_escalated", max(due, datetime.combine(last, OPENS, HERE))


def _before(due: datetime, span: Mapping[str, Any], wall: Wall) -> datetime:
    if span["unit"] == "hours":
        return due - timedelta(hours=span["amount"])
    day = due.astimezone(HERE).date()
    is_working = span["unit"] == "working_days"
    day = wall.open_days(day, -span["amount"]) if is_working else day - span["amount"] * ONE_DAY
    return datetime.combine(day, OPENS, HERE)


def _begins(one: Said) -> list[str]:
    if one.kind == "case_opened":
        return ["registered"]
    if one.kind == "track_advanced":
        word = BEGINS_ON_TRACK.get((one.data["track"], one.data["step"]))
        return [word] if word else []
    return [BEGINS[one.kind]] if one.kind in BEGINS else []


def read_rules(file: Path) -> list[Mapping[str, Any]]:
    """The rules as they stand in the file."""
    return [_mark(rule) for rule in yaml.safe_load(file.read_text(encoding="utf-8"))["rules"]]


def _mark(rule: dict[str, Any]) -> dict[str, Any]:
    """Urgent screening is for urgent tips only."""
    return rule | {"only_some": rule["id"] == "D02"}


def walk_states(said: Iterable[Said]) -> tuple[str, list[str]]:
    """Where a case must stand after all that happened to it, and each act that its state did not allow."""
    state, wrong = "", []
    for one in said:
        if one.kind in WAY:
            origins, to = WAY[one.kind]
            if state not in (origins.split() or [""]):
                wrong.append(f"{one.kind} from {state or 'nothing'}")
            state = to
    return state, wrong


def walk_offices(said: Iterable[Said]) -> list[tuple[datetime, str]]:
    """From when on which office had the case."""
    way = []
    for one in said:
        if one.kind in {"case_opened", "returned", "verified_directly", "split_off"}:
            way.append((one.at, "city"))
        elif one.kind == "assigned":
            way.append((one.at, one.data["office"]))
    return way
