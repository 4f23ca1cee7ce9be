"""Staff link their chat with a code from the console; citizens cannot, and nobody can guess."""

from datetime import timedelta

import pytest

from config.clock import now as read_clock
from models.chat_link import find_linked_staff, make_link_code
from models.staff import Staff
from tests.factories import make_staff

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def officer(db, **changes):
    async with db.begin() as session:
        return (await make_staff(session, **changes)).id


async def chat_of(db, staff_id):
    async with db.read() as session:
        return (await session.get_one(Staff, staff_id)).chat


def test_a_code_fits_one_account_for_a_while(keys, now, database_url):
    code = make_link_code(keys, 17, now=now)
    assert find_linked_staff(keys, f"{code[:4]} {code[4:]}", now=now + timedelta(minutes=14)) == 17
    assert find_linked_staff(keys, code, now=now + timedelta(minutes=31)) is None
    assert find_linked_staff(keys, "1" + code, now=now) is None
    for typed in ("", "17", "x" * 1000, "9" * 1000):
        assert find_linked_staff(keys, typed, now=now) is None


async def test_linked_notices_come_to_the_chat_until_unlinked(served, citizen, db, keys):
    staff_id = await officer(db)
    citizen.says(f"/link {make_link_code(keys, staff_id, now=read_clock())}")
    await citizen.hears("已连接")
    assert keys.unseal("identity", await chat_of(db, staff_id), place="staff.chat") == b"1001"
    citizen.says("/unlink")
    await citizen.hears("不再发到这里")
    assert await chat_of(db, staff_id) is None


async def test_wrong_codes_are_refused_and_slowed_down(served, citizen, db):
    staff_id = await officer(db)
    for guess in range(5):
        citizen.says(f"/link {staff_id}{guess:010d}")
        await citizen.hears("连接码不对")
    citizen.says(f"/link {staff_id}{9:010d}")
    await citizen.hears("发得太快了")
    assert await chat_of(db, staff_id) is None


async def test_a_closed_account_cannot_be_linked(served, citizen, db, keys):
    staff_id = await officer(db, is_active=False)
    citizen.says(f"/link {make_link_code(keys, staff_id, now=read_clock())}")
    await citizen.hears("连接码不对")
