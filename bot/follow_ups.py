"""Which questions come after the citizen's own words, and what we say that we understood. Pure.

`choose_follow_ups` picks from `config/follow_ups.yaml`; `make_plan` puts the picked ones into the questionnaire that
web and chat walk. Nothing of the fixed questionnaire is lost by it: what is not asked can still be filled in
where everything is shown before sending.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.questionnaire import CHOICE, must_answer
from bot.understanding import Note, digest_words, shorten_bodies
from config.follow_ups import FollowUp, FollowUps, Matter, Understanding, When
from config.questionnaires import Choice, Input, Question, Questionnaire

MEANT, MEANT_WORDS = "meant", "meant_words"
RIGHT, ELSE = "right", "else"
LONGEST_ANSWER = 500
UNSURE = "unsure"
_MOST_TOLD = 2
_KEPT_IN = {
    "date": ("when", "occurred"),
    "place": ("where", "place"),
    "county": ("where", "county"),
    "body": ("who", "target"),
    "files": ("evidence", "files"),
}
"""Kinds that are a question of the fixed questionnaire, and its first input."""
Answers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """The questions of one draft: those that are asked one after another, and all that can be filled in."""

    asked: Questionnaire
    whole: Questionnaire


# ---------------------------------------------------------------- choosing


def make_note(
    words: str,
    said: Understanding,
    rules: FollowUps,
    *,
    answers: Answers,
    has_files: bool = False,
    before: Note | None = None,
) -> Note:
    """What is kept of a reading: the questions to ask and what to say. `before`: of the words as they were."""
    return Note(
        of=digest_words(words),
        asked=choose_follow_ups(
            said, rules, answers=answers, has_files=has_files, before=before.asked if before else ()
        ),
        is_sure=said.disposition != UNSURE,
        matters=tuple(matter.id for matter in rules.matters if _fits_labels(matter, said))[:_MOST_TOLD],
        county=said.county,
        bodies=shorten_bodies(said.bodies),
        is_urgent=said.is_urgent,
        notice=choose_notice(words, said, rules),
    )


def choose_follow_ups(
    said: Understanding,
    rules: FollowUps,
    *,
    answers: Answers,
    has_files: bool = False,
    before: Collection[str] = (),
) -> tuple[str, ...]:
    """At most `most` questions, those of most worth, files last; none whose answer is in the text or given already.

    Of the questions asked `before` those that were answered or skipped stay and count.
    """
    by_id = {item.id: item for item in rules.follow_ups}
    known = {_slot(by_id[name]): by_id[name] for name in before if name in by_id}
    kept = [item for slot, item in known.items() if slot in answers][: rules.most]
    facts = said.facts | _facts_given(answers)
    fitting = [
        item for item in rules.follow_ups if _fits(item.when, said, facts) and not _is_given(item, has_files)
    ]
    chosen, slots = list(kept), {_slot(item) for item in kept}
    for item in sorted(fitting, key=lambda item: -item.worth):
        if len(chosen) < rules.most and _slot(item) not in slots:
            chosen.append(item)
            slots.add(_slot(item))
    return tuple(item.id for item in sorted(chosen, key=lambda item: item.kind == "files"))


def choose_notice(words: str, said: Understanding, rules: FollowUps) -> str:
    """Where else the matter belongs: a text key below `questions.`, or nothing."""
    if said.disposition == "other_department":
        first = next(
            item for item in rules.elsewhere if not item.words or any(word in words for word in item.words)
        )
        return f"elsewhere.{first.id}"
    if said.is_outside and said.disposition in {"in_scope", "other_safety"}:
        return "notice.outside"
    return f"notice.{said.disposition}" if said.disposition in {"other_safety", "consultation"} else ""


def _fits(when: When, said: Understanding, facts: Collection[str]) -> bool:
    if not _fits_labels(when, said):
        return False
    return not set(when.lacks) & set(facts) and set(when.has) <= set(facts)


def _fits_labels(when: When | Matter, said: Understanding) -> bool:
    """One of the clauses or patterns where there are any, and the disposition where it is given."""
    if when.dispositions and said.disposition not in when.dispositions:
        return False
    wanted = {*when.clauses, *when.patterns}
    return not wanted or bool(wanted & {*said.clauses, *said.patterns})


def _is_given(item: FollowUp, has_files: bool) -> bool:  # noqa: FBT001 - one fact about the draft
    return item.kind == "files" and has_files


def _slot(item: FollowUp) -> str:
    """Question under which the answer is kept: two with the same are never both asked."""
    return _KEPT_IN.get(item.kind, (item.id, ""))[0]


def _facts_given(answers: Answers) -> frozenset[str]:
    """What the draft says beside the text: a point on the map sent before any question, say."""
    given = {
        kind
        for kind, (question, field) in _KEPT_IN.items()
        if (answers.get(question) or {}).get(field) and kind != "files"
    }
    return frozenset(given)


# ---------------------------------------------------------------- the questionnaire of one draft


def make_plan(
    base: Questionnaire, note: Note | None, rules: FollowUps, *, is_by_message: bool = False
) -> Plan:
    """The fixed questionnaire where nobody has read the text; else what must be answered and the follow-ups.

    `is_by_message`: each input is a message of its own, so that a question has one input only.
    """
    if note is None:
        return Plan(base, base)
    by_id = {item.id: item for item in rules.follow_ups}
    items = [by_id[name] for name in note.asked if name in by_id][: rules.most]
    questions = (_make_question(item, base, is_by_message=is_by_message) for item in items)
    follow_ups = [question for question in questions if question is not None]
    first, *rest = (question for question in base.questions if must_answer(question))
    known = {question.id for question in base.questions}
    own = [question for question in follow_ups if question.id not in known]
    return Plan(
        asked=base.model_copy(update={"questions": (first, *follow_ups, *rest)}),
        whole=base.model_copy(update={"questions": tuple(_weave(base, own, rules))}),
    )


def _weave(base: Questionnaire, own: Iterable[Question], rules: FollowUps) -> Iterable[Question]:
    """All questions in the order of the summary: own ones stand before the files."""
    first, *rest = base.questions
    yield first
    yield _make_meant(rules)
    for question in rest:
        if any(field.kind == "file" for field in question.fields):
            yield from own
        yield question


def _make_question(item: FollowUp, base: Questionnaire, *, is_by_message: bool) -> Question | None:
    words = f"questions.follow_up.{item.id}"
    if item.kind == "choice":
        return Question(id=item.id, words=words, choices=tuple(Choice(id=name) for name in item.choices))
    if item.kind == "text":
        field = Input(id=item.id, kind="line", longest=LONGEST_ANSWER)
        return Question(id=item.id, words=words, fields=(field,))
    slot, first = _KEPT_IN[item.kind]
    for question in base.questions:
        if question.id == slot:
            is_one = is_by_message or item.kind == "place"
            fields = tuple(field for field in question.fields if not is_one or field.id == first)
            return question.model_copy(update={"words": words, "fields": fields})
    return None


def _make_meant(rules: FollowUps) -> Question:
    """By which the citizen says that he was understood wrongly."""
    choices = [Choice(id=RIGHT), *(Choice(id=matter.id) for matter in rules.matters)]
    return Question(
        id=MEANT,
        words="questions.meant",
        choices=(*choices, Choice(id=ELSE, asks=(MEANT_WORDS,))),
        fields=(Input(id=MEANT_WORDS, kind="line", longest=LONGEST_ANSWER, is_required=True),),
    )


# ---------------------------------------------------------------- what goes into the tip


def collect_answers(plan: Plan, answers: Answers, base: Questionnaire) -> dict[str, str]:
    """Answers to follow-ups that have no field of their own in a tip, by follow-up: words, or the id of a choice."""
    known = {*(question.id for question in base.questions), MEANT}
    own = [question for question in plan.whole.questions if question.id not in known]
    said = {q.id: (answers.get(q.id) or {}).get(CHOICE if q.choices else q.id, "") for q in own}
    return {name: value for name, value in said.items() if value}


def collect_meant(note: Note | None, answers: Answers) -> dict[str, Any]:
    """How the citizen corrected us: what we had told him, what he chose instead, his words. Empty where he did not."""
    given = answers.get(MEANT) or {}
    choice = given.get(CHOICE, "")
    if note is None or choice in {"", RIGHT}:
        return {}
    return {"told": list(note.matters), "choice": choice, "words": given.get(MEANT_WORDS, "")}
