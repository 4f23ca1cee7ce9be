"""The citizens' site in a real Chromium: the whole way by mouse, by keyboard, without scripts, in large text."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime

import pytest
from playwright.async_api import Page, Response
from sqlalchemy import select

from config.catalog import Catalog, load_catalog
from config.settings import read_settings
from models.session import Database
from models.tip import Tip
from tests.web import Clock, run_public_site

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
    await page.locator(".error-summary").wait_for()  # a script sends files without leaving the page
    await look(page)
    await submit(page)
    await page.wait_for_url("**/report/contact")
    await submit(page)
    await page.locator(".error-summary").wait_for()
    await look(page)
    await page.check("input[value=anonymous]")
    await submit(page)
    await look(page)
    await submit(page)
    await page.wait_for_url("**/report/done")
    await look(page)
    return await page.inner_text("#number"), await page.inner_text("#code")


async def nothing(_page: Page) -> None:
    """Look at nothing on the way."""


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


async def test_the_whole_way_without_scripts_in_large_text_on_a_small_phone(site, new_page, db: Database):
    page = await new_page(javascript=False, width=320)
    await page.goto(f"{site}/?elder=1")

    async def look(page: Page) -> None:
        assert await page.locator(".only-script:visible").count() == 0
        assert await page.locator("html.elder").count() == 1
        # Of the elder edition's promise: 22 px of text at least, 60 px to touch (the checks run outside the page).
        assert (await page.locator("main .button:visible").first.bounding_box())["height"] >= 60

    number, code = await tell(page, site, look)
    await visit(page, site, number, code)
    await page.fill("#text", "补充一句。")
    await submit(page)
    assert await page.get_by_text("已收到您的补充").is_visible()
    for path, fields in {
        "/status/contact": {"#phone": "13800001234"},
        "/status/contact/remove": {},
        "/status/delete": {},
        "/status/withdraw": {"#text": "弄错了。"},
    }.items():
        await page.goto(site + path)
        for name, words in fields.items():
            await page.fill(name, words)
        await submit(page)
        assert await page.locator(".banner.done").is_visible()
    await page.get_by_role("button", name="看看我写了什么").click()
    assert await page.get_by_text(STORY).is_visible()
    await page.goto(f"{site}/status")
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


async def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there; everything on the way shows that it has the focus."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        is_there, is_seen, what = await page.evaluate(
            """selector => {
              const element = document.activeElement, shown = element.closest('.choice') ?? element;
              const isSeen = getComputedStyle(shown).outlineStyle !== 'none' || !!element.closest('.picker');
              return [element.matches(selector), isSeen, element.outerHTML.slice(0, 80)];
            }""",
            selector,
        )
        assert is_seen or what.startswith("<body"), what
        if is_there:
            return
    pytest.fail(f"no way to {selector} with Tab")


async def enter(page: Page) -> None:
    """Press Enter on what leads to another page."""
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


async def test_everything_can_be_done_with_the_keyboard(site, page: Page):
    button = "main form .acts .button"
    await page.goto(site)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    for start in ("main a.button", button):
        await tab_to(page, start)
        await enter(page)
    for field in ("#text", "[name=county]", "#target", "#occurred", "#files", "[name=choice]"):
        await tab_to(page, field)
        await page.keyboard.press("Space") if "name" in field else None
        if field == "#text":
            await page.keyboard.type("keyboard only")
        await tab_to(page, button)
        await enter(page)
    assert page.url.endswith("/report/check")
    await tab_to(page, ".summary a")
    await enter(page)
    assert page.url.endswith("/report/what?to=check")
    await tab_to(page, button)
    await enter(page)
    assert page.url.endswith("/report/check")
    await tab_to(page, button)
    await enter(page)
    assert page.url.endswith("/report/done")
    number, code = await page.inner_text("#number"), await page.inner_text("#code")
    await page.goto(f"{site}/status")
    for field, words in {"#case_number": number, "#code": code}.items():
        await tab_to(page, field)
        await page.keyboard.type(words)
    await enter(page)
    await tab_to(page, "a[href='/status/withdraw']")
    await enter(page)
    assert page.url.endswith("/status/withdraw")
    await tab_to(page, "main form .acts .button")
    await enter(page)
    assert page.url.endswith("/status?done=withdrawn")


async def test_what_is_typed_is_kept_without_a_click(site, page: Page, db: Database):
    await begin(page, site)
    await page.locator("#text").press_sequentially("写到一半")
    await page.locator("[data-kept]:visible").wait_for()
    await page.goto(site)
    assert await page.get_by_text("接着上次写").is_visible()


@pytest.mark.parametrize("way", ["a.back", "a.leave"])
async def test_what_is_typed_without_a_pause_is_kept_when_the_page_is_left(site, page: Page, way: str):
    await page.route(f"{WEATHER}**", lambda route: route.fulfill(body="weather"))
    await begin(page, site)
    await page.locator("#text").press_sequentially("一口气写完就走")
    await page.click(way)
    await page.wait_for_load_state()
    async with asyncio.timeout(5):
        while True:
            await page.goto(f"{site}/report/what")
            if await page.input_value("#text") == "一口气写完就走":
                break


async def test_files_go_up_without_leaving_the_page_and_mistakes_come_back_into_it(site, page: Page):
    await begin(page, site, "/report/evidence")
    await page.set_input_files(
        "#files", [{"name": "a.exe", "mimeType": "application/exe", "buffer": b"MZ" + bytes(99)}]
    )
    await submit(page)
    await page.locator(".error-summary").wait_for()
    assert await page.evaluate("document.activeElement.className") == "error-summary"
    assert (await page.title()).startswith("有误：")
    await page.set_input_files("#files", [{"name": "a.txt", "mimeType": "text/plain", "buffer": b"one"}])
    assert await page.get_by_text("a.txt").is_visible()
    await submit(page)
    await page.wait_for_url("**/report/contact")
    await page.go_back()
    assert await page.get_by_role("button", name="删除 a.txt").is_visible()


async def test_number_and_code_are_copied_in_groups_of_four(site, new_page):
    page = await new_page()
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    number, code = await tell(page, site, nothing)
    await page.locator("[data-copy]").click()
    await page.get_by_text("已复制").wait_for()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied == f"举报编号 {' '.join(number.split())}\n查询码 {' '.join(code.split())}"


async def test_back_reload_and_a_second_click_show_the_same_confirmation(site, page: Page, db: Database):
    number, code = await tell(page, site, nothing)
    await page.go_back()
    await page.goto(f"{site}/report/check")
    assert await page.inner_text("#code") == code
    await page.reload()
    assert (await page.inner_text("#number"), await page.inner_text("#code")) == (number, code)
    async with db.read() as session:
        assert len((await session.scalars(select(Tip))).all()) == 1


async def test_three_minutes_before_the_end_one_click_stays_and_the_end_clears_the_screen(site, new_page):
    page = await new_page()
    await page.clock.install()
    number, code = await tell(page, site, nothing)
    await visit(page, site, number, code)
    await page.fill("#text", "写了一半")
    await page.clock.fast_forward("27:01")
    await page.locator(".expiry:visible .button").click()
    await page.locator(".expiry").wait_for(state="hidden")
    assert await page.input_value("#text") == "写了一半"
    await page.clock.fast_forward("27:01")
    assert await page.locator(".expiry").is_visible()
    async with page.expect_navigation():
        await page.clock.fast_forward("03:00")


async def test_on_a_phone_a_photo_can_be_taken(site, browser):
    context = await browser.new_context(
        locale="zh-CN", has_touch=True, is_mobile=True, viewport={"width": 360, "height": 800}
    )
    page = await context.new_page()
    await begin(page, site, "/report/evidence")
    assert await page.get_by_text("拍照").is_visible()
    assert await page.get_attribute("#files-camera", "capture") == "environment"
    await page.set_input_files(
        "#files-camera", [{"name": "p.txt", "mimeType": "text/plain", "buffer": b"photo"}]
    )
    await submit(page)
    await page.wait_for_url("**/report/contact")


async def test_leaving_quickly_from_the_return_visit_ends_it(site, page: Page):
    await page.route(f"{WEATHER}**", lambda route: route.fulfill(body="weather"))
    number, code = await tell(page, site, nothing)
    await visit(page, site, number, code)
    await page.click("a.leave")
    await page.wait_for_url(WEATHER)
    async with asyncio.timeout(
        5
    ):  # the browser does not wait for the visit's end before it shows the weather
        await page.goto(f"{site}/status")
        while not await page.locator("#code").is_visible():
            await page.reload()


async def test_a_browser_does_the_work_while_the_summary_is_read(
    db, keys, catalog, settings, clock, page: Page
):
    hard = read_settings({"TIPLINE_DATA": str(settings.data), "TIPLINE_WORK_BITS": "12"})
    async with run_public_site(db, keys, catalog, hard, clock) as site:
        number, _ = await tell(page, site, nothing)
    assert number


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


async def test_no_page_asks_anybody_else_or_keeps_anything(site, new_page, browser):
    first = await new_page()
    await begin(first, site)
    known = await first.context.storage_state()
    for path in ("/", "/report/start", "/report/what", "/report/evidence", "/status", "/privacy"):
        context = await browser.new_context(storage_state=known)  # with nothing in its cache
        page = await context.new_page()
        answers: list[Response] = []
        page.on("response", lambda response, answers=answers: answers.append(response))
        await page.goto(site + path, wait_until="networkidle")
        assert all(answer.url.startswith(site) for answer in answers)
        assert 4 <= len(answers) <= 6
        assert sum([len(await answer.body()) for answer in answers]) <= 60 * 1024
        assert await page.evaluate("localStorage.length + sessionStorage.length") == 0
