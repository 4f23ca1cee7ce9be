"""From the chat to the web: a link that opens the half-told tip in a browser, once and for a short while.

The link holds nothing but a random word, of which only a keyed hash is stored; the chat's id is in neither.
"""

import secrets
from datetime import timedelta

from bot.channels.turn import FOLLOW_UP, Turn
from config.keys import Keys

LINK_LASTS = timedelta(minutes=15)
PATH = "/continue/"


async def offer_web(turn: Turn) -> None:
    """Show the way to the web: with what was told so far, where something was."""
    web = turn.around.public_url
    if web is None:
        turn.say(turn.word("web.none"))
    elif await turn.has_unsent():
        turn.say(turn.word("web.link", url=make_link(turn, web), minutes=_minutes()), kept_as="link_message")
    else:
        turn.say(turn.word("web.plain", url=f"{web}/report"))


async def tell_too_big(turn: Turn) -> None:
    """What to do with a file that the chat does not hand out: the web takes it, with the tip it belongs to."""
    web = turn.around.public_url
    if web is None:
        turn.say(turn.word("file.smaller"))
    elif await turn.has_unsent():
        words = turn.word("file.use_web", url=make_link(turn, web), minutes=_minutes())
        turn.say(words, kept_as="link_message")
    else:
        page = "status" if turn.draft.step == FOLLOW_UP or turn.draft.tip_id else "report"
        turn.say(turn.word(f"file.use_{page}", url=f"{web}/{page}"))


def make_link(turn: Turn, web: str) -> str:
    """A new link to this draft; the one before it opens nothing any more."""
    word = secrets.token_urlsafe(24)
    turn.draft.link_digest = hash_link(turn.around.keys, word)
    turn.draft.link_until = turn.now + LINK_LASTS
    return f"{web}{PATH}{word}"


def hash_link(keys: Keys, word: str) -> bytes:
    """What is stored of a link."""
    return keys.digest("session", "continue", word)


def _minutes() -> int:
    return round(LINK_LASTS / timedelta(minutes=1))
