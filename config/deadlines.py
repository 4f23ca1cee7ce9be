"""Shapes of `deadlines.yaml`: which clocks run, how they count, who is warned and who is told when they are missed."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.rulefile import Frozen


class Unit(StrEnum):
    """How a limit counts: 民法典 arts. 201–203 for days, from the very moment for hours."""

    HOURS = "hours"
    NATURAL_DAYS = "natural_days"
    WORKING_DAYS = "working_days"


class Basis(StrEnum):
    """Whether a limit is law, follows law by analogy, or is the bureau's own promise."""

    LAW = "law"
    ANALOGY = "analogy"
    PROMISE = "promise"


Role = Literal["intake", "officer", "lead", "supervisor", "bureau_head", "police", "reporter"]
"""Whose duty it is. Only those who have accounts are warned and told; the others' clocks are watched for them."""

StartEvent = Literal[
    "registered",
    "found_elsewhere",
    "decided",
    "accepted",
    "assigned",
    "returned",
    "disputed",
    "extension_granted",
    "result_approved",
    "answered",
    "refused",
    "review_asked",
    "supplement_asked",
    "reward_notified",
    "crime_reported",
    "referral_approved",
    "referral_received",
    "referral_incomplete",
    "refusal_received",
    "reconsideration_asked",
    "reconsideration_decided",
    "police_filed",
    "hotline_received",
    "split_off",
    "redone",
    "reopened",
    "penalty_opened",
    "penalty_decided",
]

PauseReason = Literal["supplement", "expert", "police", "court", "reporter"]
"""Why a clock may stand: the reporter adds what is missing, an expert examines, others decide first."""


class InBoth(Frozen):
    """Words in both languages."""

    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]

    def say(self, locale: str) -> str:
        """The words in a language."""
        return self.en if locale == "en" else self.zh


class Span(Frozen):
    """A stretch of time."""

    amount: Annotated[int, Field(ge=0, le=400)]
    unit: Unit


class Rung(Frozen):
    """One rung of the ladder: so long after the limit was missed, this role is told."""

    after: Span
    role: Literal["officer", "lead", "supervisor"]


class DeadlineRule(Frozen):
    """One clock. Never edit a rule that was in force: end it and add the next version.

    `replaces`: while this rule is switched on and in force, it stands in for that one. `rolls`: a last day that is
    a rest day moves on to the next working day. `pauses`: for which reasons the clock stands; for no other does it.
    `is_window`: a right, no duty; who lets it pass is not late with it, and the clock just ends.
    """

    id: Annotated[str, Field(pattern=r"^[DP]\d\d[a-z]?$")]
    replaces: str | None = None
    version: Annotated[str, Field(min_length=1)]
    why: Annotated[str, Field(min_length=1)]
    name: InBoth
    start: InBoth
    start_events: Annotated[tuple[StartEvent, ...], Field(min_length=1)]
    role: Role
    limit: Span
    rolls: bool = False
    is_window: bool = False
    basis: Basis
    source: InBoth
    in_force_from: date
    in_force_to: date | None = None
    is_on: bool = True
    pauses: tuple[PauseReason, ...] = ()
    warn: tuple[Span, ...] = ()
    ladder: tuple[Rung, ...] = ()

    @model_validator(mode="after")
    def _possible(self) -> "DeadlineRule":
        if self.in_force_to is not None and self.in_force_to < self.in_force_from:
            message = "in_force_to lies before in_force_from"
            raise ValueError(message)
        if self.rolls and self.limit.unit is not Unit.NATURAL_DAYS:
            message = "only natural days roll: hours run on (民法典 art. 201) and working days end on one"
            raise ValueError(message)
        if self.is_window and (self.warn or self.ladder):
            message = "a window warns nobody: leave out warn and ladder"
            raise ValueError(message)
        if self.pauses and self.limit.unit is Unit.HOURS:
            message = "a limit in hours never stands: only days can be left out"
            raise ValueError(message)
        return self

    @property
    def stored_version(self) -> str:
        """What a clock keeps of the rule that it was started under."""
        return f"{self.id}-{self.version}"

    @property
    def is_watched(self) -> bool:
        """Whether nobody here is late with it: somebody outside owes the step, or it is a right that lapses."""
        return self.is_window or self.role in {"police", "reporter"}

    @property
    def stands_for(self) -> str:
        """The id under which the procedure asks for it."""
        return self.replaces or self.id

    def is_in_force(self, day: date) -> bool:
        """Whether the rule governs clocks that start on `day`."""
        return (
            self.is_on and self.in_force_from <= day and (self.in_force_to is None or day <= self.in_force_to)
        )


class DeadlineFile(Frozen):
    """`deadlines.yaml`."""

    rules: Annotated[tuple[DeadlineRule, ...], Field(min_length=1)]
