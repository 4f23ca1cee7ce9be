"""What a move does to the clocks of a case, said before it is made. Pure.

The table repeats what `triage/actions` does; a test makes every move and compares.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from triage.clocks import SIDE_CLOCKS
from triage.workflow import Move


class Effect(StrEnum):
    """What happens to a clock: text keys under `console.effect.`."""

    MET = "met"
    MET_LATE = "met_late"
    ENDED = "ended"
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    STANDS = "stands"
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
    """A clock that has not ended. `due_at` None: it stands."""

    rule_id: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """What a move does to clocks, by their rules."""

    met: frozenset[str] = frozenset()
    cancelled: frozenset[str] = frozenset()
    started: tuple[str, ...] = ()
    ends_all: bool = False
    pauses: str = ""
    """The reason for which clocks are halted."""
    resumes: bool = False
    withheld: frozenset[str] = frozenset()
    """What the table says is started and on this case is not."""

    def join(self, more: "Change") -> "Change":
        """Both at once."""
        return Change(
            self.met | more.met,
            self.cancelled | more.cancelled,
            (*self.started, *more.started),
            self.ends_all or more.ends_all,
            self.pauses or more.pauses,
            self.resumes or more.resumes,
            self.withheld | more.withheld,
        )


_NOTHING = Change()
_ENDS = Change(ends_all=True)
_ASSIGNS = Change(met=frozenset({"D06"}), cancelled=frozenset({"D05", "D07", "D08"}), started=("D07", "D08"))
_AGAIN = frozenset({"D12", "D13a", "P03"})
_CLOSES = Change(met=frozenset({"P03"}), ends_all=True)
CHANGES: Mapping[Move, Change] = {
    **dict.fromkeys(Move, _NOTHING),
    Move.ACCEPT: Change(met=frozenset({"D02", "D03"}), cancelled=frozenset({"D05"}), started=("D10", "D06")),
    Move.REFUSE: Change(met=frozenset({"D02", "D03"}), ends_all=True, started=("D13a",)),
    Move.TRANSFER_OUT: Change(met=frozenset({"D02", "D03", "D05", "D06"}), ends_all=True),
    Move.ASK_SUPPLEMENT: Change(met=frozenset({"D02"}), pauses="supplement", started=("P01",)),
    Move.END_SUPPLEMENT: Change(cancelled=frozenset({"P01"}), resumes=True),
    Move.ASSIGN: _ASSIGNS,
    Move.VERIFY_DIRECTLY: Change(met=frozenset({"D02", "D06", "D09"}), cancelled=frozenset({"D05"})),
    Move.SIGN_FOR: Change(met=frozenset({"D07", "D02", "D09"})),
    Move.RETURN: Change(met=frozenset({"D08"}), cancelled=frozenset({"D07"}), started=("D06",)),
    Move.GRANT_EXTENSION: Change(cancelled=frozenset({"D10"}), started=("D11",)),
    Move.RESUME: Change(resumes=True),
    Move.APPROVE: Change(
        met=frozenset({"D10", "D11", "P02"}), cancelled=frozenset({"D08"}), started=("D12",)
    ),
    Move.ANSWER: Change(met=frozenset({"D12", "D04"}), started=("P03", "D13a")),
    Move.FOLLOW_UP: _CLOSES,
    Move.REDO: Change(cancelled=_AGAIN, started=("P02",)),
    Move.CLOSE: _CLOSES,
    Move.OPEN_REVIEW: Change(met=frozenset({"D13a"}), cancelled=frozenset({"P03"}), started=("D13",)),
    Move.UPHOLD: Change(met=frozenset({"D13"}), ends_all=True),
    Move.REOPEN: Change(met=frozenset({"D13"}), cancelled=_AGAIN, started=("P02",)),
    Move.TAKE_UP: Change(met=frozenset({"D13"}), started=("D10", "D06")),
    Move.GRANT_TERMINATION: _ENDS,
    Move.MERGE: Change(met=frozenset({"D02", "D03"}), cancelled=frozenset({"D04"}), ends_all=True),
    Move.SPLIT: Change(started=("D03",)),
}
RECUSAL_OF_OFFICER = _ASSIGNS
LAST_CALL = _CLOSES
"""Who recuses himself from his own case hands it to the next officer."""


@dataclass(frozen=True, slots=True)
class Counting:
    """How due times come about: of a clock started now, of one that goes on now, and which may stand for a reason."""

    due_of: Callable[[str], datetime]
    resumed_due: Callable[[str], datetime | None] = lambda _rule_id: None
    rests: Callable[[str, str], bool] = lambda _rule_id, _reason: False


def tell_effects(
    moves: Sequence[Move],
    running: Sequence[Running],
    *,
    counting: Counting,
    now: datetime,
    more: Change = _NOTHING,
) -> list[Line]:
    """What `moves`, made one after the other now, do to the clocks that run. `more`: what this case adds to it.

    Raises KeyError for a move that the table does not know.
    """
    clocks = {clock.rule_id: clock.due_at for clock in running}
    lines: list[Line] = []
    started: set[str] = set()
    for move in moves:
        change = CHANGES[move].join(more)
        lines += _stop(clocks, started, change, now=now)
        lines += _halt(clocks, change, counting, now=now)
        for rule_id in change.started:
            if rule_id in change.withheld:
                continue
            clocks[rule_id] = counting.due_of(rule_id)
            started.add(rule_id)
    told = {line.rule_id for line in lines}
    lines += [Line(Effect.STARTED, rule_id, clocks[rule_id]) for rule_id in clocks if rule_id in started]
    lines += [
        _tell_untouched(rule_id, due, now=now)
        for rule_id, due in clocks.items()
        if rule_id not in started and rule_id not in told
    ]
    return lines or [Line(Effect.NONE)]


def _stop(
    clocks: dict[str, datetime | None], started: set[str], change: Change, *, now: datetime
) -> list[Line]:
    lines = []
    for rule_id in [rule for rule in clocks if rule in change.met]:
        due = clocks.pop(rule_id)
        if rule_id in started:
            started.discard(rule_id)
        else:
            lines.append(Line(Effect.MET_LATE if due and due < now else Effect.MET, rule_id))
    ended = [
        rule for rule in clocks if rule in change.cancelled or (change.ends_all and rule not in SIDE_CLOCKS)
    ]
    for rule_id in ended:
        clocks.pop(rule_id)
        lines.append(Line(Effect.ENDED, rule_id))
    return lines


def _halt(
    clocks: dict[str, datetime | None], change: Change, counting: Counting, *, now: datetime
) -> list[Line]:
    lines = []
    for rule_id, due in clocks.items():
        if change.pauses and due and due >= now and counting.rests(rule_id, change.pauses):
            clocks[rule_id] = None
            lines.append(Line(Effect.PAUSED, rule_id))
        if change.resumes and due is None:
            clocks[rule_id] = counting.resumed_due(rule_id)
            lines.append(Line(Effect.RESUMED, rule_id, clocks[rule_id]))
    return lines


def _tell_untouched(rule_id: str, due: datetime | None, *, now: datetime) -> Line:
    if due is None:
        return Line(Effect.STANDS, rule_id)
    return Line(Effect.RUNS_LATE if due < now else Effect.RUNS_ON, rule_id, due)
