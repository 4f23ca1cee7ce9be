"""The questions of a report, one at a time: which comes next, whether an answer will do, what was said.

Pure: web and chat both walk `config/questionnaires/tip.yaml` with these functions and differ only in how they
show a question. Answers are plain JSON, kept in `Draft.answers`:

    {"what": {"text": "…"}, "where": {"county": "yancheng", "place": "…"}, "who": {}, "contact": {"choice": "…"}}

A question that is a key was answered or, with an empty value, skipped. `CHOICE` holds the choice of a question
that has choices. Files are not answers: they are rows of the draft.
"""

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config.questionnaires import Input, Question, Questionnaire
from models.numbers import holds_code

CHOICE = "choice"
UNKNOWN_COUNTY = "unknown"
PHONE_DIGITS = range(5, 21)

Typed = Mapping[str, str]
Answers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why an input will not do. `key`: a sentence below `errors.`, with its values."""

    key: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the summary: what was answered to one input. `value` is empty where it was skipped."""

    question: str
    field: str
    value: str


class UnknownQuestionError(LookupError):
    """The questionnaire has no such question."""


def get_question(questionnaire: Questionnaire, question_id: str) -> Question:
    """The question with this id. Raises UnknownQuestionError."""
    for question in questionnaire.questions:
        if question.id == question_id:
            return question
    raise UnknownQuestionError(question_id)


def next_question(
    questionnaire: Questionnaire, answers: Answers, *, after: str | None = None
) -> Question | None:
    """The first question not answered yet, or, with `after`, the one that follows; None at the end."""
    if after is None:
        return next((question for question in questionnaire.questions if question.id not in answers), None)
    place = _place(questionnaire, after) + 1
    return questionnaire.questions[place] if place < len(questionnaire.questions) else None


def previous_question(questionnaire: Questionnaire, question_id: str) -> Question | None:
    """The question before, or None at the first. Raises UnknownQuestionError."""
    place = _place(questionnaire, question_id)
    return questionnaire.questions[place - 1] if place else None


def list_missing(questionnaire: Questionnaire, answers: Answers) -> tuple[Question, ...]:
    """Required questions without an answer: until they have one, nothing can be sent."""
    return tuple(
        question
        for question in questionnaire.questions
        if must_answer(question) and not answers.get(question.id)
    )


def must_answer(question: Question) -> bool:
    """Whether a question cannot be skipped. What a choice asks for need be said only once it is chosen."""
    return question.is_required or any(field.is_required for field in question.fields if not question.choices)


def list_fields(question: Question, choice: str | None = None) -> tuple[Input, ...]:
    """Inputs that are asked: all of them, or for a question with choices those that the choice opens."""
    if not question.choices:
        return question.fields
    asked = {name for option in question.choices if option.id == choice for name in option.asks}
    return tuple(field for field in question.fields if field.id in asked)


def check_answer(question: Question, typed: Typed, *, counties: Collection[str]) -> dict[str, Flaw]:
    """What will not do, by input; empty when the answer can be taken. `counties`: ids of the offices."""
    flaws: dict[str, Flaw] = {}
    if question.choices and typed.get(CHOICE, "") not in {option.id for option in question.choices}:
        if typed.get(CHOICE) or must_answer(question):
            flaws[CHOICE] = Flaw("choose", {})
        return flaws
    fields = list_fields(question, typed.get(CHOICE))
    for field in fields:
        if flaw := _check_field(question, field, typed.get(field.id, ""), counties):
            flaws[field.id] = flaw
    if (
        question.choices
        and fields
        and not flaws
        and not any(typed.get(field.id, "").strip() for field in fields)
    ):
        flaws[fields[0].id] = Flaw("contact_missing", {})
    return flaws


def take_answer(question: Question, typed: Typed) -> dict[str, str]:
    """What is kept of a checked answer: only what was asked, empty inputs left out."""
    choice = typed.get(CHOICE)
    kept = {CHOICE: choice} if question.choices and choice else {}
    for field in list_fields(question, choice):
        if field.kind != "file" and (value := typed.get(field.id, "")).strip():
            kept[field.id] = _tidy(field, value)
    return kept


def summarise(questionnaire: Questionnaire, answers: Answers) -> Iterator[Said]:
    """Every input with its answer, in the order of the questions; files are left to the caller."""
    for question in questionnaire.questions:
        given = answers.get(question.id) or {}
        if question.choices:
            yield Said(question.id, CHOICE, given.get(CHOICE, ""))
        for field in list_fields(question, given.get(CHOICE)):
            if field.kind != "file":
                yield Said(question.id, field.id, given.get(field.id, ""))


def collect_values(questionnaire: Questionnaire, answers: Answers) -> dict[str, str]:
    """All answers by input (text, county, place, target, occurred, name, phone …), for the submission."""
    said = {line.field: line.value for line in summarise(questionnaire, answers) if line.field != CHOICE}
    if said.get("county") == UNKNOWN_COUNTY:
        said["county"] = ""
    return said


def _place(questionnaire: Questionnaire, question_id: str) -> int:
    return questionnaire.questions.index(get_question(questionnaire, question_id))


def _check_field(question: Question, field: Input, value: str, counties: Collection[str]) -> Flaw | None:
    if not value.strip():
        return Flaw("empty", {"question": question.id}) if field.is_required else None
    if field.longest is not None and len(value) > field.longest:
        return Flaw("too_long", {"longest": f"{field.longest:,}", "length": f"{len(value):,}"})
    if problem := _find_unstorable(value):
        return Flaw(problem, {})
    if field.kind == "county" and value not in {*counties, UNKNOWN_COUNTY}:
        return Flaw("choose", {})
    if field.kind == "phone" and _count_digits(value) not in PHONE_DIGITS:
        return Flaw("phone", {})
    return None


def _find_unstorable(value: str) -> str:
    """Key of what must not be stored: characters that no database takes, and return codes."""
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        return "bad_characters"
    return "holds_code" if holds_code(value) else ""


def _tidy(field: Input, value: str) -> str:
    """The citizen's own account stays byte for byte; of other inputs only what stands around them goes."""
    if field.kind == "text":
        return value
    return unicodedata.normalize("NFKC", value).strip() if field.kind == "phone" else value.strip()


def _count_digits(value: str) -> int:
    return sum(character.isdecimal() for character in unicodedata.normalize("NFKC", value[:200]))
