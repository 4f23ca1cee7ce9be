"""Ways to speak with people by chat: what every such channel can do, and what may go wrong.

A channel module knows its library and nothing of tips; the dialogue knows tips and no library.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol, Self

Button = tuple[str, str]
"""The words on a button, and what the channel hands back when it is tapped."""
COPY = "copy:"
"""What begins so is not handed back: the channel puts the rest into the person's clipboard."""


class UnreachableError(Exception):
    """The chat takes no messages from us: the bot was blocked, or the account is gone."""


class RefusedError(Exception):
    """The channel will never take this message as it is."""


class TryLaterError(Exception):
    """The channel does not answer, or asks us to wait; `wait_seconds` is None where it does not say how long.

    `trouble`: what it may be, for the administrator's page (`oversight.channels.trouble.<word>`).
    """

    def __init__(self, wait_seconds: float | None = None, *, trouble: str = "no_answer") -> None:
        """Keep how long to wait, and why."""
        super().__init__(f"try again in {wait_seconds} s")
        self.wait_seconds = wait_seconds
        self.trouble = trouble


class TooBigError(Exception):
    """The channel does not hand out files of this size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One thing to do in a chat. Only `send` matters; the others are niceties, whose failure changes nothing.

    send    a message; `codes` are its parts in monospace, `buttons` the rows under it
    edit    other words (and buttons) for the message `message_id`
    answer  end the waiting sign on a tapped button, with a short remark
    erase   delete the messages `message_ids`
    document  `text` as a file to keep, byte by byte
    """

    do: Literal["send", "edit", "answer", "erase", "document"] = "send"
    chat_id: int
    text: str = field(default="", repr=False)
    codes: tuple[str, ...] = field(default=(), repr=False)
    buttons: tuple[tuple[Button, ...], ...] = ()
    message_id: int | None = None
    message_ids: tuple[int, ...] = ()
    callback_id: str = field(default="", repr=False)
    kept_as: str = ""
    """Name under which the dialogue wants to know the number of the sent message, to edit it later."""

    def to_json(self) -> dict[str, Any]:
        """Plain values, for storing."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """What `to_json` gave."""
        buttons = tuple(tuple((words, data) for words, data in row) for row in stored["buttons"])
        lists = {name: tuple(stored.get(name, ())) for name in ("codes", "message_ids")}
        return cls(**{**stored, **lists, "buttons": buttons})


class Chat(Protocol):
    """A chat service."""

    async def send(
        self, chat_id: int, text: str, *, codes: Sequence[str] = (), buttons: Sequence[Sequence[Button]] = ()
    ) -> int | None:
        """Send a message; answers its number. Raises UnreachableError, RefusedError, TryLaterError."""
        ...
