"""The second factor: each code counts once and only while it is shown; guessing is stopped."""

from datetime import timedelta
from itertools import islice

import pyotp
import pytest
from sqlalchemy import select

from models.event import Event
from models.staff import RecoveryCode, Staff, StaffSession
from models.states import Role
from tests.factories import PASSWORD, make_staff
from triage import second_factor
from triage.accounts import SignInRefusedError, SignInTooOftenError, find_signed_in, sign_in
from triage.second_factor import (
    CodeRefusedError,
    check_code,
    confirm,
    draw_secret,
    find_pending_secret,
    finish_sign_in,
    must_enrol,
    prepare,
    turn_off,
)

STEP = timedelta(seconds=30)


@pytest.fixture
def database_url(make_database) -> str:
    """One engine is enough: nothing here is spoken in SQL."""
    return make_database("sqlite")


class Phone:
    """An authenticator app."""

    def __init__(self, secret: str) -> None:
        self.totp = pyotp.TOTP(secret)

    def shows(self, at) -> str:
        return self.totp.at(at)


@pytest.fixture
def enrol(db, keys, now):
    async def work(login: str = "wang", role: Role = Role.OFFICER) -> tuple[Staff, Phone, list[str]]:
        """Switched on five minutes ago."""
        then = now - 10 * STEP
        async with db.begin() as session:
            staff = await make_staff(session, role, login=login)
            await prepare(session, staff.id, keys=keys)
        async with db.read() as session:
            staff = await session.get_one(Staff, staff.id)
        phone = Phone(find_pending_secret(staff, keys=keys))
        codes = await confirm(db, staff.id, phone.shows(then), token=b"", keys=keys, now=then)
        return staff, phone, codes

    return work


async def half(db, keys, now) -> bytes:
    entered = await sign_in(db, "wang", PASSWORD, source="192.0.2.7", keys=keys, now=now)
    assert entered.is_half
    return entered.token


async def test_a_right_password_alone_opens_nothing(db, keys, now, enrol):
    await enrol()
    token = await half(db, keys, now)
    assert await find_signed_in(db, token, keys=keys, now=now) is None


async def test_the_code_opens_a_session_under_another_token(db, keys, now, enrol):
    _, phone, _ = await enrol()
    token = await half(db, keys, now)
    entered = await finish_sign_in(db, token, phone.shows(now), keys=keys, now=now)
    assert entered.token != token
    assert await find_signed_in(db, entered.token, keys=keys, now=now)
    assert await find_signed_in(db, token, keys=keys, now=now) is None
    with pytest.raises(SignInRefusedError):  # the half session is spent
        await finish_sign_in(db, token, phone.shows(now + STEP), keys=keys, now=now + STEP)


@pytest.mark.parametrize("disguise", ["{}", " {} ", "{}\t", "　{}", "0{}", "{}0", "+{}"])
async def test_a_code_counts_once_however_it_is_dressed(db, keys, now, enrol, disguise):
    _, phone, _ = await enrol()
    code = phone.shows(now)
    await finish_sign_in(db, await half(db, keys, now), code, keys=keys, now=now)
    token = await half(db, keys, now)
    with pytest.raises(CodeRefusedError):
        await finish_sign_in(db, token, disguise.format(code), keys=keys, now=now)


async def test_a_code_is_taken_as_people_write_it(db, keys, now, enrol):
    _, phone, _ = await enrol()
    code = phone.shows(now)
    assert await finish_sign_in(db, await half(db, keys, now), f"{code[:3]} {code[3:]}", keys=keys, now=now)


@pytest.mark.parametrize("steps", [-2, -1, 1, 2])
async def test_only_the_code_that_is_shown_now_counts(db, keys, now, enrol, steps):
    _, phone, _ = await enrol()
    with pytest.raises(CodeRefusedError):
        await finish_sign_in(
            db, await half(db, keys, now), phone.shows(now + steps * STEP), keys=keys, now=now
        )


async def test_the_code_that_switched_it_on_is_spent(db, keys, now, enrol):
    _, phone, _ = await enrol()
    then = now - 10 * STEP
    with pytest.raises(CodeRefusedError):
        await finish_sign_in(db, await half(db, keys, then), phone.shows(then), keys=keys, now=then)


async def test_five_failures_lock_the_second_step_for_a_while(db, keys, now, enrol):
    _, phone, _ = await enrol()
    token = await half(db, keys, now)
    for guess in islice((f"{number:06d}" for number in range(10)), 5):
        with pytest.raises(CodeRefusedError):
            await finish_sign_in(db, token, guess, keys=keys, now=now)
    with pytest.raises(SignInTooOftenError) as wait:
        await finish_sign_in(db, token, phone.shows(now), keys=keys, now=now)
    assert wait.value.wait_seconds == 60
    again = await half(db, keys, now)  # a right password forgets nothing of it
    with pytest.raises(SignInTooOftenError):
        await finish_sign_in(db, again, phone.shows(now), keys=keys, now=now)
    later = now + timedelta(seconds=61)
    assert await finish_sign_in(db, again, phone.shows(later), keys=keys, now=later)


async def test_guessing_for_a_day_hits_once_in_a_thousand_at_most(db, keys, now, enrol):
    staff, _, _ = await enrol()
    tries, moment = 0, now
    while moment < now + timedelta(days=1):
        try:
            with pytest.raises(CodeRefusedError):
                await check_code(db, staff.id, "000000", keys=keys, now=moment)
            tries += 1
        except SignInTooOftenError as error:
            moment += timedelta(seconds=error.wait_seconds)
    assert tries / 10**second_factor.DIGITS < 1 / 1000


async def test_a_half_session_waits_ten_minutes(db, keys, now, enrol):
    _, phone, _ = await enrol()
    token = await half(db, keys, now)
    later = now + timedelta(minutes=10)
    with pytest.raises(SignInRefusedError):
        await finish_sign_in(db, token, phone.shows(later), keys=keys, now=later)


async def test_a_recovery_code_stands_in_once(db, keys, now, enrol):
    _, _, codes = await enrol()
    assert len(set(codes)) == 10
    for typed in (codes[0], codes[1].upper().replace("-", " ")):
        assert await finish_sign_in(db, await half(db, keys, now), typed, keys=keys, now=now)
    with pytest.raises(CodeRefusedError):
        await finish_sign_in(db, await half(db, keys, now), codes[0], keys=keys, now=now)
    with pytest.raises(CodeRefusedError):
        await finish_sign_in(db, await half(db, keys, now), codes[2][:-1] + "!", keys=keys, now=now)
    async with db.read() as session:
        stored = (await session.scalars(select(RecoveryCode))).all()
        events = (await session.scalars(select(Event).where(Event.kind == "recovery_code_used"))).all()
    assert [event.data["left"] for event in events] == [9, 8]
    assert all(row.code_hash.startswith("$argon2id$") for row in stored)


async def test_the_secret_is_sealed_and_the_picture_holds_it(db, keys, now, enrol):
    staff, phone, _ = await enrol()
    async with db.read() as session:
        stored = (await session.get_one(Staff, staff.id)).totp
    assert phone.totp.secret.encode() not in stored
    picture = draw_secret(phone.totp.secret, "wang")
    assert picture.startswith("<svg")
    assert "style=" not in picture
    assert "<script" not in picture


async def test_switching_it_on_signs_out_everywhere_else(db, keys, now):
    async with db.begin() as session:
        staff = await make_staff(session, login="wang")
        await prepare(session, staff.id, keys=keys)
    here = await sign_in(db, "wang", PASSWORD, source="a", keys=keys, now=now)
    there = await sign_in(db, "wang", PASSWORD, source="b", keys=keys, now=now)
    async with db.read() as session:
        secret = find_pending_secret(await session.get_one(Staff, staff.id), keys=keys)
    with pytest.raises(CodeRefusedError):
        await confirm(db, staff.id, "000000", token=here.token, keys=keys, now=now)
    await confirm(db, staff.id, Phone(secret).shows(now), token=here.token, keys=keys, now=now)
    assert await find_signed_in(db, here.token, keys=keys, now=now)
    assert await find_signed_in(db, there.token, keys=keys, now=now) is None


async def test_switched_off_the_password_is_enough(db, keys, now, enrol):
    staff, _, _ = await enrol()
    await turn_off(db, staff.id, now=now)
    entered = await sign_in(db, "wang", PASSWORD, source="a", keys=keys, now=now)
    assert not entered.is_half
    async with db.read() as session:
        assert (await session.scalars(select(RecoveryCode))).all() == []
        assert [row.is_half for row in await session.scalars(select(StaffSession))] == [False]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("policy", ["offered", "required"])
async def test_who_decides_over_others_must_use_it_where_it_is_required(role, policy):
    forced = role in {Role.SUPERVISOR, Role.ADMINISTRATOR, Role.LEAD}
    assert must_enrol(Staff(role=role), policy) is (forced and policy == "required")
    assert not must_enrol(Staff(role=role, totp=b"x"), policy)
