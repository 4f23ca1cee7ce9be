"""A sink for Apprise: an HTTP server on loopback that takes JSON posts.

async with NoticeSink() as sink: give `sink.url` to TIPLINE_NOTIFY_URLS and read `sink.posts`.
"""

import asyncio
from typing import Any, Self

from aiohttp import web

WAIT_SECONDS = 15.0


class NoticeSink:
    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.statuses: list[int] = []
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port: int = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """For TIPLINE_NOTIFY_URLS: Apprise's JSON webhook."""
        return f"json://127.0.0.1:{self.port}/notices"

    def answer(self, *statuses: int) -> None:
        """The next posts are answered with these statuses."""
        self.statuses.extend(statuses)

    async def _take(self, request: web.Request) -> web.Response:
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.posts.append(await request.json())
            self._news.set()
        return web.Response(status=status)

    async def receives(self, words: str, *, seconds: float = WAIT_SECONDS) -> dict[str, Any]:
        """Wait for a post that holds these words."""
        async with asyncio.timeout(seconds):
            while True:
                self._news.clear()
                for post in self.posts:
                    if words in str(post):
                        return post
                await self._news.wait()
