"""How a Telegram update is read into the dialogue's words."""

from collections.abc import Mapping
from typing import Any

from telegram import Message, Update, User

from bot.channels.incoming import FileOffer, Incoming, NotForUsError

MAX_WORDS = 20_000
_UNREADABLE = (TypeError, KeyError, ValueError, AttributeError, ArithmeticError, OSError, RecursionError)
"""What the library raises on fields of another shape than Telegram's."""


def read_update(stored: Mapping[str, Any]) -> Incoming:
    """Read an update as Telegram delivered it; one that cannot be read still gets its sender an answer.

    Raises NotForUsError for what is nobody's, or not for us.
    """
    try:
        return _read_whole(stored)
    except _UNREADABLE as error:
        if (chat_id := _find_person(stored)) is None:
            raise NotForUsError("unreadable") from error
        return Incoming(kind="other", chat_id=chat_id)


def _read_whole(stored: Mapping[str, Any]) -> Incoming:
    update = Update.de_json(_complete(dict(stored)), None)
    user, chat = update.effective_user, update.effective_chat
    if chat is not None and chat.type != "private":
        is_group = chat.type in {"group", "supergroup"} and update.message is not None
        raise NotForUsError(chat.type, group_id=chat.id if is_group else None)
    if user is None or chat is None:
        raise NotForUsError("nobody")
    if user.is_bot or user.id != chat.id:
        raise NotForUsError("not_a_person")
    return _read(update, user, chat.id)


def _find_person(stored: Mapping[str, Any]) -> int | None:
    """Who wrote a message to us alone, as far as that can be told."""
    message = stored.get("message")
    if not isinstance(message, Mapping):
        return None
    chat, sender = message.get("chat"), message.get("from")
    if not isinstance(chat, Mapping) or not isinstance(sender, Mapping):
        return None
    number, is_person = chat.get("id"), not sender.get("is_bot")
    is_alone = chat.get("type", "private") == "private" and number == sender.get("id")
    return number if is_person and is_alone and isinstance(number, int) else None


def _complete(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Fill in what a lesser Bot API server may leave out and the library insists on."""
    if isinstance(value, list):
        return [_complete(item) for item in value]
    if not isinstance(value, dict):
        return value
    whole = {key: _complete(item) for key, item in value.items()}
    if isinstance(person := whole.get("from"), dict):
        whole["from"] = {"first_name": "", "is_bot": False} | person
    if isinstance(chat := whole.get("chat"), dict):
        whole["chat"] = {"type": "private"} | chat
    if "message_id" in whole:
        whole.setdefault("date", 0)
    if "data" in whole and "id" in whole:
        whole.setdefault("chat_instance", "")
    if "file_id" in whole:
        whole.setdefault("file_unique_id", whole["file_id"])
    return whole


def _clean(words: str) -> str:
    """Without what no database stores: halves of surrogate pairs become one mark, empty characters vanish."""
    whole = words.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "")[:MAX_WORDS]


def _read(update: Update, user: User, chat_id: int) -> Incoming:
    language = user.language_code or ""
    if tap := update.callback_query:
        message_id = tap.message.message_id if tap.message else None
        return Incoming(
            kind="tap",
            chat_id=chat_id,
            language=language,
            message_id=message_id,
            text=tap.data or "",
            callback_id=tap.id,
        )
    if member := update.my_chat_member:
        is_gone = member.new_chat_member.status in {"kicked", "left"}
        return Incoming(kind="blocked" if is_gone else "other", chat_id=chat_id, language=language)
    if changed := update.edited_message:
        if changed.location:
            raise NotForUsError("live_location")  # the place was taken once; it moves every few seconds
        words = _clean(changed.text or changed.caption or "")
        return Incoming(
            kind="edit",
            chat_id=chat_id,
            language=language,
            message_id=changed.message_id,
            text=words,
            file=_find_file(changed),
        )
    if update.message is None:
        raise NotForUsError("unknown_kind")
    return _read_message(update.message, chat_id, language)


def _read_message(message: Message, chat_id: int, language: str) -> Incoming:
    is_forwarded = message.forward_origin is not None
    if message.via_bot:  # another bot's words; the person is told that we take only his own
        return Incoming(kind="other", chat_id=chat_id, language=language, message_id=message.message_id)
    if file := _find_file(message):
        return Incoming(
            kind="file",
            chat_id=chat_id,
            language=language,
            message_id=message.message_id,
            text=_clean(message.caption or ""),
            file=file,
            album=message.media_group_id or "",
            is_forwarded=is_forwarded,
        )
    if message.location:
        return _read_place(message, chat_id, language)
    text = _clean(message.text or _describe_contact(message))
    if not text:
        return Incoming(kind="other", chat_id=chat_id, language=language, message_id=message.message_id)
    if text.startswith("/") and not is_forwarded:
        command, _, argument = text[1:].partition(" ")
        return Incoming(
            kind="command",
            chat_id=chat_id,
            language=language,
            message_id=message.message_id,
            text=command.partition("@")[0].lower(),
            argument=argument.strip(),
        )
    return Incoming(
        kind="text",
        chat_id=chat_id,
        language=language,
        message_id=message.message_id,
        text=text,
        is_forwarded=is_forwarded,
    )


def _find_file(message: Message) -> FileOffer | None:
    if message.photo:
        best = max(message.photo, key=lambda size: size.width * size.height)
        return FileOffer(best.file_id, "photo.jpg", best.file_size or 0)
    for kind, extension in (
        ("document", ""),
        ("video", ".mp4"),
        ("audio", ".mp3"),
        ("voice", ".ogg"),
        ("video_note", ".mp4"),
        ("animation", ".mp4"),
    ):
        if found := getattr(message, kind):
            name = getattr(found, "file_name", None) or f"{kind}{extension}"
            return FileOffer(found.file_id, str(name), found.file_size or 0)
    return None


def _read_place(message: Message, chat_id: int, language: str) -> Incoming:
    venue, location = message.venue, message.location
    return Incoming(
        kind="place",
        chat_id=chat_id,
        language=language,
        message_id=message.message_id,
        text=_clean(f"{venue.title} {venue.address}".strip()) if venue else "",
        latitude=location.latitude if location else 0.0,
        longitude=location.longitude if location else 0.0,
    )


def _describe_contact(message: Message) -> str:
    """A shared contact becomes words, so that nothing that was sent is lost."""
    if message.contact:
        return f"{message.contact.first_name} {message.contact.phone_number}".strip()
    return ""
