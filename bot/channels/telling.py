"""Telling a tip: one input a message, then everything once more to check, then sending it."""

from datetime import timedelta
from typing import Any

from bot.channels.following import (
    QUESTIONNAIRE,
    answer_in_words,
    answer_label,
    ask_words,
    change_rows,
    choice_label,
    is_told_in_sentence,
    plan_of,
    remark_lines,
    take_reading,
    told_of,
    walked_of,
)
from bot.channels.steps import (
    Step,
    find_county,
    find_step,
    list_steps,
    next_step_to_answer,
    step_after,
    step_before,
)
from bot.channels.turn import CHECK, DONE, FOLLOW_UP, STATUS_CODE, STATUS_NUMBER, Choices, Turn
from bot.intake import Submission, SubmissionError, receive_tip
from bot.limits import Limit, TooManyError, check_count
from bot.questionnaire import CHOICE, UNKNOWN_COUNTY, Flaw, Typed, check_answer, collect_values, list_missing
from bot.receipts import Receipt
from config.calendars import UncoveredYearError
from config.clock import LOCAL
from config.questionnaires import Questionnaire
from config.text import format_day, text
from models.files import FileRefusedError, StoredFile, save_attachment
from models.numbers import in_groups
from models.queries.limits import count_try
from models.queries.tips import list_draft_attachments
from models.states import Channel

LONG_MESSAGE = 3900
"""Telegram cuts what is longer than 4,096 units into several messages: so much in one means more may follow."""
MAX_SHOWN = 300
TIPS_OF_CHAT = Limit("tips-of-chat", 10, timedelta(hours=1))


# ---------------------------------------------------------------- asking


async def begin_telling(turn: Turn) -> None:
    """Start with the first question; words that came before it are its answer."""
    pending = turn.recall("pending")
    if turn.draft.tip_id is not None:
        turn.restart(turn.draft.step)
    first = list_steps(_questionnaire(turn), {})[0]
    turn.draft.step = first.id
    turn.remember(pending=None, changing=None)
    if pending and not _flaw(turn, first, pending):
        _store(turn, first, pending)
        turn.say(turn.word("pending.taken"))
        await _go_on(turn, first)
        return
    await ask_current(turn)


async def ask_current(turn: Turn) -> None:
    """Repeat what is open: the current question, the summary, or what the way back asks for."""
    if step := current_step(turn):
        turn.say(_question_words(turn, step), choices=_choices(turn, step))
    elif turn.draft.step == CHECK:
        await show_summary(turn)
    elif turn.draft.step in {STATUS_NUMBER, STATUS_CODE, FOLLOW_UP}:
        key = {STATUS_NUMBER: "status.ask_number", STATUS_CODE: "status.ask_code"}.get(
            turn.draft.step, "follow_up.ask"
        )
        turn.say(turn.word(key), choices=[[(turn.word("button.leave"), "leave_status")]])
    else:
        turn.say(turn.word("what_now"), choices=first_choices(turn))


def first_choices(turn: Turn) -> list[list[tuple[str, str]]]:
    """The two ways on."""
    return [[(turn.word("button.report"), "report"), (turn.word("button.status"), "status")]]


def current_step(turn: Turn) -> Step | None:
    """The question that is open, if one is."""
    return find_step(_questionnaire(turn), turn.answers, turn.draft.step)


def _question_words(turn: Turn, step: Step) -> str:
    words = ask_words(turn, step)
    given = _shown_value(turn, step)
    return f"{words}\n\n{turn.word('given', answer=given)}" if given else words


def _choices(turn: Turn, step: Step) -> Choices:
    rows: list[list[tuple[str, str]]] = []
    if step.kind == CHOICE:
        rows += [
            [(choice_label(turn, step.question, choice.id), f"choose:{choice.id}")]
            for choice in step.question.choices
        ]
    if step.kind == "county":
        counties = turn.around.catalog.counties.values()
        names = [(office.short_title(turn.draft.locale), f"choose:{office.id}") for office in counties]
        rows += [names[i : i + 2] for i in range(0, len(names), 2)]
        rows.append([(turn.word("button.unknown"), f"choose:{UNKNOWN_COUNTY}")])
    elif step.kind == "text" and turn.answers.get(step.question.id):
        rows.append([(turn.word("button.written"), "keep")])
    elif step.kind == "file":
        rows.append([(turn.word("button.files_done"), "keep")])
    elif step.may_skip:
        rows.append([(turn.word("button.skip"), "skip")])
    rows.append(_ways_out(turn, step))
    return [row for row in rows if row]


def _ways_out(turn: Turn, step: Step) -> list[tuple[str, str]]:
    if turn.recall("changing"):
        return [(turn.word("button.to_summary"), "summary")]
    ways = []
    if step_before(_questionnaire(turn), turn.answers, step):
        ways.append((turn.word("button.back"), "back"))
    if step.may_skip:
        ways.append((turn.word("button.skip_rest"), "skip_rest"))
    return ways


# ---------------------------------------------------------------- answering


async def take_answer(turn: Turn) -> None:
    """Words were sent in answer to the open question."""
    step = current_step(turn)
    if step is None:
        return
    typed = turn.incoming.text
    if step.kind == "file":
        _add_words(turn, typed)
        turn.say(turn.word("file.words_added"))
        await ask_current(turn)
    elif step.kind == "county":
        await _take_typed_county(turn, step, typed)
    elif step.kind == CHOICE:
        turn.say(turn.word("use_buttons"))
        await ask_current(turn)
    elif step.kind == "text":
        await _take_story(turn, step, typed)
    elif flaw := _flaw(turn, step, typed):
        await _refuse(turn, flaw)
    else:
        _store(turn, step, typed)
        await _go_on(turn, step)


async def _take_story(turn: Turn, step: Step, typed: str) -> None:
    """The story may come in several messages: a long one is followed by the next, until he says it is all."""
    said = (turn.answers.get(step.question.id) or {}).get(step.name, "") if turn.recall("more") else ""
    whole = f"{said}\n{typed}" if said else typed
    if flaw := _flaw(turn, step, whole):
        await _refuse(turn, flaw)
        return
    _store(turn, step, whole)
    if len(typed) >= LONG_MESSAGE or said:
        turn.remember(more=True)
        turn.say(turn.word("story.more", length=len(whole)), choices=_choices(turn, step))
        return
    await _go_on(turn, step)


async def _take_typed_county(turn: Turn, step: Step, typed: str) -> None:
    office_id, place = find_county(turn.around.catalog.offices.values(), typed)
    _store(turn, step, office_id)
    names = {field.id for field in step.question.fields}
    if office_id == UNKNOWN_COUNTY:
        turn.say(turn.word("county_unknown"))
    place_step = next((s for s in list_steps(plan_of(turn).whole, turn.answers) if s.name == "place"), None)
    if place and place_step and not _flaw(turn, place_step, place):
        _store(turn, place_step, place)
        step = place_step if "place" in names else step
    await _go_on(turn, step)


async def act(turn: Turn, action: str) -> None:
    """A button of the questions or of the summary."""
    verb, _, what = action.partition(":")
    step = current_step(turn)
    if verb == "submit":
        await submit(turn)
    elif verb == "change":
        await _change(turn, what)
    elif verb == "summary":
        turn.remember(changing=None)
        await show_summary(turn)
    elif step is None:
        await ask_current(turn)
    elif verb == "choose":
        _mark_choice(turn, step, what)
        _store(turn, step, what)
        await _go_on(turn, step)
    elif verb == "skip":
        _store(turn, step, "")
        await _go_on(turn, step)
    elif verb == "keep":
        turn.remember(more=None)
        await _go_on(turn, step)
    elif verb == "back":
        before = step_before(_questionnaire(turn), turn.answers, step)
        turn.draft.step = before.id if before else step.id
        await ask_current(turn)
    elif verb == "skip_rest":
        await _skip_rest(turn, step)


def _mark_choice(turn: Turn, step: Step, value: str) -> None:
    """Show on the question itself what was chosen; its buttons are used up."""
    if turn.incoming.kind == "tap" and turn.incoming.message_id:
        question = ask_words(turn, step)
        chosen = turn.word("given", answer=_words_of(turn, step, value))
        turn.change(turn.incoming.message_id, f"{question}\n\n{chosen}")


async def _skip_rest(turn: Turn, step: Step) -> None:
    must = next_step_to_answer(_questionnaire(turn), turn.answers, after=step)
    turn.draft.step = must.id if must else CHECK
    await ask_current(turn)


async def _go_on(turn: Turn, step: Step) -> None:
    if step.kind == "text":
        await take_reading(turn)
    following = step_after(_questionnaire(turn), turn.answers, step)
    leaves = following is None or following.question.id != step.question.id
    if leaves and (flaw := _flaw_of_question(turn, step)):
        first = next(s for s in list_steps(_questionnaire(turn), turn.answers) if s.question == step.question)
        turn.draft.step = first.id
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


async def change_answer(turn: Turn) -> bool:
    """An earlier message was edited: its answer changes with it, as long as nothing is sent."""
    step_id = (turn.recall("sources") or {}).get(str(turn.incoming.message_id))
    step = find_step(plan_of(turn).whole, turn.answers, step_id) if step_id and turn.is_telling else None
    if step is None or _flaw(turn, step, turn.incoming.text):
        return False
    _store(turn, step, turn.incoming.text)
    await take_reading(turn)
    turn.say(turn.word("edit.taken"))
    await ask_current(turn)
    return True


def keep_place(turn: Turn, words: str) -> bool:
    """A point on the map joins the answer about the place, at whatever step; False where it finds no room."""
    step = next(s for s in list_steps(plan_of(turn).whole, turn.answers) if s.name == "place")
    given = (turn.answers.get(step.question.id) or {}).get(step.name, "")
    whole = f"{given} {words}".strip()
    if _flaw(turn, step, whole):
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
    if turn.incoming.kind == "text" and value == turn.incoming.text and not turn.recall("more"):
        sources = {**(turn.recall("sources") or {}), str(turn.incoming.message_id): step.id}
        turn.remember(sources=sources)


def _flaw(turn: Turn, step: Step, value: str) -> Flaw | None:
    typed: Typed = {**(turn.answers.get(step.question.id) or {}), step.name: value}
    return check_answer(step.question, typed, counties=turn.around.catalog.counties).get(step.name)


def _flaw_of_question(turn: Turn, step: Step) -> Flaw | None:
    typed: Typed = turn.answers.get(step.question.id) or {}
    flaws = check_answer(step.question, typed, counties=turn.around.catalog.counties)
    return next(iter(flaws.values()), None)


# ---------------------------------------------------------------- files


async def keep_file(turn: Turn, file: StoredFile, *, is_last: bool) -> None:
    """A file was sent, at whatever step: it belongs to the tip; an album is acknowledged once."""
    try:
        await save_attachment(
            turn.session,
            turn.around.files,
            file,
            keys=turn.around.keys,
            now=turn.now,
            draft_id=turn.draft.id,
        )
    except FileRefusedError as error:
        turn.say(text(f"errors.file.{error.reason}", turn.draft.locale))
        return
    if turn.incoming.text.strip():
        _add_words(turn, turn.incoming.text)
    if not is_last:
        return
    words = turn.word("file.kept", count=len(await list_draft_attachments(turn.session, turn.draft.id)))
    if counter := turn.recall("files_message"):
        turn.change(counter, words, kept_as="files_message")
    else:
        turn.say(words, kept_as="files_message")
    if (step := current_step(turn)) is None or step.kind != "file":
        await _repeat_if_telling(turn)


async def _repeat_if_telling(turn: Turn) -> None:
    if turn.is_telling:
        await ask_current(turn)


def _add_words(turn: Turn, words: str) -> None:
    """What is written under a photo is part of the story."""
    first = list_steps(_questionnaire(turn), {})[0]
    told = (turn.answers.get(first.question.id) or {}).get(first.name, "")
    whole = f"{told}\n{words}" if told else words
    if not _flaw(turn, first, whole):
        given = {**(turn.answers.get(first.question.id) or {}), first.name: whole}
        turn.put_answer(first.question.id, given)


# ---------------------------------------------------------------- checking and sending


async def show_summary(turn: Turn) -> None:
    """Everything once more; nothing is sent before the button is tapped."""
    turn.draft.step = CHECK
    await take_reading(turn)
    if missing := list_missing(_questionnaire(turn), turn.answers):
        first = next(s for s in list_steps(_questionnaire(turn), turn.answers) if s.question == missing[0])
        turn.draft.step = first.id
        await ask_current(turn)
        return
    files = await list_draft_attachments(turn.session, turn.draft.id)
    understood, known = remark_lines(turn)
    lines = [turn.word("summary.head"), *([f"{understood}\n"] if understood else [])]
    for step in list_steps(_questionnaire(turn), turn.answers):
        if is_told_in_sentence(step):
            continue
        label = answer_label(turn, step)
        shown = (
            turn.word("summary.files", count=len(files))
            if step.kind == "file" and files
            else _shown_value(turn, step)
        )
        shown = shown or answer_in_words(turn, step) or turn.word("summary.none")
        lines.append(turn.word("summary.line", label=label, value=shown))
    lines += [f"\n{known}"] if known else []
    lines.append(turn.word("summary.foot"))
    turn.say("\n".join(lines), choices=_summary_choices(turn))


def _summary_choices(turn: Turn) -> Choices:
    return [[(turn.word("button.submit"), "submit")], *change_rows(turn)]


async def _change(turn: Turn, question_id: str) -> None:
    steps = list_steps(_questionnaire(turn), turn.answers)
    step = next((s for s in steps if s.question.id == question_id), None)
    if step is None:
        await show_summary(turn)
        return
    turn.remember(changing=question_id, more=None)
    turn.draft.step = step.id
    await ask_current(turn)


async def submit(turn: Turn) -> None:
    """Store the tip; number and code are shown once it is committed."""
    try:
        receipt = await _receive(turn)
    except TooManyError as error:
        turn.say(turn.word("too_many", minutes=error.wait_minutes), choices=_summary_choices(turn))
        return
    except SubmissionError as error:
        turn.say(text(f"errors.{error.problem}", turn.draft.locale, **error.values))
        turn.draft.step = list_steps(_questionnaire(turn), turn.answers)[0].id
        await ask_current(turn)
        return
    _confirm(turn, receipt)


async def _receive(turn: Turn) -> Receipt:
    digest, limit = turn.draft.owner, TIPS_OF_CHAT
    check_count(limit, await count_try(turn.session, limit.scope, digest, now=turn.now, window=limit.window))
    values: dict[str, Any] = told_of(turn) | collect_values(
        turn.around.catalog.questionnaires[QUESTIONNAIRE], turn.answers
    )
    submission = Submission(
        channel=Channel.TELEGRAM,
        submission_key=turn.draft.submission_key,
        locale=turn.draft.locale,
        chat_id=str(turn.incoming.chat_id),
        draft_id=turn.draft.id,
        **values,
    )
    return await receive_tip(turn.session, submission, keys=turn.around.keys, now=turn.now)


def _questionnaire(turn: Turn) -> Questionnaire:
    return walked_of(turn)


def _shown_value(turn: Turn, step: Step) -> str:
    """The answer given so far, in words and not too long; empty where there is none."""
    value = (turn.answers.get(step.question.id) or {}).get(step.name, "")
    shown = _words_of(turn, step, value) if value else ""
    if len(shown) <= MAX_SHOWN:
        return shown
    return turn.word("summary.cut", start=shown[:MAX_SHOWN], length=len(shown))


def _words_of(turn: Turn, step: Step, value: str) -> str:
    if step.kind == CHOICE:
        return choice_label(turn, step.question, value)
    if step.kind == "county":
        office = turn.around.catalog.counties.get(value)
        return office.title(turn.draft.locale) if office else turn.word("county_not_known")
    return value


def _acceptance_day(turn: Turn) -> str:
    """Until when it will be decided whether the tip is taken up (rule D03)."""
    rule = turn.around.catalog.deadline_in_force("D03", turn.now)
    today = turn.now.astimezone(LOCAL).date()
    try:
        day = turn.around.catalog.calendar.add_working_days(today, rule.limit.amount)
    except UncoveredYearError:
        return turn.word("submit.days", days=rule.limit.amount)
    words = format_day(day, turn.draft.locale)
    return turn.word("submit.by_day", days=rule.limit.amount, day=words)


def _confirm(turn: Turn, receipt: Receipt) -> None:
    number, code = in_groups(receipt.case_number), in_groups(receipt.code)
    used_up = turn.recall("token")
    turn.restart(DONE)
    turn.draft.tip_id = receipt.tip_id
    turn.remember(submitted_token=used_up, number_sent=receipt.case_number, tip_id=receipt.tip_id)
    if turn.incoming.kind == "tap" and turn.incoming.message_id:
        turn.change(turn.incoming.message_id, turn.word("submit.closed"))
    web = turn.around.public_url
    turn.say(
        turn.word(
            "submit.done",
            number=number,
            code=code,
            by=_acceptance_day(turn),
            web=turn.word("web.status_at", url=f"{web}/status") if web else turn.word("web.status_somewhere"),
        ),
        codes=[number, code],
        choices=[[(turn.word("button.status"), "status"), (turn.word("button.new_tip"), "anew")]],
    )
