"""A Bot API server for the benchmark: loopback only, as little of the real one as the chat needs.

It keeps to what matters for the figures: updates are handed out again until a higher offset confirms them,
a message is a number that can be edited, and now and then a chat is told to wait (429 with retry_after).
"""

import asyncio
import itertools
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from aiohttp import web

TOKEN = "1:benchmark"  # noqa: S105 - opens nothing
MOST_UPDATES = 100
Seen = Callable[[int, dict[str, Any]], None]
"""seen(chat_id, message): a message as its reader sees it, sent or changed."""


class BenchBotApi:
    """`async with BenchBotApi(seen, busy_every=40) as api:` then `api.add("message", …)`."""

    def __init__(self, seen: Seen, *, busy_every: int, busy_seconds: int = 1) -> None:
        """Prepare; every `busy_every`th message is refused once with a wait."""
        self.refused = 0
        self.is_polled = asyncio.Event()
        self._seen = seen
        self._busy_every, self._busy_seconds = busy_every, busy_seconds
        self._queue: list[dict[str, Any]] = []
        self._numbers, self._messages, self._sends = (itertools.count(1) for _ in range(3))
        self._more = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Stop."""
        await self._runner.cleanup()

    @property
    def address(self) -> str:
        """For TIPLINE_TELEGRAM_API_URL."""
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/bot"

    def new_number(self) -> int:
        """Number of a message that somebody writes."""
        return next(self._messages)

    def add(self, kind: str, body: dict[str, Any]) -> None:
        """Queue an update for the bot."""
        self._queue.append({"update_id": next(self._numbers), kind: body})
        self._more.set()

    async def _serve(self, request: web.Request) -> web.Response:
        params = await _read(request)
        match request.match_info["method"]:
            case "getUpdates":
                return _fine(await self._hand_out(params))
            case "sendMessage":
                return self._take(params)
            case "editMessageText":
                return _fine(self._show(params, int(params["message_id"])))
            case _:
                return _fine(True)  # noqa: FBT003 - what the real one answers

    def _take(self, params: dict[str, Any]) -> web.Response:
        if next(self._sends) % self._busy_every == 0:
            self.refused += 1
            wait = {"retry_after": self._busy_seconds}
            body = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": wait}
            return web.json_response(body, status=429)
        return _fine(self._show(params, self.new_number()))

    def _show(self, params: dict[str, Any], number: int) -> dict[str, Any]:
        chat_id = int(params["chat_id"])
        message = {"message_id": number, "date": 0, "chat": {"id": chat_id, "type": "private"}}
        rows = json.loads(params.get("reply_markup") or "{}").get("inline_keyboard", [])
        shown = {"number": number, "text": params["text"], "buttons": [b for row in rows for b in row]}
        self._seen(chat_id, shown)
        return message

    async def _hand_out(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        self.is_polled.set()
        offset = int(params.get("offset") or 0)
        self._queue = [update for update in self._queue if update["update_id"] >= offset]
        if not self._queue:
            self._more.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(float(params.get("timeout") or 0)):
                    await self._more.wait()
        return self._queue[:MOST_UPDATES]


async def _read(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        return dict(await request.json())
    return dict(await request.post())


def _fine(result: object) -> web.Response:
    return web.json_response({"ok": True, "result": result})
