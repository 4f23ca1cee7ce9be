"""Working through the chat inbox: effect first, in one transaction; then the replies, at least once."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from bot import inbox, proof
from bot.channels import COPY, Button, RefusedError, Reply, TryLaterError, UnreachableError
from bot.channels.incoming import NotForUsError
from bot.inbox import Claimed, ClaimLostError
from config.clock import now
from config.keys import Keys
from models.session import Database
from models.states import UpdateState

log = structlog.get_logger()

IDLE_SECONDS = 0.5
"""Updates stored by this process wake the worker at once; those of another process wait this long."""
GIVE_UP_AFTER = timedelta(hours=24)
LONGEST_PAUSE = timedelta(minutes=5)
STOP_SECONDS = 10
ERASED_AT_ONCE = 100


class Service(Protocol):
    """The chat service as the worker uses it."""

    async def send(
        self, chat_id: int, text: str, *, codes: Sequence[str] = (), buttons: Sequence[Sequence[Button]] = ()
    ) -> int | None:
        """Send a message; answers its number."""
        ...

    async def edit(
        self, chat_id: int, message_id: int, text: str, *, buttons: Sequence[Sequence[Button]] = ()
    ) -> bool:
        """Change a message of ours."""
        ...

    async def send_document(self, chat_id: int, name: str, content: bytes) -> int | None:
        """Send a file; answers the number of the message."""
        ...

    async def answer_tap(self, callback_id: str, text: str = "") -> bool:
        """End the waiting sign on a button."""
        ...

    async def erase(self, chat_id: int, message_id: int) -> bool:
        """Delete a message."""
        ...

    async def erase_many(self, chat_id: int, message_ids: Sequence[int]) -> bool:
        """Delete up to a hundred messages at once. Raises TryLaterError."""
        ...


Effect = Callable[[AsyncSession], Awaitable[list[Reply]]]
Peek = Callable[[], Awaitable[Sequence[Mapping[str, Any]]]]


class Dialogue(Protocol):
    """What the worker knows of the conversation."""

    async def prepare(self, update: Mapping[str, Any], peek: Peek) -> Effect:
        """Do what is slow (fetch a file, check a code); answers the quick part, to be run in a transaction.

        `peek` answers what the same chat sent next. Raises NotForUsError, TryLaterError.
        """
        ...

    async def note_sent(self, session: AsyncSession, chat_id: int, sent: Mapping[int, str]) -> None:
        """Learn the numbers of sent messages and the names under which they are kept."""
        ...

    async def note_unreachable(self, session: AsyncSession, chat_id: int) -> None:
        """Learn that a chat takes no messages any more."""
        ...

    def apologise(self, update: Mapping[str, Any]) -> Reply | None:
        """What to say when an update cannot be worked on."""
        ...


class ChatWorker:
    """Serves all chats, several at once, each of them in order."""

    def __init__(
        self, db: Database, service: Service, dialogue: Dialogue, *, keys: Keys, arrived: asyncio.Event
    ) -> None:
        """Prepare; `run` does the work."""
        self._db = db
        self._service = service
        self._dialogue = dialogue
        self._keys = keys
        self._arrived = arrived
        self._busy: set[asyncio.Task[None]] = set()
        self._is_behind = False

    async def run(self) -> None:
        """Work until cancelled; then let what is under way come to its end."""
        try:
            while True:
                await self._take_round()
        finally:
            if self._busy:
                await asyncio.wait(self._busy, timeout=STOP_SECONDS)
            for task in self._busy:
                task.cancel()

    async def _take_round(self) -> None:
        self._arrived.clear()
        try:
            free = inbox.AT_ONCE - len(self._busy)
            claimed = await inbox.claim_waiting(
                self._db, keys=self._keys, now=now(), limit=free, is_sure=self._is_behind
            )
            self._is_behind = len(claimed) == free > 0
        except Exception as error:  # noqa: BLE001 - the database may be away for a while
            log.error("chat_inbox_unreachable", kind=type(error).__name__)
            await asyncio.sleep(1)
            return
        for one in claimed:
            task = asyncio.create_task(self._work_on(one))
            self._busy.add(task)
            task.add_done_callback(self._let_go)
        if not claimed:
            with contextlib.suppress(TimeoutError):
                # Not wait_for: on Python 3.11 it can swallow the cancellation that ends us.
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._arrived.wait()

    def _let_go(self, task: asyncio.Task[None]) -> None:
        self._busy.discard(task)
        self._arrived.set()  # the next update of this chat may be waiting

    async def _work_on(self, claimed: Claimed) -> None:
        try:
            async with inbox.held_claim(self._db, claimed):
                replies = await self._take_effect(claimed)
                if replies is not None:
                    await self._send_all(claimed, replies)
        except ClaimLostError:
            log.warning("chat_claim_lost", inbox_id=claimed.id)
        except Exception as error:  # noqa: BLE001 - one bad update must not stop the others
            log.error(
                "chat_update_failed", inbox_id=claimed.id, kind=type(error).__name__, attempt=claimed.attempt
            )

    # ------------------------------------------------------------ effect

    async def _take_effect(self, claimed: Claimed) -> list[Reply] | None:
        """Replies to send; None when the update is ended or put off."""
        if claimed.replies is not None:
            return [Reply.from_json(dict(stored)) for stored in claimed.replies]
        try:
            peek = partial(inbox.peek_waiting, self._db, claimed, keys=self._keys)
            effect = await self._dialogue.prepare(claimed.payload, peek)
            replies = await self._db.write_together(partial(self._store_effect, claimed, effect))
        except NotForUsError as error:
            await inbox.finish(self._db, claimed, UpdateState.REJECTED, error.reason)
            return None
        except TryLaterError as error:
            await self._put_off(claimed, error, "service_away")
            return None
        except ClaimLostError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is: try again, then quarantine
            await self._fail(claimed, error)
            return None
        return replies

    async def _store_effect(self, claimed: Claimed, effect: Effect, session: AsyncSession) -> list[Reply]:
        replies = await effect(session)
        stored = [reply.to_json() for reply in replies]
        await inbox.store_effect(session, claimed, stored, keys=self._keys)
        return replies

    async def _fail(self, claimed: Claimed, error: Exception) -> None:
        kind = type(error).__name__
        log.error("chat_update_failed", inbox_id=claimed.id, kind=kind, attempt=claimed.attempt)
        if claimed.attempt < inbox.MAX_ATTEMPTS:
            pause = timedelta(seconds=0.5 * 2**claimed.attempt)
            await inbox.try_later(self._db, claimed, at=now() + pause, reason=kind, keys=self._keys)
            return
        if apology := self._dialogue.apologise(claimed.payload):
            with contextlib.suppress(UnreachableError, RefusedError, TryLaterError):
                await self._do(apology)
        await inbox.finish(self._db, claimed, UpdateState.QUARANTINED, kind)

    # ------------------------------------------------------------ replies

    async def _send_all(self, claimed: Claimed, replies: Sequence[Reply]) -> None:
        sent: dict[int, str] = {}
        reason = ""
        for index, reply in enumerate(replies):
            try:
                number = await self._do(reply)
            except TryLaterError as error:
                async with self._db.begin() as session:
                    await self._note(session, replies, sent)
                await self._put_off(claimed, error, "not_sent_yet", replies[index:])
                return
            except UnreachableError:
                async with self._db.begin() as session:
                    await self._dialogue.note_unreachable(session, reply.chat_id)
                reason = "unreachable"
                break
            except RefusedError:
                log.error("chat_reply_refused", inbox_id=claimed.id)
                reason = "refused"
                continue
            if number is not None:
                sent[number] = reply.kept_as
        await self._db.write_together(partial(self._store_end, claimed, replies, sent, reason))

    async def _store_end(
        self,
        claimed: Claimed,
        replies: Sequence[Reply],
        sent: Mapping[int, str],
        reason: str,
        session: AsyncSession,
    ) -> None:
        await self._note(session, replies, sent)
        await inbox.finish_in(session, claimed, UpdateState.DONE, reason)

    async def _note(self, session: AsyncSession, replies: Sequence[Reply], sent: Mapping[int, str]) -> None:
        if sent:
            await self._dialogue.note_sent(session, replies[0].chat_id, sent)

    async def _put_off(
        self, claimed: Claimed, error: TryLaterError, reason: str, rest: Sequence[Reply] | None = None
    ) -> None:
        if now() - claimed.received_at > GIVE_UP_AFTER:
            log.error("chat_update_given_up", inbox_id=claimed.id, reason=reason)
            await inbox.finish(self._db, claimed, UpdateState.QUARANTINED, reason)
            return
        pause = min(timedelta(seconds=2 ** min(claimed.attempt - 1, 20)), LONGEST_PAUSE)
        if error.wait_seconds is not None:
            pause = timedelta(seconds=error.wait_seconds)
        stored = None if rest is None else [reply.to_json() for reply in rest]
        await inbox.try_later(
            self._db, claimed, at=now() + pause, reason=reason, keys=self._keys, replies=stored
        )

    async def _do(self, reply: Reply) -> int | None:
        """One reply; niceties never fail. Raises UnreachableError, RefusedError, TryLaterError for a message."""
        match reply.do:
            case "send":
                return await self._send(reply)
            case "edit":
                if reply.message_id and not await self._edit(reply) and reply.kept_as:
                    return await self._send(reply)  # what cannot be changed is said anew
            case "document":
                return await self._send_document(reply)
            case "answer":
                await self._service.answer_tap(reply.callback_id, reply.text)
            case "erase":
                await self._erase(reply)
        return None

    async def _erase(self, reply: Reply) -> None:
        """Many with one call, else one by one."""
        numbers = reply.message_ids
        for batch in (numbers[i : i + ERASED_AT_ONCE] for i in range(0, len(numbers), ERASED_AT_ONCE)):
            if len(batch) == 1 or not await self._service.erase_many(reply.chat_id, batch):
                for number in batch:
                    await self._service.erase(reply.chat_id, number)

    async def _send_document(self, reply: Reply) -> int | None:
        try:
            return await self._service.send_document(reply.chat_id, proof.NAME, reply.text.encode())
        except RefusedError:
            return await self._service.send(
                reply.chat_id, reply.text
            )  # it can be copied out of a message too

    async def _edit(self, reply: Reply) -> bool:
        return await self._service.edit(
            reply.chat_id, reply.message_id or 0, reply.text, buttons=reply.buttons
        )

    async def _send(self, reply: Reply) -> int | None:
        try:
            return await self._service.send(
                reply.chat_id, reply.text, codes=reply.codes, buttons=reply.buttons
            )
        except RefusedError:
            # Perhaps the server knows no marks or no copying; the words themselves matter.
            rows = [[button for button in row if not button[1].startswith(COPY)] for row in reply.buttons]
            return await self._service.send(reply.chat_id, reply.text, buttons=[row for row in rows if row])
