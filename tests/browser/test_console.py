"""The staff's desk in a real Chromium: with and without scripts, by keyboard, narrow, zoomed, in English, dark."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from aiohttp import web
from playwright.async_api import Page, expect
from sqlalchemy import select

from bot.intake import receive_tip
from bot.receipts import find_tip_by_receipt
from config.catalog import load_catalog
from config.web import SiteRunner
from models.case import Case
from models.likeness import BodyRise, Likeness
from models.states import CaseState, FindingKind, Role, Urgency, Verdict
from models.tip import Tip
from tests.factories import NOW, PASSWORD, make_case, make_finding, make_message, make_staff, make_tip
from triage.console.app import make_console

Check = Callable[[Page], Awaitable[None]]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TEXT = "孟庙镇宏达安全培训学校交八百块包过，不用上课。<img src=x onerror=alert(1)> \u202e反\u202c"
LONG_NAME = "漯河市城乡一体化示范区华安职业技能培训学校有限责任公司第二分校" * 3
POISON = '"><img src=x onerror=alert(1)><script>alert(2)</script>'


@pytest.fixture
async def site(db, settings, keys, monkeypatch, now) -> AsyncIterator[str]:
    """A console with one account of each role and cases in several states."""
    monkeypatch.setattr("config.clock.now", lambda: now)
    async with db.begin() as session:
        people = {
            role: await make_staff(
                session, role, "yancheng" if role in {Role.OFFICER, Role.LEAD} else "city", login=role.value
            )
            for role in Role
        }
        officer = people[Role.OFFICER]
        tip = await make_tip(session, TEXT, target=POISON)
        case = await make_case(
            session,
            CaseState.ASSIGNED,
            tip=tip,
            due_rule="D07",
            due_in=timedelta(hours=14),
            officer_id=officer.id,
        )
        evidence = [{"for": "3.1.4", "start": 16, "end": 18, "text": "包过", "why": "承诺通过"}]
        await make_finding(session, case, tip, evidence=evidence)
        await make_finding(session, case, tip, FindingKind.TARGET, POISON)
        await make_message(session, case, tip, POISON)
        later = await make_case(
            session, target=LONG_NAME, urgency=Urgency.IMMEDIATE, has_unread=True, is_police_matter=True
        )
        session.add(make_likeness(later, case))
        await make_case(session, due_in=timedelta(days=-4), target=POISON)
        await make_case(
            session, CaseState.CLOSED, due_in=None, verdict=Verdict.PROVEN, result="事实", answer="答复"
        )
        doubts = {"needs_review": True, "review_reasons": ["unsure_place"], "jurisdiction": "unknown"}
        doubtful = await make_case(session, CaseState.REGISTERED, "city", due_rule="D03", **doubts)
        session.add(make_likeness(doubtful, case))
        rise = {"value": 5, "period": 1, "count": 4, "expected": 0.2, "noticed_at": now}
        session.add(BodyRise(case_id=later.id, **rise))
        await make_case(session, CaseState.REGISTERED, "city", due_rule="D03", jurisdiction="linying")
    doors = {"receive_tip": receive_tip, "find_tip_by_receipt": find_tip_by_receipt}
    app = make_console(db, settings=settings, catalog=load_catalog(), keys=keys, **doors)
    runner = SiteRunner(app)
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0)
    await listening.start()
    yield listening.name
    await runner.cleanup()


def make_likeness(later: Case, first: Case) -> Likeness:
    """Every kind of reason, with the longest and the most hostile name."""
    reasons = [
        {"kind": "body", "how": "branch", "new": LONG_NAME[:60], "known": POISON},
        {"kind": "contact", "how": "phone"},
        {"kind": "text", "percent": 62},
        {"kind": "matter", "values": ["3.1.4", "3.3.6", "pass_guarantee"]},
        {"kind": "place", "office": "yancheng"},
        {"kind": "time", "days": 3},
    ]
    return Likeness(
        case_id=later.id, first_case_id=first.id, score=0.9, is_sure=True, reasons=reasons, created_at=NOW
    )


async def enter(page: Page, site: str, role: Role, *, lang: str = "") -> None:
    await page.goto(f"{site}/sign-in{f'?lang={lang}' if lang else ''}")
    await page.locator("#login").fill(role.value)
    await page.locator("#password").fill(PASSWORD)
    await page.locator("main form .button").click()
    await page.wait_for_url(lambda address: "/sign-in" not in address)


async def check_fit(page: Page) -> None:
    wide, room = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= room, f"{page.url}: {wide} px in {room}"


async def number_of(db, state: CaseState, office_id: str = "yancheng") -> str:
    async with db.read() as session:
        wanted = select(Case.number).where(Case.state == state, Case.office_id == office_id).order_by(Case.id)
        return str(await session.scalar(wanted))


PAGES = {
    Role.OFFICER: (
        "/cases",
        "/cases?view=unassigned",
        "/cases?q=没有",
        "/cases?view=closed",
        "/cases/{assigned}",
        "/cases/{assigned}?do=sign_for",
        "/cases/{assigned}?do=return",
        "/cases/{verifying}?do=file_result&events=all",
        "/cases/{verifying}?do=ask_reporter",
        "/cases/{verifying}?do=ask_extension",
        "/cases/{verifying}?do=ask_suspension",
        "/cases/{verifying}?track=police&step=suspected",
        "/cases/{closed}",
        "/account",
        "/account/password",
        "/cases/000000000000",
        "/desk",
    ),
    Role.LEAD: ("/cases/{verifying}?do=assign",),
    Role.INTAKE: ("/desk", "/cases", "/cases/{registered}?do=accept", "/cases/{registered}?do=refuse",
                  "/cases/{registered}?do=transfer_out", "/cases/{registered}?do=merge"),
    Role.OPERATOR: ("/operator", "/operator/status"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("width", "lang", "scheme"),
    [(1280, "zh-CN", "light"), (1280, "en", "dark"), (360, "zh-CN", "dark"), (360, "en", "light")],
)
async def test_every_page_fits_and_is_accessible(site, db, new_page, check_axe, width, lang, scheme):
    numbers = {
        "assigned": await number_of(db, CaseState.ASSIGNED),
        "verifying": await number_of(db, CaseState.VERIFYING),
        "closed": await number_of(db, CaseState.CLOSED),
        "registered": await number_of(db, CaseState.REGISTERED, "city"),
    }
    for role, paths in PAGES.items():
        page = await new_page(width=width)
        await page.emulate_media(color_scheme=scheme)
        await enter(page, site, role, lang=lang)
        for path in paths:
            await page.goto(site + path.format(**numbers))
            assert await page.locator("html").get_attribute("lang") == lang
            assert await page.locator("h1").count() == 1, path
            await check_fit(page)
            await check_axe(page)
        await page.context.close()


@pytest.mark.parametrize("javascript", [True, False])
async def test_an_officer_works_a_case_with_or_without_scripts(site, db, new_page, javascript):
    page = await new_page(javascript=javascript)
    await enter(page, site, Role.OFFICER)
    number = await number_of(db, CaseState.ASSIGNED)
    await page.locator(f'a[href="/cases/{number}"]').click()
    await page.locator(".acts-bar").get_by_text("签收").click()
    await expect(page.locator(".effect-box")).to_contain_text("“签收”时限按时完成")
    await page.locator("#act").get_by_role("button", name="签收").click()
    await expect(page.locator(".banner.done")).to_contain_text("已签收")

    await page.locator(".acts-bar").get_by_text("提交核查结果").click()
    await page.locator("#act .acts button").first.click()
    await expect(page.locator(".error-summary")).to_contain_text("请填写“核查结论”")
    await page.locator("#allegations").select_option("3.1.4:partly_proven")
    await page.get_by_label("部分属实").check()
    await page.locator("#second").fill("赵工")
    await page.locator("#evidence").fill("现场检查记录\n询问笔录")
    await page.locator("#result").fill("一、现场检查。\n二、询问学员。")
    await page.locator("#act").get_by_role("button", name="预览").click()
    await expect(page.locator(".paper")).to_contain_text("二、询问学员。")
    await page.get_by_role("button", name="返回修改").click()
    await expect(page.locator("#result")).to_have_value("一、现场检查。\n二、询问学员。")
    await page.locator("#act").get_by_role("button", name="预览").click()
    await page.get_by_role("button", name="提交核查结果").click()
    await expect(page.locator(".banner.done")).to_contain_text("已提交核查结果")
    async with db.read() as session:
        case = await session.scalar(select(Case).where(Case.number == number))
    assert (case.state, case.verdict, case.result) == (
        CaseState.RESULT_FILED,
        Verdict.PARTLY_PROVEN,
        "一、现场检查。\n二、询问学员。",
    )


async def test_two_windows_on_one_case_keep_both_sides_words(site, db, new_page):
    officer, lead = await new_page(), await new_page()
    await enter(officer, site, Role.OFFICER)
    await enter(lead, site, Role.LEAD)
    number = await number_of(db, CaseState.ASSIGNED)
    await officer.goto(f"{site}/cases/{number}?do=return")
    await officer.locator("#reason").fill("被举报单位不在本区")
    await lead.goto(f"{site}/cases/{number}?do=sign_for")
    await lead.locator("#act").get_by_role("button", name="签收").click()
    await officer.locator("#act .acts button").first.click()
    await expect(officer.locator("h1")).to_contain_text("案件刚刚有了变化")
    await expect(officer.locator("main")).to_contain_text("被举报单位不在本区")
    await expect(officer.locator("main")).to_contain_text("签收")
    await officer.get_by_role("button", name="带着我写的内容继续").click()
    await expect(officer.locator("#reason")).to_have_value("被举报单位不在本区")


async def test_the_list_is_walked_by_keyboard_and_found_again(site, new_page):
    page = await new_page()
    await enter(page, site, Role.OFFICER)
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    second = page.locator("td.number a").nth(1)
    await expect(second).to_be_focused()
    href = await second.get_attribute("href")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**{href}")
    await page.go_back()
    await expect(page.locator(f'td.number a[href="{href}"]')).to_be_focused()
    await page.keyboard.press("/")
    await expect(page.locator("#q")).to_be_focused()
    await page.keyboard.type("jk")  # letters are letters while one types
    await expect(page.locator("#q")).to_have_value("jk")


async def test_a_move_is_made_by_keyboard_alone(site, db, new_page):
    page = await new_page()
    await enter(page, site, Role.OFFICER)
    await page.goto(f"{site}/cases/{await number_of(db, CaseState.ASSIGNED)}?do=add_note")
    await page.locator("#words").focus()
    await page.keyboard.type("约了明天上午到场")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator(".timeline")).to_contain_text("约了明天上午到场")


async def test_the_desk_decides_without_scripts(site, db, new_page):
    page = await new_page(javascript=False, width=768)
    await enter(page, site, Role.INTAKE)
    await page.get_by_role("button", name="照建议交办临颍县").click()
    await expect(page.locator(".banner.done")).to_contain_text("已受理并交办")
    await page.get_by_text("查看后决定").first.click()
    await page.locator("#act").get_by_role("button", name="受理并交办").click()
    await expect(page.locator(".error-summary")).to_contain_text("请填写“承办单位”")
    await page.locator("#office_id").select_option("wuyang")
    await page.locator("#act").get_by_role("button", name="受理并交办").click()
    await expect(page.locator(".banner.done")).to_contain_text("已受理并交办")
    assert await number_of(db, CaseState.ASSIGNED, "wuyang") != "None"


@pytest.mark.parametrize("javascript", [True, False])
async def test_an_operator_takes_a_call_and_answers_a_question(site, db, new_page, check_axe, javascript):
    page = await new_page(javascript=javascript)
    await enter(page, site, Role.OPERATOR)
    await page.locator("#text").fill("孟庙的培训学校包过，八百块。")
    await page.get_by_label("匿名").check()
    await page.get_by_role("button", name="提交登记").click()
    if javascript:
        await check_axe(page)
    number, code = [await shown.inner_text() for shown in await page.locator(".dictation dd").all()]
    await page.reload()  # the card survives a reload and stores nothing twice
    assert [await shown.inner_text() for shown in await page.locator(".dictation dd").all()] == [number, code]
    async with db.read() as session:
        assert len((await session.scalars(select(Tip).where(Tip.channel == "hotline"))).all()) == 1
    await page.goto(f"{site}/operator/status")
    await page.locator("#number").fill(number)
    await page.locator("#code").fill(code)
    await page.get_by_role("button", name="查询").click()
    await expect(page.locator(".paper")).to_contain_text("已收到")


async def test_double_zoom_leaves_everything_usable(site, db, new_page, check_axe):
    page = await new_page(width=640, height=450)  # what 1280 x 900 is at 200 %
    await enter(page, site, Role.OFFICER)
    for path in ("/cases", f"/cases/{await number_of(db, CaseState.ASSIGNED)}?do=return"):
        await page.goto(site + path)
        await check_fit(page)
        await check_axe(page)


async def test_nothing_hostile_runs(site, db, new_page):
    page = await new_page()
    for role in (Role.OFFICER, Role.INTAKE):
        await enter(page, site, role)
        for state in (CaseState.ASSIGNED, CaseState.VERIFYING):
            await page.goto(f"{site}/cases")
            await page.goto(f"{site}/cases/{await number_of(db, state)}?events=all")
            await page.locator("h1").wait_for()
        await page.get_by_role("button", name="退出登录").click()
    # `new_page` fails the test on any dialog, script error or policy report.
