"""Telegram through python-telegram-bot: calls, and what their failures mean to us.

Only what is needed is read out of an answer, so that a Bot API server with fewer methods, or one that
answers less than the real one, never stops a conversation.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

# Waiting times come as timedelta; without this the library warns each time Telegram asks us to wait.
os.environ.setdefault("PTB_TIMEDELTA", "true")

from telegram import (
    Bot,
    CopyTextButton,
    File,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    LinkPreviewOptions,
    MessageEntity,
)
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from bot.channels import COPY, Button, RefusedError, TooBigError, TryLaterError, UnreachableError

log = structlog.get_logger()

DEFAULT_API_URL = "https://api.telegram.org/bot"
DEFAULT_FILE_URL = "https://api.telegram.org/file/bot"
MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_TEXT_UNITS = 4096
UPDATE_KINDS = ("message", "edited_message", "callback_query", "my_chat_member")
_ANSWER_SECONDS = 20.0
_FILE_SECONDS = 60.0
_GONE = ("chat not found", "user is deactivated", "bot was blocked", "peer_id_invalid")


def silence_library_logs() -> None:
    """The HTTP library logs every address, and the address holds the token; updates hold people's words."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("telegram").setLevel(logging.CRITICAL + 1)


class _RawBot(Bot):
    """The library's bot, answering with what the server said, not with objects that must be complete."""

    async def call(self, method: str, params: dict[str, Any], *, seconds: float = _ANSWER_SECONDS) -> Any:  # noqa: ANN401 - JSON
        return await self._post(method, params, read_timeout=seconds, write_timeout=seconds)


class TelegramChat:
    """One bot account. Open it before use, close it at the end."""

    def __init__(
        self,
        token: str,
        *,
        api_url: str | None = None,
        file_url: str | None = None,
        proxy: str | None = None,
    ) -> None:
        """Prepare; nothing is sent yet."""
        silence_library_logs()
        self.bot_id = token.partition(":")[0]
        self._has_own_server = api_url is not None
        self._polls = HTTPXRequest(connection_pool_size=2, proxy=proxy, pool_timeout=5.0)
        self._calls = HTTPXRequest(connection_pool_size=32, proxy=proxy, pool_timeout=10.0)
        self._bot = _RawBot(
            token,
            base_url=api_url or DEFAULT_API_URL,
            base_file_url=file_url or DEFAULT_FILE_URL,
            request=self._calls,
            get_updates_request=self._polls,
        )

    def __repr__(self) -> str:
        """Without the token, which the library's own form would show."""
        return f"TelegramChat({self.bot_id})"

    async def open(self) -> None:
        """Make connections possible; does not ask the server anything."""
        await self._polls.initialize()
        await self._calls.initialize()

    async def close(self) -> None:
        """Give all connections back."""
        await self._polls.shutdown()
        await self._calls.shutdown()

    async def fetch_updates(self, offset: int | None, *, wait_seconds: int) -> list[Any]:
        """Updates not yet confirmed, as received; `offset` confirms all below it. Raises TryLaterError."""
        params = {"offset": offset, "timeout": wait_seconds, "allowed_updates": list(UPDATE_KINDS)}
        try:
            updates = await self._bot.call("getUpdates", params, seconds=wait_seconds + 10)
        except TelegramError as error:
            if isinstance(error, Conflict):
                log.error("telegram_polled_elsewhere", bot=self.bot_id)
            raise _translate(error) from None
        return list(updates) if isinstance(updates, list) else []

    async def send(
        self, chat_id: int, text: str, *, codes: Sequence[str] = (), buttons: Sequence[Sequence[Button]] = ()
    ) -> int | None:
        """Send a message; answers its number. Raises UnreachableError, RefusedError, TryLaterError."""
        params = {"chat_id": chat_id, **_message_params(text, codes, buttons)}
        try:
            sent = await self._bot.call("sendMessage", params)
        except TelegramError as error:
            raise _translate(error) from None
        number = sent.get("message_id") if isinstance(sent, Mapping) else None
        return number if isinstance(number, int) else None

    async def send_document(self, chat_id: int, name: str, content: bytes) -> int | None:
        """Send a file; answers the number of its message. Raises UnreachableError, RefusedError, TryLaterError."""
        params = {"chat_id": chat_id, "document": InputFile(content, filename=name)}
        try:
            sent = await self._bot.call("sendDocument", params, seconds=_FILE_SECONDS)
        except InvalidToken:
            raise RefusedError from None  # what the library says of a method that this server lacks
        except TelegramError as error:
            raise _translate(error) from None
        number = sent.get("message_id") if isinstance(sent, Mapping) else None
        return number if isinstance(number, int) else None

    async def edit(
        self, chat_id: int, message_id: int, text: str, *, buttons: Sequence[Sequence[Button]] = ()
    ) -> bool:
        """Change a message of ours; a nicety."""
        params = {"chat_id": chat_id, "message_id": message_id, **_message_params(text, (), buttons)}
        return await self._try("editMessageText", params)

    async def answer_tap(self, callback_id: str, text: str = "") -> bool:
        """End the waiting sign on a button; a nicety."""
        return await self._try(
            "answerCallbackQuery", {"callback_query_id": callback_id, "text": text[:190] or None}
        )

    async def erase(self, chat_id: int, message_id: int) -> bool:
        """Delete a message in a private chat; a nicety, for Telegram allows it for 48 hours only."""
        return await self._try("deleteMessage", {"chat_id": chat_id, "message_id": message_id})

    async def erase_many(self, chat_id: int, message_ids: Sequence[int]) -> bool:
        """Delete up to a hundred messages with one call; False where this server cannot. Raises TryLaterError.

        Deleting many one by one runs into Telegram's limits, and what is to go must go: a wait is waited for.
        """
        try:
            await self._bot.call("deleteMessages", {"chat_id": chat_id, "message_ids": list(message_ids)})
        except RetryAfter as error:
            raise _translate(error) from None
        except TelegramError as error:
            log.info("telegram_nicety_failed", method="deleteMessages", kind=type(error).__name__)
            return False
        return True

    async def show_activity(self, chat_id: int) -> bool:
        """Show that we are at work; a nicety."""
        return await self._try("sendChatAction", {"chat_id": chat_id, "action": "typing"})

    async def fetch_file(self, file_id: str) -> bytes:
        """The content of a file that somebody sent. Raises TooBigError, RefusedError, TryLaterError."""
        try:
            found = await self._bot.call("getFile", {"file_id": file_id})
            if not isinstance(found, Mapping) or int(found.get("file_size") or 0) > MAX_FILE_BYTES:
                raise TooBigError
            file = File(file_id, file_id, file_path=self._file_address(str(found.get("file_path") or "")))
            file.set_bot(self._bot)
            content = await file.download_as_bytearray(read_timeout=_FILE_SECONDS)
        except BadRequest as error:
            raise (TooBigError if "too big" in str(error).lower() else RefusedError) from None
        except TelegramError as error:
            raise _translate(error) from None
        if len(content) > MAX_FILE_BYTES:
            raise TooBigError
        return bytes(content)

    def _file_address(self, path: str) -> str:
        if "://" in path:
            return path
        # A Bot API server on this machine may hand out a place on the disk; nobody else's word is taken for that.
        if self._has_own_server and path.startswith("/") and Path(path).is_file():
            return path
        return f"{self._bot.base_file_url}/{path.lstrip('/')}"

    async def is_known(self) -> bool:
        """Whether the server knows our token. Raises TryLaterError when it does not answer."""
        try:
            await self._bot.call("getMe", {})
        except InvalidToken:
            return False
        except TelegramError as error:
            raise _translate(error) from None
        return True

    async def find_webhook(self) -> str | None:
        """Where updates are pushed to: an address, "" for nowhere, None when this server cannot say.

        Raises TryLaterError.
        """
        info = await self._ask("getWebhookInfo")
        return str(info.get("url") or "") if info is not None else None

    async def ask_about_itself(self) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
        """What the server says of the bot (getMe) and of where updates go (getWebhookInfo). Raises TryLaterError."""
        return await self._ask("getMe"), await self._ask("getWebhookInfo")

    async def _ask(self, method: str) -> Mapping[str, Any] | None:
        """An answer that is an object, or None where this server cannot say."""
        try:
            answer = await self._bot.call(method, {})
        except InvalidToken:
            return None  # also what the library says of a method that the server lacks
        except TelegramError as error:
            raise _translate(error) from None
        return answer if isinstance(answer, Mapping) else None

    async def set_webhook(self, url: str, *, secret: str) -> None:
        """Have updates pushed to `url`. Raises TryLaterError, RefusedError."""
        params = {
            "url": url,
            "secret_token": secret,
            "allowed_updates": list(UPDATE_KINDS),
            "max_connections": 20,
        }
        try:
            await self._bot.call("setWebhook", params)
        except TelegramError as error:
            raise _translate(error) from None

    async def delete_webhook(self) -> bool:
        """Go back to polling; what is waiting stays waiting."""
        return await self._try("deleteWebhook", {"drop_pending_updates": False})

    async def set_commands(self, commands: Sequence[tuple[str, str]], *, language: str = "") -> bool:
        """Fill the command menu, for all or for one language; a nicety."""
        menu = [{"command": name, "description": words} for name, words in commands]
        return await self._try("setMyCommands", {"commands": menu, "language_code": language or None})

    async def _try(self, method: str, params: dict[str, Any]) -> bool:
        try:
            await self._bot.call(method, params)
        except InvalidToken:
            # What the library says of every 404; our token is tried elsewhere, so the server lacks the method.
            log.info("telegram_method_unknown", method=method)
            return False
        except TelegramError as error:
            log.info("telegram_nicety_failed", method=method, kind=type(error).__name__)
            return False
        return True


def _translate(error: TelegramError) -> Exception:
    """What a failure means. The library's own sentences are not passed on: they may hold the token."""
    if isinstance(error, RetryAfter):
        wait = error.retry_after
        seconds = float(wait) if isinstance(wait, int) else wait.total_seconds()
        return TryLaterError(seconds, trouble="busy")
    if isinstance(error, Forbidden) or any(words in str(error).lower() for words in _GONE):
        return UnreachableError()
    if isinstance(error, BadRequest):
        return RefusedError()
    if isinstance(error, InvalidToken):
        log.error("telegram_token_refused")
        return TryLaterError(trouble="token")
    return TryLaterError(trouble="conflict" if isinstance(error, Conflict) else "no_answer")


def _message_params(text: str, codes: Sequence[str], buttons: Sequence[Sequence[Button]]) -> dict[str, Any]:
    keyboard = [[_make_button(words, data) for words, data in row] for row in buttons]
    return {
        "text": text,
        "entities": _mark_codes(text, codes) or None,
        "link_preview_options": LinkPreviewOptions(is_disabled=True),
        "reply_markup": InlineKeyboardMarkup(keyboard) if keyboard else None,
    }


def _make_button(words: str, data: str) -> InlineKeyboardButton:
    if data.startswith(COPY):
        return InlineKeyboardButton(words, copy_text=CopyTextButton(data.removeprefix(COPY)))
    return InlineKeyboardButton(words, callback_data=data)


def _mark_codes(text: str, codes: Sequence[str]) -> list[MessageEntity]:
    """Entities, not markup: nothing that a citizen writes can be read as markup then."""
    marked = []
    for code in codes:
        place = text.find(code)
        if place >= 0:
            marked.append(MessageEntity(MessageEntity.CODE, count_units(text[:place]), count_units(code)))
    return marked


def count_units(text: str) -> int:
    """Length as Telegram counts it: UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
