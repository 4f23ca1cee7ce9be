"""`tipline bench chat`: many chats at once, each told in ten messages, while the service now and then says wait.

The bot runs as a process of its own on an empty data folder that is deleted afterwards, and polls a small
Bot API server of the benchmark. Every chat must end with a tip that holds its pieces in the order in which
they were written, once; every answer must come in the order of what it answers.
"""

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.bench import BenchFailedError, find_database, make_environment, spread
from bot.bench_botapi import TOKEN, BenchBotApi
from config.text import text
from models.numbers import NUMBER_DIGITS, read_digits
from models.queries.bulk import count_rows
from models.queries.tips import find_tip_by_number
from models.session import Database
from models.tip import Tip

COMMAND = (sys.executable, "-m", "tipline", "bot")
START_SECONDS = 60
CHAT_SECONDS = 600
BUSY_EVERY = 40
FIRST_CHAT = 100_001
PIECES = 3
_LOCALE = "zh-CN"
_BLANK = "\0"
_WORDS = "漯河某某培训学校不上课就发电工证，交八百块钱包过，这是第{piece}段，我是第{chat}个说的。"


ORDER = (
    "ask.what.text",
    "story.kept",
    "ask.where.county",
    "ask.where.place",
    "ask.who.target",
    "ask.contact.choice",
    "summary.head",
    "submit.done",
)
"""What is heard, in the only order that makes sense."""


@dataclass(slots=True)
class Talk:
    """One citizen at his phone: what he sees, in which order, and how long he waited for it."""

    chat_id: int
    shown: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    seconds: list[float] = field(default_factory=list)
    heard: list[int] = field(default_factory=list)
    messages: int = 0
    number: str = ""
    spoke_at: float | None = None

    @property
    def story(self) -> list[str]:
        """What this one tells, piece by piece."""
        return [_WORDS.format(piece=piece, chat=self.chat_id) for piece in range(1, PIECES + 1)]

    def speak(self) -> None:
        """Something was written or tapped; the wait begins."""
        self.messages += 1
        self.spoke_at = time.perf_counter()

    def see(self, message: dict[str, Any]) -> None:
        """A message appears or changes."""
        if self.spoke_at is not None:
            self.seconds.append(time.perf_counter() - self.spoke_at)
            self.spoke_at = None
        starts = [place for place, key in enumerate(ORDER) if message["text"].startswith(_start(key))]
        self.heard += starts
        self.shown.put_nowait(message)

    async def sees(self, *keys: str, **values: object) -> dict[str, Any]:
        """The next message that begins with one of these texts."""
        starts = tuple(_start(key, **values) for key in keys)
        while True:
            message = await self.shown.get()
            if message["text"].startswith(starts):
                return message


async def run_chat_bench(
    *, chats: int = 500, busy_every: int = BUSY_EVERY, command: Sequence[str] = COMMAND
) -> dict[str, Any]:
    """Figures of `chats` conversations at once. Raises BenchFailedError."""
    talks = {FIRST_CHAT + place: Talk(FIRST_CHAT + place) for place in range(chats)}
    with tempfile.TemporaryDirectory(prefix="tipline-bench-") as folder:
        async with (
            BenchBotApi(lambda chat_id, shown: talks[chat_id].see(shown), busy_every=busy_every) as api,
            _bot(Path(folder), api, command),
        ):
            started = time.perf_counter()
            outcomes = await asyncio.gather(*(_converse(talk, api) for talk in talks.values()))
            elapsed = time.perf_counter() - started
            refused = api.refused
        stored = await _look(Path(folder), list(talks.values()))
    messages = sum(talk.messages for talk in talks.values())
    return {
        "bench": "chat",
        "database": "sqlite",
        "chats": chats,
        "messages": messages,
        "finished": sum(outcomes),
        "told_to_wait": refused,
        **stored,
        "seconds": round(elapsed, 3),
        "messages_per_second": round(messages / elapsed, 1),
        "reply_ms": spread([wait for talk in talks.values() for wait in talk.seconds]),
    }


# ---------------------------------------------------------------- the bot


@asynccontextmanager
async def _bot(folder: Path, api: BenchBotApi, command: Sequence[str]) -> AsyncIterator[None]:
    """The bot in a process of its own, polling."""
    environment = make_environment(folder) | {
        "TIPLINE_QUESTIONS": "fixed",  # every chat is asked the same, so that answers can be counted
        "TIPLINE_TELEGRAM_TOKEN": TOKEN,
        "TIPLINE_TELEGRAM_API_URL": api.address,
    }
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=quiet, stderr=quiet)
    try:
        async with asyncio.timeout(START_SECONDS):
            await api.is_polled.wait()
        yield
    except TimeoutError as error:
        message = f"The bot did not ask for messages within {START_SECONDS} seconds."
        raise BenchFailedError(message) from error
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


# ---------------------------------------------------------------- the citizens


async def _converse(talk: Talk, api: BenchBotApi) -> bool:
    """Tell one tip from the first word to number and code; answers whether it came to that."""
    try:
        async with asyncio.timeout(CHAT_SECONDS):
            await _tell(talk, api)
    except TimeoutError:
        return False
    return True


async def _tell(talk: Talk, api: BenchBotApi) -> None:
    _write(talk, api, "/report")
    await talk.sees("ask.what.text")
    for piece in talk.story:  # one after the other, without waiting: as people do
        _write(talk, api, piece)
    heard = await talk.sees("story.kept", "ask.where.county", length=len("\n".join(talk.story)))
    if _has_button(heard, "button.written"):
        _tap(talk, api, heard, "button.written")
        heard = await talk.sees("ask.where.county")
    _tap(talk, api, heard, "button.unknown")
    await talk.sees("ask.where.place")
    _write(talk, api, f"{talk.chat_id}号院")
    _tap(talk, api, await talk.sees("ask.who.target"), "button.skip_rest")
    _tap(talk, api, await talk.sees("ask.contact.choice"), "choice.contact.anonymous")
    _tap(talk, api, await talk.sees("summary.head"), "button.submit")
    done = await talk.sees("submit.done")
    talk.number = read_digits(done["text"].split(_start("submit.done"))[1])[:NUMBER_DIGITS]


def _write(talk: Talk, api: BenchBotApi, words: str) -> None:
    talk.speak()
    message = _message(talk, api.new_number()) | {"text": words}
    api.add("message", message)


def _tap(talk: Talk, api: BenchBotApi, shown: Mapping[str, Any], button: str) -> None:
    label = text(f"chat.{button}", _LOCALE)
    data = next(known["callback_data"] for known in shown["buttons"] if known["text"] == label)
    talk.speak()
    query = {"id": str(api.new_number()), "from": _person(talk), "data": data, "chat_instance": "1"}
    api.add("callback_query", query | {"message": _message(talk, shown["number"]) | {"text": shown["text"]}})


def _has_button(shown: Mapping[str, Any], button: str) -> bool:
    return any(known["text"] == text(f"chat.{button}", _LOCALE) for known in shown["buttons"])


def _message(talk: Talk, number: int) -> dict[str, Any]:
    chat = {"id": talk.chat_id, "type": "private"}
    return {"message_id": number, "date": 0, "chat": chat, "from": _person(talk)}


def _person(talk: Talk) -> dict[str, Any]:
    return {"id": talk.chat_id, "is_bot": False, "first_name": "", "language_code": "zh"}


def _start(key: str, **values: object) -> str:
    """The beginning of one of our texts, up to the first blank that is not filled in."""
    blanks: dict[str, object] = dict.fromkeys(("length", "number", "code", "by", "web"), _BLANK)
    return text(f"chat.{key}", _LOCALE, **(blanks | values)).partition(_BLANK)[0].strip()


# ---------------------------------------------------------------- the count


async def _look(folder: Path, talks: Sequence[Talk]) -> dict[str, int]:
    """What the database holds once the bot has stopped: one tip for each chat, with its pieces in order."""
    db = Database(f"sqlite+aiosqlite:///{find_database(folder)}")
    lost = out_of_order = 0
    try:
        async with db.read() as session:
            for talk in talks:
                tip = await find_tip_by_number(session, talk.number)
                told = tip.text if tip else ""
                lost += any(piece not in told for piece in talk.story)
                out_of_order += told != "\n".join(talk.story) or talk.heard != sorted(talk.heard)
            tips = await count_rows(session, Tip)
    finally:
        await db.close()
    return {"lost": lost, "out_of_order": out_of_order, "tips": tips}
