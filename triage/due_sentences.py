"""The sentence that explains a due time, so that a person with a wall calendar can count it again. Pure."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from itertools import groupby

from config.calendars import DAY, Calendar, DayKind, day_of, list_days
from config.deadlines import DeadlineRule, Unit
from config.text import format_date, format_day, format_month_day, text

Run = tuple[date, date, str]
"""First day, last day, and why they do not count."""
PAUSED = "deadlines.paused"


def explain_due(
    rule: DeadlineRule,
    started_at: datetime,
    due_at: datetime,
    *,
    is_estimate: bool,
    calendar: Calendar,
    locale: str,
    left_out: frozenset[date] = frozenset(),
) -> str:
    """Rule, start, what was counted and skipped and why, due time, source; and that it is an estimate if it is one."""
    said = {
        "name": rule.name.say(locale),
        "start": rule.start.say(locale),
        "source": rule.source.say(locale),
        "started": format_date(started_at, locale),
        "amount": rule.limit.amount,
    }
    if rule.limit.unit is Unit.HOURS:
        return text("deadlines.hours", locale, due=format_date(due_at, locale), **said)
    first, last = day_of(started_at), day_of(due_at)
    is_working = rule.limit.unit is Unit.WORKING_DAYS
    sentence = text(
        "deadlines.days",
        locale,
        unit=text(f"deadlines.unit.{rule.limit.unit}", locale, count=rule.limit.amount),
        counted=_tell_counted(first, last, calendar, locale, left_out)
        if is_working
        else _tell_left_out(first, last, locale, left_out),
        last=format_day(last, locale),
        ending="" if is_working else _tell_ending(rule, first, last, calendar, locale, left_out),
        estimate=text("deadlines.estimate", locale, year=calendar.last_year + 1) if is_estimate else "",
        **said,
    )
    return sentence.strip()


def add_natural_days(day: date, number: int, *, left_out: frozenset[date]) -> date:
    """The `number`-th day after `day` that counts."""
    if not left_out:
        return day + number * DAY
    while number:
        day += DAY
        number -= day not in left_out
    return day


def _tell_counted(first: date, last: date, calendar: Calendar, locale: str, left_out: frozenset[date]) -> str:
    """Which days between were skipped, with the reason, and which weekend days were counted all the same."""
    days = list(list_days(first + DAY, last))
    runs = _list_runs(days, lambda day: PAUSED if day in left_out else _reason(day, calendar))
    made_up = [
        format_month_day(day, locale)
        for day in days
        if day not in left_out and calendar.kind_of(day) is DayKind.MAKE_UP
    ]
    skipped = [_tell_run(run, locale) for run in runs]
    return _list("skipped", skipped, locale) + _list("made_up", made_up, locale)


def _tell_left_out(first: date, last: date, locale: str, left_out: frozenset[date]) -> str:
    """Of natural days only those are not counted on which the clock stood."""
    runs = _list_runs(list_days(first + DAY, last), lambda day: PAUSED if day in left_out else "")
    return _list("skipped", [_tell_run(run, locale) for run in runs], locale)


def _tell_ending(
    rule: DeadlineRule, first: date, last: date, calendar: Calendar, locale: str, left_out: frozenset[date]
) -> str:
    """Why the last day of natural days moved on, or why it did not although it is no ordinary working day."""
    unrolled = add_natural_days(first, rule.limit.amount, left_out=left_out)
    why = _reason(unrolled, calendar)
    if unrolled != last:
        return text("deadlines.rolled", locale, day=format_day(unrolled, locale), reason=text(why, locale))
    match calendar.kind_of(last):
        case DayKind.MAKE_UP:
            return text("deadlines.worked", locale) if rule.rolls else ""
        case DayKind.HOLIDAY | DayKind.WEEKEND:
            return text("deadlines.stays", locale, reason=text(why, locale))
        case DayKind.WORKING:
            return ""


def _list_runs(days: Iterable[date], reason_of: Callable[[date], str]) -> Iterator[Run]:
    """Neighbouring days with the same reason, joined; days without one fall away."""
    reasons = ((day, reason_of(day)) for day in days)
    for why, group in groupby(reasons, key=lambda pair: pair[1]):
        run = [day for day, _ in group]
        if why:
            yield run[0], run[-1], why


def _reason(day: date, calendar: Calendar) -> str:
    """Text key of why offices are closed; empty where they are open."""
    match calendar.kind_of(day):
        case DayKind.HOLIDAY:
            return f"deadlines.holiday.{calendar.find_holiday(day)}"
        case DayKind.WEEKEND:
            return "deadlines.weekend"
        case DayKind.WORKING | DayKind.MAKE_UP:
            return ""


def _tell_run(run: Run, locale: str) -> str:
    first, last = (format_month_day(day, locale) for day in run[:2])
    days = first if first == last else text("deadlines.run", locale, first=first, last=last)
    return text("deadlines.because", locale, days=days, reason=text(run[2], locale))


def _list(key: str, parts: list[str], locale: str) -> str:
    if not parts:
        return ""
    return text(f"deadlines.{key}", locale, days=text("deadlines.joiner", locale).join(parts))
