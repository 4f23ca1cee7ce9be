"""Counting time: when a clock runs out, why, whom it warns, and what is left of it. Pure.

Days: the first day is not counted (民法典 art. 201), the last ends at 24:00; where the rule rolls, a last day
that is not worked moves on to the next that is (art. 203). Hours run from the very moment (art. 201).
A day's limit is stored as its last second, 23:59:59 in Luohe.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from config.calendars import DAY, Calendar, DayKind
from config.clock import LOCAL
from config.deadlines import DeadlineRule, Span, Unit
from config.text import LOCALES, format_date, format_day, text

LAST_SECOND = time(23, 59, 59, tzinfo=LOCAL)
OFFICE_OPENS = time(9, 0, tzinfo=LOCAL)
OFFICE_CLOSES = time(17, 30, tzinfo=LOCAL)


@dataclass(frozen=True, slots=True)
class Due:
    """When a clock runs out, and the sentences from which anybody can count it again."""

    due_at: datetime
    is_estimate: bool
    sentence_zh: str
    sentence_en: str
    rule_version: str
    calendar_version: str


class StepKind(StrEnum):
    """What happens at a step of the ladder."""

    WARN = "warn"
    BREACH = "breach"
    ESCALATE = "escalate"


@dataclass(frozen=True, slots=True)
class LadderStep:
    """One step: at this moment, this happens, and these people are told (by role)."""

    at: datetime
    kind: StepKind
    role: str


def compute_due(rule: DeadlineRule, started_at: datetime, *, calendar: Calendar) -> Due:
    """When a clock that started at an aware moment runs out. Raises UncoveredYearError."""
    due_at = add_span(started_at, rule.limit, calendar=calendar, rolls=rule.rolls)
    first, last = _day(started_at), _day(due_at)
    is_estimate = rule.limit.unit is not Unit.HOURS and not all(
        calendar.covers(year) for year in range(first.year, last.year + 1)
    )
    zh, en = (
        _explain(rule, started_at, due_at, is_estimate=is_estimate, calendar=calendar, locale=locale)
        for locale in LOCALES
    )
    return Due(due_at, is_estimate, zh, en, rule.version, calendar.version)


def add_span(moment: datetime, span: Span, *, calendar: Calendar, rolls: bool = False) -> datetime:
    """The moment that lies a span later: hours exactly, days at the end of the last one."""
    match span.unit:
        case Unit.HOURS:
            return moment + timedelta(hours=span.amount)
        case Unit.NATURAL_DAYS:
            last = _day(moment) + DAY * span.amount
            return _end_of(calendar.next_working_day(last) if rolls else last)
        case Unit.WORKING_DAYS:
            return _end_of(calendar.add_working_days(_day(moment), span.amount))


def ladder_of(
    rule: DeadlineRule, *, started_at: datetime, due_at: datetime, calendar: Calendar
) -> list[LadderStep]:
    """All steps of a clock in order: warnings, the limit, and the rungs after it was missed."""
    warnings = [
        LadderStep(at, StepKind.WARN, rule.role) for at in _warnings(rule, started_at, due_at, calendar)
    ]
    rungs = [
        LadderStep(_after(due_at, rung.after, calendar), StepKind.ESCALATE, rung.role) for rung in rule.ladder
    ]
    return [*warnings, LadderStep(due_at, StepKind.BREACH, rule.role), *rungs]


def next_office_hour(moment: datetime, *, calendar: Calendar) -> datetime:
    """The moment itself when offices work, else when they open next."""
    local = moment.astimezone(LOCAL)
    if calendar.is_working_day(local.date()) and local.timetz() < OFFICE_CLOSES:
        return max(moment, datetime.combine(local.date(), OFFICE_OPENS))
    return datetime.combine(calendar.next_working_day(local.date() + DAY), OFFICE_OPENS)


def describe_remaining(
    due_at: datetime, *, now: datetime, unit: Unit, calendar: Calendar, locale: str
) -> str:
    """What is left, as people say it: 剩 2 个工作日, 今天到期, 超期 3 天."""
    if now > due_at:
        return _describe_late(now - due_at, locale)
    today, last = _day(now), _day(due_at)
    if unit is Unit.HOURS:
        minutes = int((due_at - now).total_seconds() // 60)
        part, count = ("minutes", minutes) if minutes < 60 else ("hours", minutes // 60)
    elif last == today:
        return text("deadlines.left.today", locale)
    elif unit is Unit.WORKING_DAYS:
        part, count = "working_days", calendar.count_working_days(today, last)
    else:
        part, count = "natural_days", (last - today).days
    return text(f"deadlines.left.{part}", locale, count=count)


def _describe_late(late: timedelta, locale: str) -> str:
    minutes = int(late.total_seconds() // 60)
    if minutes < 60:
        return text("deadlines.over.minutes", locale, count=max(minutes, 1))
    if minutes < 24 * 60:
        return text("deadlines.over.hours", locale, count=minutes // 60)
    return text("deadlines.over.days", locale, count=minutes // (24 * 60))


def _warnings(
    rule: DeadlineRule, started_at: datetime, due_at: datetime, calendar: Calendar
) -> list[datetime]:
    """Moments of warning, earliest first; those that lie before the start fall away."""
    moments = {_before(due_at, span, calendar) for span in rule.warn}
    return sorted(moment for moment in moments if started_at < moment < due_at)


def _before(due_at: datetime, span: Span, calendar: Calendar) -> datetime:
    if span.unit is Unit.HOURS:
        return due_at - timedelta(hours=span.amount)
    day = _day(due_at)
    for _ in range(span.amount):
        day -= DAY
        while span.unit is Unit.WORKING_DAYS and not calendar.is_working_day(day):
            day -= DAY
    return datetime.combine(day, OFFICE_OPENS)


def _after(due_at: datetime, span: Span, calendar: Calendar) -> datetime:
    """A rung in days comes in the morning of its day, not at midnight."""
    moment = add_span(due_at, span, calendar=calendar)
    return moment if span.unit is Unit.HOURS else datetime.combine(_day(moment), OFFICE_OPENS)


def _explain(
    rule: DeadlineRule,
    started_at: datetime,
    due_at: datetime,
    *,
    is_estimate: bool,
    calendar: Calendar,
    locale: str,
) -> str:
    said = {
        "name": rule.name.say(locale),
        "start": rule.start.say(locale),
        "source": rule.source.say(locale),
        "started": format_date(started_at, locale),
        "amount": rule.limit.amount,
    }
    if rule.limit.unit is Unit.HOURS:
        return text("deadlines.hours", locale, due=format_date(due_at, locale), **said)
    first, last = _day(started_at), _day(due_at)
    counted = [first + DAY * n for n in range(1, (last - first).days + 1)]
    unrolled = first + DAY * rule.limit.amount
    is_rolled = rule.limit.unit is Unit.NATURAL_DAYS and unrolled != last
    sentence = text(
        "deadlines.days",
        locale,
        unit=text(f"deadlines.unit.{rule.limit.unit}", locale),
        skipped=_list_days("skipped", _skipped(rule, counted, calendar), locale),
        made_up=_list_days("made_up", _made_up(rule, counted, calendar), locale),
        last=format_day(due_at, locale),
        rolled=text("deadlines.rolled", locale, day=format_day(_end_of(unrolled), locale))
        if is_rolled
        else "",
        estimate=text("deadlines.estimate", locale, year=last.year) if is_estimate else "",
        **said,
    )
    return sentence.strip()


def _skipped(rule: DeadlineRule, counted: list[date], calendar: Calendar) -> list[date]:
    is_rest: Callable[[date], bool] = lambda day: not calendar.is_working_day(day)  # noqa: E731 - named for reading
    return [day for day in counted if is_rest(day)] if rule.limit.unit is Unit.WORKING_DAYS else []


def _made_up(rule: DeadlineRule, counted: list[date], calendar: Calendar) -> list[date]:
    is_made_up = rule.limit.unit is Unit.WORKING_DAYS
    return [day for day in counted if calendar.kind_of(day) is DayKind.MAKE_UP] if is_made_up else []


def _list_days(key: str, days: list[date], locale: str) -> str:
    if not days:
        return ""
    joined = text("deadlines.joiner", locale).join(_name_run(run, locale) for run in _runs(days))
    return text(f"deadlines.{key}", locale, days=joined)


def _runs(days: Iterable[date]) -> list[tuple[date, date]]:
    """Neighbouring days joined: [(first, last), …]."""
    runs: list[tuple[date, date]] = []
    for day in days:
        if runs and day - runs[-1][1] == DAY:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _name_run(run: tuple[date, date], locale: str) -> str:
    first, last = (format_day(_end_of(day), locale) for day in run)
    return first if first == last else text("deadlines.run", locale, first=first, last=last)


def _day(moment: datetime) -> date:
    return moment.astimezone(LOCAL).date()


def _end_of(day: date) -> datetime:
    return datetime.combine(day, LAST_SECOND)
