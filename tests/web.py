"""The public site on loopback, and a visitor without a browser: cookies, forms, tokens."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from io import BytesIO
from typing import Any, Self

from aiohttp import ClientSession, CookieJar, FormData, web

from bot.understanding import Reader
from bot.web.routes import make_public_site
from config.catalog import Catalog
from config.keys import Keys
from config.settings import Settings
from config.web import SiteRunner
from models.session import Database

NEVER_SHOWN = re.compile(r"(?:public|errors|rules|states|privacy|way_back)\.[a-z_]+\.[a-z_.]+|\{[a-z_]+\}")


@dataclass
class Clock:
    """The time of the site; a test moves it."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def run_site(app: web.Application, **options: Any) -> AsyncIterator[str]:
    """Serve an application on a free port of loopback; gives its address."""
    runner = SiteRunner(app, **options)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield site.name
    finally:
        await runner.cleanup()


@asynccontextmanager
async def run_public_site(
    db: Database,
    keys: Keys,
    catalog: Catalog,
    settings: Settings,
    now: Callable[[], datetime],
    reader: Reader | None = None,
) -> AsyncIterator[str]:
    """The public site as it is; with a `reader`, it asks what fits a tip."""
    app = make_public_site(db=db, keys=keys, catalog=catalog, settings=settings, now=now, reader=reader)
    async with run_site(app) as address:
        yield address


@dataclass
class Page:
    """What came back."""

    status: int
    text: str
    headers: Any
    address: str

    @property
    def token(self) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.text)
        return found[1] if found else ""

    @property
    def words(self) -> str:
        """What a person reads."""
        body = re.sub(r"<(script|style|title)\b.*?</\1>", "", self.text, flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())

    def find(self, element_id: str) -> str:
        found = re.search(rf'id="{element_id}"[^>]*>(.*?)</d', self.text, re.DOTALL)
        return re.sub(r"<[^>]+>", "", found[1]).strip() if found else ""


@dataclass
class Visitor:
    """One citizen: his cookies, his language."""

    base: str
    language: str = "zh-CN"
    session: ClientSession = field(init=False)
    last: Page | None = None

    async def __aenter__(self) -> Self:
        headers = {"Accept-Language": self.language}
        self.session = ClientSession(cookie_jar=CookieJar(unsafe=True), headers=headers)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    async def open(self, path: str, **options: Any) -> Page:
        return await self._ask("GET", path, **options)

    async def send(self, path: str, *, files: list[tuple[str, bytes]] | None = None, **fields: str) -> Page:
        """Post a form of the page that was opened last, with its token."""
        token = self.last.token if self.last else ""
        if files is None:
            return await self._ask("POST", path, data={"csrf_token": token, **fields})
        form = FormData(quote_fields=False, default_to_multipart=True)
        for name, value in {"csrf_token": token, **fields}.items():
            form.add_field(name, value)
        for name, data in files:
            form.add_field("files", BytesIO(data), filename=name, content_type="application/octet-stream")
        return await self._ask("POST", path, data=form)

    async def ask(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        """Post JSON to the API."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.post(self.base + path, json=body, headers=names) as answer:
            return answer.status, await answer.json(content_type=None)

    async def begin(self) -> Page:
        """Past the page before the first question."""
        await self.open("/report/start")
        return await self.send("/report/start")

    async def tell(self, text: str = "宏达学校交钱就发证。", **answers: str) -> tuple[str, str]:
        """Walk the whole report; answers number and code as shown."""
        await self.begin()
        await self.send("/report/what", text=text)
        await self.send("/report/where", county=answers.get("county", "unknown"), hurry="1")
        await self.open("/report/contact")
        await self.send("/report/contact", choice="anonymous")
        done = await self.send("/report/check")
        return done.find("number"), done.find("code")

    async def _ask(self, method: str, path: str, **options: Any) -> Page:
        async with self.session.request(method, self.base + path, **options) as answer:
            page = Page(answer.status, await answer.text(), answer.headers, answer.url.path_qs)
        if "text/html" in page.headers.get("Content-Type", ""):
            check_page(page)
        self.last = page
        return page


def check_page(page: Page) -> None:
    """What holds for every page of ours that any test meets."""
    assert page.text.count("<h1") == 1, f"{page.address}: one heading"
    assert re.search(r'<html lang="(zh-CN|en)"', page.text)
    assert re.search(r"<title>.*\S.*</title>", page.text)
    assert "style=" not in page.text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text)
    assert not NEVER_SHOWN.search(page.words), NEVER_SHOWN.search(page.words)
    ids = re.findall(r'\bid="([^"]+)"', page.text)
    assert len(ids) == len(set(ids)), f"{page.address}: an id stands twice"
    for label in re.findall(r'<label[^>]*\bfor="([^"]+)"', page.text):
        assert label in ids, f"{page.address}: a label for nothing"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    assert "Server" not in page.headers
