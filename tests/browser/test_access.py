"""The pages of access in a real Chromium: accessible, within policy, at three widths, in both languages."""

import os
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pyotp
import pytest
import zxingcpp
from aiohttp import web
from PIL import Image

from bot.intake import receive_tip
from bot.receipts import find_tip_by_receipt
from config.catalog import load_catalog
from config.web import SiteRunner
from models.queries.bars import insert_bar_once
from models.states import BarReason, CaseState, Role
from models.tip import Identity
from tests.factories import NOW, PASSWORD, make_case, make_staff, make_tip
from triage.console.app import make_console

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
QUOTE = "校长让我把没上课的人的签到全部补签"
TEXT = f"我是该校的前台，叫慕容秋实，电话13912345678。{QUOTE}，说检查时就这么讲。"


@pytest.fixture
async def site(db, settings, keys, monkeypatch, now) -> AsyncIterator[tuple[str, str]]:
    """A console with a named tip at a county and one at the desk; answers address and number of the county's case."""
    monkeypatch.setattr("config.clock.now", lambda: now)
    async with db.begin() as session:
        for role in Role:
            office = "yancheng" if role in {Role.OFFICER, Role.LEAD} else "city"
            await make_staff(session, role, office, login=role.value)
        tip = await make_tip(session, TEXT, is_named=True)
        session.add(
            Identity(tip_id=tip.id, name=keys.seal("identity", "慕容秋实".encode(), place="identity.name"))
        )
        case = await make_case(session, CaseState.VERIFYING, tip=tip)
        desk = await make_case(session, CaseState.REGISTERED, "city", tip=await make_tip(session, TEXT))
        await insert_bar_once(session, desk.id, office_id="linying", reason=BarReason.OFFICE_NAMED, now=NOW)
    app = make_console(
        db,
        settings=settings,
        catalog=load_catalog(),
        keys=keys,
        receive_tip=receive_tip,
        find_tip_by_receipt=find_tip_by_receipt,
    )
    runner = SiteRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}", case.number, desk.number
    await runner.cleanup()


async def sign_in(page, base, login) -> None:
    await page.goto(f"{base}/sign-in")
    await page.fill("#login", login)
    await page.fill("#password", PASSWORD)
    await page.click("main button")


async def look(page, check_axe, name) -> None:
    """No violation at any width; with a folder for pictures, keep one of each."""
    folder = os.environ.get("PICTURES")
    for width in (360, 768, 1280):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (name, width)
        if folder:
            await page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
    await check_axe(page)


async def test_two_step_sign_in_from_the_picture_to_the_code(site, new_page, check_axe, now, monkeypatch):
    base, _, _ = site
    page = await new_page()
    await sign_in(page, base, "lead")
    await page.goto(f"{base}/account")
    await look(page, check_axe, "account")
    await page.goto(f"{base}/account/second-factor")
    await look(page, check_axe, "factor-off")
    await page.click("main form button")
    await look(page, check_axe, "factor-scan")
    secret = (await page.inner_text(".secret")).replace(" ", "")
    shot = Image.open(BytesIO(await page.locator(".qr svg").screenshot()))
    assert secret in zxingcpp.read_barcode(shot).text  # as a phone sees it on the screen
    await page.fill("#password", PASSWORD)
    await page.fill("#code", pyotp.TOTP(secret).at(now))
    await page.click("main button[value=confirm]")
    await look(page, check_axe, "factor-codes")
    await page.goto(f"{base}/account/second-factor?lang=en")
    await look(page, check_axe, "factor-on-en")
    await page.click(".who button")
    await sign_in(page, base, "lead")
    await look(page, check_axe, "code")


async def test_identity_from_asking_to_seeing(site, new_page, check_axe):
    base, number, _ = site
    officer, lead = await new_page(javascript=False), await new_page()
    await sign_in(officer, base, "officer")
    await officer.goto(f"{base}/cases/{number}")
    await officer.click("text=申请查看")
    await officer.fill("#identity_reason", "太短")
    await officer.click("text=提交申请")
    assert "理由太短" in await officer.inner_text("main")
    await officer.fill("#identity_reason", "需要向本人核对缴费收据上的日期")
    await officer.click("text=提交申请")
    await sign_in(lead, base, "lead")
    await lead.goto(f"{base}/approvals")
    await look(lead, check_axe, "approvals")
    await lead.fill(".field input", "确有必要")
    await lead.click("button[value=allow]")
    await officer.goto(f"{base}/cases/{number}")
    await officer.click("text=查看身份信息")
    assert "慕容秋实" in await officer.inner_text("main")
    await lead.goto(f"{base}/cases/{number}")
    await look(lead, check_axe, "case-county")


async def test_the_desk_bars_summarises_and_is_stopped(site, new_page, check_axe):
    base, _, number = site
    page = await new_page()
    await sign_in(page, base, "intake")
    await page.goto(f"{base}/cases/{number}")
    for summary in ("写摘要", "设置回避"):
        await page.click(f"summary:has-text('{summary}')")
    await look(page, check_axe, "case-desk")
    await page.fill("#summary", f"据该校前台反映，{QUOTE}。")
    await page.click("text=保存摘要")
    await look(page, check_axe, "stopped")
    await page.goto(f"{base}/cases/{number}?lang=en")
    await look(page, check_axe, "case-desk-en")


async def test_an_invitation(site, new_page, check_axe):
    base, _, _ = site
    page, guest = await new_page(), await new_page()
    await sign_in(page, base, "administrator")
    await page.goto(f"{base}/admin/staff")
    await look(page, check_axe, "staff")
    await page.goto(f"{base}/admin/staff/of/officer")
    await page.click("text=重置口令 >> nth=-1")
    await look(page, check_axe, "invite")
    await guest.goto(await page.inner_text("dd.link"))
    await look(guest, check_axe, "welcome")
