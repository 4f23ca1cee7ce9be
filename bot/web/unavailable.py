"""A database that does not answer is told as what it is: unavailable for now, not an error of the reader."""

from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from config.web import Refusal
from models.session import DATABASE_TROUBLE

log = structlog.get_logger()
RETRY_SECONDS = "60"


@web.middleware
async def tell_unavailable(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Innermost: turns trouble of the database into a 503 that says when to try again."""
    try:
        return await handler(request)
    except DATABASE_TROUBLE as error:
        # Only the kind: the message of such an error may quote what was to be stored.
        log.error("database_unavailable", kind=type(error).__name__)
        raise Refusal(503, "status.503.body", headers={"Retry-After": RETRY_SECONDS}) from None
