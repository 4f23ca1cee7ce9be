"""Calendar, periods, consent and record in a real Chromium: narrow and wide, both languages, without scripts."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from playwright.async_api import Page, expect

from bot.intake import receive_tip
from bot.receipts import find_tip_by_receipt
from config.catalog import load_catalog
from config.web import SiteRunner
from models.audit import record_event
from models.queries.keeping import note_purge
from models.states import CaseState, Role
from tests.browser.test_oversight import POISON, check_fits, enter
from tests.config.test_calendar_notice import MADE_UP_2027, YAML_2027
from tests.factories import make_case, make_staff
from triage.clocks import start_clock
from triage.consent import ask_change, decide_change
from triage.console.app import make_console
from triage.holds import place_hold
from triage.protected_changes import CHANGES, CONTACT, LIFT, PERIOD

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NOW = datetime(2027, 2, 1, 2, 0, tzinfo=UTC)
LONG = "欧阳" * 12


@pytest.fixture
async def site(db, settings, keys, monkeypatch) -> AsyncIterator[str]:
    """A console in which things wait, were decided, are held and were purged; with long names and hostile words."""
    monkeypatch.setattr("config.clock.now", lambda: NOW)
    catalog = load_catalog()
    async with db.begin() as session:
        people = {
            role: await make_staff(session, role, "city", login=role.value, name=LONG, created_at=NOW)
            for role in Role
        }
        second = await make_staff(session, Role.ADMINISTRATOR, "city", login="second", name="李二")
        for day in range(8):
            case = await make_case(session, CaseState.REGISTERED, "city", due_in=None)
            start = NOW + timedelta(days=day)
            await start_clock(session, case, "D03", event="registered", started_at=start, catalog=catalog)
        head, admin = people[Role.SUPERVISOR], people[Role.ADMINISTRATOR]
        await place_hold(session, case.number, reason=f"公安机关正在侦查此案 {POISON}", by=head, now=NOW)
        facts = {"before": 180, "after": 150}
        ask = {"reason": f"举报人担心，希望早些删除 {POISON}", "now": NOW}
        done = await ask_change(session, PERIOD, "contact", facts, by=second, **ask)
        await decide_change(session, done.id, kinds=CHANGES, allow=True, reason="已核对", by=admin, now=NOW)
        await ask_change(session, PERIOD, "draft", {"before": 7, "after": 3}, by=second, **ask)
        await ask_change(session, CONTACT, case.number, {}, by=admin, **ask)
        await ask_change(session, LIFT, case.number, {}, by=head, **ask)
        await note_purge(session, "draft", 12, day=NOW.date(), now=NOW)
        values = [f"rules.D10.limit.amount: 60 → {number}" for number in range(20)]
        record_event(session, "rules_changed", at=NOW, file="deadlines.yaml", before="1b2c3d4e",
                     after="5f6a7b8c", values=values, more=3, part="serve")  # fmt: skip
        record_event(session, "setting_changed", at=NOW, setting="TIPLINE_TELEGRAM_TOKEN", before="",
                     after="••••wxyz", part="serve")  # fmt: skip
    doors = {"receive_tip": receive_tip, "find_tip_by_receipt": find_tip_by_receipt}
    app = make_console(db, settings=settings, catalog=catalog, keys=keys, **doors)
    runner = SiteRunner(app)
    await runner.setup()
    listening = web.TCPSite(runner, "127.0.0.1", 0)
    await listening.start()
    yield listening.name
    await runner.cleanup()


PAGES = {
    Role.ADMINISTRATOR: (
        "/admin/calendar",
        "/keeping",
        "/keeping/contact?days=130",
        "/keeping/contact?days=9",
        "/changes",
        "/record",
    ),
    Role.SUPERVISOR: ("/keeping", "/changes"),
    Role.AUDITOR: ("/record", "/keeping", "/changes"),
}


async def look(page: Page, name: str) -> None:
    """For whoever wants to see what was checked: replaced where pictures are taken."""


@pytest.mark.parametrize("role", PAGES)
@pytest.mark.parametrize(("width", "options"), [(1280, ""), (360, "?lang=en"), (320, "?elder=1")])
async def test_pages_are_accessible_and_fit(site, new_page, check_axe, role, width, options):
    page = await new_page(width=width)
    await enter(page, site, role, options=options)
    for path in PAGES[role]:
        await page.goto(site + path)
        await look(page, f"{role}{path}-{width}")
        await check_axe(page)
        await check_fits(page)


@pytest.mark.parametrize("width", [1280, 360])
async def test_a_notice_is_taken_in_by_keyboard_and_without_scripts(site, new_page, check_axe, width):
    page = await new_page(javascript=False, width=width)
    await enter(page, site, Role.ADMINISTRATOR)
    await page.goto(f"{site}/admin/calendar")
    notice = page.get_by_label("粘贴通知原文")
    await notice.fill(YAML_2027.replace("02-13", "02-12"))
    await page.get_by_role("button", name="看看会改变什么").press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("本来就是工作日")
    await look(page, f"refused-{width}")
    await check_fits(page)
    await notice.fill(MADE_UP_2027)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="哪些时限会改日期")).to_be_visible()
    await look(page, f"preview-{width}")
    await check_fits(page)
    await page.get_by_label("通知文号或网址").fill("国办发明电〔2026〕9号")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="新的放假安排已经生效")).to_be_visible()
    await look(page, f"applied-{width}")


async def test_a_change_is_agreed_to_without_scripts(site, new_page):
    page = await new_page(javascript=False, width=360)
    await enter(page, site, Role.ADMINISTRATOR)
    await page.goto(f"{site}/changes")
    await page.get_by_label("同意或不同意的理由").fill("已核对，符合规定")
    await page.get_by_role("button", name="同意并立即执行").click()
    await expect(page.get_by_role("heading", name="已同意，已经执行")).to_be_visible()
    await page.goto(f"{site}/keeping")
    await expect(page.get_by_role("row", name="没有提交的举报和附件").first).to_contain_text("3 天")
