"""Serving a site: connections that say nothing are closed, and even what the parser refuses gets our headers.

aiohttp answers requests that it cannot parse before any middleware runs, with its own name, and writes
the sender's address to its log. Both are mended here.
"""

import re
from http import HTTPStatus

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from config.text import BASE_LOCALE
from config.web.errors import Refusal, problem
from config.web.headers import harden

IDLE_SECONDS = 30  # also ends connections whose headers never become complete
LINGER_SECONDS = 2.0
HEAD_BYTES = 64
API_LINE = re.compile(rb"[A-Z]{1,10} /api/")


class _Protocol(RequestHandler):
    """One connection."""

    __slots__ = ("_head",)

    def data_received(self, data: bytes) -> None:
        """Remember how the newest request begins: what the parser refuses has no address any more."""
        self._head = data[:HEAD_BYTES]
        super().data_received(data)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """A bare answer in our headers, for the API in its own form. Nothing of the request is logged or repeated."""
        if API_LINE.match(getattr(self, "_head", b"")):
            is_ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
            refusal = Refusal(500, "status.500.body") if is_ours else Refusal(400, "request.unreadable")
            answer = problem(refusal, BASE_LOCALE)
            answer.force_close()
            return answer
        phrase = HTTPStatus(status).phrase
        response = web.Response(status=status, text=f"{status} {phrase}\n", content_type="text/plain")
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Answers that no application prepared are hardened here."""
        if not isinstance(request, web.Request) or request._match_info is None:  # noqa: SLF001 - no public way
            harden(resp, is_https=False)
            resp.headers["Server"] = ""
        return await super().finish_response(request, resp, start_time)


class _Server(web.Server):
    """Makes our connections instead of aiohttp's."""

    def __call__(self) -> RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)


class SiteRunner(web.AppRunner):
    """Runs one site: `runner = SiteRunner(app)`, `await runner.setup()`, `web.TCPSite(runner, host, port)`."""

    __slots__ = ()

    def __init__(self, app: web.Application, *, idle_seconds: float = IDLE_SECONDS) -> None:
        super().__init__(
            app,
            access_log=None,  # addresses and paths of citizens are not written down
            keepalive_timeout=idle_seconds,
            lingering_time=LINGER_SECONDS,
            shutdown_timeout=20.0,
        )

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(
            made.request_handler,
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            **made._kwargs,  # noqa: SLF001 - the same options
        )
