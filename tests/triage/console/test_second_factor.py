"""Two-step sign-in through the pages: switching it on, signing in, losing the phone; invitations; one's sessions."""

import re
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
import zxingcpp
from sqlalchemy import select

from models.event import Event
from models.staff import Staff
from models.states import Role
from tests.factories import PASSWORD
from tests.triage.console.conftest import SESSION, Browser
from triage.console.context import DESK

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAGE = "/account/second-factor"
CODE = re.compile(r'<li class="number">([a-z0-9-]{19})</li>')
LINK = re.compile(r'<dd class="link" translate="no">([^<]+)</dd>')


def read_secret(page: str) -> str:
    return re.search(r'class="number secret"[^>]*>([A-Z2-7 ]+)<', page)[1].replace(" ", "")


async def switch_on(browser, now) -> tuple[pyotp.TOTP, list[str]]:
    await browser.get(PAGE)
    page = await browser.post(f"{PAGE}/begin")
    totp = pyotp.TOTP(read_secret(page.text))
    done = await browser.post(PAGE, {"password": PASSWORD, "code": totp.at(now), "act": "confirm"})
    return totp, CODE.findall(done.text)


async def test_from_switching_it_on_to_signing_in(bureau, visitor, clock, now):
    await visitor.sign_in("officer")
    totp, codes = await switch_on(visitor, now)
    assert len(codes) == 10
    assert (await visitor.get("/account")).says("已开启")
    await visitor.post("/sign-out")
    later = now + timedelta(minutes=1)
    clock(later)
    form = await visitor.sign_in("officer")
    assert form.url == "/sign-in/code"
    assert (await visitor.get("/cases")).url.startswith("/sign-in?")
    await visitor.get("/sign-in/code")
    wrong = await visitor.post("/sign-in/code", {"code": "12345", "next": ""})
    assert wrong.status == 422
    assert wrong.says("验证码不对")
    assert (await visitor.post("/sign-in/code", {"code": totp.at(later), "next": ""})).url == "/cases"


async def test_the_page_that_was_wanted_is_kept_through_both_steps(bureau, visitor, clock, now):
    await visitor.sign_in("officer")
    totp, _ = await switch_on(visitor, now)
    await visitor.post("/sign-out")
    later = now + timedelta(minutes=1)
    clock(later)
    page = f"/cases/{bureau.case.number}"
    await visitor.get(page)
    await visitor.post("/sign-in", {"login": "officer", "password": PASSWORD, "next": page})
    assert (await visitor.post("/sign-in/code", {"code": totp.at(later), "next": page})).url == page
    assert (await visitor.post("/sign-in/code", {"code": "1", "next": "//evil"}, follow=False)).headers[
        "Location"
    ] == "/sign-in"


async def test_the_picture_says_what_the_text_says(bureau, visitor, tmp_path):
    await visitor.sign_in("officer")
    await visitor.get(PAGE)
    page = await visitor.post(f"{PAGE}/begin")
    picture = re.search(r"<svg.*?</svg>", page.text, re.DOTALL)[0]
    told = read_picture(picture)
    assert told.startswith("otpauth://totp/Tipline:officer?secret=")
    assert read_secret(page.text) in told
    again = await visitor.post(f"{PAGE}/begin")
    assert read_secret(again.text) == read_secret(page.text)  # a reload makes no other secret


def read_picture(svg: str) -> str:
    """Paint the modules of segno's one path and read them as a scanner would."""
    from PIL import Image

    path = re.search(r' d="([^"]+)"', svg.split("qrline")[1])[1]
    image = Image.new("L", (120, 120), 255)
    x = y = 0.0
    for command, arguments in re.findall(r"([Mmh])([-\d. ]+)", path):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", arguments)]
        if command == "h":
            for offset in range(int(numbers[0])):
                image.putpixel((int(x) + offset, int(y)), 0)
            x += numbers[0]
        else:
            x, y = (numbers[0], numbers[1]) if command == "M" else (x + numbers[0], y + numbers[1])
    return zxingcpp.read_barcode(image.resize((960, 960), Image.Resampling.NEAREST)).text


async def test_nothing_changes_without_password_and_code(bureau, visitor, db, now):
    await visitor.sign_in("officer")
    await visitor.get(PAGE)
    page = await visitor.post(f"{PAGE}/begin")
    totp = pyotp.TOTP(read_secret(page.text))
    for typed in ({"password": "wrong", "code": totp.at(now)}, {"password": PASSWORD, "code": "000000"}):
        assert (await visitor.post(PAGE, {**typed, "act": "confirm"})).status == 422
    assert (await visitor.post(PAGE, {"act": "destroy"})).status == 409
    async with db.read() as session:
        assert (await session.scalar(select(Staff).where(Staff.login == "officer"))).totp is None


async def test_where_it_is_required_nothing_else_opens_before(app, bureau, sign_in, clock, now):
    object.__setattr__(app[DESK], "settings", replace(app[DESK].settings, second_factor="required"))
    lead = await sign_in(bureau.by_role[Role.LEAD])
    for path in ("/cases", "/supervisor", "/account", f"/cases/{bureau.case.number}"):
        assert (await lead.get(path)).url == PAGE
    await switch_on(lead, now)
    assert (await lead.get("/cases")).url == "/cases"
    assert (await lead.get(PAGE)).says("不能关闭")
    off = await lead.post(PAGE, {"password": PASSWORD, "code": "1", "act": "off"})
    assert off.status == 409
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    assert (await officer.get("/cases")).url == "/cases"


async def test_an_administrator_takes_a_lost_second_step_away_with_a_reason(
    bureau, console, sign_in, db, clock, now
):
    browser = Browser(console)
    await browser.sign_in("officer")
    await switch_on(browser, now)
    administrator = await sign_in(bureau.by_role[Role.ADMINISTRATOR])
    page = "/admin/staff/of/officer"
    assert (await administrator.get(page)).says("取消两步登录")
    assert (await administrator.post(f"{page}/second-factor", {"reason": " "})).status == 409
    await administrator.post(f"{page}/second-factor", {"reason": "手机丢失，已当面核实"})
    assert (await browser.get("/cases")).url.startswith("/sign-in")
    assert (await browser.sign_in("officer")).url == "/cases"
    await browser.session.close()
    async with db.read() as session:
        event = await session.scalar(select(Event).where(Event.kind == "second_factor_reset"))
        kept = await session.scalar(select(Event).where(Event.kind == "second_factor_on"))
    assert (event.staff_id, event.data["staff"]) == (
        bureau.by_role[Role.ADMINISTRATOR].id,
        bureau.by_role[Role.OFFICER].id,
    )
    assert event.reason == "手机丢失，已当面核实"
    assert kept is not None


async def test_a_reset_password_does_not_open_the_second_step(bureau, console, sign_in, clock, now):
    browser = Browser(console)
    await browser.sign_in("officer")
    await switch_on(browser, now)
    administrator = await sign_in(bureau.by_role[Role.ADMINISTRATOR])
    made = await administrator.post("/admin/staff/of/officer/reset")
    path = LINK.search(made.text)[1].removeprefix(console)
    await browser.get(path)
    answer = await browser.post(path, {"new": "eine neue Losung", "repeated": "eine neue Losung"})
    assert answer.url == "/sign-in/code"
    await browser.session.close()


async def test_an_invitation_opens_once_and_in_time(bureau, console, sign_in, visitor, clock, now):
    administrator = await sign_in(bureau.by_role[Role.ADMINISTRATOR])
    await administrator.get("/admin/staff/new")
    typed = {"login": "xin", "name": "新来的", "role": "officer", "office": "yancheng", "locale": "zh-CN"}
    made = await administrator.post("/admin/staff/new", typed)
    path = LINK.search(made.text)[1].removeprefix(console)
    assert path.startswith("/welcome/")
    page = await visitor.get(path)
    assert page.says("新来的，您好")
    weak = await visitor.post(path, {"new": "12345678", "repeated": "12345678"})
    assert weak.status == 422
    done = await visitor.post(path, {"new": "一句自己的话，够长", "repeated": "一句自己的话，够长"})
    assert done.url == "/cases"
    assert (await visitor.get(path)).status == 404


async def test_an_old_or_made_up_invitation_says_the_same(bureau, console, sign_in, visitor, clock, now):
    administrator = await sign_in(bureau.by_role[Role.ADMINISTRATOR])
    await administrator.get("/admin/staff/of/officer")
    made = await administrator.post("/admin/staff/of/officer/reset")
    path = LINK.search(made.text)[1].removeprefix(console)
    assert (await visitor.get(path)).status == 200
    clock(now + timedelta(hours=72))
    pages = [await visitor.get(address) for address in (path, "/welcome/" + "A" * 43, "/welcome/x")]
    assert {page.status for page in pages} == {404}
    assert all(page.says("邀请链接已用过、已过期") for page in pages)


async def test_first_passwords_end_too(db, bureau, visitor, clock, now):
    async with db.begin() as session:
        staff = await session.scalar(select(Staff).where(Staff.login == "officer"))
        staff.must_change_password, staff.initial_until = True, now
    answer = await visitor.sign_in("officer")
    assert answer.status == 422
    assert answer.says("首次口令已过期")


async def test_one_sees_where_one_is_signed_in_and_ends_it_elsewhere(bureau, sign_in, console, visitor):
    elsewhere = await sign_in(bureau.by_role[Role.OFFICER])
    await visitor.sign_in("officer")
    page = await visitor.get(
        "/account", **{"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Gecko Firefox/140.0"}
    )
    assert page.says("登录情况")
    assert page.text.count("<tr>") == 3
    done = await visitor.post("/account/sessions/end-others")
    assert done.says("其他浏览器已全部退出")
    assert (await elsewhere.get("/cases")).url.startswith("/sign-in")
    assert (await visitor.get("/cases")).url == "/cases"


async def test_a_new_role_ends_all_sessions(bureau, sign_in):
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    administrator = await sign_in(bureau.by_role[Role.ADMINISTRATOR])
    await administrator.get("/admin/staff/of/officer")
    changed = {"name": "王工", "role": "lead", "office": "yancheng", "locale": "zh-CN", "email": ""}
    await administrator.post("/admin/staff/of/officer", changed)
    assert (await officer.get("/cases")).url.startswith("/sign-in")


async def test_behind_https_the_cookies_are_bound_to_it(db, settings, catalog, keys, clock, bureau):
    from aiohttp.test_utils import TestClient, TestServer

    from bot.intake import receive_tip
    from bot.receipts import find_tip_by_receipt
    from triage.console.app import make_console

    app = make_console(
        db,
        settings=replace(settings, console_url="https://desk.example.cn"),
        catalog=catalog,
        keys=keys,
        receive_tip=receive_tip,
        find_tip_by_receipt=find_tip_by_receipt,
    )
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/sign-in", headers={"Host": "desk.example.cn"})
        cookies = answer.headers.getall("Set-Cookie")
    assert cookies
    assert all(cookie.startswith("__Host-") and "Secure" in cookie for cookie in cookies)
    assert "Strict-Transport-Security" in answer.headers
    assert SESSION.startswith("tipline-console")
