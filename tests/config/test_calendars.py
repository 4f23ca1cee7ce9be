"""Working days: every published day against an independent table, and honesty beyond it."""

from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendar_file import CalendarFile, load_calendar
from config.calendars import Calendar, DayKind, UncoveredYearError, list_days
from config.text import LOCALES, has_text

CALENDAR: Calendar = load_calendar()
PUBLISHED = list(list_days(date(2021, 1, 1), date(2026, 12, 31)))
days = st.dates(date(2021, 1, 1), date(2026, 12, 31))


def test_every_day_of_six_years_agrees_with_an_independent_table():
    wrong = [day for day in PUBLISHED if CALENDAR.is_working_day(day) != chinese_calendar.is_workday(day)]
    assert len(PUBLISHED) == 2191
    assert wrong == []


def test_every_holiday_is_a_holiday_of_that_table_and_has_a_name():
    for day, name in CALENDAR.days_off.items():
        assert chinese_calendar.is_holiday(day), day
        assert all(has_text(f"deadlines.holiday.{name}", locale) for locale in LOCALES), name


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2022, 1, 28), DayKind.WORKING),
        (date(2022, 1, 29), DayKind.MAKE_UP),
        (date(2022, 2, 1), DayKind.HOLIDAY),
        (date(2022, 2, 5), DayKind.HOLIDAY),
        (date(2022, 2, 12), DayKind.WEEKEND),
        (date(2022, 12, 31), DayKind.HOLIDAY),
    ],
)
def test_kinds_of_days(day, kind):
    assert CALENDAR.kind_of(day) is kind


def test_years_that_are_covered():
    assert [year for year in range(2019, 2030) if CALENDAR.covers(year)] == [
        2021,
        2022,
        2023,
        2024,
        2025,
        2026,
    ]


@pytest.mark.parametrize(
    ("day", "is_estimate"),
    [
        (date(2021, 1, 4), False),
        (date(2026, 12, 24), False),
        (date(2026, 12, 25), True),  # the next notice may move days around New Year
        (date(2027, 1, 4), True),
    ],
)
def test_what_may_still_change_says_so(day, is_estimate):
    assert CALENDAR.is_estimate(day) is is_estimate


def test_beyond_the_published_years_statutory_holidays_are_known():
    assert not CALENDAR.is_working_day(date(2027, 1, 1))
    assert not CALENDAR.is_working_day(date(2027, 10, 1))
    assert CALENDAR.is_working_day(date(2027, 1, 4))
    assert CALENDAR.find_holiday(date(2027, 1, 1)) == "statutory"


@pytest.mark.parametrize("day", [date(2020, 12, 31), date(2100, 1, 1), date(2150, 6, 1)])
def test_a_year_that_nobody_knows_is_refused(day):
    with pytest.raises(UncoveredYearError, match=str(day.year)):
        CALENDAR.is_working_day(day)


@given(days, st.integers(1, 30))
def test_adding_working_days_lands_on_the_nth_one(day, number):
    last = CALENDAR.add_working_days(day, number)
    passed = [step for step in list_days(day + timedelta(days=1), last) if CALENDAR.is_working_day(step)]
    assert len(passed) == number
    assert passed[-1] == last
    assert CALENDAR.count_working_days(day, last) == number


@given(st.dates(date(2021, 3, 1), date(2026, 12, 31)), st.integers(1, 20))
def test_going_back_undoes_going_forth(day, number):
    start = CALENDAR.next_working_day(day)
    assert CALENDAR.add_working_days(CALENDAR.add_working_days(start, number), -number) == start
    assert CALENDAR.add_working_days(start, 0) == start


@given(days)
def test_the_next_working_day_is_the_first_one(day):
    following = CALENDAR.next_working_day(day)
    assert CALENDAR.is_working_day(following)
    assert not any(CALENDAR.is_working_day(step) for step in list_days(day, following - timedelta(days=1)))


def test_the_version_changes_with_any_day_and_with_nothing_else():
    year = {"holidays": {"new_year": "01-01..01-03"}, "make_up_working_days": ["01-10"]}
    file = {"id": "cn", "why": "w", "source": "s", "years": {2021: year}}

    def version(**changes):
        return CalendarFile.model_validate({**file, **changes}).make_calendar().version

    assert version() == version(source="other words")
    assert version() != version(years={2021: {**year, "make_up_working_days": []}})
    assert version() != version(years={2021: {**year, "holidays": {"new_year": "01-01"}}})
