"""The clocks of a case in words: running, standing, ended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from models.case import Deadline
from triage.clocks import has_lapsed, is_paused, is_running
from triage.console.words import Words


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock of the case with its full sentence."""

    rule_id: str
    name: str
    sentence: str
    due: str
    due_at: datetime
    status: str  # text key under console.clock.: running, paused, met, met_late, cancelled, cancelled_late
    ended_at: datetime | None
    tone: str
    left: str
    is_estimate: bool
    is_watched: bool = False
    """Whether it is the duty or the right of somebody else than those who handle the case."""


def view_clocks(deadlines: Iterable[Deadline], words: Words, *, now: datetime) -> list[Clock]:
    """Running clocks first, nearest on top; then those that ended."""
    clocks = [view_clock(row, words, now=now) for row in deadlines]
    return sorted(clocks, key=lambda clock: (clock.status != "running", clock.due_at))


def view_clock(row: Deadline, words: Words, *, now: datetime) -> Clock:
    """One clock in words."""
    if is_paused(row):
        return _view_standing(row, words, now=now)
    left, tone = words.left(row.rule_id, row.due_at, now=now)
    late = "_late" if row.breached_at else ""
    ended_at = row.met_at or row.cancelled_at
    is_over = not is_running(row) or has_lapsed(row, now)
    status = "running" if not is_over else f"met{late}" if row.met_at else f"cancelled{late}"
    return Clock(
        rule_id=row.rule_id,
        name=words.clock(row.rule_id, now=now),
        sentence=row.sentence_en if words.locale == "en" else row.sentence_zh,
        due=words.due(row.due_at),
        due_at=row.due_at,
        status=status,
        ended_at=ended_at,
        tone=("late" if late else "") if is_over else tone,
        left=words(f"clock.{status}") if is_over else left,
        is_estimate=row.is_estimate,
        is_watched=row.is_watched,
    )


def _view_standing(row: Deadline, words: Words, *, now: datetime) -> Clock:
    """A clock that stands has no due time; it says since when and why."""
    pause = row.pauses[-1]
    why = words.text(f"casework.kind.{pause.reason}")
    return Clock(
        rule_id=row.rule_id,
        name=words.clock(row.rule_id, now=now),
        sentence=words("clock.paused_since", when=words.moment(pause.started_at), why=why),
        due="",
        due_at=row.due_at,
        status="paused",
        ended_at=None,
        tone="",
        left=words("clock.paused"),
        is_estimate=False,
    )
