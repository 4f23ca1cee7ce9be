"""What a figure on an oversight page counts, as a condition on cases.

The same conditions make the figures (`models.queries.reports`) and the lists behind them
(`models.queries.cases`): a figure and its list cannot disagree. A `FigureFilter` travels in addresses.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Self, TypeVar

from sqlalchemy import ColumnElement, Integer, and_, not_, or_, select, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from config.clock import LOCAL
from models.case import Case, Deadline
from models.states import CaseState

FIRST_YEAR, LAST_YEAR = 2000, 9998
_Word = TypeVar("_Word", bound=StrEnum)
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


class Stage(StrEnum):
    """A stretch of the way whose length is measured; the definition of each is in `console.oversight.stage`."""

    ASSIGNMENT = "assignment"  # registration → assignment
    SIGNING = "signing"  # assignment → signing
    RESULT = "result"  # signing → result filed
    ANSWER = "answer"  # result filed → answer
    WHOLE = "whole"  # registration → answer


class Step(StrEnum):
    """Whether a case has come to the end of a stage."""

    DONE = "done"
    WAITING = "waiting"


class Outcome(StrEnum):
    """How a clock ended. One that fell away in time, or still runs in time, is neither."""

    ON_TIME = "on_time"
    LATE = "late"


DROPPED_STATES = frozenset({CaseState.REFUSED, CaseState.TRANSFERRED, CaseState.MERGED, CaseState.TERMINATED})
"""Cases that left the way before its end: they have no response time."""
ANSWERED_STATES = frozenset({CaseState.ANSWERED, CaseState.CLOSED, CaseState.ARCHIVED, CaseState.IN_REVIEW})
RESULT_STATES = ANSWERED_STATES | {CaseState.RESULT_FILED, CaseState.ANSWER_DUE}
"""A result counts once filed and as long as it is not sent back; an answer likewise."""


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month as people in Luohe live it."""

    year: int
    number: int

    @classmethod
    def find(cls, written: str) -> Self | None:
        """The month written as 2026-03, or None."""
        match = _MONTH.fullmatch(written)
        if not match or not FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
            return None
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """The month that a moment lies in."""
        local = moment.astimezone(LOCAL)
        return cls(local.year, local.month)

    def plus(self, months: int) -> "Month":
        """The month that many later (or, negative, earlier)."""
        index = self.year * 12 + self.number - 1 + months
        return Month(index // 12, index % 12 + 1)

    @property
    def starts_at(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.number, 1, tzinfo=LOCAL)

    @property
    def ends_at(self) -> datetime:
        """The first moment after it."""
        return self.plus(1).starts_at

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"


@dataclass(frozen=True, slots=True)
class Period:
    """From one month to another, both included."""

    first: Month
    last: Month

    @classmethod
    def find(cls, written: str) -> Self | None:
        """The period written as 2026-01..2026-03 or 2026-03, or None."""
        first_words, _, last_words = written.partition("..")
        first, last = Month.find(first_words), Month.find(last_words or first_words)
        return cls(first, last) if first and last and first <= last else None

    @property
    def months(self) -> list[Month]:
        """Its months, in order."""
        return [self.first.plus(i) for i in range(self._length)]

    @property
    def previous(self) -> "Period":
        """As many months, just before."""
        return Period(self.first.plus(-self._length), self.first.plus(-1))

    @property
    def starts_at(self) -> datetime:
        """Its first moment."""
        return self.first.starts_at

    @property
    def ends_at(self) -> datetime:
        """The first moment after it."""
        return self.last.ends_at

    @property
    def _length(self) -> int:
        return (self.last.year - self.first.year) * 12 + self.last.number - self.first.number + 1

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"


@dataclass(frozen=True, slots=True)
class FigureFilter:
    """Which cases a figure counts; empty fields do not narrow it.

    registered       cases registered in these months
    stage, step      cases of a stage that are through it, or wait in it; without a step: both
    rule, due,       cases with a clock of this rule that fell due in these months and was met on time
      outcome        or was late
    has_breach       cases of which some deadline was missed
    until            open cases whose nearest clock has not run out yet and does by the end of this day
    """

    registered: Period | None = None
    stage: Stage | None = None
    step: Step | None = None
    rule: str = ""
    due: Period | None = None
    outcome: Outcome | None = None
    has_breach: bool = False
    until: date | None = None

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """From the query of an address; what is not understood does not narrow."""
        return cls(
            registered=Period.find(query.get("registered", "")),
            stage=_find_word(Stage, query.get("stage")),
            step=_find_word(Step, query.get("step")),
            rule=rule if re.fullmatch(r"[DP]\d{2}[a-z]?", rule := query.get("rule", ""), re.ASCII) else "",
            due=Period.find(query.get("due", "")),
            outcome=_find_word(Outcome, query.get("outcome")),
            has_breach=query.get("breach") == "yes",
            until=_find_date(query.get("until", "")),
        )

    def write(self) -> dict[str, str]:
        """As the query of an address; the reverse of `read`."""
        fields: dict[str, Any] = {
            "registered": self.registered,
            "stage": self.stage,
            "step": self.step,
            "rule": self.rule,
            "due": self.due,
            "outcome": self.outcome,
            "breach": "yes" if self.has_breach else "",
            "until": self.until,
        }
        return {name: str(value) for name, value in fields.items() if value}

    def conditions(self, *, now: datetime) -> list[ColumnElement[bool]]:
        """As conditions on `Case`."""
        wanted: list[ColumnElement[bool]] = []
        if self.registered:
            wanted += is_within(Case.registered_at, self.registered)
        if self.stage:
            wanted.append(is_in_stage(self.stage, self.step))
        if self.rule or self.due or self.outcome:
            wanted.append(_has_clock(self, now=now))
        if self.has_breach:
            wanted.append(Case.has_breach.is_(True))
        if self.until:
            wanted += [Case.is_open.is_(True), *is_due_by(end_of_day(self.until), now=now)]
        return wanted


def _find_word(vocabulary: type[_Word], written: str | None) -> _Word | None:
    return next((word for word in vocabulary if word == written), None)


def _find_date(written: str) -> date | None:
    try:
        day = date.fromisoformat(written) if len(written) == 10 else None
    except ValueError:
        return None
    return day if day and FIRST_YEAR <= day.year <= LAST_YEAR else None


def end_of_day(day: date) -> datetime:
    """The midnight that ends a day in Luohe."""
    return datetime(day.year, day.month, day.day, tzinfo=LOCAL) + timedelta(days=1)


def is_due_by(moment: datetime, *, now: datetime) -> list[ColumnElement[bool]]:
    """Conditions that the nearest clock of a case still runs and will have run out at `moment`."""
    return [Case.next_due_at > now, Case.next_due_at <= moment]


def is_within(column: Any, period: Period) -> list[ColumnElement[bool]]:  # noqa: ANN401 - any column of moments
    """Conditions that a moment lies in a period."""
    return [column >= period.starts_at, column < period.ends_at]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stage in columns: its two milestones, and when a case has begun it and is through it."""

    starts_at: ColumnElement[datetime]
    ends_at: ColumnElement[datetime]
    began: ColumnElement[bool]
    ended: ColumnElement[bool]


def stretch_of(stage: Stage) -> Stretch:
    """The columns of a stage."""
    has_result = and_(Case.result_at.is_not(None), Case.state.in_(RESULT_STATES))
    has_answer = and_(Case.answered_at.is_not(None), Case.state.in_(ANSWERED_STATES))
    is_assigned, is_signed = Case.assigned_at.is_not(None), Case.signed_at.is_not(None)
    registered: Any = Case.registered_at
    assigned: Any = Case.assigned_at
    signed: Any = Case.signed_at
    result: Any = Case.result_at
    answered: Any = Case.answered_at
    match stage:
        case Stage.ASSIGNMENT:
            return Stretch(registered, assigned, true(), is_assigned)
        case Stage.SIGNING:
            return Stretch(assigned, signed, is_assigned, is_signed)
        case Stage.RESULT:
            return Stretch(signed, result, is_signed, has_result)
        case Stage.ANSWER:
            return Stretch(result, answered, has_result, has_answer)
        case Stage.WHOLE:
            return Stretch(registered, answered, true(), has_answer)


def is_in_stage(stage: Stage, step: Step | None) -> ColumnElement[bool]:
    """Whether a case began this stage and, with a step, whether it is through it."""
    stretch = stretch_of(stage)
    is_counted = and_(Case.state.not_in(DROPPED_STATES), stretch.began)
    match step:
        case None:
            return is_counted
        case Step.DONE:
            return and_(is_counted, stretch.ended)
        case Step.WAITING:
            return and_(is_counted, not_(stretch.ended))


def is_late(*, now: datetime) -> ColumnElement[bool]:
    """Whether a clock was missed: met or dropped after its time, or still running past it."""
    is_running = and_(Deadline.met_at.is_(None), Deadline.cancelled_at.is_(None))
    return or_(
        Deadline.met_at > Deadline.due_at,
        and_(Deadline.met_at.is_(None), Deadline.cancelled_at > Deadline.due_at),
        and_(is_running, Deadline.due_at <= now),
    )


def is_on_time() -> ColumnElement[bool]:
    """Whether a clock was met in time."""
    return Deadline.met_at <= Deadline.due_at


def _has_clock(wanted: FigureFilter, *, now: datetime) -> ColumnElement[bool]:
    """Whether a case has such a clock. One late clock makes it late, whatever the others of the rule did."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.rule:
        conditions.append(Deadline.rule_id == wanted.rule)
    if wanted.due:
        # A clock is judged once its time has come: one that was met early counts in the month it fell due.
        conditions += [*is_within(Deadline.due_at, wanted.due), Deadline.due_at <= now]

    def is_with(outcome: ColumnElement[bool]) -> ColumnElement[bool]:
        return Case.id.in_(select(Deadline.case_id).where(*conditions, outcome))

    match wanted.outcome:
        case Outcome.LATE:
            return is_with(is_late(now=now))
        case Outcome.ON_TIME:
            return and_(is_with(is_on_time()), not_(is_with(is_late(now=now))))
        case None:
            return is_with(or_(is_late(now=now), is_on_time()))


class seconds_between(FunctionElement[int]):  # noqa: N801 - reads as the SQL function it is
    """Whole seconds from the first moment to the second; no value where either is missing."""

    type = Integer()
    name = "seconds_between"
    inherit_cache = True


@compiles(seconds_between, "sqlite")
def _seconds_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:  # noqa: ANN401
    start, end = (compiler.process(part, **options) for part in element.clauses)
    # julianday and not unixepoch, which SQLite has only since 3.38.
    return f"CAST(round((julianday({end}) - julianday({start})) * 86400) AS INTEGER)"


@compiles(seconds_between, "postgresql")
def _seconds_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:  # noqa: ANN401
    start, end = (compiler.process(part, **options) for part in element.clauses)
    return f"CAST(round(extract(epoch FROM ({end} - {start}))) AS BIGINT)"
