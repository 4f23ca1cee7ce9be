"""Who had a case for how long, stage by stage, from its events alone. Pure.

The clocks run whether or not an office signs; so every stretch of time is somebody's: the office that had the case,
the superior who decides, or the reporter who is asked for more.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from config.calendars import LOCAL, Calendar, day_of, list_days
from triage.deadlines import OFFICE_CLOSES, OFFICE_OPENS
from triage.permissions import CITY

REPORTER = "reporter"
HANDLER = "handler"
"""The office to which the case was given last."""


class Happening(Protocol):
    """An event, as far as the ledger reads it."""

    @property
    def kind(self) -> str:
        """What happened."""

    @property
    def at(self) -> datetime:
        """When."""

    @property
    def tip_id(self) -> int | None:
        """Of which tip."""

    @property
    def data(self) -> Mapping[str, Any]:
        """Its facts."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One office had the case in one stage from here to there."""

    office_id: str
    stage: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Share:
    """All stretches of one office in one stage together: by the wall clock, and in working time."""

    office_id: str
    stage: str
    time: timedelta
    working: timedelta


STAGES: Mapping[str, tuple[str, str]] = {
    "case_opened": ("registered", CITY),
    "supplement_asked": ("needs_supplement", REPORTER),
    "supplement_ended": ("registered", CITY),
    "split_off": ("registered", CITY),
    "accepted": ("accepted", CITY),
    "returned": ("accepted", CITY),
    "review_accepted": ("accepted", CITY),
    "assigned": ("assigned", HANDLER),
    "verified_directly": ("verifying", HANDLER),
    "signed_for": ("verifying", HANDLER),
    "resumed": ("verifying", HANDLER),
    "result_sent_back": ("verifying", HANDLER),
    "redone": ("verifying", HANDLER),
    "review_reopened": ("verifying", HANDLER),
    "extension_granted": ("verifying", HANDLER),
    "extension_denied": ("verifying", HANDLER),
    "extension_asked": ("extension_pending", CITY),
    "suspended": ("suspended", HANDLER),
    "result_filed": ("result_filed", HANDLER),
    "result_approved": ("answer_due", HANDLER),
    "answered": ("answered", HANDLER),
    "review_opened": ("in_review", CITY),
}
"""Which stage an event begins, and whose the time is from then on."""
ENDS = frozenset(
    {"refused", "transferred_out", "closed", "followed_up", "terminated", "merged", "review_upheld"}
)


def stage_shares(events: Iterable[Happening], *, until: datetime) -> list[Stretch]:
    """The stretches of a case in order, without gap while it is open. `until`: the moment of looking."""
    events = list(events)
    handler, open_since = CITY, _find_start(events)
    here: tuple[str, str] | None = ("registered", CITY) if open_since else None
    since = open_since or until
    found: list[Stretch] = []
    for event in events:
        if event.kind in {"assigned", "verified_directly"}:
            handler = str(event.data.get("office", CITY))
        if event.kind not in STAGES and event.kind not in ENDS:
            continue
        if here is not None and event.at > since:
            found.append(Stretch(here[1], here[0], since, event.at))
        since = max(since, event.at) if here else event.at
        here = None
        if event.kind in STAGES:
            stage, whose = STAGES[event.kind]
            here = (stage, handler if whose == HANDLER else whose)
    if here is not None and until > since:
        found.append(Stretch(here[1], here[0], since, until))
    return found


def _find_start(events: Sequence[Happening]) -> datetime | None:
    """When the tip that opened the case arrived; where that is not known, when it was opened."""
    opened = next((event for event in events if event.kind == "case_opened"), None)
    if opened is None:
        return None
    arrivals = (
        event.at for event in events if event.kind == "tip_received" and event.tip_id == opened.tip_id
    )
    return min(next(arrivals, opened.at), opened.at)


def sum_shares(stretches: Iterable[Stretch], calendar: Calendar) -> list[Share]:
    """By office and stage, in the order in which they first occurred."""
    times: dict[tuple[str, str], timedelta] = defaultdict(timedelta)
    working: dict[tuple[str, str], timedelta] = defaultdict(timedelta)
    for one in stretches:
        key = (one.office_id, one.stage)
        times[key] += one.end - one.start
        working[key] += working_time(one.start, one.end, calendar)
    return [Share(office, stage, times[office, stage], working[office, stage]) for office, stage in times]


def working_time(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """How much of a stretch lies in office hours of working days."""
    total = timedelta()
    for day in list_days(day_of(start), day_of(end)):
        if calendar.is_working_day(day):
            opens, closes = (
                datetime.combine(day, hour).astimezone(LOCAL) for hour in (OFFICE_OPENS, OFFICE_CLOSES)
            )
            total += max(min(closes, end) - max(opens, start), timedelta())
    return total
