"""Counting time: when a clock runs out, why, whom it warns, and what is left of it. Pure.

Days: the first day is not counted (民法典 art. 201), the last ends at 24:00; where the rule rolls, a last day
that is not worked moves on to the next that is (art. 203). Hours run from the very moment (art. 201).
A day's limit is stored as its last second, 23:59:59 in Luohe.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from config.calendars import DAY, LOCAL, Calendar, day_of, list_days
from config.deadlines import DeadlineRule, Span, Unit
from config.text import LOCALES, text
from triage.due_sentences import add_natural_days, explain_due

LAST_SECOND = time(23, 59, 59, tzinfo=LOCAL)
OFFICE_OPENS = time(9, 0, tzinfo=LOCAL)
OFFICE_CLOSES = time(17, 30, tzinfo=LOCAL)

Stretch = tuple[datetime, datetime]
"""When a clock was halted, and when it went on."""


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


def compute_due(
    rule: DeadlineRule,
    started_at: datetime,
    *,
    calendar: Calendar,
    days: int | None = None,
    pauses: Sequence[Stretch] = (),
) -> Due:
    """When a clock that started at an aware moment runs out. Raises UncoveredYearError; ValueError if it is naive.

    `days`: as many as were granted, instead of the rule's own number; `pauses`: stretches in which it stood.
    """
    if started_at.tzinfo is None:
        message = "A clock cannot start at a moment without a time zone."
        raise ValueError(message)
    if days is not None:
        rule = rule.model_copy(update={"limit": Span(amount=days, unit=rule.limit.unit)})
    left_out = paused_days(pauses)
    due_at = add_span(started_at, rule.limit, calendar=calendar, rolls=rule.rolls, left_out=left_out)
    is_estimate = _depends_on_calendar(rule) and calendar.is_estimate(day_of(due_at))
    zh, en = (
        explain_due(
            rule,
            started_at,
            due_at,
            is_estimate=is_estimate,
            calendar=calendar,
            locale=locale,
            left_out=left_out,
        )
        for locale in LOCALES
    )
    return Due(due_at, is_estimate, zh, en, rule.stored_version, calendar.version)


def paused_days(pauses: Sequence[Stretch]) -> frozenset[date]:
    """The days that do not count: from the day after a clock was halted to the day on which it went on.

    So the day of either event is treated as 民法典 art. 201 treats every day of an event.
    """
    return frozenset(
        day for halted, resumed in pauses for day in list_days(day_of(halted) + DAY, day_of(resumed))
    )


def add_span(
    moment: datetime,
    span: Span,
    *,
    calendar: Calendar,
    rolls: bool = False,
    left_out: frozenset[date] = frozenset(),
) -> datetime:
    """The moment that lies a span later: hours exactly, days at the end of the last one; some days may not count."""
    match span.unit:
        case Unit.HOURS:
            return moment + timedelta(hours=span.amount)
        case Unit.NATURAL_DAYS:
            last = add_natural_days(day_of(moment), span.amount, left_out=left_out)
            return _end_of(calendar.next_working_day(last) if rolls else last)
        case Unit.WORKING_DAYS if left_out:
            return _end_of(_add_working_days(day_of(moment), span.amount, calendar, left_out))
        case Unit.WORKING_DAYS:
            return _end_of(calendar.add_working_days(day_of(moment), span.amount))


def _add_working_days(day: date, number: int, calendar: Calendar, left_out: frozenset[date]) -> date:
    while number:
        day += DAY
        number -= day not in left_out and calendar.is_working_day(day)
    return day


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
    rungs.sort(key=lambda rung: rung.at)
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
    today, last = day_of(now), day_of(due_at)
    if now > due_at:
        late_days = (today - last).days if unit is not Unit.HOURS else 0
        return _describe_late(now - due_at, late_days, locale)
    if unit is Unit.HOURS:
        minutes = int((due_at - now).total_seconds() // 60)
        part, count = ("minutes", max(minutes, 1)) if minutes < 60 else ("hours", minutes // 60)
    elif last == today:
        return text("deadlines.left.today", locale)
    elif unit is Unit.WORKING_DAYS:
        part, count = "working_days", calendar.count_working_days(today, last)
    else:
        part, count = "natural_days", (last - today).days
    return text(f"deadlines.left.{part}", locale, count=count)


def _describe_late(late: timedelta, days: int, locale: str) -> str:
    """Limits in days are late by days of the calendar, as people count; limits in hours by what has gone by."""
    minutes = int(late.total_seconds() // 60)
    if days or minutes >= 24 * 60:
        return text("deadlines.over.days", locale, count=days or minutes // (24 * 60))
    if minutes < 60:
        return text("deadlines.over.minutes", locale, count=max(minutes, 1))
    return text("deadlines.over.hours", locale, count=minutes // 60)


def _depends_on_calendar(rule: DeadlineRule) -> bool:
    """Whether another calendar could give another due time."""
    return rule.rolls or rule.limit.unit is Unit.WORKING_DAYS


def _warnings(
    rule: DeadlineRule, started_at: datetime, due_at: datetime, calendar: Calendar
) -> list[datetime]:
    """Moments of warning, earliest first; those that lie before the start fall away."""
    moments = {_before(due_at, span, calendar) for span in rule.warn}
    return sorted(moment for moment in moments if started_at < moment < due_at)


def _before(due_at: datetime, span: Span, calendar: Calendar) -> datetime:
    if span.unit is Unit.HOURS:
        return due_at - timedelta(hours=span.amount)
    due_day = day_of(due_at)
    if span.unit is Unit.WORKING_DAYS:
        return datetime.combine(calendar.add_working_days(due_day, -span.amount), OFFICE_OPENS)
    return datetime.combine(due_day - span.amount * DAY, OFFICE_OPENS)


def _after(due_at: datetime, span: Span, calendar: Calendar) -> datetime:
    """A rung in days comes in the morning of its day, not at midnight."""
    moment = add_span(due_at, span, calendar=calendar)
    if span.unit is not Unit.HOURS:
        moment = datetime.combine(day_of(moment), OFFICE_OPENS)
    return max(moment, due_at)


def _end_of(day: date) -> datetime:
    return datetime.combine(day, LAST_SECOND)
