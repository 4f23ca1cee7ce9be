"""Shape of `questionnaires/*.yaml`: what web and chat ask, in which order."""

from itertools import chain
from typing import Literal

from pydantic import Field, model_validator

from config.rulefile import Frozen


class Input(Frozen):
    """One input of a question. Its words are in `rules.questionnaire.<questionnaire>.<question>.<field>`."""

    id: str
    kind: Literal["line", "text", "county", "file", "name", "phone"]
    is_required: bool = False
    longest: int | None = Field(default=None, ge=1)
    most: int | None = Field(default=None, ge=1)
    most_bytes: int | None = Field(default=None, ge=1)


class Choice(Frozen):
    """An answer to pick. `asks`: the fields that it opens."""

    id: str
    asks: tuple[str, ...] = ()


class Question(Frozen):
    """One step of a questionnaire: one page on the web, one message in the chat."""

    id: str
    is_required: bool = False
    choices: tuple[Choice, ...] = ()
    fields: tuple[Input, ...] = ()
    words: str = Field(default="", description="follow-up whose words it is asked in, if not in its own")

    @model_validator(mode="after")
    def _whole(self) -> "Question":
        known = {field.id for field in self.fields}
        asked = set(chain.from_iterable(choice.asks for choice in self.choices))
        if not (self.fields or self.choices) or asked - known:
            message = (
                "a question needs a field or choices, and a choice may only ask for fields of its question"
            )
            raise ValueError(message)
        return self


class Questionnaire(Frozen):
    """`questionnaires/*.yaml`: what web and chat ask, in this order."""

    id: str
    why: str
    questions: tuple[Question, ...] = Field(min_length=1)
