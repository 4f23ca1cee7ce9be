"""The page of a case in a real Chromium: what is typed is kept, and is there again after a crash."""

import pytest
from playwright.async_api import expect
from sqlalchemy import select

from models.at_work import CaseDraft
from models.states import CaseState, Role
from tests.browser.test_console import check_fit, enter, number_of
from tests.browser.test_console import site as site  # noqa: PLC0414 - a fixture

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FIRST_LINE = "一、现场查了台账。"


async def test_a_crash_loses_nothing_that_was_typed(site, db, new_page, check_axe):
    page = await new_page()
    await enter(page, site, Role.OFFICER)
    address = f"{site}/cases/{await number_of(db, CaseState.VERIFYING)}?do=file_result"
    await page.goto(address)
    await page.get_by_label("部分属实").check()
    await page.locator("#result").press_sequentially(FIRST_LINE)
    await expect(page.locator("#draft-note")).to_contain_text("已暂存")
    tab = await page.context.new_page()
    await page.close()  # nothing is told to the page: as when the browser dies
    await tab.goto(address)
    await expect(tab.locator(".kept")).to_contain_text("暂存，只有您能看到。")
    await expect(tab.locator("#result")).to_have_value(FIRST_LINE)
    await expect(tab.get_by_label("部分属实")).to_be_checked()
    await check_axe(tab)
    await check_fit(tab)
    await tab.goto(f"{site}/cases")  # another page, another day
    await tab.go_back()
    await expect(tab.locator("#result")).to_have_value(FIRST_LINE)
    await tab.locator(".kept").get_by_role("button").click()
    await expect(tab.locator(".banner.done")).to_contain_text("已扔掉")
    await tab.goto(address)
    await expect(tab.locator("#result")).to_have_value("")


async def test_what_was_sent_is_kept_no_more(site, db, new_page):
    page = await new_page()
    await enter(page, site, Role.OFFICER)
    address = f"{site}/cases/{await number_of(db, CaseState.VERIFYING)}?do=add_note"
    await page.goto(address)
    await page.locator("#words").fill("约了明天到场")
    await expect(page.locator("#draft-note")).to_contain_text("已暂存")
    await page.locator("#act").get_by_role("button", name="保存备注").click()
    await expect(page.locator(".timeline")).to_contain_text("约了明天到场")
    async with db.read() as session:
        assert list(await session.scalars(select(CaseDraft.typed))) == [None]


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_colleague_at_work_is_named(site, db, new_page, javascript):
    writer, reader = await new_page(), await new_page(javascript=javascript)
    await enter(writer, site, Role.OFFICER)
    await enter(reader, site, Role.LEAD)
    address = f"{site}/cases/{await number_of(db, CaseState.VERIFYING)}"
    await writer.goto(f"{address}?do=add_note")
    await reader.goto(address)
    await expect(reader.locator("#present")).to_contain_text("刚刚打开了本案，正在填写")
    await expect(writer.locator("#present")).to_be_empty()
