"""Shapes of `deadlines.yaml`: which clocks run, how they count, who is warned and who is told when they are missed."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

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
    role: str


class DeadlineRule(Frozen):
    """One clock. Never edit a rule that was in force: end it and add the next version."""

    id: Annotated[str, Field(pattern=r"D\d\d[a-z]?")]
    version: Annotated[str, Field(min_length=1)]
    why: Annotated[str, Field(min_length=1)]
    name: InBoth
    start: InBoth
    start_events: Annotated[tuple[str, ...], Field(min_length=1)]
    role: str
    limit: Span
    rolls: bool = False
    basis: Basis
    source: InBoth
    in_force_from: date
    in_force_to: date | None = None
    is_on: bool = True
    warn: tuple[Span, ...] = ()
    ladder: tuple[Rung, ...] = ()

    def is_in_force(self, day: date) -> bool:
        """Whether the rule governs clocks that start on `day`."""
        return (
            self.is_on and self.in_force_from <= day and (self.in_force_to is None or day <= self.in_force_to)
        )


class DeadlineFile(Frozen):
    """`deadlines.yaml`."""

    rules: Annotated[tuple[DeadlineRule, ...], Field(min_length=1)]
