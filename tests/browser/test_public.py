"""The citizens' site in a real Chromium: the whole way by mouse, by keyboard, without scripts, in large text."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from playwright.async_api import Page, Response
from sqlalchemy import select

from config.catalog import Catalog, load_catalog
from models.session import Database
from models.states import CaseState, MessageKind, Verdict
from models.tip import Tip
from tests.factories import NOW, make_case, make_message
from tests.web import Clock, Visitor, run_public_site

Check = Callable[[Page], Awaitable[None]]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
WEATHER = "https://www.weather.com.cn/"
STORY = "我在郾城区报名电工证，交了 3800 元，没有上课，老师让我们签了三十次到。"
LONG_NAME = "漯河市城乡一体化示范区华安职业技能培训学校有限责任公司第二分校" * 3


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
async def site(db, keys, catalog, settings, clock) -> AsyncIterator[str]:
    async with run_public_site(db, keys, catalog, settings, clock) as address:
        yield address


async def check_fit(page: Page) -> None:
    """Nothing makes the page scroll sideways, and what is touched is large enough."""
    wide, room = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= room, f"{page.url}: {wide} px in {room}"
    least = 59 if await page.evaluate("document.documentElement.classList.contains('elder')") else 43
    small = await page.evaluate(
        """least => [...document.querySelectorAll('a.button, button, .input, .choice, .help-row a, summary')]
        .filter(e => e.checkVisibility() && !e.closest('.picker') && e.getBoundingClientRect().height < least)
        .map(e => `${e.textContent.trim()} ${e.getBoundingClientRect().height}`)""",
        least,
    )
    assert small == [], f"{page.url}: {small}"


async def submit(page: Page) -> None:
    await page.locator("main form .acts .button").first.click()


async def tell(page: Page, site: str, look: Check) -> tuple[str, str]:
    """Walk the whole report and look at every page on the way."""
    await page.goto(site)
    await look(page)
    await page.locator("main a.button").click()
    await look(page)
    await submit(page)
    await submit(page)
    await look(page)
    await page.fill("#text", STORY)
    await submit(page)
    await look(page)
    await page.check("input[value=shifanqu]")
    await page.fill("#place", LONG_NAME)
    await submit(page)
    await page.fill("#target", LONG_NAME)
    await submit(page)
    await page.fill("#occurred", "上周六")
    await submit(page)
    await look(page)
    await page.set_input_files(
        "#files",
        [
            {"name": "收据.txt", "mimeType": "text/plain", "buffer": "收据".encode()},
            {"name": "程序.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ" + bytes(99)},
        ],
    )
    await submit(page)
    await look(page)
    await submit(page)
    await submit(page)
    await look(page)
    await page.check("input[value=anonymous]")
    await submit(page)
    await look(page)
    await submit(page)
    await page.wait_for_url("**/report/done")
    await look(page)
    return await page.inner_text("#number"), await page.inner_text("#code")


async def begin(page: Page, site: str, path: str = "/report/what") -> None:
    """Past the page before the first question."""
    await page.goto(f"{site}/report/start")
    await submit(page)
    await page.goto(site + path)


async def visit(page: Page, site: str, number: str, code: str) -> None:
    await page.goto(f"{site}/status")
    await page.fill("#case_number", number)
    await page.fill("#code", code)
    await submit(page)


@pytest.mark.parametrize(
    ("width", "preferences"),
    [(360, ""), (1280, "?lang=en"), (320, "?elder=1"), (768, "?elder=1&lang=en")],
    ids=["phone", "desktop in English", "small phone, large text", "tablet, large text in English"],
)
async def test_the_whole_way_fits_and_is_accessible(
    site, new_page, check_axe: Check, width: int, preferences: str
):
    page = await new_page(width=width)
    await page.goto(f"{site}/{preferences}")

    async def look(page: Page) -> None:
        await check_fit(page)
        await check_axe(page)

    number, code = await tell(page, site, look)
    await page.goto(f"{site}/status")
    await look(page)
    await visit(page, site, number, "0" * 20)
    await look(page)
    await visit(page, site, number, code)
    await look(page)
    for path in ("/help", "/privacy", "/accessibility", "/nothing", "/status/left"):
        await page.goto(site + path)
        await look(page)


async def test_the_whole_way_without_scripts(site, new_page, db: Database):
    page = await new_page(javascript=False, width=360)

    async def look(page: Page) -> None:
        assert await page.locator(".only-script:visible").count() == 0

    number, code = await tell(page, site, look)
    await visit(page, site, number, code)
    await page.fill("#text", "补充一句。")
    await submit(page)
    assert await page.get_by_text("已收到您的补充").is_visible()
    await page.get_by_role("button", name="退出并清除").click()
    await page.goto(f"{site}/status")
    assert await page.locator("#code").is_visible()
    async with db.read() as session:
        assert len((await session.scalars(select(Tip))).all()) == 1


async def test_the_summary_of_errors_has_the_focus_and_leads_to_the_field(site, page: Page):
    await begin(page, site)
    await submit(page)
    assert (await page.title()).startswith("有误：")
    assert await page.evaluate("document.activeElement.className") == "error-summary"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "text"


async def test_everything_can_be_done_with_the_keyboard(site, page: Page):
    await page.goto(site)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/report/start")
    await page.focus("main form .button")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/report/what")
    await page.focus("#text")
    await page.keyboard.type("keyboard only")
    await page.keyboard.press("Tab")
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/report/where")


async def test_back_shows_what_was_written(site, page: Page):
    await begin(page, site)
    await page.fill("#text", STORY)
    await submit(page)
    await page.go_back()
    await page.reload()
    assert await page.input_value("#text") == STORY


@pytest.mark.parametrize("how", ["click", "shift"])
async def test_leaving_quickly_replaces_the_page(site, page: Page, how: str):
    await page.route(
        f"{WEATHER}**", lambda route: route.fulfill(body="<title>weather</title>", content_type="text/html")
    )
    await begin(page, site)
    if how == "click":
        await page.click("a.leave")
    else:
        for _ in range(3):
            await page.keyboard.press("Shift")
    await page.wait_for_url(WEATHER)
    await page.go_back()
    assert "/report/what" not in page.url


async def test_no_page_asks_anybody_else_or_keeps_anything(site, new_page):
    for path in ("/", "/report/what", "/report/evidence", "/status", "/privacy"):
        page = await new_page()  # with nothing in its cache
        answers: list[Response] = []
        page.on("response", lambda response, answers=answers: answers.append(response))
        await page.goto(site + path, wait_until="networkidle")
        assert all(answer.url.startswith(site) for answer in answers)
        assert 4 <= len(answers) <= 6
        assert sum([len(await answer.body()) for answer in answers]) <= 60 * 1024
        assert await page.evaluate("localStorage.length + sessionStorage.length") == 0


@pytest.mark.parametrize("state", ["late", "answered", "asked"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_progress_is_readable_in_every_mood(
    site, new_page, check_axe: Check, db: Database, clock: Clock, state: str, width: int
):
    page = await new_page(width=width)
    async with Visitor(site) as somebody:
        _, receipt = await somebody.ask("/api/v1/tips", {"text": STORY})
    async with db.begin() as session:
        tip = await session.scalar(select(Tip))
        if state == "answered":
            await make_case(
                session,
                CaseState.ANSWERED,
                tip=tip,
                answer="经查属实。",
                verdict=Verdict.PROVEN,
                answered_at=NOW,
            )
        else:
            case = await make_case(session, tip=tip, due_in=timedelta(days=3))
            if state == "asked":
                await make_message(
                    session, case, tip, "请问是哪一天？\n在哪一间教室？", kind=MessageKind.TO_REPORTER
                )
    clock.now += timedelta(days=5 if state == "late" else 1)
    await visit(page, site, receipt["case_number"], receipt["code"])
    words = {"late": "已经超期", "answered": "经查属实。", "asked": "请问是哪一天？"}[state]
    assert await page.get_by_text(words).first.is_visible()
    await check_fit(page)
    await check_axe(page)
