"""Shape of `phrases/*.yaml`: words for what is often written to reporters, one file a message. No rule of triage."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config.deadlines import InBoth
from config.rulefile import CONFIG, CatalogError, Frozen, Problem, read_shape
from config.text import PLACEHOLDER

Occasion = Literal[
    "ask_reporter",
    "ask_supplement",
    "answer",
    "refuse",
    "transfer_out",
    "uphold",
    "reopen",
    "take_up",
    "grant_termination",
]
"""The moves whose words a reporter reads."""
VARIABLES = frozenset(
    {"number", "office", "due", "supplement_due", "review_due", "verdict", "today", "hotline"}
)
"""All that a phrase may ask for. None of it tells who reported, who handles the case, or what was told."""


class Phrase(Frozen):
    """One text. `moves`: where it is offered."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z-]{2,40}$")]
    why: Annotated[str, Field(min_length=1)]
    moves: Annotated[tuple[Occasion, ...], Field(min_length=1)]
    name: InBoth
    text: InBoth

    @property
    def variables(self) -> frozenset[str]:
        """What it asks for."""
        return frozenset(PLACEHOLDER.findall(self.text.zh))

    @model_validator(mode="after")
    def _asks_for_known_variables(self) -> Self:
        asked = {locale: set(PLACEHOLDER.findall(self.text.say(locale))) for locale in ("zh-CN", "en")}
        if unknown := set().union(*asked.values()) - VARIABLES:
            message = (
                f"nobody fills in {', '.join(sorted(unknown))}; known are {', '.join(sorted(VARIABLES))}"
            )
            raise ValueError(message)
        if asked["zh-CN"] != asked["en"]:
            message = "the two languages ask for different variables"
            raise ValueError(message)
        if any("{" in PLACEHOLDER.sub("", said) for said in (self.text.zh, self.text.en)):
            message = "a brace begins a variable; write names of variables in small letters"
            raise ValueError(message)
        return self


@cache
def load_phrases(root: Path = CONFIG) -> tuple[Phrase, ...]:
    """All of them, by name of file. Raises CatalogError with every problem of every file."""
    phrases: list[Phrase] = []
    problems: list[Problem] = []
    for path in sorted((root / "phrases").glob("*.yaml")):
        try:
            phrases.append(read_shape(Phrase, path, root=root))
        except CatalogError as error:
            problems += error.problems
            continue
        if phrases[-1].id != path.stem:
            name = path.relative_to(root).as_posix()
            problems.append(
                Problem(name, "id", f"the id is {phrases[-1].id}", f"write {path.stem}, or rename the file")
            )
    if problems:
        raise CatalogError(problems)
    return tuple(phrases)
