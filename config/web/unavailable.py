"""A database that does not answer is told as what it is: unavailable for now, not an error of the reader."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import web

from config.web.errors import Refusal

log = structlog.get_logger()
RETRY_SECONDS = "60"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_unavailable(is_trouble: Callable[[Exception], bool]) -> Any:  # noqa: ANN401 - aiohttp's name is deprecated
    """A middleware that turns trouble of the database into a 503 that says when to try again."""

    @web.middleware
    async def tell_unavailable(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Exception as error:
            if not is_trouble(error):
                raise
            # Only the kind: the message of such an error may quote what was to be stored.
            log.error("database_unavailable", kind=type(error).__name__)
            raise Refusal(503, "status.503.body", headers={"Retry-After": RETRY_SECONDS}) from None

    return tell_unavailable
