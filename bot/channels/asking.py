"""What is asked: the open question with its buttons, and everything once more before it is sent."""

from bot.channels.following import (
    QUESTIONNAIRE,
    answer_in_words,
    answer_label,
    ask_words,
    change_rows,
    choice_label,
    is_told_in_sentence,
    remark_lines,
    take_reading,
    walked_of,
)
from bot.channels.steps import Step, find_step, list_steps, step_before
from bot.channels.turn import (
    CHECK,
    CONTACT_NAME,
    CONTACT_PHONE,
    FOLLOW_UP,
    REVIEW,
    STATUS_CODE,
    STATUS_NUMBER,
    Choices,
    Turn,
)
from bot.questionnaire import CHOICE, UNKNOWN_COUNTY, Flaw, Typed, check_answer, list_missing
from config.questionnaires import Questionnaire
from models.numbers import in_groups
from models.queries.tips import list_draft_attachments

MAX_SHOWN = 300
Row = list[tuple[str, str]]
_VISIT_WORDS = {
    STATUS_NUMBER: "status.ask_number",
    STATUS_CODE: "status.ask_code",
    FOLLOW_UP: "follow_up.ask",
    CONTACT_NAME: "manage.ask.name",
    CONTACT_PHONE: "manage.ask.phone",
    REVIEW: "manage.ask.review",
}
SKIPPED_IN_VISIT = frozenset({CONTACT_NAME, CONTACT_PHONE})


def questionnaire_of(turn: Turn) -> Questionnaire:
    """The questions of a report, as they are asked of this one."""
    return walked_of(turn)


def current_step(turn: Turn) -> Step | None:
    """The question that is open, if one is."""
    return find_step(questionnaire_of(turn), turn.answers, turn.draft.step)


def first_step(turn: Turn) -> Step:
    """The story, which comes first and to which everything belongs that has no place of its own."""
    return list_steps(turn.around.catalog.questionnaires[QUESTIONNAIRE], {})[0]


def given_value(turn: Turn, step: Step) -> str:
    """The answer given so far, as stored."""
    value: str = (turn.answers.get(step.question.id) or {}).get(step.name, "")
    return value


def find_flaw(turn: Turn, step: Step, value: str) -> Flaw | None:
    """Why `value` will not do as the answer of `step`."""
    typed: Typed = {**(turn.answers.get(step.question.id) or {}), step.name: value}
    return check_answer(step.question, typed, counties=turn.around.catalog.counties).get(step.name)


# ---------------------------------------------------------------- asking


async def ask_current(turn: Turn) -> None:
    """Repeat what is open: the current question, the summary, or what the way back asks for."""
    words, choices = await _what_is_open(turn)
    turn.say(words, choices=choices)


async def ask_live(turn: Turn, lead: str) -> None:
    """What has arrived so far, with the open question below it, in one message that is changed in place."""
    words, choices = await _what_is_open(turn)
    turn.say_live(f"{lead}\n\n{words}", choices=choices)


async def _what_is_open(turn: Turn) -> tuple[str, Choices]:
    if turn.draft.step == CHECK:
        await take_reading(turn)
    if turn.draft.step == CHECK and (missing := list_missing(questionnaire_of(turn), turn.answers)):
        steps = list_steps(questionnaire_of(turn), turn.answers)
        turn.draft.step = next(step for step in steps if step.question == missing[0]).id
    if step := current_step(turn):
        return _question_words(turn, step), await list_choices(turn, step)
    if turn.draft.step == CHECK:
        return await _summary_words(turn), _summary_choices(turn)
    if key := _VISIT_WORDS.get(turn.draft.step):
        skip = [(turn.word("button.skip"), "skip_words")] if turn.draft.step in SKIPPED_IN_VISIT else []
        return turn.word(key), [[*skip, (turn.word("button.leave"), "leave_status")]]
    return _find_pending(turn) or (turn.word("what_now"), first_choices(turn))


def _find_pending(turn: Turn) -> tuple[str, Choices] | None:
    """What came after a tip was sent, and of which the reporter has not said yet where it belongs."""
    number = turn.recall("pending_after")
    if not number:
        return None
    choices = [
        [(turn.word("button.add_to_tip"), "add_pending")],
        [(turn.word("button.new_tip"), "anew_pending")],
    ]
    return turn.word("pending.after_tip", number=in_groups(number)), choices


def first_choices(turn: Turn) -> list[Row]:
    """The two ways on."""
    return [[(turn.word("button.report"), "report"), (turn.word("button.status"), "status")]]


def _question_words(turn: Turn, step: Step) -> str:
    parts = [ask_words(turn, step)]
    if given := shown_value(turn, step):
        parts.append(turn.word("given", answer=given))
        if step.kind == "text":
            parts.append(turn.word("story.goes_on"))
    elif step.kind == "county" and (office := turn.around.catalog.counties.get(turn.recall("hint") or "")):
        parts.append(turn.word("county_hint", county=office.title(turn.draft.locale)))
    return "\n\n".join(parts)


# ---------------------------------------------------------------- buttons


async def list_choices(turn: Turn, step: Step) -> Choices:
    """The rows of buttons below a question."""
    match step.kind:
        case "text":
            rows = await _story_choices(turn, step)
        case "county":
            rows = [*_county_choices(turn), *_keep_choice(turn, step)]
        case "file":
            rows = [[(turn.word("button.files_done"), "keep")]]
        case _ if step.kind == CHOICE:
            rows = [
                [(choice_label(turn, step.question, choice.id), f"choose:{choice.id}")]
                for choice in step.question.choices
            ]
        case _:
            rows = [*_keep_choice(turn, step), _skip_choices(turn, step)]
    return [row for row in (*rows, _ways_out(turn, step)) if row]


async def _story_choices(turn: Turn, step: Step) -> list[Row]:
    if given_value(turn, step):
        return [[(turn.word("button.written"), "keep"), (turn.word("button.rewrite"), "rewrite")]]
    has_files = bool(await list_draft_attachments(turn.session, turn.draft.id))
    return [[(turn.word("button.files_only"), "files_only")]] if has_files else []


def _county_choices(turn: Turn) -> list[Row]:
    counties = turn.around.catalog.counties.values()
    names = [(office.short_title(turn.draft.locale), f"choose:{office.id}") for office in counties]
    rows = [names[i : i + 2] for i in range(0, len(names), 2)]
    return [*rows, [(turn.word("button.unknown"), f"choose:{UNKNOWN_COUNTY}")]]


def _keep_choice(turn: Turn, step: Step) -> list[Row]:
    """Who came back to look need not say it again."""
    return [[(turn.word("button.unchanged"), "keep")]] if given_value(turn, step) else []


def _skip_choices(turn: Turn, step: Step) -> Row:
    if not step.may_skip:
        return []
    unknown = [(turn.word("button.unknown"), "skip")] if step.kind == "line" else []
    return [*unknown, (turn.word("button.skip"), "skip")]


def _ways_out(turn: Turn, step: Step) -> Row:
    if turn.recall("changing"):
        return [(turn.word("button.to_summary"), "summary")]
    ways = []
    if step_before(questionnaire_of(turn), turn.answers, step):
        ways.append((turn.word("button.back"), "back"))
    if step.may_skip:
        ways.append((turn.word("button.skip_rest"), "skip_rest"))
    return ways


# ---------------------------------------------------------------- checking


async def _summary_words(turn: Turn) -> str:
    """Everything once more; nothing is sent before the button is tapped."""
    files = await list_draft_attachments(turn.session, turn.draft.id)
    understood, known = remark_lines(turn)
    lines = [turn.word("summary.head"), *([f"{understood}\n"] if understood else [])]
    for step in list_steps(questionnaire_of(turn), turn.answers):
        if is_told_in_sentence(step):
            continue
        is_counted = step.kind == "file" and files
        shown = turn.word("summary.files", count=len(files)) if is_counted else shown_value(turn, step)
        shown = shown or answer_in_words(turn, step) or turn.word("summary.none")
        lines.append(turn.word("summary.line", label=answer_label(turn, step), value=shown))
    lines += [f"\n{known}"] if known else []
    lines.append(turn.word("summary.foot"))
    return "\n".join(lines)


def _summary_choices(turn: Turn) -> Choices:
    return [[(turn.word("button.submit"), "submit")], *change_rows(turn)]


def shown_value(turn: Turn, step: Step) -> str:
    """The answer given so far, in words and not too long; empty where there is none."""
    value = given_value(turn, step)
    shown = words_of(turn, step, value) if value else ""
    if len(shown) <= MAX_SHOWN:
        return shown
    return turn.word("summary.cut", start=shown[:MAX_SHOWN], length=len(shown))


def words_of(turn: Turn, step: Step, value: str) -> str:
    """An answer in words."""
    if step.kind == CHOICE:
        return choice_label(turn, step.question, value)
    if step.kind == "county":
        office = turn.around.catalog.counties.get(value)
        return office.title(turn.draft.locale) if office else turn.word("county_not_known")
    return value
