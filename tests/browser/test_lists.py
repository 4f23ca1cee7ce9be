"""Lists of cases in a real Chromium: many at once, sorted, by keyboard, on a phone, without scripts."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web
from playwright.async_api import Page, expect
from sqlalchemy import func, select

from bot.intake import receive_tip
from bot.receipts import find_tip_by_receipt
from config.catalog import load_catalog
from config.web import SiteRunner
from models.case import Case
from models.states import CaseState, Role, Urgency
from tests.browser.test_console import LONG_NAME, POISON, check_fit, enter
from tests.factories import NOW, make_case, make_staff, make_tip
from triage.console.app import make_console

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def site(db, settings, keys, monkeypatch, now) -> AsyncIterator[str]:
    """A console with cases to sign for, one late, one near, one of another year with the longest name."""
    monkeypatch.setattr("config.clock.now", lambda: now)
    async with db.begin() as session:
        for role in Role:
            office = "yancheng" if role in {Role.OFFICER, Role.LEAD} else "city"
            await make_staff(session, role, office, login=role.value)
        for hours, target in ((-90, POISON), (3, "宏达安全培训学校"), (200, LONG_NAME)):
            old = await make_tip(session, received_at=NOW - timedelta(days=hours + 100))
            due = {"due_rule": "D07", "due_in": timedelta(hours=hours)}
            marks = {"urgency": Urgency.HIGH, "has_unread": True, "is_police_matter": True}
            await make_case(session, CaseState.ASSIGNED, tip=old, target=target, **due, **marks)
        await make_case(session, CaseState.VERIFYING, due_in=timedelta(days=12))
        for place in ("linying", "unknown"):
            await make_case(session, CaseState.REGISTERED, "city", due_rule="D03", jurisdiction=place)
    doors = {"receive_tip": receive_tip, "find_tip_by_receipt": find_tip_by_receipt}
    runner = SiteRunner(make_console(db, settings=settings, catalog=load_catalog(), keys=keys, **doors))
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0)
    await listening.start()
    yield listening.name
    await runner.cleanup()


async def count_in(db, state: CaseState) -> int:
    async with db.read() as session:
        return int(await session.scalar(select(func.count()).where(Case.state == state)) or 0)


async def test_many_are_signed_for_without_scripts(site, db, new_page):
    page = await new_page(javascript=False)
    await enter(page, site, Role.OFFICER)
    await page.goto(f"{site}/cases?view=open")
    await page.get_by_role("button", name="先看一看").click()
    await expect(page.locator("main")).to_contain_text("还没有选中案件")
    await page.locator(".back").click()
    await page.get_by_text("全选本页").click()
    await expect(page.locator(".box input:checked")).to_have_count(4)
    await page.get_by_role("button", name="先看一看").click()
    await expect(page.locator("main")).to_contain_text("可以办的 3 件")
    await expect(page.locator("main")).to_contain_text("案件现在是“核查中”")
    await page.locator(".box input").first.uncheck()  # one stays out after all
    await page.get_by_role("button", name="签收勾选的案件").click()
    await expect(page.locator("#done")).to_contain_text("办成 2 件，没有办成 0 件")
    assert await count_in(db, CaseState.ASSIGNED) == 1
    assert page.url.endswith("#done")


async def test_the_keyboard_ticks_sends_and_comes_back_to_the_row(site, db, new_page):
    page = await new_page()
    await enter(page, site, Role.OFFICER)
    await page.goto(f"{site}/cases?view=assigned")
    for key in ("j", "x", "j", "x"):
        await page.keyboard.press(key)
    await expect(page.locator("#bulk output")).to_have_text("已选 2 件")
    await page.keyboard.press("j")  # from the box in front of the second to the third
    third = page.locator("td.number a").nth(2)
    await expect(third).to_be_focused()
    href = await third.get_attribute("href")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**{href}")
    await page.keyboard.press("1")  # the first button above: sign for it
    await page.wait_for_url("**do=sign_for*")
    await page.locator("#act").get_by_role("button", name="签收").press("Enter")
    await expect(page.locator("#done")).to_be_focused()
    await page.keyboard.press("u")
    await page.wait_for_url("**/cases?view=assigned*")
    await page.goto(f"{site}/cases?view=open")
    await page.locator(f'td.number a[href="{href}"]').click()
    await page.keyboard.press("n")
    await expect(page.locator("#words")).to_be_visible()
    await page.keyboard.press("u")
    await expect(page.locator(f'td.number a[href="{href}"]')).to_be_focused()


async def test_after_a_case_has_left_the_message_has_the_focus_and_else_its_row(site, db, new_page):
    page = await new_page()
    await enter(page, site, Role.INTAKE)
    await page.get_by_role("button", name="照建议交办临颍县").click()
    await expect(page.locator("#done")).to_be_focused()
    await expect(page.locator("#done")).to_contain_text("已受理并交办")
    async with db.read() as session:
        number = await session.scalar(select(Case.number).where(Case.state == CaseState.VERIFYING))
    await page.goto(f"{site}/cases?done=recuse&number={number}#done")
    row = page.locator(f"#case-{number}")
    await expect(row).to_be_focused()
    described = await row.get_attribute("aria-describedby")
    await expect(page.locator(f"#{described}")).to_contain_text("已回避")


async def test_the_keys_are_shown_over_the_page_and_do_nothing_once_switched_off(site, new_page, check_axe):
    page = await new_page()
    await enter(page, site, Role.OFFICER)
    await page.keyboard.press("?")
    await expect(page.locator("dialog")).to_contain_text("勾选或取消")
    await check_axe(page)
    await page.keyboard.press("j")  # behind the sheet nothing moves
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog")).to_have_count(0)
    await page.get_by_role("link", name="快捷键").click()
    await page.get_by_role("button", name="关闭快捷键").click()
    await page.goto(f"{site}/cases")
    await page.keyboard.press("j")
    await expect(page.locator("td.number a").first).not_to_be_focused()


async def test_what_is_late_or_near_has_a_sign_of_its_own_shape(site, new_page):
    page = await new_page()
    await enter(page, site, Role.OFFICER)
    shapes = []
    for tone in ("late", "soon"):
        sign = f"getComputedStyle(document.querySelector('.list .timed.{tone}'), '::before')"
        shapes.append(await page.evaluate(f"[{sign}.content, {sign}.clipPath, {sign}.borderRadius]"))
    assert shapes[0] != shapes[1]
    assert all(shape[0] == '""' for shape in shapes)  # nothing that would be read aloud


async def test_headings_sort_and_back_comes_to_the_order_before(site, new_page):
    page = await new_page()
    await enter(page, site, Role.OFFICER)
    numbers = page.locator("td.number a")
    by_due = await numbers.all_inner_texts()
    await page.get_by_role("link", name="收到").click()
    await expect(page.locator('th[aria-sort="descending"]')).to_contain_text("收到")
    assert await numbers.all_inner_texts() != by_due
    await page.get_by_role("link", name="收到").click()
    await expect(page.locator('th[aria-sort="ascending"]')).to_contain_text("收到")
    await page.go_back()
    await page.go_back()
    await expect(page.locator('th[aria-sort="ascending"]')).to_contain_text("时限")
    assert await numbers.all_inner_texts() == by_due


@pytest.mark.parametrize(
    ("width", "lang", "scheme"), [(1280, "zh-CN", "light"), (1280, "en", "dark"), (360, "zh-CN", "dark")]
)
async def test_every_page_of_lists_fits_and_is_accessible(site, new_page, check_axe, width, lang, scheme):
    page: Page = await new_page(width=width)
    await page.emulate_media(color_scheme=scheme)
    await enter(page, site, Role.LEAD, lang=lang)
    await page.goto(f"{site}/cases?view=open&sort=-received&tick=all")
    await look_at(page, check_axe)
    await page.locator("#bulk-act").select_option("assign")
    await page.locator("#bulk button").click()
    await look_at(page, check_axe)
    await page.locator("main form .acts .button").click()
    await expect(page.locator("#done")).to_be_visible()
    await look_at(page, check_axe)
    for path in ("/keys", "/cases?view=mine&q=x", "/cases?discreet=1"):
        await page.goto(f"{site}{path}")
        await look_at(page, check_axe)
    await page.locator(".keep-view summary").click()
    await page.locator("#name").fill("等我办的")
    await page.locator(".keep-view .button").click()
    await expect(page.locator(".rail")).to_contain_text("等我办的")
    await look_at(page, check_axe)


async def look_at(page: Page, check_axe) -> None:
    await check_fit(page)
    await check_axe(page)
