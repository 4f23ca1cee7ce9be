"""Real Chromium for the browser tests; they are skipped, with a word about it, where there is none.

browser     a Chromium of this test
new_page    await new_page(javascript=True, width=1280, height=900, locale="zh-CN") gives a page that is watched:
            a dialog, a script error or a breach of the content security policy fails the test
page        such a page with the defaults
check_axe   await check_axe(page): no accessibility violation
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Dialog, Page, async_playwright

from tests.chromium import CHROMIUM_FLAGS, find_chromium

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

NewPage = Callable[..., Awaitable[Page]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    skip = pytest.mark.skip(reason="no Chromium on this machine (install chromium and fonts-noto-cjk)")
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if find_chromium() is None:
                item.add_marker(skip)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        yield chromium
        await chromium.close()


@pytest.fixture
async def new_page(browser: Browser) -> AsyncIterator[NewPage]:
    troubles: list[str] = []

    async def open_page(
        *, javascript: bool = True, width: int = 1280, height: int = 900, locale: str = "zh-CN"
    ) -> Page:
        context = await browser.new_context(
            java_script_enabled=javascript,
            viewport={"width": width, "height": height},
            locale=locale,
            timezone_id="Asia/Shanghai",
        )
        page = await context.new_page()
        watch(page, troubles)
        return page

    yield open_page
    assert not troubles, "\n".join(troubles)


def watch(page: Page, troubles: list[str]) -> None:
    """Write down whatever a citizen's browser should never meet."""

    def on_console(message: ConsoleMessage) -> None:
        words = message.text
        if "Content Security Policy" in words or "Content-Security-Policy" in words:
            troubles.append(f"content security policy: {words}")

    async def on_dialog(dialog: Dialog) -> None:
        troubles.append(f"a dialog opened: {dialog.message}")
        await dialog.dismiss()

    page.on("console", on_console)
    page.on("pageerror", lambda error: troubles.append(f"script error: {error}"))
    page.on("dialog", on_dialog)


@pytest.fixture
async def page(new_page: NewPage) -> Page:
    return await new_page()


@pytest.fixture
def check_axe() -> Callable[[Page], Awaitable[None]]:
    async def check(page: Page) -> None:
        found = await Axe().run(page, options={"runOnly": {"type": "tag", "values": AXE_TAGS}})
        assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"

    return check
