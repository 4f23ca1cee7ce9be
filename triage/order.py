"""Who reported a matter first, however often cases were merged and split. Pure.

What counts is the moment of arrival as the audit chain has it: the event of arrival cannot be moved, so its
position is the proof. Merging only puts people together; it never puts anybody before another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


class Arrival(Protocol):
    """An event of the audit chain, as far as the order reads it."""

    @property
    def kind(self) -> str:
        """What happened."""

    @property
    def at(self) -> datetime:
        """When."""

    @property
    def position(self) -> int:
        """Place in the chain."""

    @property
    def tip_id(self) -> int | None:
        """Of which tip."""

    @property
    def case_id(self) -> int | None:
        """Of which case."""

    @property
    def data(self) -> Mapping[str, Any]:
        """Its facts."""


@dataclass(frozen=True, slots=True)
class Place:
    """One reporter's place: his tip, when it arrived, and where the chain proves it."""

    tip_id: int
    received_at: datetime
    position: int
    is_named: bool


def order_reporters(events: Iterable[Arrival], case_id: int) -> list[Place]:
    """The reporters who are handled with this case now, first come first, from the events alone.

    `events` may be those of many cases.
    """
    events = sorted(events, key=lambda event: event.position)
    group = replay_groups(events).get(case_id, frozenset())
    homes = {event.tip_id: event.case_id for event in events if event.kind == "case_opened"}
    places = [
        Place(event.tip_id, event.at, event.position, bool(event.data.get("named")))
        for event in events
        if event.kind == "tip_received" and event.tip_id is not None and homes.get(event.tip_id) in group
    ]
    return sorted(places, key=lambda place: (place.received_at, place.position))


def replay_groups(events: Sequence[Arrival]) -> dict[int, frozenset[int]]:
    """Which cases are handled together: the case that goes on → all of its group. Stars only."""
    follows: dict[int, int] = {}
    for event in events:
        if event.case_id is None:
            continue
        if event.kind == "case_opened":
            follows[event.case_id] = event.case_id
        elif event.kind == "merged":
            into = int(event.data["into"])
            follows |= {case: into for case, target in follows.items() if target == event.case_id}
            follows[event.case_id] = into
        elif event.kind == "split_off":
            follows[event.case_id] = event.case_id
    groups: dict[int, set[int]] = {}
    for case, target in follows.items():
        groups.setdefault(target, set()).add(case)
    return {target: frozenset(cases) for target, cases in groups.items()}


def first_effective(places: Sequence[Place]) -> Place | None:
    """Whose the reward would be: the first who can be found (2012 办法 art. 13)."""
    return next((place for place in places if place.is_named), None)
