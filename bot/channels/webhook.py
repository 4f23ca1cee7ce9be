"""The Telegram webhook: check the secret, store, and only then say 200.

Anything else than 200 makes Telegram deliver the update again, so a database that is away loses nothing.
"""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import structlog
from aiohttp import web

from bot.inbox import BadUpdateError, store_updates
from config.clock import now
from config.keys import Keys
from models.session import Database

log = structlog.get_logger()

PREFIX = "/telegram/"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name
MAX_BODY = 1024 * 1024
READ_SECONDS = 10


def make_path(keys: Keys, secret: str) -> str:
    """The webhook's path: not guessable, and another one when the secret changes."""
    return PREFIX + keys.digest("session", "telegram-path", secret).hex()[:32]


def make_webhook(
    db: Database, *, keys: Keys, secret: str, bot_id: str, arrived: asyncio.Event
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of the webhook's route."""

    async def receive(request: web.Request) -> web.Response:
        if not _has_secret(request, secret):
            log.warning("telegram_webhook_refused")
            return web.Response(status=403)
        try:
            update = _parse(await _read_body(request))
            await store_updates(db, [update], bot_id=bot_id, keys=keys, now=now())
        except BadUpdateError:
            log.warning("telegram_webhook_unreadable")
            return web.Response(status=400)
        except _TooLongError:
            return web.Response(status=413)
        except Exception as error:  # noqa: BLE001 - whatever it is, Telegram must deliver it again
            log.error("telegram_webhook_not_stored", kind=type(error).__name__)
            return web.Response(status=503, headers={"Retry-After": "5"})
        arrived.set()
        return web.Response()

    return receive


class _TooLongError(Exception):
    """The body is longer than any update."""


def _has_secret(request: web.Request, secret: str) -> bool:
    given = request.headers.getall(SECRET_HEADER, [])
    if len(given) != 1:
        return False
    return hmac.compare_digest(given[0].encode("utf-8", "surrogateescape"), secret.encode())


async def _read_body(request: web.Request) -> bytes:
    body = bytearray()
    async with asyncio.timeout(READ_SECONDS):
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > MAX_BODY:
                raise _TooLongError
    return bytes(body)


def _parse(body: bytes) -> Any:  # noqa: ANN401 - JSON
    def refuse(_word: str) -> NoReturn:
        raise BadUpdateError

    def refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            raise BadUpdateError
        return fields

    try:
        return json.loads(body, parse_constant=refuse, object_pairs_hook=refuse_twins)
    except (ValueError, RecursionError) as error:
        raise BadUpdateError from error
