"""The pages of oversight in a real Chromium: narrow and wide, both languages, dark, elder, without scripts."""

import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from playwright.async_api import Page, expect
from sqlalchemy import insert

from bot.intake import receive_tip
from bot.receipts import find_tip_by_receipt
from config.catalog import load_catalog
from config.web import SiteRunner
from models.audit import record_event
from models.case import Case, Deadline
from models.states import Role
from tests.factories import PASSWORD, make_staff
from tests.triage.test_reports import NOW, make_rows
from triage.console.app import make_console

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
POISON = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
PAGES = {
    Role.SUPERVISOR: ("/supervisor", "/supervisor?from=2025-04&to=2026-03&office=shaoling"),
    Role.ADMINISTRATOR: (
        "/admin/staff",
        "/admin/staff/new",
        "/admin/staff/of/officer",
        "/admin/staff/of/administrator",
        "/admin/rules",
        "/admin/health",
        "/admin/start",
        "/admin/channels",
        "/admin/bodies",
    ),
    Role.AUDITOR: ("/audit", "/audit?staff=nobody", "/audit/export"),
}


@pytest.fixture
async def site(db, settings, keys, monkeypatch) -> AsyncIterator[str]:
    """A console with months of cases, long names and hostile ones."""
    monkeypatch.setattr("config.clock.now", lambda: NOW)
    cases, clocks = make_rows(11, 300, 0.3)
    async with db.begin() as session:
        for role in Role:
            office = "yancheng" if role in {Role.OFFICER, Role.LEAD} else "city"
            name = POISON if role is Role.OFFICER else "欧阳" * 12
            await make_staff(session, role, office, login=role.value, name=name)
        await session.execute(insert(Case), cases)
        await session.execute(insert(Deadline), clocks)
        for number in range(120):
            record_event(session, "returned", at=NOW, case_id=number + 1, reason=POISON, office="yancheng")
    doors = {"receive_tip": receive_tip, "find_tip_by_receipt": find_tip_by_receipt}
    app = make_console(db, settings=settings, catalog=load_catalog(), keys=keys, **doors)
    runner = SiteRunner(app)
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0)
    await listening.start()
    yield listening.name
    await runner.cleanup()


async def enter(page: Page, site: str, role: Role, *, options: str = "") -> None:
    await page.goto(f"{site}/sign-in{options}")
    await page.locator("#login").fill(role.value)
    await page.locator("#password").fill(PASSWORD)
    await page.locator("main form .button").click()
    await page.wait_for_url(lambda address: "/sign-in" not in address)


async def check_fits(page: Page) -> None:
    """Nothing makes the page itself wider than the window; wide tables scroll in their own frame."""
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


@pytest.mark.parametrize("role", PAGES)
@pytest.mark.parametrize(("width", "options"), [(1280, ""), (360, "?lang=en"), (320, "?elder=1")])
async def test_pages_are_accessible_and_fit(site, new_page, check_axe, role, width, options):
    page = await new_page(width=width)
    await enter(page, site, role, options=options)
    for path in PAGES[role]:
        await page.goto(site + path)
        await check_axe(page)
        await check_fits(page)


async def test_definitions_and_numbers_are_one_click_away(site, page, check_axe):
    await enter(page, site, Role.SUPERVISOR)
    await page.get_by_text("这些数字是怎么算的").click()
    await expect(page.get_by_text("Kaplan–Meier")).to_be_visible()
    await page.get_by_text("看数据表").click()
    await expect(page.get_by_role("table", name="各月登记数")).to_be_visible()
    await check_axe(page)


async def test_dark_pages_keep_their_contrast(site, page, check_axe):
    await page.emulate_media(color_scheme="dark")
    await enter(page, site, Role.SUPERVISOR)
    await check_axe(page)


async def test_an_account_is_opened_without_scripts(site, new_page):
    page = await new_page(javascript=False)
    await enter(page, site, Role.ADMINISTRATOR)
    await page.goto(f"{site}/admin/staff")
    await page.get_by_role("link", name="新增账户").click()
    await page.get_by_label("登录名").fill("li.gong")
    await page.get_by_role("button", name="新增").click()
    await expect(page.get_by_role("alert")).to_contain_text("请选择岗位")
    await page.get_by_label("姓名").fill("李工")
    await page.get_by_label("岗位").select_option("officer")
    await page.get_by_label("单位").select_option("wuyang")
    await page.get_by_role("button", name="新增").click()
    await expect(page.locator(".one-time .link")).to_have_text(re.compile(r"/welcome/[\w-]+$"))


async def test_a_list_of_bodies_is_imported_by_keyboard_without_scripts(site, new_page):
    page = await new_page(javascript=False, width=360)
    await enter(page, site, Role.ADMINISTRATOR)
    await page.goto(f"{site}/admin/bodies")
    await page.get_by_label("名单").focus()
    await page.keyboard.insert_text("单位名称\t属地\n漯河市宏达职业培训学校\t月球")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("不认识这个属地：月球")).to_be_visible()
    await page.get_by_label("名单").fill("单位名称\t属地\n漯河市宏达职业培训学校\t郾城区")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("检查通过")).to_be_visible()
    await check_fits(page)
    await page.get_by_role("button", name="导入", exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("已导入：新增 1 个")).to_be_visible()


async def test_a_figure_opens_its_cases(site, page):
    await enter(page, site, Role.SUPERVISOR)
    figure = page.locator(".figures a", has_text="已超期")
    count = await figure.locator("b").inner_text()
    await figure.click()
    await expect(page.locator(".title-row p").first).to_contain_text(count)


async def test_the_workbook_is_downloaded(site, page):
    await enter(page, site, Role.SUPERVISOR)
    async with page.expect_download() as coming:
        await page.get_by_role("button", name="下载").click()
    download = await coming.value
    assert download.suggested_filename == "tipline-2026-03.xlsx"


async def test_the_chain_is_verified_by_a_click(site, page, check_axe):
    await enter(page, site, Role.AUDITOR)
    await page.get_by_role("button", name="开始校验").click()
    await expect(page.get_by_text("条记录完整无缺")).to_be_visible()
    await check_axe(page)
