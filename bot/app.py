"""The public side put together: the citizens' site, and the chat where a token is set.

`run_chat` may run in as many processes as wanted: updates are claimed, never shared. Polling alone allows
one process only, because Telegram hands its updates to one listener.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

import structlog
from aiohttp import web

from bot.channels import Button, RefusedError, TryLaterError, UnreachableError
from bot.channels.commands import COMMANDS
from bot.channels.dialogue import ChatDialogue
from bot.channels.polling import poll_forever
from bot.channels.pulse import Pulse
from bot.channels.reporting import report_forever
from bot.channels.telegram import TelegramChat
from bot.channels.telegram_updates import read_update
from bot.channels.turn import OPEN, Surroundings, remember_numbers
from bot.channels.wakes import wake_forever
from bot.channels.webhook import make_path, make_webhook
from bot.channels.worker import ChatWorker
from bot.delivery import SendChat
from bot.inbox import chat_digest
from bot.understanding import Reader
from config.catalog import Catalog
from config.keys import Keys
from config.settings import Settings
from config.text import BASE_LOCALE, LOCALES, text
from models.notice import Notice
from models.queries.tips import find_draft
from models.queries.updates import release_claims
from models.session import Database

log = structlog.get_logger()

LONGEST_PAUSE = 60.0
CHECK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ChatParts:
    """What the chat stands on. `arrived` wakes the worker of this process when its webhook stored an update.

    Without a `reader` everybody is asked the fixed questions.
    """

    db: Database
    keys: Keys
    catalog: Catalog
    settings: Settings
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    reader: Reader | None = None


def make_telegram(settings: Settings) -> TelegramChat | None:
    """The bot account of the settings, or None where no token is set."""
    if settings.telegram_token is None:
        return None
    return TelegramChat(
        settings.telegram_token,
        api_url=settings.telegram_api_url,
        file_url=settings.telegram_file_url,
        proxy=settings.proxy,
    )


def find_webhook_address(settings: Settings, keys: Keys) -> str | None:
    """Where Telegram shall push updates, or None where they are polled."""
    if settings.telegram_webhook_secret is None:
        return None
    base = settings.public_url or f"http://{settings.public}"
    return base + make_path(keys, settings.telegram_webhook_secret)


def add_webhook(app: web.Application, parts: ChatParts) -> None:
    """Give the public site the route that Telegram pushes to, where a token and a secret are set."""
    token, secret = parts.settings.telegram_token, parts.settings.telegram_webhook_secret
    if token is None or secret is None:
        return
    handler = make_webhook(
        parts.db,
        keys=parts.keys,
        secret=secret,
        bot_id=token.partition(":")[0],
        arrived=parts.arrived,
    )
    app.router.add_post(make_path(parts.keys, secret), handler)


async def run_chat(parts: ChatParts, *, is_alone: bool = False) -> None:
    """Serve the chat until cancelled; returns at once where no token is set.

    `is_alone`: no other process works on this database, so what a killed one had claimed is free at once.
    """
    chat = make_telegram(parts.settings)
    if chat is None:
        return
    await chat.open()
    try:
        if is_alone:
            async with parts.db.begin() as session:
                await release_claims(session)
        await _serve(chat, parts)
    finally:
        await chat.close()


async def _serve(chat: TelegramChat, parts: ChatParts) -> None:
    settings = parts.settings
    around = Surroundings(
        parts.keys,
        parts.catalog,
        settings.files,
        settings.public_url,
        antivirus=settings.antivirus,
        reader=parts.reader,
    )
    dialogue = ChatDialogue(parts.db, chat, around, read_update=read_update)
    worker = ChatWorker(parts.db, chat, dialogue, keys=parts.keys, arrived=parts.arrived)
    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run())
        group.create_task(wake_forever(parts.db, keys=parts.keys, arrived=parts.arrived))
        group.create_task(_receive(chat, parts))
        group.create_task(report_forever(chat, parts.db, address=find_webhook_address(settings, parts.keys)))


async def _receive(chat: TelegramChat, parts: ChatParts) -> None:
    """Have updates pushed or fetch them; the menu is filled on the way."""
    address, secret = find_webhook_address(parts.settings, parts.keys), parts.settings.telegram_webhook_secret
    if address and secret:
        await _keep_webhook(chat, address, secret, Pulse(parts.db))
    with suppress(TryLaterError, UnreachableError, RefusedError):
        if await chat.find_webhook():
            log.error(
                "telegram_webhook_was_set", what="updates were pushed elsewhere; polling takes them back"
            )
    await chat.delete_webhook()
    await fill_menu(chat)
    await poll_forever(chat, parts.db, keys=parts.keys, arrived=parts.arrived)


async def _keep_webhook(chat: TelegramChat, address: str, secret: str, pulse: Pulse) -> NoReturn:
    """Set the webhook, and look every half minute whether it is still ours: who holds the token could move it."""
    is_set = False
    pause = 1.0
    while True:
        try:
            if not is_set:
                await chat.set_webhook(address, secret=secret)
                await fill_menu(chat)
            where = await chat.find_webhook()
            is_set = where in {address, None}
            if is_set:
                await pulse.note_contact()
            else:
                log.error("telegram_webhook_is_foreign", what="it is set anew; change the bot's token")
                await pulse.note_trouble("foreign")
            pause = CHECK_SECONDS if is_set else 1.0
        except (TryLaterError, RefusedError, UnreachableError) as error:
            pause = min(pause * 2, LONGEST_PAUSE)
            log.warning("telegram_webhook_unsure", kind=type(error).__name__, wait_seconds=pause)
            with suppress(Exception):  # the database may be away as well
                await pulse.note_trouble(getattr(error, "trouble", "refused"))
        except Exception as error:  # noqa: BLE001 - the database may be away
            log.error("telegram_pulse_failed", kind=type(error).__name__)
        await asyncio.sleep(pause)


async def fill_menu(chat: TelegramChat) -> None:
    """The commands under the menu button, in each language."""
    for locale in LOCALES:
        commands = [(name, text(f"chat.menu.{name}", locale)) for name in COMMANDS]
        await chat.set_commands(commands, language="" if locale == BASE_LOCALE else locale)


def make_send_chat(chat: TelegramChat, parts: ChatParts) -> SendChat:
    """How delivery sends a notice: a reporter's gets the buttons that open his tip, and can be deleted by /forget.

    What it answers raises the errors of `bot.channels`.
    """

    async def send(chat_id: str, words: str, notice: Notice) -> None:
        if notice.tip_id is None:
            await chat.send(int(chat_id), words)
            return
        buttons = make_notice_buttons(notice)
        number = await chat.send(int(chat_id), words, buttons=buttons)
        if number is not None:
            async with parts.db.begin() as session:
                if draft := await find_draft(session, chat_digest(parts.keys, int(chat_id))):
                    remember_numbers(draft, "sent", [number])

    return send


def make_notice_buttons(notice: Notice) -> list[list[Button]]:
    """Below a question the reply, below anything else the progress; and the way to have peace."""
    number = str(notice.values.get("number", ""))
    verb = "reply" if notice.kind == "question_waiting" else "status"
    ways = [(verb, f"button.open_{verb}"), ("mute", "button.mute")]
    return [[(text(f"chat.{key}", notice.locale), f"{OPEN}{name}:{number}") for name, key in ways]]
