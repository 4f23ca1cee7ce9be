"""Shape of `follow_ups.yaml`: what is asked after the citizen's own words, and how we say what we understood.

Words and numbers only. Which of it fits a tip is decided by `bot/follow_ups.py`, from an `Understanding` in the
vocabulary of this file.
"""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from config.rulefile import Frozen

Fact = Literal["county", "place", "body", "date", "period", "amount", "contact", "duration", "site"]
"""What a text may tell already.

`date`: a day; `period`: a time without a day (上个月, 一直); `site`: where an exam is held.
"""
Kind = Literal["text", "choice", "date", "place", "county", "body", "files"]
Disposition = Literal[
    "in_scope", "other_safety", "other_department", "consultation", "not_actionable", "unsure"
]
"""What triage says of a tip; `unsure` where it had better not say."""
MOST = 3
"""Nobody is asked more than this between his own words and the question who he is."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a text says, as far as questions depend on it."""

    disposition: Disposition
    """`unsure`: clauses and patterns are empty then."""
    clauses: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    facts: frozenset[Fact] = frozenset()
    county: str = ""
    """Office id, where the text names one county alone."""
    is_outside: bool = False
    bodies: tuple[str, ...] = ()
    is_urgent: bool = False


class When(Frozen):
    """For which tips something is meant. Everything that is given must hold; of clauses and patterns one."""

    dispositions: tuple[Disposition, ...] = ()
    clauses: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    lacks: tuple[Fact, ...] = ()
    has: tuple[Fact, ...] = ()


class FollowUp(Frozen):
    """One question. Its words: `questions.follow_up.<id>`.

    `kind` says what is typed and where it is kept: `text` and `choice` are answers of their own, the others are
    the questions of `questionnaires/tip.yaml` asked in other words.
    """

    id: str = Field(pattern=r"^[a-z][a-z_]*$")
    why: str
    kind: Kind
    worth: int = Field(ge=1, le=100)
    when: When
    choices: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> "FollowUp":
        if bool(self.choices) != (self.kind == "choice"):
            message = "a question of kind choice has choices, and no other has"
            raise ValueError(message)
        return self


class Matter(Frozen):
    """What a tip may be about, in words of citizens: `questions.matter.<id>`. One of the labels is enough."""

    id: str = Field(pattern=r"^[a-z][a-z_]*$")
    clauses: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    dispositions: tuple[Disposition, ...] = ()


class Elsewhere(Frozen):
    """Where a matter that is not ours belongs: `questions.elsewhere.<id>`. The first with a word of the text."""

    id: str = Field(pattern=r"^[a-z][a-z_]*$")
    why: str
    words: tuple[str, ...] = ()


class FollowUps(Frozen):
    """`follow_ups.yaml`."""

    most: int = Field(ge=0, le=MOST)
    detailed_from: int = Field(ge=1)
    follow_ups: tuple[FollowUp, ...]
    matters: tuple[Matter, ...]
    elsewhere: tuple[Elsewhere, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_once(self) -> "FollowUps":
        for items in (self.follow_ups, self.matters, self.elsewhere):
            ids = [item.id for item in items]
            if twice := sorted({item for item in ids if ids.count(item) > 1}):
                message = f"{twice[0]} stands twice"
                raise ValueError(message)
        if self.elsewhere[-1].words:
            message = "the last place elsewhere is for everything else and has no words"
            raise ValueError(message)
        return self
