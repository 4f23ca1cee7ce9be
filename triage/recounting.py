"""Counting clocks again from what is stored of them: the rule, the calendar, the moment of the start. Pure."""

from collections.abc import Callable
from datetime import datetime

from config.calendars import UncoveredYearError
from config.catalog import Catalog, NoDeadlineError
from models.case import Deadline
from triage.deadlines import compute_due


def recount_with(catalog: Catalog) -> Callable[[Deadline], datetime | None]:
    """For `models.checks`: when a stored clock must run out.

    None where the rule or the calendar is no longer the one it was started under: what was promised then holds.
    """

    def recount(row: Deadline) -> datetime | None:
        try:
            rule = catalog.deadline_in_force(row.rule_id, row.started_at)
            due = compute_due(rule, row.started_at, calendar=catalog.calendar)
        except (NoDeadlineError, UncoveredYearError):
            return None
        is_same = (due.rule_version, due.calendar_version) == (row.rule_version, row.calendar_version)
        return due.due_at if is_same else None

    return recount
