"""The State Council's notice of a year's holidays, as an administrator has it: our YAML, or the notice's own words.

    notice = read_notice(written, known=catalog.calendar, today=today)      # raises NoticeError
    calendar = catalog.calendar.with_years(notice)

Pure. What is read is a set of `YearDays`, one for each year that the notice decides anew. A notice's own words may
also move days of the December before; then that year is given whole, as known, with these days changed.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

import yaml

from config.calendars import Calendar, DayKind, YearDays, list_days, list_statutory_days
from config.rulefile import load_strictly
from config.text import BASE_LOCALE, has_text

MOST_CHARACTERS = 20_000
NAMES = {
    "元旦": "new_year",
    "春节": "spring_festival",
    "清明节": "tomb_sweeping",
    "清明": "tomb_sweeping",
    "劳动节": "labour_day",
    "端午节": "dragon_boat",
    "端午": "dragon_boat",
    "中秋节": "mid_autumn",
    "中秋": "mid_autumn",
    "国庆节": "national_day",
    "国庆": "national_day",
}
"""As notices call the holidays, and the word of `deadlines.holiday.` for each."""
_NAME = "|".join(sorted(NAMES, key=len, reverse=True))
_HEAD = re.compile(rf"(?:[一二三四五六七八九]、)?((?:{_NAME})(?:[、和](?:{_NAME}))*):")
_YEAR_OF_NOTICE = re.compile(r"(20\d\d)年(?:部分节假日|元旦)")
_DAY = re.compile(r"(?:(20\d\d)年)?(?:(\d{1,2})月)?(\d{1,2})日(?:\(([^)]*)\))?")
_COUNT = re.compile(r"(?:共|放假)(\d{1,2})天")
_WEEKDAYS = "一二三四五六日"
_RUN = re.compile(r"(\d\d)-(\d\d)(?:\.\.(\d\d)-(\d\d))?")


@dataclass(frozen=True, slots=True)
class NoticeProblem:
    """What is wrong with a notice: a text key under `administration.calendar.problem.`, and its values."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)


class NoticeError(ValueError):
    """A notice cannot be taken; `problems` says why, all of it at once."""

    def __init__(self, problems: Sequence[NoticeProblem]) -> None:
        """Keep all problems, so that they can be mended in one go."""
        super().__init__(", ".join(problem.key for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class DayChange:
    """One day that is another kind of day from now on."""

    day: date
    before: DayKind
    after: DayKind
    holiday: str = ""
    """What it is off for now, a word of `deadlines.holiday.`; empty where it is not off."""


@dataclass(slots=True)
class _Draft:
    """What was read so far. Problems are collected, so that all are told at once."""

    problems: list[NoticeProblem] = field(default_factory=list)
    off: dict[date, str] = field(default_factory=dict)
    made_up: set[date] = field(default_factory=set)
    years: set[int] = field(default_factory=set)
    """Years that the notice decides whole."""

    def say(self, key: str, **values: object) -> None:
        self.problems.append(NoticeProblem(key, values))

    def take_off(self, first: date, last: date, name: str) -> None:
        if last < first or (last - first).days > 20:
            self.say("run", first=f"{first:%m-%d}", last=f"{last:%m-%d}")
            return
        for day in list_days(first, last):
            if day in self.off:
                self.say("twice", day=day)
            self.off[day] = name


def read_notice(written: str, *, known: Calendar, today: date) -> tuple[YearDays, ...]:
    """The years that a notice decides, in either form. Raises NoticeError."""
    draft = _Draft()
    if len(written) > MOST_CHARACTERS:
        raise NoticeError([NoticeProblem("too_long", {"count": MOST_CHARACTERS})])
    plain = unicodedata.normalize("NFKC", written)
    if not plain.strip():
        raise NoticeError([NoticeProblem("empty")])
    if re.search(r"^\s*years\s*:", plain, re.MULTILINE):
        _read_yaml(plain, draft)
    else:
        _read_words("".join(plain.split()), draft)
    if not draft.problems:
        _check_days(draft)
    years = () if draft.problems else _complete(draft, known)
    if not draft.problems:
        _check_years([entry.year for entry in years], draft, known=known, today=today)
    if draft.problems:
        raise NoticeError(draft.problems)
    return years


def list_changes(known: Calendar, years: Iterable[YearDays]) -> list[DayChange]:
    """Days that are another kind of day by these years than by what is known or estimated, in order."""
    entries = tuple(years)
    new = known.with_years(entries)
    changes = []
    for entry in sorted(entries, key=lambda entry: entry.year):
        for day in list_days(date(entry.year, 1, 1), date(entry.year, 12, 31)):
            before, after = known.kind_of(day), new.kind_of(day)
            if before is not after:
                changes.append(DayChange(day, before, after, new.find_holiday(day) or ""))
    return changes


# ---------------------------------------------------------------- our own form


def _read_yaml(written: str, draft: _Draft) -> None:
    try:
        content = load_strictly(written)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        draft.say("yaml", line=mark.line + 1 if mark else 1)
        return
    years = content.get("years") if isinstance(content, dict) else None
    if not isinstance(years, dict) or not years:
        draft.say("no_years")
        return
    for year, notice in years.items():
        if not isinstance(year, int) or not 2000 <= year <= 2099:
            draft.say("year", year=str(year)[:20])
        elif not isinstance(notice, dict) or set(notice) != {"holidays", "make_up_working_days"}:
            draft.say("keys", year=year)
        else:
            draft.years.add(year)
            _read_year(year, notice, draft)


def _read_year(year: int, notice: Mapping[str, Any], draft: _Draft) -> None:
    holidays, make_up = notice["holidays"], notice["make_up_working_days"]
    if not isinstance(holidays, dict) or not isinstance(make_up, list):
        draft.say("keys", year=year)
        return
    for name, run in holidays.items():
        if not has_text(f"deadlines.holiday.{name}", BASE_LOCALE):
            draft.say("name", name=str(name)[:40])
        elif ends := _read_run(year, run, draft):
            draft.take_off(*ends, str(name))
    for run in make_up:
        if ends := _read_run(year, run, draft):
            draft.made_up.update(list_days(*ends))


def _read_run(year: int, run: object, draft: _Draft) -> tuple[date, date] | None:
    match = _RUN.fullmatch(str(run))
    if match is None:
        draft.say("form", written=str(run)[:40])
        return None
    month, day, last_month, last_day = match.groups()
    first = _make_day(year, month, day, draft)
    last = _make_day(year, last_month, last_day, draft) if last_month else first
    return (first, last) if first and last else None


# ---------------------------------------------------------------- the notice's own words


def _read_words(written: str, draft: _Draft) -> None:
    """Such as 一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。 and so on."""
    named = _YEAR_OF_NOTICE.search(written) or re.search(r"(20\d\d)年", written)
    heads = list(_HEAD.finditer(written))
    if named is None:
        draft.say("which_year")
        return
    if not heads:
        draft.say("no_holidays")
        return
    year = int(named[1])
    draft.years.add(year)
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        body = written[head.end() : following.start() if following else len(written)]
        _read_holiday(year, re.split("[、和]", head[1]), body, draft)


def _read_holiday(year: int, names: Sequence[str], body: str, draft: _Draft) -> None:
    said, is_off, rest = body.partition("放假")
    days = list(_list_days(said, year, "元旦" in names, draft))
    if not is_off or not 1 <= len(days) <= 2:
        draft.say("holiday", name="、".join(names))
        return
    first, last = days[0], days[-1]
    draft.take_off(first, last, _name_of(names))
    counted = _COUNT.search(is_off + rest)
    if counted and int(counted[1]) != (last - first).days + 1:
        draft.say("count", name="、".join(names), said=int(counted[1]), count=(last - first).days + 1)
    for worked in re.findall(r"([^。;]*?)上班", rest):
        draft.made_up.update(_list_days(worked, year, "元旦" in names, draft))


def _list_days(said: str, year: int, is_new_year: bool, draft: _Draft) -> Iterator[date]:  # noqa: FBT001 - two readings
    """Days in a sentence; a day without a month has the month before it. 元旦 may begin in the December before."""
    month, in_year = "", year
    for match in _DAY.finditer(said):
        if match[1]:
            in_year = int(match[1])
        elif match[2]:
            in_year = year - 1 if is_new_year and match[2] == "12" else year
        month = match[2] or month
        day = _make_day(in_year, month or "0", match[3], draft)
        if day is None:
            continue
        weekday = re.search(rf"(?:周|星期)([{_WEEKDAYS}])", match[4] or "")
        if weekday and _WEEKDAYS.index(weekday[1]) != day.weekday():
            draft.say("weekday", day=day, said=f"周{weekday[1]}")
        yield day


def _name_of(names: Sequence[str]) -> str:
    known = {NAMES[name] for name in names}
    return "mid_autumn_and_national_day" if known == {"mid_autumn", "national_day"} else NAMES[names[0]]


def _make_day(year: int, month: str, day: str, draft: _Draft) -> date | None:
    try:
        return date(year, int(month), int(day))
    except ValueError:
        draft.say("no_day", written=f"{year}-{month}-{day}")
        return None


# ---------------------------------------------------------------- checks


def _check_days(draft: _Draft) -> None:
    for day in sorted(draft.made_up):
        if day in draft.off:
            draft.say("off_and_worked", day=day)
        elif day.weekday() < 5:
            draft.say("no_weekend", day=day)
    for year in sorted(draft.years):
        for day in sorted(list_statutory_days(year)):
            if day not in draft.off:
                draft.say("statutory", day=day)


def _complete(draft: _Draft, known: Calendar) -> tuple[YearDays, ...]:
    """The years as they will be: those decided whole, and the year before with the days that changed in it."""
    touched = draft.years | {day.year for day in (*draft.off, *draft.made_up)}
    entries = []
    for year in sorted(touched):
        off = {day: name for day, name in draft.off.items() if day.year == year}
        made_up = {day for day in draft.made_up if day.year == year}
        if year not in draft.years:
            if not known.covers(year):
                draft.say("gap", year=year, first=known.first_year, last=known.last_year)
                continue
            of_year = known.year_days(year)
            off = {**of_year.days_off, **dict.fromkeys(off, "next_new_year")}
            made_up |= of_year.made_up - set(off)
            off = {day: name for day, name in off.items() if day not in made_up}
        entries.append(YearDays(year, MappingProxyType(off), frozenset(made_up)))
    return tuple(entries)


def _check_years(years: Sequence[int], draft: _Draft, *, known: Calendar, today: date) -> None:
    """Years that are over stay as they were counted by; years follow each other without a gap."""
    last = known.last_year
    for year in sorted(years):
        if year < today.year - 1 or (year < today.year and year in draft.years):
            draft.say("past", year=year)
        if year > last + 1:
            draft.say("gap", year=year, first=known.first_year, last=known.last_year)
        last = max(last, year)
