"""Every page of the citizens' site in every state, looked at as a browser sees it: by phone, desk, large text, zoom.

Each page and state must pass axe, carry its heading as title, fit its width, name nothing telling in the tab,
ask nobody else, and leave the console silent. A new route that the walk does not open fails the test.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from playwright.async_api import ConsoleMessage, Page, Request
from sqlalchemy import select

from bot.web.routes import make_public_site
from config.catalog import Catalog, load_catalog
from models.case import Case
from models.session import Database
from models.states import CaseState, FindingSource, MessageKind, Verdict
from models.tip import Tip
from tests.browser.test_public import LONG_NAME, STORY, check_fit, submit
from tests.factories import NOW, make_case, make_finding, make_message
from tests.web import Clock, run_public_site

Check = Callable[[Page], Awaitable[None]]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TELLING = re.compile(r"举报|12350|report|tip\b", re.IGNORECASE)
NOT_PAGES = {
    "/static/{name}",
    "/healthz",
    "/readyz",
    "/api/v1/openapi.json",
    "/report/done.txt",
    "/report/proof.txt",
    "/.well-known/tipline-keys.json",
    "/continue/{word}",  # its word comes from the chat: tests/browser/test_continue.py
    "/leave",
    "/report",
}
EXE = {"name": "程序.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ" + bytes(99)}
TXT = {"name": f"{LONG_NAME[:60]}.txt", "mimeType": "text/plain", "buffer": "收据".encode()}


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture
def clock(now) -> Clock:
    return Clock(now)


@pytest.fixture
async def site(db, keys, catalog, settings, clock) -> AsyncIterator[str]:
    async with run_public_site(db, keys, catalog, settings, clock) as address:
        yield address


@dataclass
class Walk:
    """One browser on its way through everything; `opened` are the paths that it saw."""

    page: Page
    site: str
    db: Database
    clock: Clock
    check_axe: Check
    opened: set[str] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._note)
        self.page.on("request", self._watch)

    def _note(self, message: ConsoleMessage) -> None:
        # A page with status 404, 422 or 500 is said to be a failed resource; that is what it is here for.
        if (
            message.type in {"error", "warning"}
            and "the server responded with a status of" not in message.text
        ):
            self.troubles.append(message.text)

    def _watch(self, request: Request) -> None:
        if not request.url.startswith(self.site):
            self.troubles.append(f"asked {request.url}")

    async def look(self) -> None:
        """Everything that holds for any page in any state."""
        page = self.page
        await page.wait_for_load_state()
        self.opened.add(page.url.removeprefix(self.site).partition("?")[0])
        heading = " ".join((await page.inner_text("h1")).split())
        tab = (await page.title()).removeprefix("有误：").removeprefix("Error: ").rpartition(" - ")[0]
        assert tab in {heading, "首页", "Home"}, f"{page.url}: {tab} / {heading}"
        assert not TELLING.search(await page.title()), await page.title()
        await check_fit(page)
        await self.check_axe(page)

    async def open(self, path: str) -> None:
        await self.page.goto(self.site + path)
        await self.look()

    async def send(self) -> None:
        await submit(self.page)
        await self.look()

    async def report(self) -> tuple[str, str]:
        """From the first page to number and code, with a mistake wherever one can be made."""
        page = self.page
        await self.look()
        await page.locator("main a.button").click()
        await self.look()
        await self.send()
        await self.send()  # nothing written
        await page.fill("#text", STORY)
        await self.send()
        await page.fill("#place", "长" * 201)
        await self.send()
        await page.check("input[value=shifanqu]")
        await page.fill("#place", LONG_NAME)
        await self.send()
        await page.fill("#target", LONG_NAME)
        await self.send()
        await self.send()
        await page.set_input_files("#files", [TXT, EXE])
        await submit(page)
        await page.locator(".error-summary").wait_for()
        await self.look()
        await self.send()
        await self.send()  # nothing chosen
        await page.check("input[value=named]")
        await self.send()
        await page.fill("#phone", "１３８ ０００ ０１２３４")
        await self.send()
        await page.goto(f"{self.site}/report/when?to=check")
        await self.look()
        await self.send()
        await submit(page)
        await page.wait_for_url("**/report/done")
        await self.look()
        return await page.inner_text("#number"), await page.inner_text("#code")

    async def enter(self, number: str, code: str) -> None:
        await self.page.goto(f"{self.site}/status")
        if await self.page.locator("#case_number").count():
            await self.page.fill("#case_number", number)
            await self.page.fill("#code", code)
            await submit(self.page)
        await self.look()

    async def come_back(self, number: str, code: str) -> None:
        """The return visit before, during and after."""
        await self.open("/status")
        await self.send()
        await self.open("/status/lost")
        await self.enter(number, "0" * 20)
        await self.enter(number, code)
        await self._change(CaseState.VERIFYING)
        await self.open("/status")
        await self.page.locator("details summary").first.click()
        await self.look()
        await self.send()  # an empty message
        for step in ("withdraw", "contact", "contact/remove", "delete"):
            await self.open(f"/status/{step}")
        await self.page.goto(f"{self.site}/status/contact")
        await self.send()
        await self.page.fill("#phone", "12")
        await self.send()
        await self.page.goto(f"{self.site}/status")
        await self.page.locator(".doings button").click()
        await self.look()
        await self.page.goto(f"{self.site}/status/withdraw")
        await self.send()

    async def hear(self, number: str, code: str) -> None:
        """Late, answered, refused; what can be said to that."""
        self.clock.now += timedelta(days=5)
        await self.enter(number, code)
        await self._change(
            CaseState.ANSWERED, verdict=Verdict.PROVEN, answer="经查属实。", answered_at=self.clock.now
        )
        await self.open("/status")
        for step in ("review", "rate"):
            await self.open(f"/status/{step}")
            await self.send()
        await self.page.check("input[name=solved][value=partly]")
        await self.page.check("input[name=score][value='2']")
        await self.send()
        await self.page.goto(f"{self.site}/status/review")
        await self.page.fill("#text", "没有人来核实。")
        await self.send()
        await self._change(CaseState.REFUSED, verdict=None, reason_code="R4", is_open=False)
        await self.open("/status")
        await self.page.goto(f"{self.site}/status/delete")
        await self.send()

    async def _change(self, state: CaseState, **changes: object) -> None:
        async with self.db.begin() as session:
            tip = await session.scalar(select(Tip))
            case = await session.scalar(select(Case))
            if case is None:
                case = await make_case(
                    session, tip=tip, due_in=timedelta(days=3), accepted_at=NOW, signed_at=NOW
                )
                await make_message(session, case, tip, "哪一天？\n哪一间教室？", kind=MessageKind.TO_REPORTER)
                await make_message(session, case, tip, LONG_NAME)
                await make_finding(session, case, tip, source=FindingSource.STAFF)
            case.state = state
            for name, value in changes.items():
                setattr(case, name, value)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("width", "preferences"),
    [(360, "?elder=0"), (1280, "?lang=en"), (320, "?elder=0"), (320, "?elder=2"), (768, "?elder=1&lang=en")],
    ids=["phone", "desk in English", "400 % zoom", "largest text on a small phone", "large text in English"],
)
async def test_every_page_in_every_state(
    site, new_page, check_axe, db, clock, keys, catalog, settings, width: int, preferences: str
):
    walk = Walk(await new_page(width=width), site, db, clock, check_axe)
    await walk.page.goto(f"{site}/{preferences}")
    number, code = await walk.report()
    await walk.come_back(number, code)
    await walk.hear(number, code)
    for path in ("/help", "/privacy", "/accessibility", "/nothing", "/report/nothing", "/status/left"):
        await walk.open(path)
    assert walk.troubles == []
    app = make_public_site(db=db, keys=keys, catalog=catalog, settings=settings, now=clock)
    pages = {
        route.resource.canonical for route in app.router.routes() if route.method == "GET" and route.resource
    }
    assert pages - NOT_PAGES - walk.opened <= {"/report/{question}"}
