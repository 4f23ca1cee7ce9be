"""What is due on a clock, and who must hear of it. Pure: facts in, steps and tellings out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from config.calendars import Calendar
from models.states import Role, Urgency
from triage.deadlines import LadderStep, StepKind, next_office_hour

DIGEST_FROM = 4
"""From so many matters on, a person gets one notice with their number: after an outage nobody drowns."""

NEXT_IN_LINE = {Role.OFFICER: Role.LEAD, Role.LEAD: Role.SUPERVISOR, Role.INTAKE: Role.SUPERVISOR}
"""Who stands in where a role has nobody."""

NOTICE_KINDS = {
    StepKind.WARN: "deadline_warning",
    StepKind.BREACH: "deadline_breached",
    StepKind.ESCALATE: "deadline_escalated",
}
EVENT_KINDS = {
    StepKind.WARN: "deadline_warned",
    StepKind.BREACH: "deadline_breached",
    StepKind.ESCALATE: "deadline_escalated",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """What to do with a clock now."""

    steps: tuple[LadderStep, ...]
    """Taken now, in order."""
    stage: int
    wake_at: datetime | None
    """When to look again; none when the ladder is at its end."""

    @property
    def told(self) -> tuple[LadderStep, ...]:
        """Steps that somebody hears of: a warning that a later step has overtaken is noted only."""
        return tuple(step for step in self.steps if step.kind is not StepKind.WARN or step is self.steps[-1])


@dataclass(frozen=True, slots=True)
class Telling:
    """One person hears of one step of one clock."""

    staff_id: int
    deadline_id: int
    stage: int
    step: LadderStep


def advance(
    ladder: Sequence[LadderStep], stage: int, *, now: datetime, urgency: Urgency, calendar: Calendar
) -> Progress:
    """Take all steps whose moment has come.

    Warnings and escalations wait for office hours unless danger is immediate; a missed limit is noted at once.
    """
    taken: list[LadderStep] = []
    for step in ladder[stage:]:
        if step.at > now:
            return Progress(tuple(taken), stage + len(taken), step.at)
        opens = next_office_hour(now, calendar=calendar)
        if step.kind is not StepKind.BREACH and urgency is not Urgency.IMMEDIATE and opens > now:
            # A missed limit behind a waiting warning is still noted at once, also when it is missed meanwhile.
            limit = next(
                (late for late in ladder[stage + len(taken) :] if late.kind is StepKind.BREACH), None
            )
            if limit is None or limit.at > now:
                wake_at = min(opens, limit.at) if limit else opens
                return Progress(tuple(taken), stage + len(taken), wake_at)
        taken.append(step)
    return Progress(tuple(taken), len(ladder), None)


def send_moment(kind: StepKind, *, now: datetime, urgency: Urgency, calendar: Calendar) -> datetime:
    """When the notice of a step goes out: a limit missed at midnight is told when offices open."""
    if kind is not StepKind.BREACH or urgency is Urgency.IMMEDIATE:
        return now
    return next_office_hour(now, calendar=calendar)


def find_digests(tellings: Iterable[Telling]) -> dict[int, int]:
    """Who gets one notice for many matters: staff id → number of clocks."""
    clocks = Counter(
        staff_id for staff_id, _ in {(telling.staff_id, telling.deadline_id) for telling in tellings}
    )
    return {staff_id: count for staff_id, count in clocks.items() if count >= DIGEST_FROM}


def most_severe(tellings: Iterable[Telling]) -> list[Telling]:
    """Of several steps of one clock a person hears of the last one only."""
    last: dict[tuple[int, int], Telling] = {}
    for telling in tellings:
        key = (telling.staff_id, telling.deadline_id)
        if key not in last or last[key].stage < telling.stage:
            last[key] = telling
    return list(last.values())
