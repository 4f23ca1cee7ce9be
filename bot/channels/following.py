"""The questions that fit a tip, in the chat: what was read of it, which questions are walked, and in which words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.channels.incoming import Incoming
from bot.channels.steps import Step, find_step
from bot.channels.turn import MEMORY, Choices, Turn
from bot.follow_ups import MEANT, MEANT_WORDS, Plan, collect_answers, collect_meant, make_note, make_plan
from bot.understanding import NOTE, find_note, find_story, is_fresh
from bot.understood import choice_words, find_in_words, make_remarks
from config.follow_ups import Understanding
from config.questionnaires import Question, Questionnaire
from config.text import text
from models.queries.tips import list_draft_attachments

QUESTIONNAIRE = "tip"
STORY_STEP = "what.text"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a story, outside the transaction, and of which words."""

    words: str
    said: Understanding


# ---------------------------------------------------------------- reading


def find_unread_story(incoming: Incoming, answers: Mapping[str, Any], step: str) -> str:
    """The story as it stands when it may be at its end, where nobody has read it yet; else nothing.

    While it is being told it is not read: more may come. It ends with a tap, a word, or our own clock.
    """
    memory, told = answers.get(MEMORY) or {}, find_story(answers)
    pieces = dict(memory.get("pieces") or [])
    if incoming.kind == "edit" and incoming.message_id in pieces:
        changed = pieces | {incoming.message_id: incoming.text}
        return "\n".join(words for _number, words in sorted(changed.items()) if words.strip())
    if told:
        return "" if is_fresh(find_note(answers), answers) else told
    pending = memory.get("pending") or []
    is_begun = incoming.kind in {"tap", "command", "text"} and step != STORY_STEP
    return "\n".join(words for _number, words in pending) if is_begun else ""


async def take_reading(turn: Turn) -> None:
    """Keep what was read of the story, if it is of the story as it stands; and say first whom to call."""
    reading = turn.reading
    if reading is None or reading.words != find_story(turn.answers):
        return
    files = await list_draft_attachments(turn.session, turn.draft.id)
    note = make_note(
        reading.words,
        reading.said,
        turn.around.catalog.follow_ups,
        answers=turn.answers,
        has_files=bool(files),
        before=find_note(turn.answers),
    )
    turn.reading = None
    turn.put_answer(NOTE, note.to_json())
    _warn(turn)


def _warn(turn: Turn) -> None:
    remarks = make_remarks(turn.answers, turn.around.catalog, turn.draft.locale)
    is_warned = any(reply.text == turn.word("danger.call") for reply in turn.replies)
    if remarks.urgent and not is_warned:
        turn.say(remarks.urgent)
    if remarks.notice:
        turn.say(remarks.notice)


# ---------------------------------------------------------------- which questions


def plan_of(turn: Turn) -> Plan:
    """The questions of this draft."""
    catalog = turn.around.catalog
    base, note = catalog.questionnaires[QUESTIONNAIRE], find_note(turn.answers)
    return make_plan(base, note, catalog.follow_ups, is_by_message=True)


def walked_of(turn: Turn) -> Questionnaire:
    """The questions as they are asked in turn; all of them while one is changed or everything is checked."""
    plan = plan_of(turn)
    if turn.recall("changing") or find_step(plan.asked, turn.answers, turn.draft.step) is None:
        return plan.whole
    return plan.asked


def told_of(turn: Turn) -> dict[str, Any]:
    """What goes into the tip beside the fields of the fixed questionnaire."""
    base = turn.around.catalog.questionnaires[QUESTIONNAIRE]
    note = find_note(turn.answers)
    return {
        "answers": collect_answers(plan_of(turn), turn.answers, base),
        "meant": collect_meant(note, turn.answers),
    }


# ---------------------------------------------------------------- in which words


def ask_words(turn: Turn, step: Step) -> str:
    """The question. A follow-up has words of its own for its first input."""
    question, locale = step.question, turn.draft.locale
    if step.name == MEANT_WORDS:
        return text("questions.meant.words", locale)
    if not question.words or (step.field and step.field != question.fields[0]):
        return turn.word(f"ask.{question.id}.{step.name}")
    ask, hint = (text(f"{question.words}.{part}", locale) for part in ("ask", "hint"))
    return turn.word("follow_up_ask", ask=ask, hint=hint)


def choice_label(turn: Turn, question: Question, choice: str) -> str:
    """Words on the button of a choice."""
    if question.words:
        return choice_words(question, choice, turn.draft.locale)
    return turn.word(f"choice.{question.id}.{choice}")


def answer_label(turn: Turn, step: Step) -> str:
    """Name of an answer where everything is checked."""
    question = step.question
    if question.words and question.id not in {"where", "who", "when", "evidence"}:
        return text(f"{question.words}.label", turn.draft.locale)
    return turn.word(f"label.{question.id}.{step.name}")


def change_rows(turn: Turn) -> Choices:
    """Buttons by which answers are changed; the one about how we understood him stands alone, first."""
    questions = plan_of(turn).whole.questions
    changes = [(_change_label(turn, q), f"change:{q.id}") for q in questions if q.id != MEANT]
    rows = [changes[i : i + 3] for i in range(0, len(changes), 3)]
    meant = [[(text("questions.understood.change", turn.draft.locale), f"change:{MEANT}")]]
    return [*(meant if any(q.id == MEANT for q in questions) else []), *rows]


def _change_label(turn: Turn, question: Question) -> str:
    if not question.words:
        return turn.word(f"change.{question.id}")
    locale = turn.draft.locale
    return text("questions.change", locale, label=text(f"{question.words}.label", locale))


def remark_lines(turn: Turn) -> tuple[str, str]:
    """For the summary: how we understood him, and that it may be known."""
    remarks = make_remarks(turn.answers, turn.around.catalog, turn.draft.locale)
    return remarks.understood, remarks.known


def answer_in_words(turn: Turn, step: Step) -> str:
    """What the story says already of an answer that was not given."""
    return find_in_words(turn.answers, step.name, turn.around.catalog, turn.draft.locale)


def is_told_in_sentence(step: Step) -> bool:
    """Whether the summary tells an answer in a sentence and not as a line."""
    return step.question.id == MEANT
