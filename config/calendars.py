"""Working days in China: weekends, the State Council's holidays, and weekends worked in exchange for them.

Pure. A `Calendar` knows the years of its file for certain. Later years are estimated from the statutory
holidays alone, since make-up working days are only known once the yearly notice is out (usually November).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache

import holidays

_LAST_YEAR_OF_LUNAR_TABLES = 2099
ONE_DAY = timedelta(days=1)


class CalendarYearError(LookupError):
    """No calendar covers this year, and it cannot be estimated."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """`days_off`: holidays with their name (a word of `rules.holiday.`); `made_up`: weekend days worked for them."""

    version: str
    first_year: int
    last_year: int
    days_off: Mapping[date, str] = field(repr=False)
    made_up: frozenset[date] = field(repr=False)

    def covers(self, year: int) -> bool:
        """Whether the notice of that year is known."""
        return self.first_year <= year <= self.last_year

    def is_estimate(self, day: date) -> bool:
        """Whether what is said of this day may still change.

        The last week of the last year is open too: the next notice may still move days around New Year.
        """
        return day.year > self.last_year or day >= date(self.last_year, 12, 25)

    def find_holiday(self, day: date) -> str | None:
        """Name of the holiday on this day; None on all other days. Raises CalendarYearError."""
        self._check_year(day)
        if day.year <= self.last_year:
            return self.days_off.get(day)
        return "statutory" if day in _estimate_holidays(day.year) else None

    def is_made_up(self, day: date) -> bool:
        """Whether it is a weekend day worked in exchange for a holiday."""
        return day in self.made_up

    def is_working_day(self, day: date) -> bool:
        """Whether offices are open. Raises CalendarYearError."""
        if self.find_holiday(day) is not None:
            return False
        return day.weekday() < 5 or day in self.made_up

    def add_working_days(self, day: date, number: int) -> date:
        """The `number`-th working day after `day`, or before it where negative; 0 is the day itself."""
        step = ONE_DAY if number >= 0 else -ONE_DAY
        left = abs(number)
        while left:
            day += step
            left -= self.is_working_day(day)
        return day

    def next_working_day(self, day: date) -> date:
        """The day itself if offices are open, else the first day on which they are again."""
        while not self.is_working_day(day):
            day += ONE_DAY
        return day

    def previous_working_day(self, day: date) -> date:
        """The day itself if offices are open, else the last day on which they were."""
        while not self.is_working_day(day):
            day -= ONE_DAY
        return day

    def count_working_days(self, after: date, until: date) -> int:
        """Working days after the one and up to and including the other."""
        return sum(self.is_working_day(day) for day in list_days(after + ONE_DAY, until))

    def _check_year(self, day: date) -> None:
        if not self.first_year <= day.year <= _LAST_YEAR_OF_LUNAR_TABLES:
            message = f"no calendar for {day.year}: working days are known from {self.first_year}"
            raise CalendarYearError(message)


def list_days(first: date, last: date) -> Iterator[date]:
    """All days from the one to the other, both included; none where they are in the wrong order."""
    for step in range((last - first).days + 1):
        yield first + step * ONE_DAY


@cache
def _estimate_holidays(year: int) -> frozenset[date]:
    """Statutory holidays (全国年节及纪念日放假办法) of a year whose notice is not known."""
    return frozenset(holidays.country_holidays("CN", years=year))
