"""What each thing that a person does leads to, at each step."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from bot.channels.answering import act, begin_telling, take_answer
from bot.channels.asides import add_correction, describe_place, take_edit, take_overtaken, take_place
from bot.channels.asking import ask_current, current_step, first_choices
from bot.channels.commands import (
    cancel,
    drop_files,
    find_typed_command,
    introduce,
    report,
    run_command,
)
from bot.channels.following import Reading
from bot.channels.managing import manage, take_words
from bot.channels.proof import send_proof
from bot.channels.story import add_piece, count_files, keep_file
from bot.channels.to_web import offer_web, tell_too_big
from bot.channels.turn import (
    CHECK,
    DONE,
    FOLLOW_UP,
    IDLE,
    INTRO,
    MANAGE_STEPS,
    OPEN,
    STATUS_CODE,
    STATUS_NUMBER,
    VISIT_STEPS,
    Turn,
)
from bot.channels.visit import (
    TriedReceipt,
    add_to_tip,
    answer_receipt,
    ask_number,
    begin_follow_up,
    choose_tip,
    end_visit,
    open_own_tip,
    reply_to_letter,
    show_progress,
    take_half_receipt,
    take_number,
)
from bot.channels.wakes import begun_mark, take_wake
from config.text import text
from models.files import StoredFile
from models.numbers import holds_code, in_groups, looks_like_receipt
from models.queries.attachments import list_file_digests
from models.queries.chats import find_tip_of_chat, mark_chat, set_mute, unlink_chat
from models.queries.tips import find_latest_tip_of_chat


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was done before the transaction."""

    file: StoredFile | None = None
    problem: str = ""
    """Why a file was not taken: a text key below errors.file."""
    tried: TriedReceipt | None = None
    is_followed_by_album: bool = False
    reading: Reading | None = None


async def respond(turn: Turn, prepared: Prepared) -> None:
    """One turn: by what was done, then by where the conversation stands."""
    match turn.incoming.kind:
        case "command":
            await mark_chat(turn.session, turn.draft.owner, is_reachable=True)
            await run_command(turn, prepared.tried)
        case "tap":
            await _take_tap(turn)
        case "file":
            await _take_file(turn, prepared)
        case "text":
            await _take_text(turn, prepared)
        case "edit":
            turn.warn_of_danger()
            await _take_change(turn, prepared)
        case "place":
            if not await take_place(turn):
                await _keep_for_later(turn, describe_place(turn))
        case "wake":
            await take_wake(turn)
        case _:
            turn.say(turn.word("help.not_understood"))
            await ask_current(turn)


# ---------------------------------------------------------------- words


async def _take_text(turn: Turn, prepared: Prepared) -> None:
    take_overtaken(turn)
    turn.warn_of_danger()
    if action := turn.find_typed_button():
        await _run_action(turn, action)
    elif turn.draft.step == CHECK and turn.is_one_of("submit_words"):
        await _run_action(turn, "submit")
    elif prepared.tried:
        await answer_receipt(turn, prepared.tried)
    elif looks_like_receipt(turn.incoming.text):
        take_half_receipt(turn)
    elif holds_code(turn.incoming.text):
        turn.say(text("errors.holds_code", turn.draft.locale))
        await ask_current(turn)
    elif turn.draft.step not in VISIT_STEPS and turn.is_one_of("thanks_words"):
        turn.say(turn.word("welcome"))
        await ask_current(turn)
    elif command := _find_plain_command(turn):
        turn.incoming = replace(turn.incoming, text=command)
        await run_command(turn, None)
    else:
        _mark_forwarded(turn)
        await _take_words(turn)


def _find_plain_command(turn: Turn) -> str | None:
    """While the office waits for an answer, every word is one."""
    is_answering = turn.draft.step == FOLLOW_UP or turn.draft.step in MANAGE_STEPS
    return None if is_answering else find_typed_command(turn)


async def _take_words(turn: Turn) -> None:
    """Words that are neither a button, nor a command, nor a number: by the step."""
    match turn.draft.step:
        case step if step == STATUS_NUMBER and not any(sign.isdecimal() for sign in turn.incoming.text):
            await _take_words_at_number(turn)
        case step if step == STATUS_NUMBER:
            take_number(turn)
        case step if step == STATUS_CODE:
            ask_number(turn)
        case step if step == FOLLOW_UP:
            await _take_reply(turn)
        case step if step in MANAGE_STEPS:
            await take_words(turn, turn.incoming.text)
        case step if step == CHECK or current_step(turn):
            await take_answer(turn)
        case _:
            await _keep_for_later(turn, turn.incoming.text)


async def _take_words_at_number(turn: Turn) -> None:
    """No digit in it: somebody who goes on telling, whatever we asked for. The words are kept where they belong."""
    if turn.is_one_of("done_words") or turn.is_one_of("thanks_words"):
        await _end_visit(turn)
        return
    if turn.is_one_of("skip_words"):
        turn.say(turn.word("status.number_lost"))
        await _end_visit(turn)
        return
    if any(turn.answers.values()):
        is_kept = add_piece(turn, turn.incoming.text)
    else:
        pending = [*(turn.recall("pending") or []), [turn.incoming.message_id or 0, turn.incoming.text]]
        turn.remember(pending=pending)
        is_kept = True
    if is_kept:
        turn.say(turn.word("status.words_kept"))
    await ask_current(turn)


async def _take_reply(turn: Turn) -> None:
    if turn.is_one_of("done_words") and turn.recall("has_added"):
        end_visit(turn)
        await ask_current(turn)
    else:
        await add_to_tip(turn)


def _mark_forwarded(turn: Turn) -> None:
    """What others wrote is kept as what it is: material, not the reporter's own words."""
    if turn.incoming.is_forwarded and turn.incoming.text.strip():
        words = f"{turn.word('forwarded')}{turn.incoming.text}"
        turn.incoming = replace(turn.incoming, text=words)


async def _keep_for_later(turn: Turn, words: str) -> None:
    """Words before anything was asked: kept, and the way on is shown."""
    pending = [*(turn.recall("pending") or []), [turn.incoming.message_id or 0, words]]
    turn.remember(pending=sorted(pending, key=lambda piece: piece[0]))
    await _ask_what_for(turn)


async def _ask_what_for(turn: Turn) -> None:
    """Who sent a tip from here before may mean that one."""
    tip = await find_latest_tip_of_chat(turn.session, turn.draft.owner)
    if tip is None:
        await _say_kept(turn)
        return
    turn.remember(tip_id=tip.id, pending_after=tip.number)
    await ask_current(turn)


async def _say_kept(turn: Turn) -> None:
    """What came unasked is kept; who we are is said once, before anything else."""
    files = await count_files(turn)
    words = [turn.word("pending.count", count=len(pending))] if (pending := turn.recall("pending")) else []
    introduce(turn)
    if turn.draft.step == IDLE:
        turn.draft.step = INTRO
    turn.say_live("\n".join([*files, *words, turn.word("pending.kept")]), choices=first_choices(turn))


# ---------------------------------------------------------------- files


async def _take_file(turn: Turn, prepared: Prepared) -> None:
    turn.warn_of_danger()
    if prepared.file is None:
        turn.say(text(f"errors.file.{prepared.problem}", turn.draft.locale))
        if prepared.problem == "too_big":
            await tell_too_big(turn)
        if not prepared.is_followed_by_album:
            await ask_current(turn)
        return
    _leave_out_code(turn)
    _mark_forwarded(turn)
    is_last = not prepared.is_followed_by_album
    step = turn.draft.step
    if step == FOLLOW_UP or step in MANAGE_STEPS or (step == DONE and turn.draft.tip_id):
        await add_to_tip(turn, file=prepared.file, is_last=is_last)
        return
    await keep_file(turn, prepared.file, is_last=is_last)
    if step in {IDLE, INTRO} and is_last:
        await _ask_what_for(turn)


async def _take_change(turn: Turn, prepared: Prepared) -> None:
    """A message was changed. Another picture in it is one more picture: the first stays, and that is said."""
    words, is_other = turn.incoming.text, await _is_other_file(turn, prepared)
    if is_other:
        turn.say(turn.word("edit.file_too"))
        turn.incoming = replace(turn.incoming, text="")
        await _take_file(turn, prepared)
        turn.incoming = replace(turn.incoming, text=words)
    if words or not is_other:
        await take_edit(turn)


async def _is_other_file(turn: Turn, prepared: Prepared) -> bool:
    """Whether the changed message holds a file that we do not have: a new caption comes with the old file."""
    if prepared.file is None:
        return bool(prepared.problem)
    tip = await find_latest_tip_of_chat(turn.session, turn.draft.owner)
    known = await list_file_digests(turn.session, draft_id=turn.draft.id, tip_id=tip.id if tip else None)
    return prepared.file.digest not in known


def _leave_out_code(turn: Turn) -> None:
    """A code written under a file is not kept with it."""
    if holds_code(turn.incoming.text):
        turn.say(text("errors.holds_code", turn.draft.locale))
        turn.incoming = replace(turn.incoming, text="")


# ---------------------------------------------------------------- buttons


async def _take_tap(turn: Turn) -> None:
    tap = turn.read_tap()
    if tap.state == "submitted":
        number = in_groups(turn.recall("number_sent") or "")
        turn.answer_tap(turn.word("submit.once", number=number))
        turn.say(turn.word("submit.once", number=number), codes=[number])
        return
    if tap.state == "old":
        await _say_old(turn)
        return
    turn.answer_tap()
    await _run_action(turn, tap.action)


async def _say_old(turn: Turn) -> None:
    turn.answer_tap(turn.word("button_old"))
    turn.say(turn.word("button_old"))
    await ask_current(turn)


async def _run_action(turn: Turn, action: str) -> None:
    if action.startswith(OPEN):
        await _run_open(turn, action.removeprefix(OPEN))
    elif known := _ACTIONS.get(action):
        await known(turn)
    elif not await manage(turn, action):
        await act(turn, action)


async def _add_pending(turn: Turn) -> None:
    pending = turn.recall("pending") or []
    turn.remember(pending=None, pending_after=None)
    await add_to_tip(turn, words="\n".join(words for _number, words in pending), with_kept=True)


async def _follow_up(turn: Turn) -> None:
    begin_follow_up(turn)


async def _end_visit(turn: Turn) -> None:
    end_visit(turn)
    await ask_current(turn)


async def _begin_anew(turn: Turn) -> None:
    turn.remember(pending=None)
    await _begin_with_pending(turn)


async def _begin_with_pending(turn: Turn) -> None:
    pending = turn.recall("pending")
    await drop_files(turn)  # those of a tip that was sent belong to the tip already
    turn.restart(IDLE)
    turn.remember(pending=pending)
    await begin_telling(turn)


async def _run_open(turn: Turn, action: str) -> None:
    """A button below a notice or a reminder: it may be days old and opens nothing that is not this chat's own."""
    verb, _, what = action.partition(":")
    match verb:
        case "resume":
            await ask_current(turn)
        case "drop":
            await _drop(turn, began=what)
        case "unlink":
            await unlink_chat(turn.session, turn.draft.owner)
            if turn.draft.tip_id is not None:
                turn.restart(IDLE)
            turn.say(turn.word("unlink.done"))
        case _:
            await _run_on_tip(turn, verb, what)


async def _drop(turn: Turn, *, began: str) -> None:
    """Delete what the reminder spoke of, not what was begun since."""
    if began == begun_mark(turn) and await turn.has_unsent():
        await cancel(turn)
    else:
        await _say_old(turn)


async def _run_on_tip(turn: Turn, verb: str, number: str) -> None:
    tip = await find_tip_of_chat(turn.session, turn.draft.owner, number)
    if tip is None:
        await open_own_tip(turn)
    elif verb == "reply":
        await reply_to_letter(turn, tip)
    elif verb in {"mute", "unmute"}:
        await set_mute(turn.session, turn.draft.owner, tip.id, is_muted=verb == "mute")
        turn.say(turn.word(f"{verb}.done", number=in_groups(tip.number)))
    else:
        await show_progress(turn, tip)


_ACTIONS: Mapping[str, Callable[[Turn], Awaitable[None]]] = {
    "report": report,
    "status": open_own_tip,
    "proof": send_proof,
    "resume": ask_current,
    "web": offer_web,
    "anew": _begin_anew,
    "anew_pending": _begin_with_pending,
    "add_pending": _add_pending,
    "add_correction": add_correction,
    "follow_up": _follow_up,
    "follow_done": _end_visit,
    "leave_status": _end_visit,
    "other_tip": choose_tip,
}
"""What a button does, where it is none of a question."""
