"""The page of a case in a real Chromium: what is typed is kept, and is there again after a crash."""

import pytest
from playwright.async_api import expect
from sqlalchemy import select

from models.at_work import CaseDraft
from models.case import Case
from models.files import examine_in_thread, save_attachment
from models.states import CaseState, Role
from models.tip import Tip
from tests.browser.test_console import check_fit, enter, number_of
from tests.browser.test_console import site as site  # noqa: PLC0414 - a fixture
from tests.factories import NOW
from tests.triage.console.test_files import photo

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


async def test_a_picture_is_seen_in_place_once_somebody_opens_it(
    site, db, new_page, settings, keys, check_axe
):
    number = await number_of(db, CaseState.VERIFYING)
    async with db.begin() as session:
        tip = (
            await session.scalars(select(Tip).join(Case, Case.id == Tip.case_id).where(Case.number == number))
        ).one()
        examined = await examine_in_thread("现场.jpg", photo())
        await save_attachment(session, settings.files, examined, keys=keys, now=NOW, tip_id=tip.id)
    page = await new_page(width=360)
    await enter(page, site, Role.OFFICER)
    await page.goto(f"{site}/cases/{number}")
    picture = page.locator(".picture img")
    assert await picture.evaluate("img => img.naturalWidth") == 0  # nothing is loaded before it is asked for
    await page.get_by_text("看图").click()
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("naturalWidth", 40)
    await check_fit(page)
    await check_axe(page)
    # `new_page` fails the test on any report of the content security policy.


PAGES = (
    "/cases/{number}?correct=clause&value=3.1.4",
    "/cases/{number}?correct=pattern&value=",
    "/cases/{number}?do=ask_reporter",
    "/cases/{number}?events=clocks",
    "/cases/{number}/print",
)


@pytest.mark.parametrize(
    ("width", "lang", "scheme"), [(1280, "zh-CN", "light"), (360, "en", "dark"), (640, "zh-CN", "dark")]
)
async def test_every_new_part_fits_and_is_accessible(site, db, new_page, check_axe, width, lang, scheme):
    number = await number_of(db, CaseState.ASSIGNED)
    page = await new_page(width=width)
    await page.emulate_media(color_scheme=scheme)
    await enter(page, site, Role.OFFICER, lang=lang)
    for path in PAGES:
        await page.goto(site + path.format(number=number))
        await page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        await check_fit(page)
        await check_axe(page)


async def test_a_phrase_and_a_correction_go_without_scripts(site, db, new_page):
    page = await new_page(javascript=False)
    await enter(page, site, Role.OFFICER)
    number = await number_of(db, CaseState.ASSIGNED)
    await page.goto(f"{site}/cases/{number}?do=ask_reporter")
    await page.locator("#words").fill("您好。")
    await page.locator(".phrases summary").click()
    await page.get_by_role("button", name="插入 问证据").click()
    assert (await page.locator("#words").input_value()).startswith("您好。\n\n您好，编号")
    await page.get_by_role("button", name="暂存").click()
    await expect(page.locator(".kept-list")).to_contain_text("问举报人")
    await page.get_by_role("link", name="更正 3.1.4").click()
    await page.get_by_label("认可").check()
    await page.locator("#reason").fill("广告截图写明包过。")
    await page.get_by_role("button", name="保存认定").click()
    await expect(page.locator(".findings")).to_contain_text("广告截图写明包过。")


async def test_paper_shows_the_sheet_and_nothing_of_the_desk(site, db, new_page):
    page = await new_page()
    await enter(page, site, Role.OFFICER)
    await page.goto(f"{site}/cases/{await number_of(db, CaseState.ASSIGNED)}/print")
    await page.emulate_media(media="print")
    await expect(page.locator(".print-sheet")).to_be_visible()
    await expect(page.locator(".rail")).to_be_hidden()
    await expect(page.get_by_role("button", name="打印")).to_be_hidden()
