"""Signing in through the form: the same words for every failure, a new session each time, an end when it must end."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from models.staff import Staff, StaffSession
from models.states import Role
from tests.factories import PASSWORD
from tests.triage.console.conftest import SESSION

FRESH = "another fine sentence"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def session_cookie(browser) -> str | None:
    return next((cookie.value for cookie in browser.session.cookie_jar if cookie.key == SESSION), None)


async def test_each_role_begins_its_day_on_its_own_page(bureau, visitor):
    answer = await visitor.sign_in("officer")
    assert answer.url == "/cases"
    assert answer.says("在办")
    cookie = answer.headers.get("Set-Cookie", "")
    assert PASSWORD not in cookie


async def test_an_account_tells_when_it_was_last_used(db, bureau, visitor, clock, now):
    staff_id = bureau.by_role[Role.OFFICER].id
    await visitor.sign_in("officer")
    async with db.read() as session:
        assert (await session.get_one(Staff, staff_id)).last_seen_at == now
    later = now + timedelta(minutes=5)
    clock(later)
    await visitor.get("/cases")
    async with db.read() as session:
        assert (await session.get_one(Staff, staff_id)).last_seen_at == later


async def test_failures_look_alike(bureau, visitor):
    wrong = await visitor.sign_in("officer", "wrong")
    unknown = await visitor.sign_in("nobody")
    huge = await visitor.sign_in("officer", "x" * 200_000)
    assert wrong.status == unknown.status == huge.status == 422
    for answer in (wrong, unknown, huge):
        assert answer.says("登录名或口令不对")
        assert session_cookie(visitor) is None


async def test_a_cookie_set_before_is_worth_nothing_and_replaced(bureau, visitor):
    await visitor.get("/sign-in")
    visitor.session.cookie_jar.update_cookies({SESSION: "A" * 43}, visitor.session._build_url(visitor.base))
    await visitor.get("/sign-in")
    await visitor.post("/sign-in", {"login": "officer", "password": PASSWORD, "next": ""})
    first = session_cookie(visitor)
    assert first not in {None, "A" * 43}
    assert (await visitor.get("/cases")).url == "/cases"


async def test_after_sign_in_one_is_where_one_wanted_to_be(bureau, visitor):
    page = f"/cases/{bureau.case.number}"
    form = await visitor.get(page)
    assert form.url.startswith("/sign-in?next=")
    answer = await visitor.post("/sign-in", {"login": "officer", "password": PASSWORD, "next": page})
    assert answer.url == page


@pytest.mark.parametrize(
    "address", ["//evil.example", "/\\evil", "https://evil.example/", "javascript:alert(1)"]
)
async def test_sign_in_never_leads_elsewhere(bureau, visitor, address):
    await visitor.get("/sign-in")
    data = {"login": "officer", "password": PASSWORD, "next": address}
    answer = await visitor.post("/sign-in", data, follow=False)
    assert answer.headers["Location"] == "/"


async def test_too_many_tries_must_wait(bureau, visitor):
    for _ in range(5):
        await visitor.sign_in("officer", "wrong")
    answer = await visitor.sign_in("officer")
    assert answer.status == 429
    assert answer.says("秒后再试")


async def test_signing_out_ends_the_session_for_good(bureau, visitor, db):
    await visitor.sign_in("officer")
    cookie = session_cookie(visitor)
    answer = await visitor.post("/sign-out", follow=False)
    assert '"cache"' in answer.headers["Clear-Site-Data"]
    visitor.session.cookie_jar.update_cookies({SESSION: cookie}, visitor.session._build_url(visitor.base))
    assert (await visitor.get("/cases")).url.startswith("/sign-in")


async def test_half_an_hour_without_a_click_is_the_end(bureau, visitor, clock, now):
    await visitor.sign_in("officer")
    clock(now + timedelta(minutes=29))
    assert (await visitor.get("/cases")).url == "/cases"
    clock(now + timedelta(minutes=60))
    assert (await visitor.get("/cases")).url.startswith("/sign-in")


async def test_who_types_is_not_idle_but_twelve_hours_are_the_end(bureau, visitor, clock, now):
    await visitor.sign_in("officer")
    for minutes in range(20, 12 * 60, 20):
        clock(now + timedelta(minutes=minutes))
        assert (await visitor.get("/alive")).status == 204
    clock(now + timedelta(hours=12))
    assert (await visitor.get("/alive", follow=False)).status == 303


async def test_a_form_sent_too_late_is_told_what_happened(bureau, visitor, clock, now):
    await visitor.sign_in("officer")
    clock(now + timedelta(minutes=31))
    answer = await visitor.post(f"/cases/{bureau.case.number}/add_note", {"version": "1", "words": "备注"})
    assert answer.url == "/sign-in?over=yes"
    assert answer.says("刚才的内容没有保存")


async def test_the_first_password_must_be_changed_before_anything_else(bureau, visitor, db):
    async with db.begin() as session:
        staff = await session.scalar(select(Staff).where(Staff.login == "officer"))
        staff.must_change_password = True
    answer = await visitor.sign_in("officer")
    assert answer.url == "/account/password"
    assert answer.says("请先换成自己的口令")
    for page in ("/cases", "/account", f"/cases/{bureau.case.number}"):
        assert (await visitor.get(page)).url == "/account/password"
    short = await visitor.post("/account/password", {"old": PASSWORD, "new": "short", "repeated": "short"})
    assert short.status == 422
    assert short.says("至少要 8 个字符")
    done = await visitor.post("/account/password", {"old": PASSWORD, "new": FRESH, "repeated": FRESH})
    assert done.url == "/account?done=password"
    assert (await visitor.get("/cases")).url == "/cases"


async def test_a_new_password_signs_out_elsewhere(bureau, visitor, sign_in):
    elsewhere = await sign_in(bureau.by_role[Role.OFFICER])
    await visitor.sign_in("officer")
    await visitor.get("/account/password")
    await visitor.post("/account/password", {"old": PASSWORD, "new": FRESH, "repeated": FRESH})
    assert (await elsewhere.get("/cases")).url.startswith("/sign-in")


async def test_preferences_are_kept_and_the_language_follows(bureau, sign_in, db):
    browser = await sign_in(bureau.by_role[Role.OFFICER])
    answer = await browser.post("/account", {"locale": "en", "email": " wang@example.gov.cn "})
    assert answer.says("Saved")
    async with db.read() as session:
        staff = await session.scalar(select(Staff).where(Staff.login == "officer"))
    assert (staff.locale, staff.email) == ("en", "wang@example.gov.cn")
    wrong = await browser.post("/account", {"locale": "xx", "email": "not an address"})
    assert wrong.status == 422
    async with db.read() as session:
        assert (await session.scalars(select(StaffSession))).all()
