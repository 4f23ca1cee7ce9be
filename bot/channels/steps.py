"""The questions of a report as a chat asks them: one input a message. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.questionnaire import CHOICE, UNKNOWN_COUNTY, list_fields, must_answer
from config.places import Office, list_place_names
from config.questionnaires import Input, Question, Questionnaire

SKIP, UNKNOWN = "skip", "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """One message: an input of a question, or (where `field` is None) the choice of the question."""

    question: Question
    field: Input | None

    @property
    def id(self) -> str:
        """What is stored in `Draft.step`."""
        return f"{self.question.id}.{self.name}"

    @property
    def name(self) -> str:
        """Under which the answer stands in the answers of the question."""
        return self.field.id if self.field else CHOICE

    @property
    def kind(self) -> str:
        """Kind of input."""
        return self.field.kind if self.field else CHOICE

    @property
    def may_skip(self) -> bool:
        """Whether nothing need be said."""
        return not (self.field.is_required if self.field else must_answer(self.question))


def list_steps(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> list[Step]:
    """All steps in order; those that a choice opens only once it is made."""
    steps = []
    for question in questionnaire.questions:
        given = answers.get(question.id) or {}
        if question.choices:
            steps.append(Step(question, None))
        steps += [Step(question, field) for field in list_fields(question, given.get(CHOICE))]
    return steps


def find_step(questionnaire: Questionnaire, answers: Mapping[str, Any], step_id: str) -> Step | None:
    """The step with this id, if it is asked at all."""
    return next((step for step in list_steps(questionnaire, answers) if step.id == step_id), None)


def step_after(questionnaire: Questionnaire, answers: Mapping[str, Any], step: Step) -> Step | None:
    """The step that follows, or None at the end."""
    steps = list_steps(questionnaire, answers)
    place = steps.index(step) + 1
    return steps[place] if place < len(steps) else None


def step_before(questionnaire: Questionnaire, answers: Mapping[str, Any], step: Step) -> Step | None:
    """The step before, or None at the first."""
    steps = list_steps(questionnaire, answers)
    place = steps.index(step)
    return steps[place - 1] if place else None


def next_step_to_answer(
    questionnaire: Questionnaire, answers: Mapping[str, Any], *, after: Step
) -> Step | None:
    """The next step behind `after` that cannot be skipped and has no answer; None when all may be left out."""
    steps = list_steps(questionnaire, answers)
    for step in steps[steps.index(after) + 1 :]:
        given = answers.get(step.question.id) or {}
        if not step.may_skip and not given.get(step.name):
            return step
    return None


def find_county(offices: Iterable[Office], typed: str) -> tuple[str, str]:
    """Office id and place out of typed words: ("wuyang", "舞阳县孟寨镇") for 舞阳县孟寨镇.

    Asked for the county, people also type a town or a short name. The office is unknown when no office, or
    more than one, is meant; the words then stay as the place, and a person at the city desk decides.
    """
    words = typed.strip().casefold()
    offices = [office for office in offices if office.is_county]
    names = [name for name in list_place_names(offices) if name.name.casefold() in words]
    sure = {name.office_id for name in names if not name.is_weak}
    found = sure or {name.office_id for name in names if name.kind == "office"}
    if len(found) != 1:
        return UNKNOWN_COUNTY, typed.strip()
    [office_id] = found
    is_bare = any(name.kind == "office" and name.name.casefold() == words for name in names)
    return office_id, "" if is_bare else typed.strip()
