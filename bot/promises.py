"""The days that a reporter is told: counted from the rule files, for the web and the chat alike. Pure."""

from datetime import datetime, time

from config.calendars import DAY, LOCAL, day_of
from config.catalog import Catalog
from config.deadlines import Unit

ACCEPTANCE_RULE = "D03"
REVIEW_RULE = "D13a"
LAST_SECOND = time(23, 59, 59, tzinfo=LOCAL)


def last_moment(catalog: Catalog, rule_id: str, started_at: datetime) -> datetime:
    """When a limit in days that began at a moment runs out: the end of its last day in Luohe."""
    rule, first = catalog.deadline_in_force(rule_id, started_at), day_of(started_at)
    if rule.limit.unit is Unit.WORKING_DAYS:
        last = catalog.calendar.add_working_days(first, rule.limit.amount)
    else:
        last = first + DAY * rule.limit.amount
        last = catalog.calendar.next_working_day(last) if rule.rolls else last
    return datetime.combine(last, LAST_SECOND)


def count_days(catalog: Catalog, rule_id: str, at: datetime) -> int:
    """How many days a rule gives."""
    return catalog.deadline_in_force(rule_id, at).limit.amount
