"""What a chat hears although nobody wrote: a question after a quiet moment, one reminder, the end of a draft.

The time is a column of the draft. When it has come, a word of our own is put into the chat's inbox, where it
waits its turn behind what the person sent meanwhile and is worked on like everything else: once, in order,
across restarts. Whoever works on it looks afresh at what is due; usually that is nothing any more.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import structlog

from bot.channels.answering import finish_story
from bot.channels.asking import first_choices
from bot.channels.commands import drop_files
from bot.channels.turn import IDLE, OPEN, PLACE, Turn
from bot.inbox import store_wake
from config.clock import now as read_clock
from config.keys import Keys
from config.text import format_date
from models.queries.chats import clear_wake, list_drafts_to_wake
from models.session import Database

log = structlog.get_logger()

QUIET = timedelta(seconds=3)
"""After so long without a further message the story is taken to be told; more may still follow at any step."""
REMIND_AFTER = timedelta(minutes=30)
KEPT = timedelta(hours=24)
TICK_SECONDS = 0.5
_AT_ONCE = 100


async def wake_forever(db: Database, *, keys: Keys, arrived: asyncio.Event) -> None:
    """Wake chats until cancelled; a failure only delays."""
    while True:
        await asyncio.sleep(TICK_SECONDS)
        try:
            if await wake_due(db, keys=keys, now=read_clock()):
                arrived.set()
        except Exception as error:  # noqa: BLE001 - the database may be away for a while
            log.error("chat_wakes_failed", kind=type(error).__name__)
            await asyncio.sleep(1)


async def wake_due(db: Database, *, keys: Keys, now: datetime) -> int:
    """Put a word into the inbox of every chat whose time has come; answers how many."""
    async with db.read() as session:
        drafts = await list_drafts_to_wake(session, now=now, limit=_AT_ONCE)
    if not drafts:
        return 0
    async with db.begin() as session:
        for draft in drafts:
            if draft.chat and draft.wake_at and await clear_wake(session, draft):
                chat_id = int(keys.unseal("identity", draft.chat, place=PLACE))
                mark = f"{draft.id}.{draft.wake_at.timestamp():.6f}"
                await store_wake(session, chat_id, mark=mark, keys=keys, now=now)
    return len(drafts)


async def take_wake(turn: Turn) -> None:
    """Do what is due in this chat now, if anything is."""
    heard_at = turn.draft.updated_at
    is_unsent = await turn.has_unsent()
    if turn.recall("moved"):
        _tell_moved(turn)
    elif is_unsent and turn.now >= heard_at + KEPT:
        await drop_files(turn)
        turn.restart(IDLE)
        turn.say(turn.word("idle.ended", hours=in_hours(KEPT)), choices=first_choices(turn))
    elif turn.recall("more") and turn.now >= heard_at + QUIET:
        await finish_story(turn)
    elif is_unsent and not turn.recall("reminded") and turn.now >= heard_at + REMIND_AFTER:
        turn.remember(reminded=True)
        _remind(turn, until=heard_at + KEPT)


async def set_alarm(turn: Turn) -> None:
    """When this chat is looked at next without a word from it."""
    moments = [moment async for moment in _list_moments(turn)]
    turn.draft.wake_at = min(moments, default=None)


async def _list_moments(turn: Turn) -> AsyncIterator[datetime]:
    heard_at = turn.draft.updated_at
    if turn.recall("more"):
        yield heard_at + QUIET
    if await turn.has_unsent():
        yield heard_at + (KEPT if turn.recall("reminded") else REMIND_AFTER)


def _remind(turn: Turn, *, until: datetime) -> None:
    drop = f"{OPEN}drop:{begun_mark(turn)}"
    choices = [[(turn.word("button.resume"), f"{OPEN}resume"), (turn.word("button.drop"), drop)]]
    turn.say(turn.word("idle.remind", until=format_date(until, turn.draft.locale)), choices=choices)


def begun_mark(turn: Turn) -> str:
    """Which draft a reminder speaks of."""
    return str(int(turn.draft.created_at.timestamp() * 1000))


def _tell_moved(turn: Turn) -> None:
    if link := turn.recall("link_message"):
        turn.erase(link)
    turn.remember(moved=None, link_message=None)
    turn.say(turn.word("web.moved"))


def in_hours(span: timedelta) -> int:
    """Whole hours, for saying them."""
    return round(span / timedelta(hours=1))
