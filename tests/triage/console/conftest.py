"""A real console on loopback with a real database, and browsers that sign in.

bureau     one account of each role, a case of our county and one of another
app        the console; console: the address where it runs; clock(moment) moves its time
visitor    a client that keeps cookies and sends form tokens; sign_in(staff) gives one that is signed in
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bot.intake import receive_message, receive_tip
from bot.receipts import find_tip_by_receipt
from config.catalog import Catalog, load_catalog
from config.web import SiteRunner, encode_token
from models.case import Case
from models.staff import Staff
from models.states import CaseState, Role
from tests.factories import PASSWORD, make_case, make_staff
from triage.accounts import open_session
from triage.console.app import make_console

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@dataclass
class Bureau:
    """Who works here."""

    by_role: dict[Role, Staff]
    other_officer: Staff
    case: Case
    other_case: Case


@pytest.fixture
async def bureau(db) -> Bureau:
    async with db.begin() as session:
        people = {}
        for role in Role:
            office = "yancheng" if role in {Role.OFFICER, Role.LEAD} else "city"
            people[role] = await make_staff(session, role, office, login=role.value)
        other = await make_staff(session, Role.OFFICER, "linying", login="other")
        case = await make_case(session, CaseState.VERIFYING, officer_id=people[Role.OFFICER].id)
        other_case = await make_case(session, CaseState.VERIFYING, "linying", target="临颍某某学校")
    return Bureau(people, other, case, other_case)


@pytest.fixture
def clock(monkeypatch, now) -> Callable[[datetime], None]:
    """The clock of the console stands still; clock(moment) moves it."""
    times = [now]
    monkeypatch.setattr("config.clock.now", lambda: times[0])

    def move(moment: datetime) -> None:
        times[0] = moment

    return move


@pytest.fixture
def app(db, settings, catalog, keys, clock) -> web.Application:
    return make_console(
        db,
        settings=settings,
        catalog=catalog,
        keys=keys,
        receive_tip=receive_tip,
        find_tip_by_receipt=find_tip_by_receipt,
        receive_message=receive_message,
    )


@pytest.fixture
async def console(app) -> AsyncIterator[str]:
    """The address of the running console."""
    runner = SiteRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


@dataclass
class Answer:
    """A page as it came."""

    status: int
    text: str
    headers: Any
    url: str
    body: bytes

    def says(self, words: str) -> bool:
        """Whether the page shows these words."""
        return words in unescape(re.sub(r"<[^>]+>", "", self.text))


class Browser:
    """A client that keeps cookies, follows redirects and posts forms as a browser would."""

    def __init__(self, base: str) -> None:
        self.base = base
        # Unsafe: cookies of an address without a name are kept.
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.token = ""

    async def get(self, path: str, *, follow: bool = True, **headers: str) -> Answer:
        async with self.session.get(self.base + path, headers=headers, allow_redirects=follow) as response:
            return await self._read(response)

    async def post(
        self, path: str, data: Any = None, *, token: str | None = None, follow: bool = True, **headers: str
    ) -> Answer:
        fields = list((data or {}).items()) if not isinstance(data, list) else data
        fields = [("csrf_token", self.token if token is None else token), *fields]
        async with self.session.post(
            self.base + path, data=fields, headers=headers, allow_redirects=follow
        ) as response:
            return await self._read(response)

    async def _read(self, response: aiohttp.ClientResponse) -> Answer:
        body = await response.read()
        is_page = response.content_type == "text/html"
        page = body.decode() if is_page else ""
        if found := TOKEN.search(page):
            self.token = found[1]
        return Answer(response.status, page, response.headers, str(response.url.relative()), body)

    async def sign_in(self, login: str, password: str = PASSWORD) -> Answer:
        await self.get("/sign-in")
        return await self.post("/sign-in", {"login": login, "password": password, "next": ""})


SignIn = Callable[[Staff], Awaitable[Browser]]
SESSION = "tipline-console-session"


@pytest.fixture
async def visitor(console) -> AsyncIterator[Browser]:
    """A browser that has not signed in."""
    browser = Browser(console)
    yield browser
    await browser.session.close()


@pytest.fixture
async def sign_in(console, db, keys, now) -> AsyncIterator[SignIn]:
    """Open a session as the sign-in form would, without the price of a password hash."""
    browsers: list[Browser] = []

    async def enter(staff: Staff) -> Browser:
        browser = Browser(console)
        browsers.append(browser)
        async with db.begin() as session:
            token = open_session(session, staff, keys=keys, now=now)
        browser.session.cookie_jar.update_cookies({SESSION: encode_token(token)}, URL(console))
        await browser.get("/account/password")
        return browser

    yield enter
    for browser in browsers:
        await browser.session.close()
