"""One turn of a conversation: what came in, what is remembered, what is said back.

What is remembered lies in the chat's `Draft` row and is written in the same transaction as the effect.
Answers stand under their question's id; what only the chat needs stands under `_chat`.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from bot.channels import Button, Reply
from bot.channels.incoming import Incoming
from bot.understanding import Reader
from config.catalog import Catalog
from config.keys import Keys
from config.text import text
from models.states import Channel
from models.tip import Draft

if TYPE_CHECKING:
    from bot.channels.following import Reading

MEMORY = "_chat"
MAX_REMEMBERED = 300
OPEN_STATUS = "open.status"
"""Button under a notice: opens the chat's own tip, at any step; it needs no memory of who was shown it."""
IDLE, INTRO, CHECK, DONE = "_idle", "_intro", "_check", "_done"
STATUS_NUMBER, STATUS_CODE, FOLLOW_UP = "_status_number", "_status_code", "_follow_up"
OWN_STEPS = frozenset({IDLE, INTRO, CHECK, DONE, STATUS_NUMBER, STATUS_CODE, FOLLOW_UP})

Choices = Sequence[Sequence[tuple[str, str]]]
"""Rows of (words on the button, what it does)."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What does not change from turn to turn."""

    keys: Keys
    catalog: Catalog
    files: Path
    public_url: str | None
    reader: Reader | None = None


@dataclass(frozen=True, slots=True)
class Tap:
    """A tapped button: what it does, or that its time is over."""

    state: Literal["valid", "submitted", "old"]
    action: str = ""


@dataclass(slots=True)
class Turn:
    """Everything that a step needs."""

    session: AsyncSession
    incoming: Incoming
    draft: Draft
    around: Surroundings
    now: datetime
    replies: list[Reply] = field(default_factory=list)
    reading: "Reading | None" = None
    """What was read of the story before the transaction, until it is taken."""

    # ------------------------------------------------------------ saying

    def word(self, key: str, **values: object) -> str:
        """A text of the chat in this person's language."""
        return text(f"chat.{key}", self.draft.locale, **values)

    def say(
        self,
        words: str,
        *,
        choices: Choices = (),
        codes: Sequence[str] = (),
        kept_as: str = "",
    ) -> None:
        """Send a message, with buttons that are valid until others are offered."""
        self.replies.append(
            Reply(
                chat_id=self.incoming.chat_id,
                text=words,
                codes=tuple(codes),
                buttons=self._offer(choices),
                kept_as=kept_as,
            )
        )

    def change(self, message_id: int, words: str, *, choices: Choices = (), kept_as: str = "") -> None:
        """Put other words into a message of ours; said anew where that is not possible and `kept_as` is given."""
        self.replies.append(
            Reply(
                do="edit",
                chat_id=self.incoming.chat_id,
                message_id=message_id,
                text=words,
                buttons=self._offer(choices),
                kept_as=kept_as,
            )
        )

    def warn_of_danger(self) -> None:
        """Where somebody may be in danger now, the first words say whom to call."""
        signs = self.word("danger.signs").split()
        words = self.incoming.text.casefold()
        if any(sign.casefold().replace("_", " ") in words for sign in signs):
            self.say(self.word("danger.call"))

    def answer_tap(self, remark: str = "") -> None:
        """End the waiting sign on the tapped button."""
        if self.incoming.callback_id:
            self.replies.insert(
                0,
                Reply(
                    do="answer",
                    chat_id=self.incoming.chat_id,
                    callback_id=self.incoming.callback_id,
                    text=remark,
                ),
            )

    def erase(self, message_id: int) -> None:
        """Delete a message of this chat, where the service still allows it."""
        self.replies.append(Reply(do="erase", chat_id=self.incoming.chat_id, message_id=message_id))

    # ------------------------------------------------------------ buttons

    def _offer(self, choices: Choices) -> tuple[tuple[Button, ...], ...]:
        if not choices:
            return ()
        actions = [self.draft.step, *(action for row in choices for _words, action in row)]
        if self.recall("choices") != actions:  # the same question asked again keeps its buttons alive
            words = [words for row in choices for words, _action in row]
            self.remember(choices=actions, labels=words, token=secrets.token_urlsafe(6))
        token, numbers = self.recall("token"), iter(range(len(actions)))
        return tuple(tuple((words, f"{token}.{next(numbers)}") for words, _action in row) for row in choices)

    def read_tap(self) -> Tap:
        """What the tapped button means in this chat at this step."""
        if self.incoming.text == OPEN_STATUS:
            return Tap("valid", "status")
        token, _, number = self.incoming.text.partition(".")
        if token and token == self.recall("submitted_token"):
            return Tap("submitted")
        actions = self.recall("choices") or []
        is_valid = token == self.recall("token") and actions[:1] == [self.draft.step]
        if is_valid and number.isascii() and number.isdigit() and int(number) < len(actions) - 1:
            return Tap("valid", actions[int(number) + 1])
        return Tap("old")

    def find_typed_button(self) -> str | None:
        """The action of an open button whose very words were typed: many people type what they could tap."""
        actions, labels = self.recall("choices") or [], self.recall("labels") or []
        typed = self.incoming.text.strip()
        if actions[:1] != [self.draft.step] or typed not in labels:
            return None
        action: str = actions[labels.index(typed) + 1]
        return action

    # ------------------------------------------------------------ remembering

    @property
    def answers(self) -> dict[str, Any]:
        """Answers given so far, by question."""
        return {key: value for key, value in self.draft.answers.items() if key != MEMORY}

    def put_answer(self, question: str, value: object) -> None:
        """Keep an answer."""
        self.draft.answers = {**self.draft.answers, question: value}

    def recall(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """Something remembered for this chat, or None."""
        return self.draft.answers.get(MEMORY, {}).get(name)

    def remember(self, **values: object) -> None:
        """Remember for this chat; None forgets."""
        memory = {**self.draft.answers.get(MEMORY, {}), **values}
        memory = {name: value for name, value in memory.items() if value is not None}
        self.draft.answers = {**self.draft.answers, MEMORY: memory}

    def restart(self, step: str) -> None:
        """Forget the answers and begin anew; the numbers of messages stay, so that they can be deleted later."""
        kept = {"sent": self.recall("sent"), "told": self.recall("told"), "received": self.recall("received")}
        self.draft.answers = {MEMORY: {name: value for name, value in kept.items() if value is not None}}
        self.draft.submission_key = new_submission_key()
        self.draft.tip_id = None
        self.draft.step = step
        self.draft.created_at = self.now

    @property
    def is_telling(self) -> bool:
        """Whether a tip is being told and not yet sent."""
        return self.draft.tip_id is None and (self.draft.step not in OWN_STEPS or self.draft.step == CHECK)


def new_submission_key() -> str:
    """Random; number and code of the tip derive from it."""
    return secrets.token_urlsafe(24)


def make_draft(owner: bytes, *, locale: str, now: datetime) -> Draft:
    """The memory of a chat that is new to us."""
    return Draft(
        channel=Channel.TELEGRAM,
        owner=owner,
        submission_key=new_submission_key(),
        locale=locale,
        step=IDLE,
        answers={},
        created_at=now,
        updated_at=now,
    )


def remember_numbers(draft: Draft, name: str, numbers: Sequence[int]) -> None:
    """Keep numbers of messages, the newest ones, for deleting them on request."""
    memory = dict(draft.answers.get(MEMORY, {}))
    memory[name] = [*memory.get(name, []), *numbers][-MAX_REMEMBERED:]
    draft.answers = {**draft.answers, MEMORY: memory}
