"""What a reporter may do with his own tip in the chat: withdraw, contact, delete letters, rate, ask for a review.

What each does and when it is open is decided in `bot.way_back`, for web and chat alike; here it is asked for,
one thing a message, and what cannot be taken back is asked twice.
"""

import unicodedata
from collections.abc import Awaitable, Callable, Mapping

from bot.channels.asking import ask_current
from bot.channels.turn import CONTACT_NAME, CONTACT_PHONE, REVIEW, Choices, Turn
from bot.channels.visit import end_visit, place_to_return, show_progress
from bot.intake import SubmissionError
from bot.progress import load_progress
from bot.questionnaire import PHONE_DIGITS
from bot.way_back import (
    HIGHEST,
    LOWEST,
    Standing,
    ask_review,
    change_contact,
    hide_read_letters,
    load_standing,
    rate_outcome,
    remove_contact,
    withdraw_tip,
)
from config.text import format_day, text
from models.queries.tips import get_tip
from models.states import Channel, Solved
from models.tip import Tip

SCORES_IN_ROW = 3


async def show_more(turn: Turn) -> None:
    """Everything that is open with this tip now; what was asked for already is said."""
    tip = await current_tip(turn)
    standing = await load_standing(turn.session, tip, catalog=turn.around.catalog, now=turn.now)
    progress = await load_progress(turn.session, tip, now=turn.now)
    why = [progress.promise.sentence(turn.draft.locale), ""] if progress.promise else []
    lines = [*why, turn.word("manage.head"), *_list_asked(turn, standing)]
    turn.say("\n".join(lines), choices=_list_ways(turn, standing))


async def current_tip(turn: Turn) -> Tip:
    """The tip that was shown last."""
    return await get_tip(turn.session, int(turn.recall("tip_id") or turn.draft.tip_id or 0))


def _list_asked(turn: Turn, standing: Standing) -> list[str]:
    locale, lines = turn.draft.locale, []
    if standing.withdrawal_asked_at:
        day = format_day(standing.withdrawal_asked_at, locale)
        lines.append(turn.word("manage.withdrawal_asked", day=day))
    if standing.review_asked_at:
        lines.append(turn.word("manage.review_asked", day=format_day(standing.review_asked_at, locale)))
    elif standing.may_ask_review and standing.review_until:
        lines.append(turn.word("manage.review_until", day=format_day(standing.review_until, locale)))
    if rating := standing.rating:
        solved = text(f"states.solved.{rating.solved}", locale)
        lines.append(turn.word("manage.rated", solved=solved, score=rating.score))
    return lines


def _list_ways(turn: Turn, standing: Standing) -> Choices:
    has_contact = standing.has_name or standing.has_phone
    ways = {
        "rate": standing.may_rate,
        "review": standing.may_ask_review,
        "contact": True,
        "uncontact": has_contact,
        "hide": True,
        "withdraw": standing.may_withdraw,
    }
    buttons = [(turn.word(f"manage.button.{way}"), way) for way, is_open in ways.items() if is_open]
    rows = [buttons[i : i + 2] for i in range(0, len(buttons), 2)]
    return [*rows, [(turn.word("button.to_progress"), "progress")]]


# ---------------------------------------------------------------- asked twice


def _ask_twice(turn: Turn, way: str) -> None:
    sure = (turn.word(f"manage.sure_button.{way}"), f"{way}_yes")
    turn.say(turn.word(f"manage.sure.{way}"), choices=[[sure, (turn.word("button.leave"), "progress")]])


async def _withdraw(turn: Turn) -> None:
    _ask_twice(turn, "withdraw")


async def _withdraw_yes(turn: Turn) -> None:
    tip = await current_tip(turn)
    await withdraw_tip(turn.session, tip, channel=Channel.TELEGRAM, keys=turn.around.keys, now=turn.now)
    await _say_done(turn, "withdraw")


async def _uncontact(turn: Turn) -> None:
    _ask_twice(turn, "uncontact")


async def _uncontact_yes(turn: Turn) -> None:
    await remove_contact(turn.session, await current_tip(turn), now=turn.now)
    await _say_done(turn, "uncontact")


async def _hide(turn: Turn) -> None:
    _ask_twice(turn, "hide")


async def _hide_yes(turn: Turn) -> None:
    await hide_read_letters(turn.session, await current_tip(turn), now=turn.now)
    await _say_done(turn, "hide")


async def _say_done(turn: Turn, way: str) -> None:
    turn.say(turn.word(f"manage.done.{way}"), choices=[[(turn.word("button.to_progress"), "progress")]])


# ---------------------------------------------------------------- contact


async def _contact(turn: Turn) -> None:
    turn.remember(return_to=place_to_return(turn), contact_name=None)
    turn.draft.step = CONTACT_NAME
    await ask_current(turn)


async def _take_name(turn: Turn, typed: str) -> None:
    turn.remember(contact_name=typed or None)
    turn.draft.step = CONTACT_PHONE
    await ask_current(turn)


async def _take_phone(turn: Turn, typed: str) -> None:
    plain = unicodedata.normalize("NFKC", typed).strip()
    if plain and sum(sign.isdecimal() for sign in plain) not in PHONE_DIGITS:
        turn.say(text("errors.phone", turn.draft.locale))
        await ask_current(turn)
        return
    tip, name = await current_tip(turn), turn.recall("contact_name") or ""
    await change_contact(turn.session, tip, name=name, phone=plain, keys=turn.around.keys, now=turn.now)
    if turn.incoming.message_id and turn.incoming.kind == "text":
        turn.erase(turn.incoming.message_id)  # it need not stay in the chat
    turn.remember(contact_name=None)
    end_visit(turn)
    await _say_done(turn, "contact")


# ---------------------------------------------------------------- outcome


async def _rate(turn: Turn) -> None:
    choices = [[(text(f"states.solved.{word}", turn.draft.locale), f"solved:{word}")] for word in Solved]
    turn.say(turn.word("manage.ask.solved"), choices=choices)


async def _take_solved(turn: Turn, solved: str) -> None:
    scores = range(HIGHEST, LOWEST - 1, -1)
    buttons = [(turn.word("manage.score", score=score), f"score:{solved}:{score}") for score in scores]
    rows = [buttons[i : i + SCORES_IN_ROW] for i in range(0, len(buttons), SCORES_IN_ROW)]
    turn.say(turn.word("manage.ask.score"), choices=rows)


async def _take_score(turn: Turn, solved: str, score: str) -> None:
    await rate_outcome(
        turn.session,
        await current_tip(turn),
        solved=solved,
        score=int(score),
        channel=Channel.TELEGRAM,
        keys=turn.around.keys,
        now=turn.now,
    )
    await _say_done(turn, "rate")


async def _review(turn: Turn) -> None:
    turn.remember(return_to=place_to_return(turn))
    turn.draft.step = REVIEW
    await ask_current(turn)


async def _take_review(turn: Turn, typed: str) -> None:
    await ask_review(
        turn.session,
        await current_tip(turn),
        typed,
        channel=Channel.TELEGRAM,
        keys=turn.around.keys,
        catalog=turn.around.catalog,
        now=turn.now,
    )
    end_visit(turn)
    await _say_done(turn, "review")


# ---------------------------------------------------------------- by step and by button


async def take_words(turn: Turn, typed: str) -> None:
    """Words, or none, where a name, a phone number or the reason for a review was asked for."""
    take = {CONTACT_NAME: _take_name, CONTACT_PHONE: _take_phone, REVIEW: _take_review}[turn.draft.step]
    await _or_say_why(turn, take(turn, typed))


async def _skip_words(turn: Turn) -> None:
    if turn.draft.step in {CONTACT_NAME, CONTACT_PHONE}:
        await take_words(turn, "")


async def _progress(turn: Turn) -> None:
    await show_progress(turn, await current_tip(turn))


async def manage(turn: Turn, action: str) -> bool:
    """Do what a button of these says; False where it is none of them."""
    verb, _, what = action.partition(":")
    if verb == "solved":
        await _take_solved(turn, what)
    elif verb == "score":
        await _or_say_why(turn, _take_score(turn, *what.split(":")))
    elif act := _ACTIONS.get(action):
        await _or_say_why(turn, act(turn))
    else:
        return False
    return True


async def _or_say_why(turn: Turn, work: Awaitable[None]) -> None:
    """What is not open now, or will not do, is said in words; the way on stays."""
    try:
        await work
    except SubmissionError as error:
        choices = [[(turn.word("button.leave"), "leave_status")]]
        turn.say(text(f"errors.{error.problem}", turn.draft.locale, **error.values), choices=choices)


_ACTIONS: Mapping[str, Callable[[Turn], Awaitable[None]]] = {
    "more": show_more,
    "progress": _progress,
    "withdraw": _withdraw,
    "withdraw_yes": _withdraw_yes,
    "contact": _contact,
    "uncontact": _uncontact,
    "uncontact_yes": _uncontact_yes,
    "hide": _hide,
    "hide_yes": _hide_yes,
    "rate": _rate,
    "review": _review,
    "skip_words": _skip_words,
}
