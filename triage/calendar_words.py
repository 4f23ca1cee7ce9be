"""What is wrong with a notice, what it changes, which clocks it moves: in words, for page and command line."""

from datetime import date, datetime

from config.calendar_notice import DayChange, NoticeProblem
from config.calendars import DayKind
from config.catalog import Catalog
from config.text import format_day, format_due, has_text, text
from triage.calendar_import import Shift

AREA = "administration.calendar"


def say_problem(problem: NoticeProblem, locale: str) -> str:
    """One sentence, with what to do."""
    said = {
        name: format_day(value, locale) if isinstance(value, date) else value
        for name, value in problem.values.items()
    }
    if "name" in said and has_text(f"deadlines.holiday.{said['name']}"):
        said["name"] = text(f"deadlines.holiday.{said['name']}", locale)
    return text(f"{AREA}.problem.{problem.key}", locale, **said)


def say_kind(kind: DayKind, locale: str) -> str:
    """What kind of day: a working day, a weekend, a day off, a weekend day worked."""
    return text(f"{AREA}.day.{kind}", locale)


def say_change(change: DayChange, locale: str) -> dict[str, str]:
    """One day: which, what it was held for, what it is."""
    after = (
        text(f"deadlines.holiday.{change.holiday}", locale)
        if change.holiday
        else say_kind(change.after, locale)
    )
    return {
        "day": format_day(change.day, locale),
        "before": say_kind(change.before, locale),
        "after": after,
        "kind": {DayKind.HOLIDAY: "fine", DayKind.MAKE_UP: "soon"}.get(change.after, ""),
    }


def say_shift(shift: Shift, catalog: Catalog, locale: str, *, now: datetime) -> dict[str, str | bool]:
    """One clock: of which case, which limit, from when to when."""
    rule = next((rule for rule in catalog.deadlines if rule.id == shift.rule_id), None)
    return {
        "number": shift.number,
        "rule": f"{shift.rule_id} {rule.name.say(locale)}" if rule else shift.rule_id,
        "before": format_due(shift.before, locale),
        "after": format_due(shift.after, locale),
        "is_late": shift.after < now,
        "is_sooner": shift.after < shift.before,
    }
