"""What every handler of the public site stands on, and the limits as they are counted."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.limits import Limit, TooManyError, check_count, find_source
from bot.understanding import Reader
from config.catalog import Catalog
from config.keys import Keys
from config.settings import Settings
from config.web import Refusal
from models.queries.limits import count_try
from models.session import Database


@dataclass(frozen=True, slots=True)
class Desk:
    """Database, keys, rules, settings, clock of the public site; and who reads tips for it, if anybody."""

    db: Database
    keys: Keys
    catalog: Catalog
    settings: Settings
    now: Callable[[], datetime]
    reader: Reader | None = None


DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)


async def count_source(session: AsyncSession, request: web.Request, limit: Limit) -> None:
    """Count one try of the network that a request comes from. Raises Refusal 429."""
    desk = request.app[DESK]
    is_behind_proxy = desk.settings.public_url is not None
    source = find_source(
        request.remote, request.headers.get("X-Forwarded-For"), is_behind_proxy=is_behind_proxy
    )
    if source is not None:
        await count(session, limit, desk.keys.digest("source", source), now=desk.now())


async def count(session: AsyncSession, limit: Limit, source: bytes, *, now: datetime) -> None:
    """Count one try of anything that has a limit. Raises Refusal 429."""
    try:
        check_count(limit, await count_try(session, limit.scope, source, now=now, window=limit.window))
    except TooManyError as error:
        minutes = error.wait_minutes
        headers = {"Retry-After": str(minutes * 60)}
        raise Refusal(429, "too_many", headers=headers, minutes=minutes) from error
