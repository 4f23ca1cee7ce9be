"""Working days in China: weekends, the State Council's holidays, and weekends worked in exchange for them.

Pure. A `Calendar` knows the years of its file for certain. Later years are estimated from the statutory
holidays alone, since make-up working days are only known once the yearly notice is out (usually November).
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")
"""The time that people in Luohe live by: for showing moments and for counting days."""

_LAST_YEAR_OF_LUNAR_TABLES = 2099
DAY = timedelta(days=1)


class DayKind(StrEnum):
    """What kind of day it is; the values are words of `deadlines.day.`."""

    WORKING = "working"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKE_UP = "make_up"


class UncoveredYearError(LookupError):
    """No calendar covers this year, and it cannot be estimated."""


@dataclass(frozen=True, slots=True)
class YearDays:
    """The notice of one year by days. `days_off`: holidays by name; `made_up`: weekend days worked for them."""

    year: int
    days_off: Mapping[date, str]
    made_up: frozenset[date]


@dataclass(frozen=True, slots=True)
class Calendar:
    """`days_off`: holidays by name, a word of `deadlines.holiday.`; `made_up`: weekend days worked for them."""

    version: str
    first_year: int
    last_year: int
    days_off: Mapping[date, str] = field(repr=False)
    made_up: frozenset[date] = field(repr=False)

    @classmethod
    def of_days(
        cls, name: str, first_year: int, last_year: int, days_off: Mapping[date, str], made_up: Iterable[date]
    ) -> "Calendar":
        """The calendar of these days; its version changes with any of them."""
        worked = frozenset(made_up)
        said = ";".join(",".join(f"{day}" for day in sorted(days)) for days in (days_off, worked))
        digest = hashlib.sha256(said.encode()).hexdigest()[:8]
        return cls(
            f"{name}-{last_year}-{digest}", first_year, last_year, MappingProxyType(dict(days_off)), worked
        )

    def with_years(self, years: Iterable[YearDays]) -> "Calendar":
        """The same calendar, where these years are as their notices say. They follow ours without a gap."""
        off, worked, last = dict(self.days_off), set(self.made_up), self.last_year
        for entry in years:
            off = {day: name for day, name in off.items() if day.year != entry.year} | dict(entry.days_off)
            worked = {day for day in worked if day.year != entry.year} | entry.made_up
            last = max(last, entry.year)
        return Calendar.of_days(self.version.partition("-")[0], self.first_year, last, off, worked)

    def year_days(self, year: int) -> YearDays:
        """What is known of a year."""
        off = {day: name for day, name in self.days_off.items() if day.year == year}
        return YearDays(year, MappingProxyType(off), frozenset(d for d in self.made_up if d.year == year))

    def covers(self, year: int) -> bool:
        """Whether the notice of that year is known."""
        return self.first_year <= year <= self.last_year

    def is_estimate(self, day: date) -> bool:
        """Whether what is said of this day may still change.

        The last week of the last year is open too: the next notice may still move days around New Year.
        """
        return day.year > self.last_year or day >= date(self.last_year, 12, 25)

    def find_holiday(self, day: date) -> str | None:
        """Name of the holiday on this day; None on all other days. Raises UncoveredYearError."""
        self._check_year(day)
        if day.year <= self.last_year:
            return self.days_off.get(day)
        return "statutory" if day in _estimate_holidays(day.year) else None

    def kind_of(self, day: date) -> DayKind:
        """Why offices are open or closed on this day. Raises UncoveredYearError."""
        if self.find_holiday(day) is not None:
            return DayKind.HOLIDAY
        if day in self.made_up:
            return DayKind.MAKE_UP
        return DayKind.WORKING if day.weekday() < 5 else DayKind.WEEKEND

    def is_working_day(self, day: date) -> bool:
        """Whether offices are open. Raises UncoveredYearError."""
        return self.kind_of(day) in {DayKind.WORKING, DayKind.MAKE_UP}

    def add_working_days(self, day: date, number: int) -> date:
        """The `number`-th working day after `day`, or before it where negative; 0 is the day itself."""
        step = DAY if number >= 0 else -DAY
        left = abs(number)
        while left:
            day += step
            left -= self.is_working_day(day)
        return day

    def next_working_day(self, day: date) -> date:
        """The day itself if offices are open, else the first day on which they are again."""
        while not self.is_working_day(day):
            day += DAY
        return day

    def previous_working_day(self, day: date) -> date:
        """The day itself if offices are open, else the last day on which they were."""
        while not self.is_working_day(day):
            day -= DAY
        return day

    def count_working_days(self, after: date, until: date) -> int:
        """Working days after the one and up to and including the other."""
        return sum(self.is_working_day(day) for day in list_days(after + DAY, until))

    def _check_year(self, day: date) -> None:
        if not self.first_year <= day.year <= _LAST_YEAR_OF_LUNAR_TABLES:
            message = f"no calendar for {day.year}: working days are known from {self.first_year}"
            raise UncoveredYearError(message)


def day_of(moment: datetime) -> date:
    """The day in Luohe on which a moment falls."""
    return moment.astimezone(LOCAL).date()


def list_days(first: date, last: date) -> Iterator[date]:
    """All days from the one to the other, both included; none where they are in the wrong order."""
    for step in range((last - first).days + 1):
        yield first + step * DAY


@cache
def list_statutory_days(year: int) -> frozenset[date]:
    """The days that the regulation itself makes holidays (全国年节及纪念日放假办法 art. 2), wherever they fall."""
    import holidays

    named = holidays.country_holidays("CN", years=year).items()
    return frozenset(day for day, name in named if "observed" not in name)


@cache
def _estimate_holidays(year: int) -> frozenset[date]:
    """Statutory holidays (全国年节及纪念日放假办法) of a year whose notice is not known."""
    import holidays  # it takes a fifth of a second, and most programs never count that far

    return frozenset(holidays.country_holidays("CN", years=year))
