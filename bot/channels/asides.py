"""What comes beside the questions: a point on the map, and a message that was changed after it was sent."""

from dataclasses import replace

from bot.channels.answering import change_answer, keep_place
from bot.channels.asking import ask_current
from bot.channels.turn import FOLLOW_UP, STATUS_CODE, STATUS_NUMBER, Turn
from bot.channels.visit import add_to_tip
from models.numbers import holds_code, in_groups
from models.queries.tips import find_latest_tip_of_chat, get_tip
from models.tip import Tip


def describe_place(turn: Turn) -> str:
    """A point on the map in words."""
    words = turn.word(
        "place.words", latitude=f"{turn.incoming.latitude:.5f}", longitude=f"{turn.incoming.longitude:.5f}"
    )
    return f"{turn.incoming.text} {words}".strip()


async def take_place(turn: Turn) -> bool:
    """Take a point on the map where a tip is told or added to; False where nothing is open that it belongs to."""
    words = describe_place(turn)
    if turn.is_telling:
        turn.say(turn.word("place.kept" if keep_place(turn, words) else "place.no_room", place=words))
        await ask_current(turn)
    elif turn.draft.step == FOLLOW_UP:
        await add_to_tip(turn, words=words)
    elif turn.draft.step in {STATUS_NUMBER, STATUS_CODE}:
        turn.say(turn.word("place.not_now"))
        await ask_current(turn)
    else:
        return False
    return True


async def take_edit(turn: Turn) -> None:
    """A message was changed: its answer changes with it, or it is said that it did not, and what to do."""
    if _change_pending(turn) or await change_answer(turn):
        return
    if _is_ahead(turn):
        return
    if turn.is_telling:
        turn.say(turn.word("edit.not_taken"))
        await ask_current(turn)
        return
    tip = await _find_open_tip(turn)
    if tip is None or not turn.incoming.text.strip() or holds_code(turn.incoming.text):
        turn.say(turn.word("edit.not_taken"))
        return
    turn.remember(tip_id=tip.id, correction=turn.incoming.text)
    turn.say(
        turn.word("edit.too_late", number=in_groups(tip.number)),
        choices=[[(turn.word("button.add_correction"), "add_correction")]],
    )


def _change_pending(turn: Turn) -> bool:
    """Words that wait to become a tip change too."""
    number, pending = turn.incoming.message_id, turn.recall("pending") or []
    if number not in [known for known, _words in pending]:
        return False
    changed = [[known, turn.incoming.text if known == number else words] for known, words in pending]
    turn.remember(pending=changed)
    turn.say(turn.word("edit.taken"))
    return True


def _is_ahead(turn: Turn) -> bool:
    """The change overtook its own message on the way: it is kept until that comes."""
    number = turn.incoming.message_id or 0
    if number <= max([0, *(turn.recall("received") or [])]):
        return False
    turn.remember(ahead={**(turn.recall("ahead") or {}), str(number): turn.incoming.text})
    return True


def take_overtaken(turn: Turn) -> None:
    """A message whose change came before it says what it was changed to."""
    ahead = dict(turn.recall("ahead") or {})
    if (words := ahead.pop(str(turn.incoming.message_id), None)) is not None:
        turn.incoming = replace(turn.incoming, text=words)
        turn.remember(ahead=ahead or None)


async def add_correction(turn: Turn) -> None:
    """Hand the changed words on as an addition."""
    words = turn.recall("correction")
    turn.remember(correction=None)
    if words:
        await add_to_tip(turn, words=words)


async def _find_open_tip(turn: Turn) -> Tip | None:
    if turn.draft.step == FOLLOW_UP and (shown := turn.recall("tip_id")):
        return await get_tip(turn.session, int(shown))
    return await find_latest_tip_of_chat(turn.session, turn.draft.owner)
