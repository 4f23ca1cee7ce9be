"""Accounts: what a password must be, how often one may guess, when a session ends."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from models.event import Event
from models.staff import StaffSession
from tests.factories import PASSWORD, make_staff
from triage import accounts
from triage.accounts import (
    LONGEST_WAIT,
    PasswordProblem,
    PasswordRefusedError,
    SignInRefusedError,
    SignInTooOftenError,
    change_password,
    find_problem,
    find_signed_in,
    hash_password,
    make_one_time_password,
    matches_password,
    sign_in,
    sign_out,
)

HERE = "192.0.2.7"


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("一条够长的中文口令也可以用", None),
        ("correct horse battery", None),
        ("  leading blanks stay  ", None),
        ("short", PasswordProblem.TOO_SHORT),
        ("x" * 129, PasswordProblem.TOO_LONG),
        ("aaaaaaaaaaaaaa", PasswordProblem.TOO_SIMPLE),
        ("abcdefghijklmn", PasswordProblem.TOO_SIMPLE),
        ("123456789012", PasswordProblem.TOO_SIMPLE),
        ("wanggong-2026!", PasswordProblem.HAS_LOGIN),
        ("Password12350", PasswordProblem.COMMON),
    ],
)
def test_what_a_new_password_must_be(password, problem):
    assert find_problem(password, login="wanggong") is problem


def test_one_time_passwords_pass_the_rules_and_differ():
    made = {make_one_time_password() for _ in range(50)}
    assert len(made) == 50
    assert all(find_problem(word, login="admin") is None for word in made)


@pytest.mark.parametrize(
    "password", ["naïve café société", "nul\0inside the word", "末尾有空格的口令，长 ", "🔑" * 20]
)
async def test_passwords_are_compared_exactly(password):
    stored = hash_password(password)
    assert await matches_password(stored, password)
    assert not await matches_password(stored, password.strip() + "x")
    assert not await matches_password(stored, password[:-1])


async def test_a_million_characters_cost_no_more_than_one_hash():
    assert not await matches_password(hash_password(""), "x" * 1_000_000)


async def test_no_account_never_matches():
    assert not await matches_password(None, "nobody's password")


async def test_signing_in_opens_a_session_of_which_only_a_hash_is_stored(db, keys, now):
    async with db.begin() as session:
        staff = await make_staff(session, login="wang")
    first = await sign_in(db, "wang", PASSWORD, source=HERE, keys=keys, now=now)
    second = await sign_in(db, "  wang ", PASSWORD, source=HERE, keys=keys, now=now)
    assert first.token != second.token
    async with db.read() as session:
        stored = (await session.scalars(select(StaffSession.token))).all()
    assert first.token not in stored
    found = await find_signed_in(db, first.token, keys=keys, now=now)
    assert found is not None
    assert found.id == staff.id
    assert await find_signed_in(db, b"x" * 32, keys=keys, now=now) is None


async def test_wrong_password_unknown_login_and_closed_account_fail_alike(db, keys, now):
    async with db.begin() as session:
        await make_staff(session, login="wang")
        await make_staff(session, login="gone", is_active=False)
    for login, password in [("wang", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("x" * 5000, "y")]:
        with pytest.raises(SignInRefusedError):
            await sign_in(db, login, password, source=HERE, keys=keys, now=now)


async def test_guessing_is_slowed_and_never_blocked_for_good(db, keys, now):
    async with db.begin() as session:
        await make_staff(session, login="wang")
    for _ in range(accounts.FREE_TRIES):
        with pytest.raises(SignInRefusedError):
            await sign_in(db, "wang", "wrong", source=HERE, keys=keys, now=now)
    with pytest.raises(SignInTooOftenError) as wait:
        await sign_in(db, "wang", PASSWORD, source="elsewhere", keys=keys, now=now)
    assert 0 < wait.value.wait_seconds <= LONGEST_WAIT.total_seconds()
    later = now + timedelta(seconds=wait.value.wait_seconds)
    assert await sign_in(db, "wang", PASSWORD, source=HERE, keys=keys, now=later)
    with pytest.raises(SignInRefusedError):  # the right password forgot the failures
        await sign_in(db, "wang", "wrong", source=HERE, keys=keys, now=later)


async def test_one_place_cannot_try_many_logins(db, keys, now, monkeypatch):
    monkeypatch.setattr(accounts, "FREE_TRIES_OF_SOURCE", 3)
    for turn in range(3):
        with pytest.raises(SignInRefusedError):
            await sign_in(db, f"login{turn}", "wrong", source=HERE, keys=keys, now=now)
    with pytest.raises(SignInTooOftenError):
        await sign_in(db, "login9", "wrong", source=HERE, keys=keys, now=now)


async def test_sessions_end_when_idle_and_at_the_latest_after_twelve_hours(db, keys, now):
    async with db.begin() as session:
        await make_staff(session, login="wang")
    token = (await sign_in(db, "wang", PASSWORD, source=HERE, keys=keys, now=now)).token
    moment = now
    while moment < now + timedelta(hours=11, minutes=40):
        moment += timedelta(minutes=20)
        assert await find_signed_in(db, token, keys=keys, now=moment), moment
    assert await find_signed_in(db, token, keys=keys, now=now + timedelta(hours=12)) is None
    token = (await sign_in(db, "wang", PASSWORD, source=HERE, keys=keys, now=now)).token
    assert await find_signed_in(db, token, keys=keys, now=now + timedelta(minutes=29))
    assert await find_signed_in(db, token, keys=keys, now=now + timedelta(minutes=60)) is None


async def test_signing_out_ends_this_browser_only(db, keys, now):
    async with db.begin() as session:
        staff = await make_staff(session, login="wang")
    here = await sign_in(db, "wang", PASSWORD, source=HERE, keys=keys, now=now)
    there = await sign_in(db, "wang", PASSWORD, source=HERE, keys=keys, now=now)
    await sign_out(db, here.token, by=staff, keys=keys, now=now)
    assert await find_signed_in(db, here.token, keys=keys, now=now) is None
    assert await find_signed_in(db, there.token, keys=keys, now=now)


async def test_a_new_password_ends_all_sessions_and_the_duty_to_change(db, keys, now):
    async with db.begin() as session:
        staff = await make_staff(session, login="wang", must_change_password=True)
    old = await sign_in(db, "wang", PASSWORD, source=HERE, keys=keys, now=now)
    fresh = "another fine sentence"
    new = await change_password(db, staff.id, old=PASSWORD, new=fresh, repeated=fresh, keys=keys, now=now)
    assert not new.staff.must_change_password
    assert await find_signed_in(db, old.token, keys=keys, now=now) is None
    assert await find_signed_in(db, new.token, keys=keys, now=now)
    with pytest.raises(SignInRefusedError):
        await sign_in(db, "wang", PASSWORD, source=HERE, keys=keys, now=now)
    assert await sign_in(db, "wang", fresh, source=HERE, keys=keys, now=now)
    async with db.read() as session:
        kinds = (await session.scalars(select(Event.kind).order_by(Event.position))).all()
    assert kinds == ["signed_in", "password_changed", "sign_in_failed", "signed_in"]


@pytest.mark.parametrize(
    ("old", "new", "repeated", "problem"),
    [
        ("wrong", "another fine sentence", "another fine sentence", PasswordProblem.WRONG_OLD),
        (PASSWORD, PASSWORD, PASSWORD, PasswordProblem.SAME),
        (PASSWORD, "another fine sentence", "another", PasswordProblem.NOT_REPEATED),
        (PASSWORD, "short", "short", PasswordProblem.TOO_SHORT),
    ],
)
async def test_a_password_that_does_not_do_changes_nothing(db, keys, now, old, new, repeated, problem):
    async with db.begin() as session:
        staff = await make_staff(session, login="wang")
    with pytest.raises(PasswordRefusedError) as refused:
        await change_password(db, staff.id, old=old, new=new, repeated=repeated, keys=keys, now=now)
    assert refused.value.problem is problem
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(StaffSession)) == 0
    assert await sign_in(db, "wang", PASSWORD, source=HERE, keys=keys, now=now)
