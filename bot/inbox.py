"""The durable inbox of the chat: an update is stored and committed before it is acknowledged.

An update passes through two stages. First its effect: dialogue, tip and the replies to send are written in
one transaction. Then the replies are sent, at least once, and the update is finished and emptied. A process
that dies between the two sends the replies after its restart; the effect is not repeated.

What is stored is sealed, because an update holds a chat id and a citizen's words.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from config.clock import now as read_clock
from config.keys import Keys, SealBrokenError
from models.queries.updates import (
    claim_updates,
    extend_claim,
    find_claimed_update,
    has_claimable_update,
    insert_updates_once,
    list_waiting_payloads,
)
from models.session import Database
from models.states import UpdateState

LEASE = timedelta(seconds=8)
"""Short, so that a killed process costs seconds; long work keeps its claim alive."""
MAX_ATTEMPTS = 5
AT_ONCE = 16
OUR_CLOCK = "clock"
"""Stands where the bot's id stands, for what comes from no bot."""
_PLACE = "inbound_update.payload"
_BIGGEST_UPDATE_ID = 2**63 - 1
_KINDS_WITH_CHAT = ("message", "edited_message", "my_chat_member", "channel_post", "edited_channel_post")


class BadUpdateError(ValueError):
    """What was delivered is not an update: it has no usable number."""


class ClaimLostError(Exception):
    """Another worker took the update over, because this one was silent for too long."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """An update in the hands of this worker; `replies` is None until its effect is stored."""

    id: int
    attempt: int
    chat: bytes | None
    received_at: datetime
    payload: Mapping[str, Any] = field(repr=False)
    replies: Sequence[Mapping[str, Any]] | None = field(repr=False)


async def store_updates(
    db: Database, updates: Sequence[Any], *, bot_id: str, keys: Keys, now: datetime
) -> int:
    """Store what was delivered, in order, in one commit; answers how many were new. Raises BadUpdateError."""
    rows = [_make_row(update, bot_id=bot_id, keys=keys, now=now) for update in updates]
    async with db.begin() as session:
        return await insert_updates_once(session, rows)


def get_update_number(update: object) -> int:
    """The update's number. Raises BadUpdateError."""
    number = update.get("update_id") if isinstance(update, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= _BIGGEST_UPDATE_ID:
        raise BadUpdateError
    return number


def find_chat_id(update: Mapping[str, Any]) -> int | None:
    """The chat that an update belongs to, for keeping order."""
    places: list[Any] = [update.get(kind) for kind in _KINDS_WITH_CHAT]
    if isinstance(callback := update.get("callback_query"), dict):
        places += [callback.get("message"), {"chat": callback.get("from")}]
    for place in places:
        chat = place.get("chat") if isinstance(place, dict) else None
        if isinstance(chat, dict) and isinstance(chat.get("id"), int):
            return int(chat["id"])
    return None


def chat_digest(keys: Keys, chat_id: int) -> bytes:
    """Keyed hash of a chat id: how a chat is looked up without being known."""
    return keys.digest("address", str(chat_id))


async def claim_waiting(
    db: Database, *, keys: Keys, now: datetime, limit: int = AT_ONCE, is_sure: bool = False
) -> list[Claimed]:
    """Take up to `limit` updates of different chats, each the oldest of its chat.

    Unless the caller `is_sure` that there are some, a look comes first, which waits for no writer.
    """
    if limit <= 0:
        return []
    if not is_sure:
        async with db.read() as session:
            if not await has_claimable_update(session, now=now):
                return []
    async with db.begin() as session:
        rows = await claim_updates(session, now=now, limit=limit, lease=LEASE)
        return [
            Claimed(
                row.id,
                row.attempts,
                row.chat,
                row.received_at,
                _unseal(row.payload, "sealed", keys) or {},
                _unseal(row.payload, "replies", keys),
            )
            for row in rows
        ]


async def store_wake(session: AsyncSession, chat_id: int, *, mark: str, keys: Keys, now: datetime) -> None:
    """Our own clock's word to a chat: it waits its turn like everything else of that chat, and comes once."""
    row = {
        "bot_id": OUR_CLOCK,
        "update_id": mark,
        "chat": chat_digest(keys, chat_id),
        "payload": {"sealed": _seal({"wake": chat_id}, keys)},
        "state": UpdateState.WAITING,
        "attempts": 0,
        "reason": "",
        "received_at": now,
    }
    await insert_updates_once(session, [row])


@asynccontextmanager
async def held_claim(db: Database, claimed: Claimed) -> AsyncIterator[None]:
    """Keep the claim alive while the work in the block goes on."""
    keeper = asyncio.create_task(_keep_claim(db, claimed))
    try:
        yield
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper


async def _keep_claim(db: Database, claimed: Claimed) -> None:
    while True:
        await asyncio.sleep(LEASE.total_seconds() / 3)
        async with db.begin() as session:
            await extend_claim(session, claimed.id, attempt=claimed.attempt, until=read_clock() + LEASE)


async def store_effect(
    session: AsyncSession, claimed: Claimed, replies: Sequence[Mapping[str, Any]], *, keys: Keys
) -> None:
    """Write the replies into the transaction that holds the effect. Raises ClaimLostError."""
    row = await find_claimed_update(session, claimed.id, attempt=claimed.attempt)
    if row is None:
        raise ClaimLostError
    row.payload = {"replies": _seal(list(replies), keys)}


async def finish(db: Database, claimed: Claimed, state: UpdateState, reason: str = "") -> None:
    """End an update and erase what it held; a quarantined one keeps its sealed content for those who mend it."""
    async with db.begin() as session:
        await finish_in(session, claimed, state, reason)


async def finish_in(session: AsyncSession, claimed: Claimed, state: UpdateState, reason: str = "") -> None:
    """The same in a transaction that does more."""
    if row := await find_claimed_update(session, claimed.id, attempt=claimed.attempt):
        row.state, row.reason, row.claimed_until = state, reason, None
        if state is not UpdateState.QUARANTINED:
            row.payload = None


async def try_later(
    db: Database,
    claimed: Claimed,
    *,
    at: datetime,
    reason: str,
    keys: Keys,
    replies: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Give an update back until `at`, with the replies that are still to be sent."""
    async with db.begin() as session:
        if row := await find_claimed_update(session, claimed.id, attempt=claimed.attempt):
            row.claimed_until, row.reason = at, reason
            if replies is not None:
                row.payload = {"replies": _seal(list(replies), keys)}


async def peek_waiting(
    db: Database, claimed: Claimed, *, keys: Keys, limit: int = 10
) -> list[Mapping[str, Any]]:
    """What the same chat sent after this update and what is still to be worked on."""
    if claimed.chat is None:
        return []
    async with db.read() as session:
        payloads = await list_waiting_payloads(session, claimed.chat, after=claimed.id, limit=limit)
    return [update for payload in payloads if (update := _unseal(payload, "sealed", keys))]


def _make_row(update: Mapping[str, Any], *, bot_id: str, keys: Keys, now: datetime) -> dict[str, Any]:
    number, chat_id = get_update_number(update), find_chat_id(update)
    return {
        "bot_id": bot_id,
        "update_id": str(number),
        "chat": None if chat_id is None else chat_digest(keys, chat_id),
        "payload": {"sealed": _seal(update, keys)},
        "state": UpdateState.WAITING,
        "attempts": 0,
        "reason": "",
        "received_at": now,
    }


def _seal(content: object, keys: Keys) -> str:
    # ensure_ascii: what comes from outside may hold lone surrogates, which no database stores.
    return base64.b64encode(keys.seal("identity", json.dumps(content).encode(), place=_PLACE)).decode()


def _unseal(payload: Mapping[str, Any] | None, part: str, keys: Keys) -> Any:  # noqa: ANN401 - JSON
    if not payload or part not in payload:
        return None
    try:
        return json.loads(keys.unseal("identity", base64.b64decode(payload[part]), place=_PLACE))
    except SealBrokenError:
        return None
