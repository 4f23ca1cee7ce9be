"""What the chat service says of our bot, written down for the administrator's page: never a token, never an address.

The console does not know the bot, and must not: it reads this row and says how old it is.
"""

import asyncio
import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn, Protocol
from urllib.parse import urlsplit

import structlog

from bot.channels import RefusedError, TryLaterError, UnreachableError
from config.clock import now
from models.fact import Known, note_fact
from models.session import Database

FIRST_SECONDS = 1.0
EVERY_SECONDS = 60.0
MAX_WORDS = 160

log = structlog.get_logger()


class SelfAware(Protocol):
    """A bot account that can be asked about itself."""

    async def ask_about_itself(self) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
        """Who it is, and where its updates go; None where the server cannot say."""
        ...


async def report_forever(chat: SelfAware, db: Database, *, address: str | None) -> NoReturn:
    """Ask once a minute. `address`: where updates shall be pushed, or None where they are polled."""
    pause = FIRST_SECONDS
    while True:
        await asyncio.sleep(pause)
        pause = EVERY_SECONDS
        try:
            await report(chat, db, address=address, at=now())
        except (TryLaterError, RefusedError, UnreachableError):
            continue  # whoever polls or keeps the webhook tells of it
        except Exception as error:  # noqa: BLE001 - the database may be away
            log.error("telegram_report_failed", kind=type(error).__name__)


async def report(chat: SelfAware, db: Database, *, address: str | None, at: datetime) -> None:
    """Ask, and write down what was answered. Raises the errors of `bot.channels`."""
    who, where = await chat.ask_about_itself()
    details = {"way": "webhook" if address else "polling", **_read_who(who), **_read_where(where, address)}
    source = f"{socket.gethostname()}:{os.getpid()}"
    async with db.begin() as session:
        await note_fact(session, Known.BOT, source=source, at=at, details=details)


def _read_who(who: Mapping[str, Any] | None) -> dict[str, Any]:
    if who is None:
        return {}
    return {"name": _clean(who.get("first_name")), "username": _clean(who.get("username"))}


def _read_where(where: Mapping[str, Any] | None, address: str | None) -> dict[str, Any]:
    """Whether the address is ours. Of a foreign one only the host is kept, of ours nothing: it holds a secret."""
    if where is None:
        return {}
    told, waiting, failed_at = str(where.get("url") or ""), where.get("pending_update_count"), None
    if isinstance(where.get("last_error_date"), int):
        failed_at = datetime.fromtimestamp(where["last_error_date"], tz=UTC).isoformat()
    said = _clean(where.get("last_error_message"))
    for secret in filter(None, (told, address, urlsplit(told).path.strip("/"))):
        said = said.replace(secret, "…")
    return {
        "is_address_ours": told == (address or ""),
        "foreign_host": "" if told == (address or "") else (urlsplit(told).hostname or "")[:MAX_WORDS],
        "waiting": waiting if isinstance(waiting, int) else None,
        "failed_at": failed_at,
        "failure": said,
    }


def _clean(words: object) -> str:
    return "".join(part for part in str(words or "") if part.isprintable())[:MAX_WORDS]
