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

from bot.channels import COPY, Button, Reply
from bot.channels.incoming import Incoming
from bot.understanding import Reader
from config.catalog import Catalog
from config.keys import Keys
from config.text import LOCALES, text
from models.queries.tips import list_draft_attachments
from models.states import Channel
from models.tip import Draft

if TYPE_CHECKING:
    from bot.channels.following import Reading

MEMORY = "_chat"
MAX_REMEMBERED = 300
OPEN = "open."
"""Begins what the buttons under a notice carry, `open.reply:263184720393`: they work at every step, need no memory
of what was shown, and open nothing but the chat's own tips."""
PLACE = "draft.chat"
WORD_ENDS = " \t\n。．.！!，,~～"
LIVE = "live"
"""Name of the message that is changed in place while more and more arrives."""
IDLE, INTRO, CHECK, DONE = "_idle", "_intro", "_check", "_done"
STATUS_NUMBER, STATUS_CODE, FOLLOW_UP = "_status_number", "_status_code", "_follow_up"
KEPT_BEYOND = ("sent", "received", "told", "hint")
CONTACT_NAME, CONTACT_PHONE, REVIEW = "_contact_name", "_contact_phone", "_review"
MANAGE_STEPS = frozenset({CONTACT_NAME, CONTACT_PHONE, REVIEW})
VISIT_STEPS = frozenset({STATUS_NUMBER, STATUS_CODE, FOLLOW_UP}) | MANAGE_STEPS
OWN_STEPS = frozenset({IDLE, INTRO, CHECK, DONE}) | VISIT_STEPS

RECEIPT, UNSAID = "receipt", "receipt_key"
"""The message with number and code; and what they derive from, kept until that message has arrived."""
Choices = Sequence[Sequence[tuple[str, str]]]
"""Rows of (words on the button, what it does)."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What does not change from turn to turn."""

    keys: Keys
    catalog: Catalog
    files: Path
    public_url: str | None
    antivirus: str | None = None
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
        copies: Sequence[tuple[str, str]] = (),
        kept_as: str = "",
    ) -> None:
        """Send a message, with buttons that are valid until others are offered; `copies` only copy their value."""
        buttons = self._offer(choices)
        if copies:  # beside the others, never among them: what they hold is not remembered
            buttons = (tuple((label, COPY + value) for label, value in copies), *buttons)
        self.replies.append(
            Reply(
                chat_id=self.incoming.chat_id,
                text=words,
                codes=tuple(codes),
                buttons=buttons,
                kept_as=kept_as,
            )
        )

    def say_live(self, words: str, *, choices: Choices = ()) -> None:
        """Say how much has arrived: in place, as long as nothing else was said since, else in a new message."""
        shown, sent = self.recall(LIVE), self.recall("sent") or []
        if shown and sent[-1:] == [shown] and all(reply.do != "send" for reply in self.replies):
            self.change(shown, words, choices=choices, kept_as=LIVE)
        else:
            self.say(words, choices=choices, kept_as=LIVE)

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
        if self.speaks_of("danger.signs"):
            self.say(self.word("danger.call"))

    def speaks_of(self, key: str) -> bool:
        """Whether one of these words stands in what was written."""
        words = self.incoming.text.casefold()
        return any(sign.replace("_", " ") in words for sign in self.list_words(key))

    def is_one_of(self, key: str) -> bool:
        """Whether nothing but one of these words was typed."""
        typed = self.incoming.text.strip(WORD_ENDS).casefold().replace(" ", "_")
        return typed in self.list_words(key)

    def list_words(self, key: str) -> list[str]:
        """A list of words, in both languages: people mix them."""
        return [sign for locale in LOCALES for sign in text(f"chat.{key}", locale).casefold().split()]

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

    def erase(self, *message_ids: int) -> None:
        """Delete messages of this chat, where the service still allows it."""
        self.replies.append(Reply(do="erase", chat_id=self.incoming.chat_id, message_ids=message_ids))

    # ------------------------------------------------------------ buttons

    def _offer(self, choices: Choices) -> tuple[tuple[Button, ...], ...]:
        bound = [(words, action) for row in choices for words, action in row if not action.startswith(OPEN)]
        actions = [self.draft.step, *(action for _words, action in bound)]
        if bound and self.recall("choices") != actions:  # a question asked again keeps its buttons alive
            labels = [words for words, _action in bound]
            self.remember(choices=actions, labels=labels, token=secrets.token_urlsafe(6))
        token, numbers = self.recall("token"), iter(range(len(bound)))
        return tuple(
            tuple(
                (words, action if action.startswith(OPEN) else f"{token}.{next(numbers)}")
                for words, action in row
            )
            for row in choices
        )

    def read_tap(self) -> Tap:
        """What the tapped button means in this chat at this step."""
        if self.incoming.text.startswith(OPEN):
            return Tap("valid", self.incoming.text)
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
        empty_draft(self.draft, step=step, now=self.now)

    async def has_unsent(self) -> bool:
        """Whether anything was told that is not sent: words, files, a place."""
        if self.draft.tip_id is not None:
            return False
        if any(self.answers.values()) or self.recall("pending"):
            return True
        return bool(await list_draft_attachments(self.session, self.draft.id))

    @property
    def is_telling(self) -> bool:
        """Whether a tip is being told and not yet sent."""
        return self.draft.tip_id is None and (self.draft.step not in OWN_STEPS or self.draft.step == CHECK)


def empty_draft(draft: Draft, *, step: str, now: datetime, **remembered: object) -> None:
    """Forget the answers; what a chat needs beyond one tip stays, and `remembered` with it."""
    memory = draft.answers.get(MEMORY, {})
    kept = {name: memory[name] for name in KEPT_BEYOND if name in memory}
    draft.answers = {MEMORY: kept | remembered}
    draft.submission_key = new_submission_key()
    draft.tip_id = draft.link_digest = draft.link_until = None
    draft.step, draft.created_at = step, now


def new_submission_key() -> str:
    """Random; number and code of the tip derive from it."""
    return secrets.token_urlsafe(24)


def make_draft(owner: bytes, chat: bytes, *, locale: str, now: datetime) -> Draft:
    """The memory of a chat that is new to us."""
    return Draft(
        channel=Channel.TELEGRAM,
        owner=owner,
        chat=chat,
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
