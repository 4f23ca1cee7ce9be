"""The way back: where a tip stands, what the office asks, and what the reporter adds."""

from dataclasses import dataclass, replace

from bot.channels.turn import FOLLOW_UP, IDLE, OPEN, STATUS_CODE, STATUS_NUMBER, VISIT_STEPS, Choices, Turn
from bot.inbox import chat_digest
from bot.intake import SubmissionError, receive_message
from bot.limits import MESSAGES_OF_TIP, TooManyError, check_count
from bot.progress import Progress, load_progress
from config.text import format_day, has_text, text
from models.files import StoredFile, save_attachment
from models.message import Message
from models.numbers import find_receipt, in_groups, is_case_number, split_receipt
from models.queries.chats import find_mute, give_attachments_to_message, list_tips_of_chat
from models.queries.limits import count_try
from models.queries.tips import find_latest_tip_of_chat, get_tip
from models.queries.visits import mark_letters_read
from models.states import Channel, MessageKind
from models.tip import Tip

MAX_SHOWN = 1500
LETTERS_SHOWN = 3
OWN_SHOWN = 6


@dataclass(frozen=True, slots=True)
class TriedReceipt:
    """What came of a number and a code: the tip, or nothing; or how long to wait before the next try."""

    tip_id: int | None
    wait_seconds: int = 0


async def open_own_tip(turn: Turn, tried: TriedReceipt | None = None) -> None:
    """Show the tip of a number and code that came along, else the newest of this chat; else ask for them."""
    if tried:
        await answer_receipt(turn, tried)
        return
    tip = await find_latest_tip_of_chat(turn.session, chat_digest(turn.around.keys, turn.incoming.chat_id))
    if tip is None:
        ask_number(turn)
        return
    await show_progress(turn, tip)


def ask_number(turn: Turn) -> None:
    """Ask for the case number (or number and code together)."""
    turn.remember(return_to=place_to_return(turn))
    turn.draft.step = STATUS_NUMBER
    turn.say(turn.word("status.ask_number"), choices=[[(turn.word("button.leave"), "leave_status")]])


def take_number(turn: Turn) -> None:
    """A number was typed: ask for the code."""
    number, _code = split_receipt(turn.incoming.text)
    if not is_case_number(number):
        turn.say(turn.word("status.not_a_number"), choices=[[(turn.word("button.leave"), "leave_status")]])
        return
    turn.remember(number=number)
    turn.draft.step = STATUS_CODE
    turn.say(turn.word("status.ask_code"), choices=[[(turn.word("button.leave"), "leave_status")]])


def take_half_receipt(turn: Turn) -> None:
    """A number or a code alone, at whatever step: a look-up has begun; a code is never kept."""
    if turn.draft.step not in {STATUS_NUMBER, STATUS_CODE}:
        turn.remember(return_to=place_to_return(turn))
    number, code = find_receipt(turn.incoming.text) or ("", "")
    turn.draft.step = STATUS_NUMBER
    if not code:
        turn.incoming = replace(turn.incoming, text=number)
        take_number(turn)
        return
    if turn.incoming.message_id:
        turn.erase(turn.incoming.message_id)
    turn.say(turn.word("status.code_alone"), choices=[[(turn.word("button.leave"), "leave_status")]])


async def answer_receipt(turn: Turn, tried: TriedReceipt) -> None:
    """Number and code were tried: show the tip, or say in the same words for every cause that they do not fit."""
    if turn.incoming.message_id:
        turn.erase(turn.incoming.message_id)  # the code should not stay in the chat
    if turn.draft.step not in {STATUS_NUMBER, STATUS_CODE}:
        turn.remember(return_to=place_to_return(turn))
    if tried.tip_id is not None:
        turn.draft.step = turn.recall("return_to") or IDLE
        await show_progress(turn, await get_tip(turn.session, tried.tip_id))
        return
    turn.draft.step = STATUS_NUMBER
    words = (
        turn.word("status.wait", minutes=-(-tried.wait_seconds // 60))
        if tried.wait_seconds
        else turn.word("status.wrong")
    )
    turn.say(words, choices=[[(turn.word("button.leave"), "leave_status")]])


async def show_progress(turn: Turn, tip: Tip) -> None:
    """Where the tip stands, in the words of the return page."""
    progress = await load_progress(turn.session, tip, now=turn.now)
    turn.remember(tip_id=tip.id, number=None)
    number = in_groups(progress.number)
    words = "\n\n".join(part for part in _parts(turn, progress, number) if part)
    turn.say(words, codes=[number], choices=await _visit_choices(turn, tip))
    await mark_letters_read(turn.session, tip.id, now=turn.now)


async def _visit_choices(turn: Turn, tip: Tip) -> Choices:
    is_muted = await find_mute(turn.session, turn.draft.owner, tip.id)
    verb = "unmute" if is_muted else "mute"
    mute = [] if is_muted is None else [(turn.word(f"button.{verb}"), f"{OPEN}{verb}:{tip.number}")]
    return [
        [(turn.word("button.follow_up"), "follow_up"), *mute],
        [(turn.word("button.more"), "more"), (turn.word("button.other_tip"), "other_tip")],
    ]


async def choose_tip(turn: Turn) -> None:
    """Which tip: those of this chat by a tap, any other by its number and code."""
    tips = await list_tips_of_chat(turn.session, turn.draft.owner, limit=OWN_SHOWN)
    ask_number(turn)
    if len(tips) > 1:
        ends = [
            (turn.word("button.number_end", end=tip.number[-4:]), f"{OPEN}status:{tip.number}")
            for tip in tips
        ]
        rows = [ends[i : i + 2] for i in range(0, len(ends), 2)]
        turn.say(turn.word("status.own_tips"), choices=rows)


async def reply_to_letter(turn: Turn, tip: Tip) -> None:
    """What the officer wrote last, and right below it the reply."""
    progress = await load_progress(turn.session, tip, now=turn.now)
    letters = [letter for letter in progress.letters if letter.kind is MessageKind.TO_REPORTER]
    turn.remember(tip_id=tip.id)
    if letters:
        turn.say(_letter_words(turn, letters[-1]))
        await mark_letters_read(turn.session, tip.id, now=turn.now)
    begin_follow_up(turn)


def _parts(turn: Turn, progress: Progress, number: str) -> list[str]:
    locale = turn.draft.locale
    parts = [
        turn.word("status.number", number=number),
        _state_words(progress.state, locale),
        turn.word(
            "status.days",
            received=format_day(progress.received_at, locale),
            updated=format_day(progress.updated_at, locale),
        ),
    ]
    if promise := progress.promise:
        key = f"public.status.clock.{promise.key}.{'late' if promise.is_late else 'fine'}"
        parts.append(text(key, locale, day=format_day(promise.due_at, locale)))
    if progress.verdict:
        parts.append(text(f"public.status.verdict.{progress.verdict}", locale))
    if progress.answer:
        parts.append(turn.word("status.answer", answer=_clip(turn, progress.answer)))
    letters = [letter for letter in progress.letters if letter.kind is MessageKind.TO_REPORTER]
    parts += [_letter_words(turn, letter) for letter in letters[-LETTERS_SHOWN:]]
    return parts


def _letter_words(turn: Turn, letter: Message) -> str:
    day = format_day(letter.created_at, turn.draft.locale)
    return turn.word("status.letter", day=day, text=_clip(turn, letter.text))


def _state_words(state: str, locale: str) -> str:
    base = f"public.status.state.{state}"
    if not has_text(f"{base}.title"):
        return text(base, locale)
    return "\n".join(
        text(f"{base}.{part}", locale) for part in ("title", "body") if has_text(f"{base}.{part}")
    )


def _clip(turn: Turn, words: str) -> str:
    return words if len(words) <= MAX_SHOWN else words[:MAX_SHOWN] + turn.word("status.clipped")


def begin_follow_up(turn: Turn) -> None:
    """What is sent from now on belongs to the tip that was shown."""
    turn.remember(return_to=place_to_return(turn))
    turn.draft.step = FOLLOW_UP
    turn.say(turn.word("follow_up.ask"), choices=[[(turn.word("button.follow_done"), "follow_done")]])


async def add_to_tip(
    turn: Turn,
    *,
    file: StoredFile | None = None,
    words: str | None = None,
    with_kept: bool = False,
    is_last: bool = True,
) -> None:
    """Hand words or a file on to the office; `with_kept`: and the files that were sent before it was asked what for.

    The pieces of an album are one message, which is thanked for with its last piece.
    """
    tip_id = int(turn.recall("tip_id") or turn.draft.tip_id or 0)
    tip = await get_tip(turn.session, tip_id)
    try:
        message_id = _find_album(turn) or await _write(turn, tip, words)
    except TooManyError as error:
        turn.say(turn.word("too_many", minutes=error.wait_minutes))
        return
    except SubmissionError as error:
        turn.say(text(f"errors.{error.problem}", turn.draft.locale, **error.values))
        return
    if file is not None:
        await save_attachment(
            turn.session,
            turn.around.files,
            file,
            keys=turn.around.keys,
            now=turn.now,
            message_id=message_id,
        )
    if with_kept:
        await give_attachments_to_message(turn.session, draft_id=turn.draft.id, message_id=message_id)
    album = turn.incoming.album
    turn.remember(has_added=True, album=[album, message_id] if album else None)
    if not is_last:
        return
    choices = [[(turn.word("button.follow_done"), "follow_done")]] if turn.draft.step == FOLLOW_UP else []
    turn.say(turn.word("follow_up.taken", number=in_groups(tip.number)), choices=choices)


async def _write(turn: Turn, tip: Tip, words: str | None) -> int:
    """One message to the office. Raises TooManyError, SubmissionError."""
    await _count(turn, tip)
    message = await receive_message(
        turn.session,
        tip,
        words or turn.incoming.text or turn.word("follow_up.file_only"),
        channel=Channel.TELEGRAM,
        keys=turn.around.keys,
        now=turn.now,
    )
    return message.id


def _find_album(turn: Turn) -> int | None:
    """The message that the pieces before this one went into; a caption of its own makes a message of its own."""
    album, message_id = turn.recall("album") or ("", None)
    is_piece = bool(turn.incoming.album) and turn.incoming.album == album and not turn.incoming.text.strip()
    return message_id if is_piece else None


def end_visit(turn: Turn) -> None:
    """Back to where the person was before."""
    turn.draft.step = turn.recall("return_to") or IDLE
    turn.remember(return_to=None, number=None, has_added=None)


async def _count(turn: Turn, tip: Tip) -> None:
    limit = MESSAGES_OF_TIP
    source = turn.around.keys.digest("source", "tip", tip.number)
    check_count(limit, await count_try(turn.session, limit.scope, source, now=turn.now, window=limit.window))


def place_to_return(turn: Turn) -> str:
    """Where the conversation was before the visit."""
    here = turn.draft.step
    return turn.recall("return_to") or IDLE if here in VISIT_STEPS else here
