"""Papers in a real Chromium: the section, the form, the sheet, the print; narrow, in English, dark."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from playwright.async_api import expect

from bot.intake import receive_tip
from bot.receipts import find_tip_by_receipt
from config.catalog import load_catalog
from config.web import SiteRunner
from models.states import CaseState, Role
from tests.browser.test_console import LONG_NAME, POISON, check_fit, enter
from tests.factories import make_case, make_staff
from triage.console.app import make_console

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def site(db, settings, keys, monkeypatch, now) -> AsyncIterator[str]:
    monkeypatch.setattr("config.clock.now", lambda: now)
    async with db.begin() as session:
        for role in Role:
            await make_staff(session, role, "city", login=role.value)
        clauses = ["3.1.4", "3.3.6", "3.4.3"]
        await make_case(
            session, CaseState.VERIFYING, target=LONG_NAME, clauses=clauses, number="263184720393"
        )
    doors = {"receive_tip": receive_tip, "find_tip_by_receipt": find_tip_by_receipt}
    runner = SiteRunner(make_console(db, settings=settings, catalog=load_catalog(), keys=keys, **doors))
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0)
    await listening.start()
    yield listening.name
    await runner.cleanup()


@pytest.mark.parametrize(
    ("width", "lang", "scheme"), [(1280, "zh-CN", "light"), (360, "zh-CN", "dark"), (768, "en", "dark")]
)
async def test_a_paper_from_the_list_to_its_number(site, new_page, check_axe, width, lang, scheme):
    page = await new_page(width=width)
    await page.emulate_media(color_scheme=scheme)
    await enter(page, site, Role.INTAKE, lang=lang)

    async def look() -> None:
        assert await page.locator("html").get_attribute("lang") == lang
        assert await page.locator("h1").count() == 1
        await check_fit(page)
        await check_axe(page)

    await page.goto(f"{site}/cases/263184720393")
    await look()
    await page.locator('.paper-list a[href$="/papers/assignment"]').click()
    await page.locator("#to").fill("临颍县应急管理局")
    await page.locator("#summary").fill(f"据反映，该校组织代考。\n{POISON}")
    await page.locator("#due").fill("2026年5月3日")
    await look()
    await page.locator('button[value="preview"]').click()
    await expect(page.locator(".sheet")).to_contain_text(POISON)
    await expect(page.locator(".sheet .red-head")).to_have_text("漯河市应急管理局")
    await look()
    await page.locator('button[value="issue"]').click()
    await expect(page.locator(".banner.done")).to_contain_text("漯应急举交〔2026〕1号")
    await look()
    await page.goto(f"{site}/cases/263184720393")
    await expect(page.locator(".papers")).to_contain_text("漯应急举交〔2026〕1号")
    await look()
