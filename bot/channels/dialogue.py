"""The conversation with a citizen by chat: what each thing that he does leads to, at each step.

`ChatDialogue.prepare` does what is slow, outside any transaction: fetching and examining a file, trying a
return code. What it answers is the quick part, which the worker runs in the transaction of the update.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from bot.channels import RefusedError, Reply, TooBigError
from bot.channels.asides import add_correction, describe_place, take_edit, take_place
from bot.channels.commands import drop_files, introduce, report, run_command
from bot.channels.following import Reading, find_unread_story
from bot.channels.incoming import FileOffer, Incoming, NotForUsError
from bot.channels.telling import (
    act,
    ask_current,
    begin_telling,
    current_step,
    first_choices,
    keep_file,
    take_answer,
)
from bot.channels.turn import (
    CHECK,
    DONE,
    FOLLOW_UP,
    IDLE,
    INTRO,
    MEMORY,
    STATUS_CODE,
    STATUS_NUMBER,
    Surroundings,
    Turn,
    make_draft,
    remember_numbers,
)
from bot.channels.visit import (
    TriedReceipt,
    add_to_tip,
    answer_receipt,
    ask_number,
    begin_follow_up,
    end_visit,
    open_own_tip,
    take_half_receipt,
    take_number,
)
from bot.inbox import chat_digest
from bot.limits import Limit
from bot.receipts import TooManyTriesError, find_tip_by_receipt
from config.clock import now
from config.text import find_locale, text
from models.files import FileRefusedError, StoredFile, examine_in_thread, store_in_thread
from models.numbers import find_receipt, holds_code, in_groups, looks_like_receipt, split_receipt
from models.queries.chats import mark_chat
from models.queries.limits import count_try
from models.queries.tips import find_draft, find_latest_tip_of_chat
from models.session import Database
from models.tip import Draft

UPDATES_OF_CHAT = Limit("updates-of-chat", 40, timedelta(minutes=1))
NOTICES_TO_GROUP = Limit("notices-to-group", 1, timedelta(days=3650))
MAX_FILE_BYTES = 20 * 1024 * 1024


class Files(Protocol):
    """Where the content of an offered file is fetched."""

    async def fetch_file(self, file_id: str) -> bytes:
        """Raises TooBigError, RefusedError, TryLaterError."""
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was done before the transaction."""

    file: StoredFile | None = None
    problem: str = ""
    """Why a file was not taken: a text key below errors.file."""
    tried: TriedReceipt | None = None
    is_followed_by_album: bool = False
    reading: Reading | None = None


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
        self, update: Mapping[str, Any], waiting: Sequence[Mapping[str, Any]]
    ) -> Callable[[AsyncSession], Awaitable[list[Reply]]]:
        """Do what is slow; answers the quick part. Raises NotForUsError, TryLaterError."""
        try:
            incoming = self._read(update)
        except NotForUsError as error:
            if error.group_id is None:
                raise
            return self._tell_group(error.group_id)
        owner = chat_digest(self._around.keys, incoming.chat_id)
        async with self._db.read() as session:
            draft = await find_draft(session, owner)
        prepared = await self._prepare(incoming, draft, waiting)

        async def effect(session: AsyncSession) -> list[Reply]:
            return await self._answer(session, owner, incoming, prepared)

        return effect

    async def _prepare(
        self, incoming: Incoming, draft: Draft | None, waiting: Sequence[Mapping[str, Any]]
    ) -> Prepared:
        if incoming.file:
            is_followed = bool(incoming.album) and any(
                _album_of(update) == incoming.album for update in waiting
            )
            file, problem = await self._fetch(incoming.file)
            return Prepared(file=file, problem=problem, is_followed_by_album=is_followed)
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

    async def _fetch(self, offer: FileOffer) -> tuple[StoredFile | None, str]:
        if offer.size > MAX_FILE_BYTES:
            return None, "too_big"
        try:
            content = await self._files.fetch_file(offer.file_id)
            examined = await examine_in_thread(offer.name, content)
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
            await mark_chat(session, owner, is_reachable=False)
            return []
        moment = now()
        draft = await find_draft(session, owner)
        if draft is None:
            draft = make_draft(owner, locale=find_locale(incoming.language), now=moment)
            session.add(draft)
            await session.flush()
        turn = Turn(session, incoming, draft, self._around, moment, reading=prepared.reading)
        if await _is_flood(turn, owner):
            return turn.replies
        if incoming.kind in {"text", "command", "file", "place"} and incoming.message_id:
            remember_numbers(draft, "received", [incoming.message_id])
        await respond(turn, prepared)
        draft.updated_at = moment
        return turn.replies

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
        draft.answers = {**draft.answers, MEMORY: {**draft.answers[MEMORY], **named}}

    async def note_unreachable(self, session: AsyncSession, chat_id: int) -> None:
        """The chat takes no messages: staff shall see it on the case."""
        await mark_chat(session, chat_digest(self._around.keys, chat_id), is_reachable=False)

    def apologise(self, update: Mapping[str, Any]) -> Reply | None:
        """A kind sentence for what we could not work on."""
        try:
            incoming = self._read(update)
        except NotForUsError:
            return None
        return Reply(chat_id=incoming.chat_id, text=text("chat.trouble", find_locale(incoming.language)))


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
            turn.warn_of_danger()
            await _take_text(turn, prepared)
        case "edit":
            await take_edit(turn)
        case "place":
            if not await take_place(turn):
                await _keep_for_later(turn, describe_place(turn))
        case _:
            turn.say(turn.word("help.not_understood"))
            await ask_current(turn)


async def _take_text(turn: Turn, prepared: Prepared) -> None:
    step = turn.draft.step
    if action := turn.find_typed_button():
        await _run_action(turn, action)
    elif prepared.tried:
        await answer_receipt(turn, prepared.tried)
    elif looks_like_receipt(turn.incoming.text):
        take_half_receipt(turn)
    elif holds_code(turn.incoming.text):
        turn.say(text("errors.holds_code", turn.draft.locale))
        await ask_current(turn)
    elif step == STATUS_NUMBER:
        take_number(turn)
    elif step == STATUS_CODE:
        ask_number(turn)
    elif step == FOLLOW_UP:
        await add_to_tip(turn)
    elif current_step(turn):
        await take_answer(turn)
    elif step == CHECK:
        await ask_current(turn)
    else:
        await _keep_for_later(turn, turn.incoming.text)


async def _keep_for_later(turn: Turn, words: str) -> None:
    """Words before anything was asked: kept, and the way on is shown."""
    said = turn.recall("pending")
    turn.remember(pending=f"{said}\n{words}" if said else words)
    tip = await find_latest_tip_of_chat(turn.session, turn.draft.owner)
    if tip is None:
        _say_kept(turn)
        return
    turn.remember(tip_id=tip.id)
    choices = [
        [(turn.word("button.add_to_tip"), "add_pending")],
        [(turn.word("button.new_tip"), "anew_pending")],
    ]
    turn.say(turn.word("pending.after_tip", number=in_groups(tip.number)), choices=choices)


def _say_kept(turn: Turn) -> None:
    """What came unasked is kept; who we are is said once, before anything else."""
    introduce(turn)
    if turn.draft.step == IDLE:
        turn.draft.step = INTRO
    turn.say(turn.word("pending.kept"), choices=first_choices(turn))


async def _take_file(turn: Turn, prepared: Prepared) -> None:
    if prepared.file is None:
        web = turn.around.public_url
        turn.say(text(f"errors.file.{prepared.problem}", turn.draft.locale))
        if prepared.problem == "too_big" and web:
            turn.say(turn.word("file.use_web", url=f"{web}/report"))
        if not prepared.is_followed_by_album:
            await ask_current(turn)
        return
    _leave_out_code(turn)
    step = turn.draft.step
    if step == FOLLOW_UP or (step == DONE and turn.draft.tip_id):
        await add_to_tip(turn, file=prepared.file)
        return
    await keep_file(turn, prepared.file, is_last=not prepared.is_followed_by_album)
    if step in {IDLE, INTRO} and not prepared.is_followed_by_album:
        _say_kept(turn)


def _leave_out_code(turn: Turn) -> None:
    """A code written under a file is not kept with it."""
    if holds_code(turn.incoming.text):
        turn.say(text("errors.holds_code", turn.draft.locale))
        turn.incoming = replace(turn.incoming, text="")


async def _take_tap(turn: Turn) -> None:
    tap = turn.read_tap()
    if tap.state == "submitted":
        number = in_groups(turn.recall("number_sent") or "")
        turn.answer_tap(turn.word("submit.once", number=number))
        turn.say(turn.word("submit.once", number=number), codes=[number])
        return
    if tap.state == "old":
        turn.answer_tap(turn.word("button_old"))
        turn.say(turn.word("button_old"))
        await ask_current(turn)
        return
    turn.answer_tap()
    await _run_action(turn, tap.action)


async def _run_action(turn: Turn, action: str) -> None:
    match action:
        case "report":
            await report(turn)
        case "status":
            await open_own_tip(turn)
        case "resume":
            await ask_current(turn)
        case "anew" | "anew_pending":
            pending = turn.recall("pending") if action == "anew_pending" else None
            await drop_files(turn)  # those of a tip that was sent belong to the tip already
            turn.restart(IDLE)
            turn.remember(pending=pending)
            await begin_telling(turn)
        case "add_pending":
            words = turn.recall("pending")
            turn.remember(pending=None)
            await add_to_tip(turn, words=words)
        case "add_correction":
            await add_correction(turn)
        case "follow_up":
            begin_follow_up(turn)
        case "follow_done" | "leave_status":
            end_visit(turn)
            await ask_current(turn)
        case "other_tip":
            ask_number(turn)
        case _:
            await act(turn, action)


async def _is_flood(turn: Turn, owner: bytes) -> bool:
    """Forty things a minute are a machine: one polite word, then silence until the minute is over."""
    limit = UPDATES_OF_CHAT
    count = await count_try(turn.session, limit.scope, owner, now=turn.now, window=limit.window)
    if count == limit.most + 1:
        turn.say(turn.word("too_many", minutes=1))
    return count > limit.most


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


def _album_of(update: Mapping[str, Any]) -> str:
    message = update.get("message")
    return str(message.get("media_group_id") or "") if isinstance(message, Mapping) else ""
