"""The clocks of a case, made again from its events. Pure: what comes out must equal the rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from config.catalog import Catalog, NoDeadlineError
from models.case import NO_CLOCK
from triage.deadlines import Stretch, compute_due


class Happening(Protocol):
    """An event, as far as clocks are concerned."""

    @property
    def kind(self) -> str:
        """What happened."""

    @property
    def at(self) -> datetime:
        """When."""

    @property
    def data(self) -> Mapping[str, Any]:
        """Its facts."""


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock as its events tell it."""

    rule_id: str
    occasion: int
    started_at: datetime
    due_at: datetime
    calendar_version: str
    counted_from: datetime | None = None
    days: int | None = None
    halted_at: datetime | None = None
    stretches: tuple[Stretch, ...] = field(default=())
    met_at: datetime | None = None
    cancelled_at: datetime | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.met_at is None and self.cancelled_at is None


Count = Callable[[Clock], datetime | None]
"""When a clock must run out; None where its rule or calendar is not at hand any more."""
Clocks = dict[tuple[str, int], Clock]


def count_with(catalog: Catalog) -> Count:
    """Counting by the rules and the calendar that are loaded."""

    def count(clock: Clock) -> datetime | None:
        if clock.calendar_version != catalog.calendar.version:
            return None
        try:
            rule = catalog.deadline_in_force(clock.rule_id, clock.started_at)
        except NoDeadlineError:
            return None
        return compute_due(
            rule,
            clock.counted_from or clock.started_at,
            calendar=catalog.calendar,
            days=clock.days,
            pauses=clock.stretches,
        ).due_at

    return count


def replay_deadlines(events: Iterable[Happening], count: Count) -> Clocks:
    """Every clock of a case by rule and occasion. Due times are counted anew; where that cannot be, as told then."""
    clocks: Clocks = {}
    for event in events:
        if event.kind == "clock_started":
            clock = _start(event, clocks)
            clocks[clock.rule_id, clock.occasion] = _counted(clock, count)
        elif event.kind in _TURNS:
            for key in _find(clocks, event):
                clocks[key] = _TURNS[event.kind](clocks[key], event, count)
    return clocks


def _start(event: Happening, clocks: Clocks) -> Clock:
    rule_id = event.data["rule"]
    earlier = sum(rule == rule_id for rule, _ in clocks)
    counted_from = event.data.get("from")
    return Clock(
        rule_id=rule_id,
        occasion=event.data.get("occasion", earlier + 1),
        started_at=event.at,
        due_at=datetime.fromisoformat(event.data["due"]),
        calendar_version=event.data.get("calendar", ""),
        counted_from=datetime.fromisoformat(counted_from) if counted_from else None,
        days=event.data.get("days"),
    )


def _find(clocks: Clocks, event: Happening) -> Sequence[tuple[str, int]]:
    """The clocks that an event is about; an old event names the rule only."""
    occasion = event.data.get("occasion")
    return [
        key
        for key, clock in clocks.items()
        if key[0] == event.data["rule"] and clock.is_running and occasion in {None, key[1]}
    ]


def _counted(clock: Clock, count: Count) -> Clock:
    due = count(clock)
    return clock if due is None else replace(clock, due_at=due)


def _pause(clock: Clock, event: Happening, _count: Count) -> Clock:
    return replace(clock, halted_at=event.at, due_at=NO_CLOCK)


def _resume(clock: Clock, event: Happening, count: Count) -> Clock:
    halted = clock.halted_at or event.at
    return _counted(
        replace(
            clock,
            halted_at=None,
            stretches=(*clock.stretches, (halted, event.at)),
            due_at=datetime.fromisoformat(event.data["due"]),
            calendar_version=event.data.get("calendar", clock.calendar_version),
        ),
        count,
    )


def _shift(clock: Clock, event: Happening, count: Count) -> Clock:
    moved = replace(
        clock, due_at=datetime.fromisoformat(event.data["due"]), calendar_version=event.data["calendar"]
    )
    return _counted(moved, count)


def _meet(clock: Clock, event: Happening, _count: Count) -> Clock:
    return replace(clock, met_at=event.at)


def _cancel(clock: Clock, event: Happening, _count: Count) -> Clock:
    return replace(clock, cancelled_at=event.at)


_TURNS: Mapping[str, Callable[[Clock, Happening, Count], Clock]] = {
    "clock_paused": _pause,
    "clock_resumed": _resume,
    "clock_shifted": _shift,
    "clock_met": _meet,
    "clock_cancelled": _cancel,
}
