"""Accounts: who may open, change and close them, and what cannot be undone by anybody."""

import asyncio
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from models.audit import find_broken_event
from models.event import Event
from models.queries.staff import find_session, list_staff
from models.staff import Staff, StaffSession
from models.states import Role
from tests.factories import make_staff
from triage.accounts import matches_password
from triage.staffing import (
    Person,
    StaffProblem,
    StaffRefusedError,
    add_staff,
    change_staff,
    disable_staff,
    reset_password,
)

OFFICES = ("yancheng", "shaoling", "city")


def person(**changes):
    return Person(**({"name": "李工", "role": Role.OFFICER, "office_id": "yancheng"} | changes))


@pytest.fixture
async def admin(db):
    async with db.begin() as session:
        return await make_staff(session, Role.ADMINISTRATOR, "city")


@contextmanager
def refused(problem):
    with pytest.raises(StaffRefusedError) as caught:
        yield
    assert caught.value.problem is problem
    assert str(caught.value).endswith(".")


async def read(db, login):
    async with db.read() as session:
        return await session.scalar(select(Staff).where(Staff.login == login))


async def list_events(db):
    async with db.read() as session:
        assert await find_broken_event(session) is None
        return [(event.kind, event.staff_id, event.data) for event in await session.scalars(select(Event))]


async def test_a_new_account_gets_a_password_once_and_must_change_it(db, admin, now):
    made = await add_staff(db, "li.gong", person(email="li@example.org"), by=admin, offices=OFFICES, now=now)
    stored = await read(db, "li.gong")
    assert stored.must_change_password
    assert stored.is_active
    assert (stored.name, stored.role, stored.office_id, stored.email) == (
        "李工",
        Role.OFFICER,
        "yancheng",
        "li@example.org",
    )
    assert await matches_password(stored.password_hash, made.password)
    assert made.password not in repr(made)
    assert await list_events(db) == [
        ("staff_added", admin.id, {"staff": stored.id, "role": "officer", "office": "yancheng"})
    ]


@pytest.mark.parametrize(
    ("login", "changes", "problem", "field"),
    [
        ("", {}, StaffProblem.LOGIN_FORM, "login"),
        ("x", {}, StaffProblem.LOGIN_FORM, "login"),
        ("Li Gong", {}, StaffProblem.LOGIN_FORM, "login"),
        ("李工", {}, StaffProblem.LOGIN_FORM, "login"),
        ("l" * 33, {}, StaffProblem.LOGIN_FORM, "login"),
        ("li", {"name": " "}, StaffProblem.NAME_EMPTY, "name"),
        ("li", {"name": "\u202e"}, StaffProblem.NAME_EMPTY, "name"),
        ("li", {"name": "123"}, StaffProblem.NAME_EMPTY, "name"),
        ("li", {"name": "李" * 51}, StaffProblem.NAME_TOO_LONG, "name"),
        ("li", {"office_id": "beijing"}, StaffProblem.OFFICE_UNKNOWN, "office"),
        ("li", {"role": Role.SUPERVISOR}, StaffProblem.OFFICE_NOT_CITY, "office"),
        ("li", {"role": Role.ADMINISTRATOR}, StaffProblem.OFFICE_NOT_CITY, "office"),
        ("li", {"email": "li@"}, StaffProblem.EMAIL_FORM, "email"),
        ("li", {"email": "li@example.org\nBcc: x@example.org"}, StaffProblem.EMAIL_FORM, "email"),
        ("li", {"locale": "fr"}, StaffProblem.LOCALE_UNKNOWN, "locale"),
    ],
)
async def test_an_account_that_cannot_be_says_why(db, admin, now, login, changes, problem, field):
    with pytest.raises(StaffRefusedError) as refused:
        await add_staff(db, login, person(**changes), by=admin, offices=OFFICES, now=now)
    assert (refused.value.problem, refused.value.field) == (problem, field)
    async with db.read() as session:
        assert len(await list_staff(session)) == 1


async def test_a_login_is_given_once(db, admin, now):
    await add_staff(db, "li", person(), by=admin, offices=OFFICES, now=now)
    with refused(StaffProblem.LOGIN_TAKEN):
        await add_staff(db, "li", person(name="别人"), by=None, offices=OFFICES, now=now)


async def open_session(db, staff, now):
    async with db.begin() as session:
        session.add(StaffSession(staff_id=staff.id, token=bytes(32), created_at=now, seen_at=now))


async def has_session(db, now):
    async with db.read() as session:
        return await find_session(session, bytes(32), now=now) is not None


async def test_a_reset_ends_sessions_and_the_old_password(db, admin, now):
    made = await add_staff(db, "li", person(), by=admin, offices=OFFICES, now=now)
    await open_session(db, made.staff, now)
    again = await reset_password(db, "li", by=admin, now=now)
    stored = await read(db, "li")
    assert not await has_session(db, now)
    assert stored.must_change_password
    assert await matches_password(stored.password_hash, again.password)
    assert not await matches_password(stored.password_hash, made.password)


async def test_a_closed_account_is_signed_out_at_once_and_a_reset_opens_it_again(db, admin, now):
    made = await add_staff(db, "li", person(), by=admin, offices=OFFICES, now=now)
    await open_session(db, made.staff, now)
    await disable_staff(db, "li", by=admin, now=now)
    assert not await has_session(db, now)
    assert not (await read(db, "li")).is_active
    with refused(StaffProblem.IS_CLOSED):
        await disable_staff(db, "li", by=admin, now=now)
    await reset_password(db, "li", by=admin, now=now)
    assert (await read(db, "li")).is_active
    assert [kind for kind, *_ in await list_events(db)] == ["staff_added", "staff_disabled", "staff_reset"]


async def test_a_new_office_ends_sessions_but_a_new_mail_address_does_not(db, admin, now):
    made = await add_staff(db, "li", person(), by=admin, offices=OFFICES, now=now)
    await open_session(db, made.staff, now)
    await change_staff(db, "li", person(email="li@example.org"), by=admin, offices=OFFICES, now=now)
    assert await has_session(db, now)
    await change_staff(db, "li", person(office_id="shaoling"), by=admin, offices=OFFICES, now=now)
    assert not await has_session(db, now)
    assert (await list_events(db))[-1] == (
        "staff_changed",
        admin.id,
        {
            "staff": made.staff.id,
            "before": {"role": "officer", "office": "yancheng"},
            "after": {"role": "officer", "office": "shaoling"},
        },
    )


async def test_nobody_changes_himself(db, admin, now):
    async with db.begin() as session:
        await make_staff(session, Role.ADMINISTRATOR, "city")
    me = person(name="本人", role=Role.SUPERVISOR, office_id="city")
    for act in (
        disable_staff(db, admin.login, by=admin, now=now),
        reset_password(db, admin.login, by=admin, now=now),
        change_staff(db, admin.login, me, by=admin, offices=OFFICES, now=now),
    ):
        with refused(StaffProblem.OWN_ACCOUNT):
            await act
    stored = await read(db, admin.login)
    assert stored.is_active
    assert stored.role is Role.ADMINISTRATOR


async def test_the_last_administrator_stays_whoever_asks(db, admin, now):
    other = person(role=Role.AUDITOR, office_id="city")
    for act in (
        disable_staff(db, admin.login, by=None, now=now),
        change_staff(db, admin.login, other, by=None, offices=OFFICES, now=now),
    ):
        with refused(StaffProblem.LAST_ADMINISTRATOR):
            await act
    assert (await read(db, admin.login)).role is Role.ADMINISTRATOR
    assert await list_events(db) == []


async def test_two_administrators_cannot_close_each_other_at_once(db, admin, now):
    async with db.begin() as session:
        second = await make_staff(session, Role.ADMINISTRATOR, "city")
    results = await asyncio.gather(
        disable_staff(db, second.login, by=admin, now=now),
        disable_staff(db, admin.login, by=second, now=now),
        return_exceptions=True,
    )
    assert sum(isinstance(result, StaffRefusedError) for result in results) == 1
    async with db.read() as session:
        assert sum(staff.is_active for staff in await list_staff(session)) == 1


async def test_nobody_can_be_found_who_is_not_there(db, admin, now):
    with refused(StaffProblem.NOT_FOUND):
        await reset_password(db, "nobody", by=admin, now=now)


async def test_one_login_asked_for_many_times_at_once_becomes_one_account(db, now):
    person = Person(name="管理员", role=Role.ADMINISTRATOR, office_id="city")
    made = await asyncio.gather(
        *(add_staff(db, "admin", person, by=None, offices=("city",), now=now) for _ in range(4)),
        return_exceptions=True,
    )
    refused = [each for each in made if isinstance(each, StaffRefusedError)]
    assert len(refused) == 3
    async with db.read() as session:
        assert len(await list_staff(session)) == 1
