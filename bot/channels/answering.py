"""What is answered: words and buttons become answers, and lead to what comes next."""

import unicodedata

from bot.channels.asking import (
    ask_current,
    ask_live,
    current_step,
    find_flaw,
    first_step,
    given_value,
    questionnaire_of,
    words_of,
)
from bot.channels.following import ask_words, plan_of, take_reading
from bot.channels.sending import submit
from bot.channels.steps import (
    Step,
    find_county,
    find_step,
    list_steps,
    next_step_to_answer,
    step_after,
    step_before,
)
from bot.channels.story import acknowledge, add_piece, change_piece, drop_story
from bot.channels.turn import CHECK, Turn
from bot.questionnaire import CHOICE, PHONE_DIGITS, UNKNOWN_COUNTY, Flaw, Typed, check_answer
from config.text import text
from models.numbers import read_digits
from models.queries.tips import list_draft_attachments

STORY_LIKE = 15
"""Who is asked for the county and writes so much, naming none, is still telling."""
LONGEST_QUESTION = 40
_QUESTION_ENDS = ("？", "?", "吗", "呢", "吗。", "呢。")
_MARKS = "，。！？；,.!?;\n"


async def begin_telling(turn: Turn) -> None:
    """Start with the first question; words that came before it are its answer."""
    pending = turn.recall("pending")
    if turn.draft.tip_id is not None:
        turn.restart(turn.draft.step)
    first = first_step(turn)
    turn.draft.step = first.id
    turn.remember(pending=None, pending_after=None, changing=None)
    kept = [add_piece(turn, words, number=number) for number, words in pending or []]
    if kept and all(kept):
        turn.say(turn.word("pending.taken"))
        await _go_on(turn, first)
        return
    await ask_current(turn)


# ---------------------------------------------------------------- words


async def take_answer(turn: Turn) -> None:
    """Words were sent while a question, or the summary, was open."""
    step, typed = current_step(turn), turn.incoming.text
    if step and step.kind == "text":
        await _take_story(turn, step, typed)
    elif is_question(typed) or (turn.speaks_of("worry_words") and len(typed) <= LONGEST_QUESTION):
        turn.say(turn.word("asked_back"))
        await ask_current(turn)
    elif step is None or turn.speaks_of("danger.signs"):
        await _join_story(turn)
    elif step.kind == "file":
        await _take_words_at_files(turn, step)
    elif step.kind == CHOICE:
        await _take_words_at_choice(turn, step, typed)
    elif turn.is_one_of("skip_words"):
        _store(turn, step, UNKNOWN_COUNTY if step.kind == "county" else "")
        await _go_on(turn, step)
    elif step.kind == "county":
        await _take_typed_county(turn, step, typed)
    else:
        await _take_line(turn, step, typed)


async def _take_story(turn: Turn, step: Step, typed: str) -> None:
    if turn.is_one_of("done_words") and given_value(turn, step):
        await finish_story(turn)
    elif typed.strip() and add_piece(turn, typed):
        if turn.speaks_of("worry_words"):
            turn.say(turn.word("worried"))
        await acknowledge(turn)
    else:
        await ask_current(turn)


async def finish_story(turn: Turn) -> None:
    """All is said, or nothing came for a while: on to the next question; without any words they are asked for."""
    turn.remember(more=None)
    step = current_step(turn)
    if step is None or step.kind != "text":
        return
    if given_value(turn, step):
        await _go_on(turn, step)
    else:
        await ask_current(turn)


async def _join_story(turn: Turn) -> None:
    """Words without a question of their own belong to the story."""
    if add_piece(turn, turn.incoming.text):
        length = len(given_value(turn, first_step(turn)))
        await ask_live(turn, turn.word("story.joined", length=length))
    else:
        await ask_current(turn)


async def _take_words_at_files(turn: Turn, step: Step) -> None:
    if turn.is_one_of("done_words") or turn.is_one_of("skip_words"):
        await _go_on(turn, step)
    else:
        await _join_story(turn)


async def _take_words_at_choice(turn: Turn, step: Step, typed: str) -> None:
    """A phone number is an answer to whether one may be reached; anything else might be a name, and is not kept."""
    asks_phone = next((c.id for c in step.question.choices if "phone" in c.asks), None)
    if asks_phone is None or not _is_phone(typed):
        turn.say(turn.word("use_buttons"))
        await ask_current(turn)
        return
    _store(turn, step, asks_phone)
    steps = list_steps(questionnaire_of(turn), turn.answers)
    phone = next(s for s in steps if s.name == "phone" and s.question == step.question)
    await _take_line(turn, phone, typed)


async def _take_line(turn: Turn, step: Step, typed: str) -> None:
    flaw = find_flaw(turn, step, typed)
    if flaw is None:
        _store(turn, step, typed)
        await _go_on(turn, step)
    elif flaw.key == "too_long" and step.kind == "line":
        await _join_story(turn)  # who writes a page where a line was asked for is telling on
    else:
        await _refuse(turn, flaw)


async def _take_typed_county(turn: Turn, step: Step, typed: str) -> None:
    office_id, place = find_county(turn.around.catalog.offices.values(), typed)
    is_told = len(typed) >= STORY_LIKE and any(mark in typed for mark in _MARKS)
    steps = list_steps(plan_of(turn).whole, turn.answers)
    place_step = next((s for s in steps if s.name == "place"), None)
    has_room = place_step is not None and not find_flaw(turn, place_step, place)
    if office_id == UNKNOWN_COUNTY and (is_told or not has_room):
        await _join_story(turn)
        return
    _store(turn, step, office_id)
    if is_told and add_piece(turn, typed):
        turn.say(turn.word("story.joined", length=len(given_value(turn, first_step(turn)))))
        place = ""
    elif office_id == UNKNOWN_COUNTY:
        turn.say(turn.word("county_unknown"))
    if place and place_step and has_room:
        _store(turn, place_step, place)
        step = place_step if place_step.name in {field.id for field in step.question.fields} else step
    await _go_on(turn, step)


def is_question(typed: str) -> bool:
    """Somebody asks us something, where he was asked himself."""
    words = typed.strip()
    return len(words) <= LONGEST_QUESTION and words.endswith(_QUESTION_ENDS)


def _is_phone(typed: str) -> bool:
    plain = unicodedata.normalize("NFKC", typed)
    return len(read_digits(typed)) in PHONE_DIGITS and not any(sign.isalpha() for sign in plain)


# ---------------------------------------------------------------- buttons


async def act(turn: Turn, action: str) -> None:
    """A button of the questions or of the summary."""
    verb, _, what = action.partition(":")
    step = current_step(turn)
    if verb == "submit":
        await submit(turn)
    elif verb == "change":
        await _change(turn, what)
    elif verb == "summary":
        turn.remember(changing=None, more=None)
        turn.draft.step = CHECK
        await ask_current(turn)
    elif step is None:
        await ask_current(turn)
    else:
        await _act_on_question(turn, step, verb, what)


async def _act_on_question(turn: Turn, step: Step, verb: str, what: str) -> None:
    match verb:
        case "choose":
            _mark_choice(turn, step, what)
            _store(turn, step, what)
            await _go_on(turn, step)
        case "skip":
            _store(turn, step, "")
            await _go_on(turn, step)
        case "keep":
            await _go_on(turn, step)
        case "rewrite":
            drop_story(turn)
            await ask_current(turn)
        case "files_only":
            await _send_files_only(turn, step)
        case "back":
            before = step_before(questionnaire_of(turn), turn.answers, step)
            turn.draft.step = before.id if before else step.id
            await ask_current(turn)
        case "skip_rest":
            must = next_step_to_answer(questionnaire_of(turn), turn.answers, after=step)
            turn.draft.step = must.id if must else CHECK
            await ask_current(turn)
        case _:
            await ask_current(turn)


async def _send_files_only(turn: Turn, step: Step) -> None:
    """Who cannot or will not write lets photos and recordings speak."""
    if await list_draft_attachments(turn.session, turn.draft.id):
        add_piece(turn, turn.word("story.files_only"), number=turn.incoming.message_id)
        await _go_on(turn, step)
    else:
        await ask_current(turn)


def _mark_choice(turn: Turn, step: Step, value: str) -> None:
    """Show on the question itself what was chosen; its buttons are used up."""
    if turn.incoming.kind == "tap" and turn.incoming.message_id:
        question = ask_words(turn, step)
        chosen = turn.word("given", answer=words_of(turn, step, value))
        turn.change(turn.incoming.message_id, f"{question}\n\n{chosen}")


async def _change(turn: Turn, question_id: str) -> None:
    steps = list_steps(questionnaire_of(turn), turn.answers)
    step = next((s for s in steps if s.question.id == question_id), None)
    if step is not None:
        turn.remember(changing=question_id, more=None)
        turn.draft.step = step.id
    await ask_current(turn)


# ---------------------------------------------------------------- going on


async def _go_on(turn: Turn, step: Step) -> None:
    if step.kind == "text":
        await take_reading(turn)
    following = step_after(questionnaire_of(turn), turn.answers, step)
    leaves = following is None or following.question.id != step.question.id
    if leaves and (flaw := _flaw_of_question(turn, step)):
        steps = list_steps(questionnaire_of(turn), turn.answers)
        turn.draft.step = next(s for s in steps if s.question == step.question).id
        await _refuse(turn, flaw)
        return
    if leaves and turn.recall("changing"):
        turn.remember(changing=None)
        following = None
    turn.remember(more=None)
    turn.draft.step = following.id if following else CHECK
    await ask_current(turn)


async def _refuse(turn: Turn, flaw: Flaw) -> None:
    turn.say(text(f"errors.{flaw.key}", turn.draft.locale, **flaw.values))
    await ask_current(turn)


def _flaw_of_question(turn: Turn, step: Step) -> Flaw | None:
    typed: Typed = turn.answers.get(step.question.id) or {}
    flaws = check_answer(step.question, typed, counties=turn.around.catalog.counties)
    return next(iter(flaws.values()), None)


# ---------------------------------------------------------------- changing what was said


async def change_answer(turn: Turn) -> bool:
    """An earlier message was edited: its answer changes with it, as long as nothing is sent."""
    number, words = turn.incoming.message_id or 0, turn.incoming.text
    if not turn.is_telling:
        return False
    step_id = (turn.recall("sources") or {}).get(str(number))
    step = find_step(plan_of(turn).whole, turn.answers, step_id) if step_id else None
    if step is not None and not find_flaw(turn, step, words):
        _store(turn, step, words)
    elif step is not None or not change_piece(turn, number, words):
        return False
    await take_reading(turn)
    turn.say(turn.word("edit.taken"))
    await ask_current(turn)
    return True


def keep_place(turn: Turn, words: str) -> bool:
    """A point on the map joins the answer about the place, at whatever step; False where it finds no room."""
    step = next(s for s in list_steps(plan_of(turn).whole, turn.answers) if s.name == "place")
    whole = f"{given_value(turn, step)} {words}".strip()
    if find_flaw(turn, step, whole):
        return False
    _store(turn, step, whole)
    return True


def _store(turn: Turn, step: Step, value: str) -> None:
    """Keep one input; an empty one is a skipped one."""
    given = dict(turn.answers.get(step.question.id) or {})
    given.pop(step.name, None)
    if value.strip():
        given[step.name] = value
    turn.put_answer(step.question.id, given)
    if turn.incoming.kind == "text" and value == turn.incoming.text:
        sources = {**(turn.recall("sources") or {}), str(turn.incoming.message_id): step.id}
        turn.remember(sources=sources)
