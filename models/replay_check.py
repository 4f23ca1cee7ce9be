"""Whether the clocks that are stored are what the events of their cases tell. Only looks, as `models.checks` does."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Deadline
from models.event import Event

CASES_AT_ONCE = 200


class ReplayedClock(Protocol):
    """A clock as made again from events."""

    @property
    def due_at(self) -> datetime:
        """When it runs out."""

    @property
    def met_at(self) -> datetime | None:
        """When it was met."""

    @property
    def cancelled_at(self) -> datetime | None:
        """When it fell away."""


Replay = Callable[[Sequence[Event]], Mapping[tuple[str, int], ReplayedClock]]
"""The clocks of one case from its events: rule and occasion → clock."""


async def compare_with_events(session: AsyncSession, replay: Replay) -> AsyncIterator[str]:
    """Cases that were opened by the program (not rows made by hand) tell every clock in their events."""
    last = 0
    while True:
        ids = select(Event.case_id).where(Event.kind == "case_opened", Event.case_id > last)
        found = (await session.scalars(ids.order_by(Event.case_id).limit(CASES_AT_ONCE))).all()
        if not found:
            return
        events: dict[int | None, list[Event]] = defaultdict(list)
        told = select(Event).where(Event.case_id.in_(found), Event.kind.startswith("clock_"))
        for event in await session.scalars(told.order_by(Event.position)):
            events[event.case_id].append(event)
        rows: dict[int, list[Deadline]] = defaultdict(list)
        for row in await session.scalars(select(Deadline).where(Deadline.case_id.in_(found))):
            rows[row.case_id].append(row)
        for case_id in dict.fromkeys(number for number in found if number is not None):
            for sentence in _compare(case_id, replay(events[case_id]), rows[case_id]):
                yield sentence
            last = case_id
        session.expunge_all()


def _compare(
    case_id: int, told: Mapping[tuple[str, int], ReplayedClock], rows: Sequence[Deadline]
) -> Iterator[str]:
    stored = {(row.rule_id, row.occasion): row for row in rows}
    for rule, occasion in sorted(told.keys() ^ stored.keys()):
        where = "a row" if (rule, occasion) in told else "an event"
        yield f"Clock {rule} ({occasion}) of case {case_id} lacks {where}."
    for key in told.keys() & stored.keys():
        clock, row = told[key], stored[key]
        replayed = (clock.due_at, clock.met_at, clock.cancelled_at)
        if replayed != (row.due_at, row.met_at, row.cancelled_at):
            yield (
                f"Clock {key[0]} ({key[1]}) of case {case_id} is not what its events give: "
                f"due {row.due_at:%Y-%m-%d %H:%M} UTC stored, {clock.due_at:%Y-%m-%d %H:%M} UTC replayed."
            )
