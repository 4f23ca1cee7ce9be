"""The list of what is to be done before real use: found out by the program, answered by people, gone when done."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from models.event import Event
from models.fact import Known, note_fact
from models.staff import Staff
from models.states import Role
from tests.factories import make_staff
from triage.console.context import DESK
from triage.console.setting_up import look_at_setting_up
from triage.console.words import Words


@pytest.fixture
async def admin(bureau, sign_in):
    return await sign_in(bureau.by_role[Role.ADMINISTRATOR])


@pytest.fixture
def set_up(app):
    """set_up(telegram_token=…) changes settings of the running console."""

    def change(**changes):
        app._state[DESK] = replace(app[DESK], settings=replace(app[DESK].settings, **changes))

    return change


async def look(app, me, now):
    return await look_at_setting_up(app[DESK], me, Words(app[DESK].catalog, "zh-CN"), now=now)


def states(found):
    return {point.id: point.state for point in found.points}


async def test_a_new_installation_has_nearly_all_of_it_to_do(app, bureau, admin, now):
    found = states(await look(app, bureau.by_role[Role.ADMINISTRATOR], now))
    assert {key for key, state in found.items() if state == "done"} == {"password", "calendar"}
    page = await admin.get("/admin/start")
    assert page.says("还缺：")
    assert page.says("召陵区")
    assert not page.says("郾城区、")  # has an officer
    assert page.says(f"还有 {list(found.values()).count('open')} 项没有办")


async def test_what_only_people_know_is_answered_recorded_and_taken_back(app, db, bureau, admin, now):
    me = bureau.by_role[Role.ADMINISTRATOR]
    for point, state in (("keys", "done"), ("chat", "chosen"), ("mail", "chosen")):
        await admin.get("/admin/start")
        answer = await admin.post("/admin/start", {"point": point, "act": "choose"})
        assert answer.says(f"由 {me.login} 于")
        assert states(await look(app, me, now))[point] == state
    await admin.post("/admin/start", {"point": "chat", "act": "take_back"})
    assert states(await look(app, me, now))["chat"] == "open"
    async with db.read() as session:
        events = (await session.execute(select(Event.kind, Event.data, Event.staff_id))).all()
    assert [(kind, data["point"]) for kind, data, _ in events] == [
        ("setup_confirmed", "keys"), ("setup_confirmed", "chat"), ("setup_confirmed", "mail"),
        ("setup_reopened", "chat"),
    ]  # fmt: skip
    assert {by for _, _, by in events} == {me.id}


@pytest.mark.parametrize("form", [{}, {"point": "backup", "act": "choose"}, {"point": "keys", "act": "x"}])
async def test_what_the_program_finds_out_itself_is_answered_by_nobody(admin, form):
    await admin.get("/admin/start")
    assert (await admin.post("/admin/start", form)).status == 422


async def test_a_token_without_contact_is_not_done_and_cannot_be_waved_away(app, admin, bureau, now, set_up):
    await admin.get("/admin/start")
    await admin.post("/admin/start", {"point": "chat", "act": "choose"})
    set_up(telegram_token="123456:made-up-token-of-tests")
    assert states(await look(app, bureau.by_role[Role.ADMINISTRATOR], now))["chat"] == "open"


async def test_defaults_that_must_not_serve_real_people_are_named(app, db, bureau, admin, now, set_up):
    async with db.begin() as session:
        person = await session.get_one(Staff, bureau.other_officer.id)
        person.email = "other@demo.invalid"
    set_up(
        public_url="http://tip.example.org",
        telegram_webhook_secret="made-up-secret-0123456789",
        console=replace(app[DESK].settings.console, host="0.0.0.0"),
    )
    found = await look(app, bureau.by_role[Role.ADMINISTRATOR], now)
    assert len(found.refused) == 4
    page = await admin.get("/admin/start")
    assert page.says("这里有演示账户，口令是公开的：other。")
    assert page.says("设置了推送密钥，但公开网址不是 https")


async def test_when_all_is_done_the_day_begins_elsewhere(app, db, bureau, admin, now, set_up):
    me = bureau.by_role[Role.ADMINISTRATOR]
    assert (await admin.get("/")).url == "/admin/start"
    set_up(
        public_url="https://tip.example.org",
        console_url="https://desk.example.org",
        smtp_url="smtp://mail.example",
    )
    async with db.begin() as session:
        (await session.get_one(Staff, me.id)).totp = b"sealed"
        await make_staff(session, Role.ADMINISTRATOR, "city", login="second")
        for office in app[DESK].catalog.counties:
            await make_staff(session, Role.LEAD, office, login=f"lead.{office}")
        for name, details in (
            (Known.BACKUP, {"file": "/b"}),
            (Known.RESTORE_TRIAL, {"file": "/b", "problems": 0, "checks": []}),
            (Known.CHAT_OFF, {}),
            (Known.KEYS_KEPT, {}),
        ):
            await note_fact(session, name, source="test", at=now, details=details)
        me = await session.get_one(Staff, me.id)
    found = await look(app, me, now)
    assert found.count_open == 0, states(found)
    page = await admin.get("/admin/start")
    assert page.says("全部办完")
    assert (await admin.get("/")).url == "/admin/staff"
