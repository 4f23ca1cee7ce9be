"""The conversation with a citizen by chat, as the worker runs it.

`ChatDialogue.prepare` does what is slow, outside any transaction: fetching and examining a file, trying a
return code. What it answers is the quick part, which the worker runs in the transaction of the update.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from bot.channels import RefusedError, Reply, TooBigError, TryLaterError
from bot.channels.following import Reading, find_unread_story
from bot.channels.incoming import FileOffer, Incoming, NotForUsError
from bot.channels.responding import Prepared, respond
from bot.channels.sending import say_receipt_again
from bot.channels.turn import (
    IDLE,
    MEMORY,
    PLACE,
    RECEIPT,
    STATUS_CODE,
    STATUS_NUMBER,
    UNSAID,
    Surroundings,
    Turn,
    make_draft,
    remember_numbers,
)
from bot.channels.visit import TriedReceipt
from bot.channels.wakes import set_alarm
from bot.channels.worker import Peek
from bot.inbox import chat_digest
from bot.limits import Limit
from bot.receipts import TooManyTriesError, find_tip_by_receipt
from config.clock import now
from config.keys import Keys
from config.text import find_locale, text
from models.files import FileRefusedError, StoredFile, examine_in_thread, store_in_thread
from models.numbers import find_receipt, looks_like_receipt, split_receipt
from models.queries.chats import mark_chat
from models.queries.limits import count_try, full_seconds
from models.queries.tips import find_draft
from models.session import Database
from models.tip import Draft

UPDATES_OF_CHAT = Limit("updates-of-chat", 40, timedelta(minutes=1))
NOTICES_TO_GROUP = Limit("notices-to-group", 1, timedelta(days=3650))
MAX_FILE_BYTES = 20 * 1024 * 1024
SHOW_WORK_AFTER = 1.0
SHOW_WORK_EVERY = 4.0


class Files(Protocol):
    """Where the content of an offered file is fetched."""

    async def fetch_file(self, file_id: str) -> bytes:
        """Raises TooBigError, RefusedError, TryLaterError."""
        ...

    async def show_activity(self, chat_id: int) -> bool:
        """Show that we are at work."""
        ...


class ChatDialogue:
    """The dialogue as the worker knows it."""

    def __init__(
        self,
        db: Database,
        files: Files,
        around: Surroundings,
        *,
        read_update: Callable[[Mapping[str, Any]], Incoming],
    ) -> None:
        """Prepare."""
        self._db = db
        self._files = files
        self._around = around
        self._read = read_update

    async def prepare(
        self, update: Mapping[str, Any], peek: Peek
    ) -> Callable[[AsyncSession], Awaitable[list[Reply]]]:
        """Do what is slow; answers the quick part. Raises NotForUsError, TryLaterError."""
        try:
            incoming = self._read_any(update)
        except NotForUsError as error:
            if error.group_id is None:
                raise
            return self._tell_group(error.group_id)
        owner = chat_digest(self._around.keys, incoming.chat_id)
        await self._wait_for_room(owner)
        prepared = await self._prepare(incoming, owner, peek)

        async def effect(session: AsyncSession) -> list[Reply]:
            return await self._answer(session, owner, incoming, prepared)

        return effect

    async def _wait_for_room(self, owner: bytes) -> None:
        """Who sends faster than anybody types waits his minute; what he sent keeps its place. Raises TryLaterError."""
        limit = UPDATES_OF_CHAT
        async with self._db.read() as session:
            seconds = await full_seconds(session, limit.scope, owner, most=limit.most, now=now())
        if seconds:
            raise TryLaterError(seconds)

    async def _prepare(self, incoming: Incoming, owner: bytes, peek: Peek) -> Prepared:
        if incoming.file:
            is_followed = bool(incoming.album) and any(
                _album_of(update) == incoming.album for update in await peek()
            )
            async with self._shown_work(incoming.chat_id):
                file, problem = await self._fetch(incoming.file)
            return Prepared(file=file, problem=problem, is_followed_by_album=is_followed)
        async with self._db.read() as session:
            draft = await find_draft(session, owner)
        if receipt := _find_receipt(incoming, draft):
            return Prepared(tried=await self._try_receipt(*receipt))
        return Prepared(reading=await self._read_story(incoming, draft))

    async def _read_story(self, incoming: Incoming, draft: Draft | None) -> Reading | None:
        """What the story says, where it is new and was read in time."""
        reader = self._around.reader
        if reader is None or draft is None or draft.tip_id is not None:
            return None
        words = find_unread_story(incoming, draft.answers, draft.step)
        said = await reader.read(words, now=now()) if words.strip() else None
        return Reading(words, said) if said else None

    def _read_any(self, update: Mapping[str, Any]) -> Incoming:
        """The channel's update, or a word of our own clock. Raises NotForUsError."""
        if isinstance(chat_id := update.get("wake"), int):
            return Incoming(kind="wake", chat_id=chat_id)
        return self._read(update)

    @asynccontextmanager
    async def _shown_work(self, chat_id: int) -> AsyncIterator[None]:
        """Who waits for more than a moment sees that something is being done."""

        async def show() -> None:
            await asyncio.sleep(SHOW_WORK_AFTER)
            while True:
                await self._files.show_activity(chat_id)
                await asyncio.sleep(SHOW_WORK_EVERY)

        task = asyncio.create_task(show())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _fetch(self, offer: FileOffer) -> tuple[StoredFile | None, str]:
        if offer.size > MAX_FILE_BYTES:
            return None, "too_big"
        try:
            content = await self._files.fetch_file(offer.file_id)
            examined = await examine_in_thread(offer.name, content, antivirus=self._around.antivirus)
            return await store_in_thread(self._around.files, examined, keys=self._around.keys), ""
        except TooBigError:
            return None, "too_big"
        except RefusedError:
            return None, "failed"
        except FileRefusedError as error:
            return None, error.reason

    async def _try_receipt(self, number: str, code: str) -> TriedReceipt:
        try:
            tip = await find_tip_by_receipt(self._db, number, code, keys=self._around.keys, now=now())
        except TooManyTriesError as error:
            return TriedReceipt(None, error.wait_seconds)
        return TriedReceipt(tip.id if tip else None)

    # ------------------------------------------------------------ the quick part

    async def _answer(
        self, session: AsyncSession, owner: bytes, incoming: Incoming, prepared: Prepared
    ) -> list[Reply]:
        if incoming.kind == "blocked":
            await self.note_unreachable(session, incoming.chat_id)
            return []
        moment = now()
        draft = await self._find_draft(session, owner, incoming, moment)
        if draft is None:
            return []
        turn = Turn(session, incoming, draft, self._around, moment, reading=prepared.reading)
        if incoming.kind != "wake":
            draft.updated_at = moment
            if incoming.kind in {"text", "command", "file", "place"} and incoming.message_id:
                remember_numbers(draft, "received", [incoming.message_id])
            say_receipt_again(turn)
        await respond(turn, prepared)
        if incoming.kind != "wake":  # our own clock is nobody's haste
            await _count_update(turn, owner)
        await set_alarm(turn)
        return turn.replies

    async def _find_draft(
        self, session: AsyncSession, owner: bytes, incoming: Incoming, moment: datetime
    ) -> Draft | None:
        """The memory of this chat, begun when somebody speaks; our own clock begins nothing."""
        keys = self._around.keys
        draft = await find_draft(session, owner)
        if draft is None and incoming.kind != "wake":
            chat = _seal_chat(keys, incoming.chat_id)
            draft = make_draft(owner, chat, locale=find_locale(incoming.language), now=moment)
            session.add(draft)
            await session.flush()
        elif draft is not None and draft.chat is None:
            draft.chat = _seal_chat(keys, incoming.chat_id)
        return draft

    def _tell_group(self, group_id: int) -> Callable[[AsyncSession], Awaitable[list[Reply]]]:
        async def effect(session: AsyncSession) -> list[Reply]:
            limit, source = NOTICES_TO_GROUP, chat_digest(self._around.keys, group_id)
            count = await count_try(session, limit.scope, source, now=now(), window=limit.window)
            words = text("chat.group", "zh-CN")
            return [Reply(chat_id=group_id, text=words)] if count <= limit.most else []

        return effect

    async def note_sent(self, session: AsyncSession, chat_id: int, sent: Mapping[int, str]) -> None:
        """Keep the numbers of our messages, so that they can be edited and, on request, deleted."""
        draft = await find_draft(session, chat_digest(self._around.keys, chat_id))
        if draft is None:
            return
        remember_numbers(draft, "sent", list(sent))
        named = {name: number for number, name in sent.items() if name}
        memory = {**draft.answers[MEMORY], **named}
        if RECEIPT in named:
            memory.pop(UNSAID, None)
        draft.answers = {**draft.answers, MEMORY: memory}

    async def note_unreachable(self, session: AsyncSession, chat_id: int) -> None:
        """The chat takes no messages: staff shall see it on the case, and nothing is said into the void."""
        owner = chat_digest(self._around.keys, chat_id)
        await mark_chat(session, owner, is_reachable=False)
        if draft := await find_draft(session, owner):
            draft.wake_at = None

    def apologise(self, update: Mapping[str, Any]) -> Reply | None:
        """A kind sentence for what we could not work on."""
        try:
            incoming = self._read_any(update)
        except Exception:  # noqa: BLE001 - perhaps the very fault that we apologise for
            return None
        if incoming.kind == "wake":
            return None
        return Reply(chat_id=incoming.chat_id, text=text("chat.trouble", find_locale(incoming.language)))


async def _count_update(turn: Turn, owner: bytes) -> None:
    """With the last one that is worked on at once goes a polite word: what follows is kept and takes a minute."""
    limit = UPDATES_OF_CHAT
    count = await count_try(turn.session, limit.scope, owner, now=turn.now, window=limit.window)
    if count == limit.most:
        turn.say(turn.word("too_fast"))


def _find_receipt(incoming: Incoming, draft: Draft | None) -> tuple[str, str] | None:
    """Number and code, where both are there to be tried."""
    step = draft.step if draft else IDLE
    if incoming.kind == "command":
        number, code = split_receipt(incoming.argument)
        return (number, code) if incoming.text == "status" and code else None
    if incoming.kind != "text":
        return None
    number, code = find_receipt(incoming.text) or ("", "")
    if number and code:
        return number, code
    if step == STATUS_CODE and draft and not number:
        return draft.answers.get(MEMORY, {}).get("number", ""), incoming.text
    number, code = split_receipt(incoming.text)
    return (
        (number, code) if step == STATUS_NUMBER and code and not looks_like_receipt(incoming.text) else None
    )


def _seal_chat(keys: Keys, chat_id: int) -> bytes:
    return keys.seal("identity", str(chat_id).encode(), place=PLACE)


def _album_of(update: Mapping[str, Any]) -> str:
    message = update.get("message")
    return str(message.get("media_group_id") or "") if isinstance(message, Mapping) else ""
