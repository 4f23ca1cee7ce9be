"""Shape of `calendars/*.yaml`, and the `Calendar` made from it."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from config.calendars import Calendar, list_days
from config.rulefile import CONFIG, Frozen, read_shape

_RUN = re.compile(r"(\d\d)-(\d\d)(?:\.\.(\d\d)-(\d\d))?")


def _run(value: str) -> str:
    if not _RUN.fullmatch(value):
        message = "write a day as 05-01, days in a row as 05-01..05-05"
        raise ValueError(message)
    return value


Run = Annotated[str, AfterValidator(_run)]


class Year(Frozen):
    """The State Council's notice for one year. `holidays`: days off by name, a word of `deadlines.holiday.`."""

    holidays: dict[str, Run] = Field(min_length=1)
    make_up_working_days: tuple[Run, ...]

    def list_holidays(self, year: int) -> Iterator[tuple[date, str]]:
        """Each day off with the name of its holiday. Raises ValueError for a day that does not exist."""
        for name, run in self.holidays.items():
            for day in _days(year, run):
                yield day, name

    def list_make_up_days(self, year: int) -> Iterator[date]:
        """Weekend days worked. Raises ValueError for a day that does not exist."""
        for run in self.make_up_working_days:
            yield from _days(year, run)


class CalendarFile(Frozen):
    """`calendars/*.yaml`."""

    id: str
    why: str
    source: str
    years: dict[int, Year] = Field(min_length=1)

    @model_validator(mode="after")
    def _sound(self) -> "CalendarFile":
        first, last = min(self.years), max(self.years)
        if missing := sorted(set(range(first, last + 1)) - set(self.years)):
            message = f"the year {missing[0]} is missing between {first} and {last}"
            raise ValueError(message)
        for year, notice in self.years.items():
            _check_year(year, notice)
        return self

    def make_calendar(self) -> Calendar:
        """The calendar that these notices make; its version changes with any of its days."""
        days_off = {
            day: name for year, notice in self.years.items() for day, name in notice.list_holidays(year)
        }
        make_up = frozenset(
            day for year, notice in self.years.items() for day in notice.list_make_up_days(year)
        )
        return Calendar.of_days(self.id, min(self.years), max(self.years), days_off, make_up)


def _check_year(year: int, notice: Year) -> None:
    listed = list(notice.list_holidays(year))
    off = dict(listed)
    if len(off) < len(listed):
        message = f"a day of {year} is off twice"
        raise ValueError(message)
    for day in notice.list_make_up_days(year):
        if day in off or day.weekday() < 5:
            message = f"{day} cannot be a make-up working day: it is no weekend, or it is off as well"
            raise ValueError(message)


def _days(year: int, run: str) -> Iterator[date]:
    match = _RUN.fullmatch(run)
    if match is None:
        raise ValueError(run)
    month, day, last_month, last_day = match.groups()
    try:
        first = date(year, int(month), int(day))
        last = date(year, int(last_month), int(last_day)) if last_month else first
    except ValueError as error:
        message = f"{run} is no day of {year}"
        raise ValueError(message) from error
    return list_days(first, last)


def load_calendar(root: Path = CONFIG, *, last_year: int | None = None) -> Calendar:
    """The calendar that we count by; `last_year`: as it was before later notices came. Raises CatalogError."""
    file = read_shape(CalendarFile, root / "calendars" / "cn.yaml", root=root)
    known = {year: notice for year, notice in file.years.items() if last_year is None or year <= last_year}
    return file.model_copy(update={"years": known}).make_calendar()
