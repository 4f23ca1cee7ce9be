"""The hotline desk in a real Chromium: a call by keyboard, saved as typed, tabs apart, accessible, without scripts."""

import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from playwright.async_api import Page, expect
from sqlalchemy import select

from bot.intake import receive_message, receive_tip
from bot.receipts import find_tip_by_receipt
from config.catalog import load_catalog
from config.web import SiteRunner
from models.call import HotlineCall
from models.likeness import TipMark
from models.states import CallEnd, MarkKind, Role
from models.tip import Tip
from tests.browser.test_console import check_fit, enter
from tests.factories import make_case, make_staff, make_tip
from triage.bodies import make_reader
from triage.console.app import make_console
from triage.matters import Matters
from triage.units import learn_unit

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TARGET = "宏达安全培训学校"


@pytest.fixture
async def site(db, settings, keys, monkeypatch, now) -> AsyncIterator[str]:
    """A console with an operator, one known name and one case that a call may be about."""
    monkeypatch.setattr("config.clock.now", lambda: now)
    catalog = load_catalog()
    matters, reader = Matters(catalog, keys), make_reader(catalog)
    async with db.begin() as session:
        await make_staff(session, Role.OPERATOR, "city", login=Role.OPERATOR.value)
        tip = await make_tip(session)
        await make_case(session, tip=tip, target=TARGET)
        mark = matters.digest(MarkKind.BODY, reader.read(TARGET).key)
        session.add(TipMark(kind=MarkKind.BODY, value=mark, tip_id=tip.id))
        await learn_unit(session, TARGET, reader=reader)
    doors = {"receive_tip": receive_tip, "find_tip_by_receipt": find_tip_by_receipt}
    app = make_console(
        db, settings=settings, catalog=catalog, keys=keys, receive_message=receive_message, **doors
    )
    runner = SiteRunner(app)
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0)
    await listening.start()
    yield listening.name
    await runner.cleanup()


async def calls_of(db) -> list[HotlineCall]:
    async with db.read() as session:
        return list(await session.scalars(select(HotlineCall).order_by(HotlineCall.id)))


async def hotline_tips(db) -> list[Tip]:
    async with db.read() as session:
        return list(await session.scalars(select(Tip).where(Tip.channel == "hotline")))


async def test_a_whole_call_is_filed_by_keyboard_in_a_minute_and_a_half(site, db, page):
    await enter(page, site, Role.OPERATOR)
    keys, start = page.keyboard, time.monotonic()
    await page.goto(f"{site}/account")
    await keys.press("Alt+h")  # no sheet on that page: nothing happens
    await page.goto(f"{site}/operator/status")
    await keys.press("F2")
    await page.wait_for_url("**/operator")
    await expect(page.locator("#danger")).to_be_focused()
    await keys.press("Space")
    await keys.press("Enter")
    await keys.type("孟庙的培训学校交八百块包过，不用上课，一天就发证。", delay=150)
    await keys.press("Tab")
    await keys.type("孟庙镇街里信用社对面", delay=150)
    await expect(page.locator("#county")).to_have_value("yancheng")
    await expect(page.locator("#county-why")).to_contain_text("孟庙镇")
    await keys.press("Enter")
    await keys.press("Enter")
    await keys.type("hd", delay=150)
    await expect(page.locator("#target-list li")).to_have_text(TARGET)
    await keys.press("ArrowDown")
    await keys.press("Enter")
    await expect(page.locator("#occurred")).to_be_focused()
    await keys.type("上周六", delay=150)
    await keys.press("Enter")
    await keys.type("有转账记录", delay=150)
    await keys.press("Enter")
    await keys.type("退钱", delay=150)
    await keys.press("Enter")
    await keys.press("Space")
    await keys.press("Enter")
    await keys.type("李四", delay=150)
    await keys.press("Enter")
    await keys.type("13812345678", delay=150)
    await keys.press("Control+Enter")
    await page.wait_for_url("**/card")
    await expect(page.locator(".dictation dd span")).to_have_count(8)
    await keys.press("Space")
    await keys.press("Enter")
    await page.wait_for_url("**/operator")
    assert time.monotonic() - start < 90
    (tip,) = await hotline_tips(db)
    assert (tip.county, tip.target, tip.occurred, tip.is_named) == ("yancheng", TARGET, "上周六", True)


async def test_a_reload_two_seconds_later_loses_nothing_and_two_tabs_stay_apart(site, page):
    await enter(page, site, Role.OPERATOR)
    await page.locator("#text").focus()
    await page.keyboard.type("第一通来电，还没有说完", delay=20)
    await page.keyboard.press("Tab")
    async with page.context.expect_page() as opened:
        await page.keyboard.press("F2")
    second = await opened.value
    await second.locator("#text").focus()
    await second.keyboard.type("第二通来电", delay=20)
    for tab, words in ((page, "第一通来电，还没有说完"), (second, "第二通来电")):
        await tab.wait_for_timeout(2000)
        await tab.reload()
        await expect(tab.locator("#text")).to_have_value(words)
    assert page.url != second.url


async def test_a_lost_connection_is_said_and_saving_goes_on_afterwards(site, db, page):
    await enter(page, site, Role.OPERATOR)
    await page.route("**/operator/draft", lambda route: route.abort())
    await page.locator("#text").focus()
    await page.keyboard.type("断网时写的")
    await expect(page.locator("#saved")).to_contain_text("没有保存上")
    await page.unroute("**/operator/draft")
    await expect(page.locator("#saved")).to_contain_text("已保存", timeout=8000)
    assert len(await calls_of(db)) == 1


async def test_one_key_attaches_and_three_send_elsewhere(site, db, page):
    await enter(page, site, Role.OPERATOR)
    await page.locator("#text").focus()
    await page.keyboard.type("也是这家学校的事")
    await page.locator("#target").focus()
    await page.keyboard.type(TARGET)
    await expect(page.locator("#aids .likes li")).to_have_count(1)
    await page.get_by_label("匿名", exact=True).check()
    await page.keyboard.press("Alt+1")
    await page.wait_for_url("**/card")
    await expect(page.locator("main")).to_contain_text("已作为补充并入案件")
    await page.goto(f"{site}/operator")
    await page.locator("#text").focus()
    await page.keyboard.type("老板拖欠工资")
    for key in ("Alt+t", "5", "Enter"):
        await page.keyboard.press(key)
    await page.wait_for_url("**/ended")
    await expect(page.locator(".dictation")).to_contain_text("12333")
    assert [call.end for call in await calls_of(db)] == [CallEnd.ATTACHED, CallEnd.TRANSFERRED]


async def test_enter_while_composing_chooses_a_character_and_nothing_else(site, db, page):
    await enter(page, site, Role.OPERATOR)
    for name in ("place", "target", "wishes"):
        await page.locator(f"#{name}").focus()
        await page.evaluate(
            """name => document.getElementById(name).dispatchEvent(new KeyboardEvent("keydown",
                 {key: "Enter", ctrlKey: true, isComposing: true, bubbles: true, cancelable: true}))""",
            name,
        )
        await expect(page.locator(f"#{name}")).to_be_focused()
        await page.keyboard.press("Enter")  # a plain Enter goes on to the next field
        await expect(page.locator(f"#{name}")).not_to_be_focused()
    assert await hotline_tips(db) == []


async def test_an_anonymous_caller_loses_a_number_that_was_filled_in(site, page):
    await enter(page, site, Role.OPERATOR)
    await page.locator("#phone").fill("13812345678")
    await page.get_by_label("匿名", exact=True).check()
    await expect(page.locator("#phone")).to_have_value("")
    await expect(page.locator("#phone")).to_be_disabled()


async def test_the_sheet_of_keys_opens_with_a_question_mark_but_not_in_a_field(site, page):
    await enter(page, site, Role.OPERATOR)
    await page.locator("#wishes").focus()
    await page.keyboard.type("?")
    await expect(page.locator("#keys dl")).to_be_hidden()
    await page.locator("#danger").focus()
    await page.keyboard.press("?")
    await expect(page.locator("#keys dl")).to_be_visible()


LOOKS = [(1280, "zh-CN", "light"), (768, "en", "dark"), (640, "zh-CN", "light"), (360, "en", "light")]


@pytest.mark.parametrize(("width", "lang", "scheme"), LOOKS)
async def test_every_page_of_the_desk_fits_and_is_accessible(site, new_page, check_axe, width, lang, scheme):
    """640 px is what 1280 is at 200 %."""
    page: Page = await new_page(width=width)
    await page.emulate_media(color_scheme=scheme, contrast="more" if lang == "en" else None)
    await enter(page, site, Role.OPERATOR, lang=lang)
    await page.locator("#danger-2").check()
    await page.locator("#text").fill("孟庙镇宏达安全培训学校交钱包过")
    await page.locator("#place").fill("孟庙镇")
    await page.locator("#target").focus()
    await page.keyboard.type("hd")
    await expect(page.locator("#target-list li")).to_have_count(1)
    await expect(page.locator("#county")).to_have_value("yancheng")
    await page.locator("#transfer summary").click()
    await page.locator("#keys summary").click()
    await check_fit(page)
    await check_axe(page)
    await page.locator(".call-bar button").first.click()
    await expect(page.locator(".error-summary")).to_be_focused()
    await check_axe(page)
    await page.get_by_role("radio").nth(3).check()
    await page.locator(".call-bar button").first.click()
    await page.wait_for_url("**/card")
    await check_fit(page)
    await check_axe(page)
    for path in ("/operator/paper", "/operator?paper=yes", "/operator/status"):
        await page.goto(site + path)
        await check_fit(page)
        await check_axe(page)


async def test_without_scripts_a_call_is_kept_and_filed(site, db, new_page):
    page = await new_page(javascript=False)
    await enter(page, site, Role.OPERATOR)
    await page.locator("#text").fill("孟庙的学校包过")
    await page.get_by_role("button", name="先存着").click()
    await expect(page.locator("#text")).to_have_value("孟庙的学校包过")
    await page.get_by_label("匿名", exact=True).check()
    await page.locator(".call-bar").get_by_role("button", name="提交登记").click()
    await page.locator(".tick input").check()
    await page.get_by_role("button", name="登记下一个来电").click()
    await expect(page.locator("h1")).to_have_text("来电登记")
    assert len(await hotline_tips(db)) == 1
