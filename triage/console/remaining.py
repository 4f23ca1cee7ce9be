"""How much time is left, in the words people use: “剩 2 个工作日”, “今天到期”, “超期 3 天”. Pure.

Days are days of the calendar in Luohe: what is due tomorrow has one day left, at whatever hour one looks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from config.clock import LOCAL


class Tone(StrEnum):
    """How pressing it is; always shown together with the words."""

    LATE = "late"
    SOON = "soon"
    FINE = "fine"
    NONE = "none"


class Counting(StrEnum):
    """What a rule counts in."""

    WORKING_DAYS = "working_days"
    DAYS = "days"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Remaining:
    """`key`: text key under `console.left.`, with `number` in it."""

    tone: Tone
    key: str
    number: int = 0


NO_CLOCK = Remaining(Tone.NONE, "no_clock")
_SOON = {Counting.WORKING_DAYS: 1, Counting.DAYS: 3}
_LONGEST_COUNT = 400


def tell_remaining(
    due_at: datetime, *, counting: Counting, is_working_day: Callable[[date], bool], now: datetime
) -> Remaining:
    """What is left until `due_at`, or how long it has passed."""
    if now > due_at:
        return _tell_late(due_at, counting, is_working_day, now)
    today, due_day = _day(now), _day(due_at)
    minutes = int((due_at - now).total_seconds() // 60)
    if counting is Counting.HOURS and minutes < 60:
        return Remaining(Tone.SOON, "minutes", max(minutes, 1))
    if counting is Counting.HOURS and minutes < 48 * 60:
        return Remaining(Tone.SOON if minutes < 6 * 60 else Tone.FINE, "hours", minutes // 60)
    if today == due_day:
        return Remaining(Tone.SOON, "today")
    days = (due_day - today).days
    if counting is Counting.WORKING_DAYS and (working := count_working_days(today, due_day, is_working_day)):
        return Remaining(_tone(working, counting), "working_days", working)
    return Remaining(_tone(days, Counting.DAYS), "days", days)


def _tell_late(
    due_at: datetime, counting: Counting, is_working_day: Callable[[date], bool], now: datetime
) -> Remaining:
    today, due_day = _day(now), _day(due_at)
    days = (today - due_day).days
    if days == 0 or (counting is Counting.HOURS and now - due_at < timedelta(hours=48)):
        return Remaining(Tone.LATE, "late_hours", max(int((now - due_at).total_seconds() // 3600), 1))
    if counting is Counting.WORKING_DAYS and (working := count_working_days(due_day, today, is_working_day)):
        return Remaining(Tone.LATE, "late_working_days", working)
    return Remaining(Tone.LATE, "late_days", days)


def _tone(number: int, counting: Counting) -> Tone:
    return Tone.SOON if number <= _SOON[counting] else Tone.FINE


def count_working_days(after: date, until: date, is_working_day: Callable[[date], bool]) -> int:
    """Working days after the one and up to and including the other; the longest spans are cut."""
    span = min((until - after).days, _LONGEST_COUNT)
    return sum(is_working_day(after + timedelta(days=step)) for step in range(1, span + 1))


def _day(moment: datetime) -> date:
    return moment.astimezone(LOCAL).date()
