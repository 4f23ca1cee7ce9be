"""What people do in a chat, in the dialogue's words, whatever the channel."""

from dataclasses import dataclass, field
from typing import Literal


class NotForUsError(Exception):
    """An update that is not a private conversation with a person; `reason` says what it is."""

    def __init__(self, reason: str, *, group_id: int | None = None) -> None:
        """Keep the reason, and the group that may be told once."""
        super().__init__(reason)
        self.reason = reason
        self.group_id = group_id


@dataclass(frozen=True, slots=True)
class FileOffer:
    """A file that waits at the chat service."""

    file_id: str = field(repr=False)
    name: str = field(repr=False)
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One thing that a person did in his private chat.

    text     wrote `text`         command  wrote /`text`, the rest in `argument`
    file     sent `file`, with `text` as its caption
    tap      tapped a button; `text` is what the button carried
    place    sent a point on the map: `latitude`, `longitude`, and in `text` what it is called
    edit     changed message `message_id` to `text`
    blocked  stopped the bot      other    sent something that holds nothing for us
    wake     did nothing for a while: our own clock speaks
    """

    kind: Literal["text", "command", "file", "tap", "place", "edit", "blocked", "other", "wake"]
    chat_id: int
    language: str = ""
    message_id: int | None = None
    text: str = field(default="", repr=False)
    argument: str = field(default="", repr=False)
    callback_id: str = field(default="", repr=False)
    file: FileOffer | None = None
    album: str = ""
    is_forwarded: bool = False
    """Somebody else's words, handed on."""
    latitude: float = field(default=0.0, repr=False)
    longitude: float = field(default=0.0, repr=False)
