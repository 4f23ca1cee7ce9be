"""What a move does to the clocks of a case, said before it is made. Pure.

The table repeats what `triage/actions.py` does; a test makes every move and compares.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from triage.workflow import Move


class Effect(StrEnum):
    """What happens to a clock: text keys under `console.effect.`."""

    MET = "met"
    MET_LATE = "met_late"
    ENDED = "ended"
    STARTED = "started"
    RUNS_ON = "runs_on"
    RUNS_LATE = "runs_late"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence: what happens to the clock of which rule; `due_at` where the clock runs afterwards."""

    effect: Effect
    rule_id: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A clock that runs now."""

    rule_id: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class _Change:
    met: frozenset[str] = frozenset()
    cancelled: frozenset[str] = frozenset()
    started: tuple[str, ...] = ()
    ends_all: bool = False


_CHANGES: Mapping[Move, _Change] = {
    Move.ACCEPT: _Change(met=frozenset({"D02", "D03"}), started=("D10", "D06")),
    Move.REFUSE: _Change(met=frozenset({"D02", "D03"}), ends_all=True),
    Move.TRANSFER_OUT: _Change(met=frozenset({"D02", "D03", "D06"}), ends_all=True),
    Move.ASSIGN: _Change(met=frozenset({"D06"}), cancelled=frozenset({"D07"}), started=("D07",)),
    Move.SIGN_FOR: _Change(met=frozenset({"D07", "D02"})),
    Move.RETURN: _Change(cancelled=frozenset({"D07"}), started=("D06",)),
    Move.FILE_RESULT: _Change(),
    Move.SEND_BACK: _Change(),
    Move.APPROVE: _Change(met=frozenset({"D10"}), started=("D12",)),
    Move.ANSWER: _Change(met=frozenset({"D12"})),
    Move.CLOSE: _Change(ends_all=True),
    Move.ASK_REPORTER: _Change(),
    Move.ADD_NOTE: _Change(),
}


def tell_effects(
    moves: Sequence[Move], running: Sequence[Running], *, due_of: Callable[[str], datetime], now: datetime
) -> list[Line]:
    """What `moves`, made one after the other now, do to the clocks that run. `due_of`: due time of a clock started now.

    Raises KeyError for a move that the table does not know.
    """
    clocks = {clock.rule_id: clock.due_at for clock in running}
    lines: list[Line] = []
    started: dict[str, datetime] = {}
    for change in (_CHANGES[move] for move in moves):
        for rule_id in [rule for rule in clocks if rule in change.met]:
            late = clocks.pop(rule_id) < now
            if started.pop(rule_id, None) is None:
                lines.append(Line(Effect.MET_LATE if late else Effect.MET, rule_id))
        for rule_id in [rule for rule in clocks if change.ends_all or rule in change.cancelled]:
            clocks.pop(rule_id)
            lines.append(Line(Effect.ENDED, rule_id))
        for rule_id in change.started:
            clocks[rule_id] = started[rule_id] = due_of(rule_id)
    lines += [Line(Effect.STARTED, rule_id, due) for rule_id, due in started.items() if rule_id in clocks]
    lines += [
        Line(Effect.RUNS_LATE if due < now else Effect.RUNS_ON, rule_id, due)
        for rule_id, due in clocks.items()
        if rule_id not in started
    ]
    return lines or [Line(Effect.NONE)]
