"""Fetching updates: store, commit, and only then confirm by asking for the next ones."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

import structlog

from bot.channels import RefusedError, TryLaterError, UnreachableError
from bot.channels.pulse import Pulse
from bot.inbox import BadUpdateError, get_update_number, store_updates
from config.clock import now
from config.keys import Keys
from models.session import Database

log = structlog.get_logger()

WAIT_SECONDS = 25
LONGEST_PAUSE = 30.0


class Source(Protocol):
    """Where updates are fetched."""

    bot_id: str

    async def fetch_updates(self, offset: int | None, *, wait_seconds: int) -> list[Any]:
        """Updates not yet confirmed; `offset` confirms all below it."""
        ...


async def poll_forever(source: Source, db: Database, *, keys: Keys, arrived: asyncio.Event) -> None:
    """Fetch and store until cancelled; sets `arrived` when there is something new. Failures only delay."""
    pulse = Pulse(db)
    offset: int | None = None
    pause = 0.0
    while True:
        await asyncio.sleep(pause)
        try:
            updates = await source.fetch_updates(offset, wait_seconds=WAIT_SECONDS)
            await _store(updates, source, db, keys=keys)
            await pulse.note_contact()
        except (TryLaterError, UnreachableError, RefusedError) as error:
            wait = getattr(error, "wait_seconds", None)
            pause = wait if wait is not None else min(max(0.5, pause * 2), LONGEST_PAUSE)
            log.warning("chat_poll_failed", kind=type(error).__name__, wait_seconds=pause)
            with suppress(
                Exception
            ):  # the database may be away as well; this is for the administrator's page only
                await pulse.note_trouble(getattr(error, "trouble", "refused"))
        except Exception as error:  # noqa: BLE001 - the database may be away; what is unconfirmed comes again
            pause = min(max(0.5, pause * 2), LONGEST_PAUSE)
            log.error("chat_store_failed", kind=type(error).__name__, wait_seconds=pause)
        else:
            pause = 0.0
            offset = _next_offset(updates)
            if updates:
                arrived.set()


async def _store(updates: Sequence[Any], source: Source, db: Database, *, keys: Keys) -> None:
    usable = [update for update in updates if _is_usable(update)]
    if len(usable) < len(updates):
        log.error("chat_update_unusable", count=len(updates) - len(usable))
    if usable:
        await store_updates(db, usable, bot_id=source.bot_id, keys=keys, now=now())


def _is_usable(update: object) -> bool:
    try:
        get_update_number(update)
    except BadUpdateError:
        return False
    return True


def _next_offset(updates: Sequence[Any]) -> int | None:
    """Confirm what was stored, and ask for no offset once everything is confirmed.

    After a quiet week the numbers start anew, possibly below the last one.
    """
    numbers = [get_update_number(update) for update in updates if _is_usable(update)]
    return numbers[-1] + 1 if numbers else None
