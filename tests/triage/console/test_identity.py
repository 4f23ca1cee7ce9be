"""The reporter's identity: a reason, a second person, half an hour, and nowhere else."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import select

from models.event import Event
from models.notice import Notice
from models.states import CaseState, Role
from models.tip import Identity
from tests.factories import make_case, make_staff, make_tip

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NAME, PHONE = "慕容秋实", "13912345678"
REASON = "需要向本人核对缴费收据上的日期"


@pytest.fixture
async def named(db, bureau, keys):
    """A case of our county whose reporter left name and phone."""
    async with db.begin() as session:
        tip = await make_tip(session, is_named=True)
        session.add(
            Identity(
                tip_id=tip.id,
                name=keys.seal("identity", NAME.encode(), place="identity.name"),
                phone=keys.seal("identity", PHONE.encode(), place="identity.phone"),
            )
        )
        return await make_case(
            session, CaseState.VERIFYING, tip=tip, officer_id=bureau.by_role[Role.OFFICER].id
        )


async def ask(browser, case, reason=REASON):
    await browser.get(f"/cases/{case.number}")
    return await browser.post(f"/cases/{case.number}/identity/ask", {"reason": reason})


async def say(browser, what="allow", reason="确有必要"):
    page = await browser.get("/approvals")
    found = page.text.split('action="/approvals/identity/')
    if len(found) == 1:
        return None
    path = "/approvals/identity/" + found[1].split('"')[0]
    return await browser.post(path, {"say": what, "reason": reason})


async def see(browser, case):
    await browser.get(f"/cases/{case.number}")
    return await browser.post(f"/cases/{case.number}/identity/open")


async def kinds(db) -> list[str]:
    async with db.read() as session:
        rows = await session.scalars(
            select(Event.kind).where(Event.kind.startswith("identity")).order_by(Event.position)
        )
        return list(rows)


@pytest.mark.parametrize("decider", [Role.LEAD, Role.INTAKE, Role.SUPERVISOR])
async def test_with_a_reason_and_a_second_person_it_opens_for_half_an_hour(
    db, named, bureau, sign_in, clock, now, decider
):
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    second = await sign_in(bureau.by_role[decider])
    assert (await see(officer, named)).status == 409
    assert (await ask(officer, named)).says("申请已提交，等另一人同意")
    assert (await see(officer, named)).status == 409
    assert (await second.get("/approvals")).says(REASON)
    assert (await say(second)).says("已同意")
    opened = await see(officer, named)
    assert opened.says(NAME)
    assert opened.says(PHONE)
    assert opened.headers["Cache-Control"] == "no-store"
    await see(officer, named)
    assert (await see(second, named)).status == 409  # what was allowed is for the one who asked
    clock(now + timedelta(minutes=20))
    await officer.get("/alive")
    clock(now + timedelta(minutes=30))
    assert (await see(officer, named)).status == 409
    assert await kinds(db) == ["identity_asked", "identity_allowed", "identity_opened", "identity_opened"]


async def test_nobody_agrees_to_what_he_asked_himself(named, bureau, sign_in):
    for role in (Role.LEAD, Role.INTAKE, Role.SUPERVISOR):
        browser = await sign_in(bureau.by_role[role])
        await ask(browser, named)
        page = await browser.get("/approvals")
        own = [one for one in page.text.split("asked-") if bureau.by_role[role].name in one]
        assert not [one for one in own if 'action="/approvals/identity' in one]
    lead = await sign_in(bureau.by_role[Role.LEAD])
    assert (await lead.post("/approvals/identity/1", {"say": "allow", "reason": "自己同意"})).status == 404
    assert (await see(lead, named)).status == 409


async def test_another_countys_lead_and_those_who_read_no_cases_have_no_say(db, named, bureau, sign_in):
    async with db.begin() as session:
        elsewhere = await make_staff(session, Role.LEAD, "linying")
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    await ask(officer, named)
    other = await sign_in(elsewhere)
    assert await say(other) is None
    assert (await other.post("/approvals/identity/1", {"say": "allow", "reason": "同意"})).status == 404
    for role in (Role.ADMINISTRATOR, Role.AUDITOR, Role.OPERATOR, Role.OFFICER):
        browser = await sign_in(bureau.by_role[role])
        answer = await browser.post("/approvals/identity/1", {"say": "allow", "reason": "同意"})
        assert answer.status == 403
    assert (await see(officer, named)).status == 409


async def test_a_refusal_says_why_and_one_may_ask_again(named, bureau, sign_in):
    officer, lead = await sign_in(bureau.by_role[Role.OFFICER]), await sign_in(bureau.by_role[Role.LEAD])
    await ask(officer, named)
    assert (await say(lead, "refuse", "")).status == 422
    await say(lead, "refuse", "先通过平台发消息询问")
    page = await officer.get(f"/cases/{named.number}")
    assert page.says("先通过平台发消息询问")
    assert (await see(officer, named)).status == 409
    assert (await ask(officer, named)).says("申请已提交")


@pytest.mark.parametrize("reason", ["", "看一下", "　　　　　　　　　　　　", "长" * 501])
async def test_a_reason_must_say_something(db, named, bureau, sign_in, reason):
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    answer = await ask(officer, named, reason)
    assert answer.status == 422
    assert reason.strip() in answer.text
    assert await kinds(db) == []


async def test_asking_twice_and_asking_for_nobody_change_nothing(db, named, bureau, sign_in):
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    await ask(officer, named)
    assert (await ask(officer, named)).status == 409
    assert (await officer.get(f"/cases/{bureau.case.number}")).says("没有留下姓名和电话")
    assert (await ask(officer, bureau.case)).status == 409
    assert await kinds(db) == ["identity_asked"]


async def test_a_decision_counts_once(named, bureau, sign_in):
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    lead, intake = await sign_in(bureau.by_role[Role.LEAD]), await sign_in(bureau.by_role[Role.INTAKE])
    await ask(officer, named)
    await say(lead, "refuse", "没有必要")
    answer = await intake.post("/approvals/identity/1", {"say": "allow", "reason": "同意"})
    assert answer.status == 404


async def test_the_number_in_the_rail_is_what_waits(named, bureau, sign_in):
    officer, lead = await sign_in(bureau.by_role[Role.OFFICER]), await sign_in(bureau.by_role[Role.LEAD])
    await ask(officer, named)
    page = await lead.get("/cases")
    assert 'href="/approvals"' in page.text
    assert (
        page.text.split('href="/approvals"')[1].split("</a>")[0].endswith('<span class="tally late">1</span>')
    )


async def test_the_identity_stands_nowhere_else(db, named, bureau, sign_in):
    officer, lead = await sign_in(bureau.by_role[Role.OFFICER]), await sign_in(bureau.by_role[Role.LEAD])
    await ask(officer, named)
    await say(lead)
    await see(officer, named)
    for role, paths in (
        (
            Role.OFFICER,
            ("/cases", f"/cases/{named.number}?events=all", f"/cases?q={NAME}", f"/cases?q={PHONE}"),
        ),
        (Role.LEAD, ("/approvals", f"/cases/{named.number}", "/supervisor")),
        (Role.INTAKE, ("/desk", f"/cases/{named.number}", "/approvals")),
        (Role.AUDITOR, ("/audit",)),
    ):
        browser = await sign_in(bureau.by_role[role])
        for path in paths:
            page = (await browser.get(path)).text
            for echo in (NAME, PHONE):  # what one typed into the search
                page = (
                    page.replace(f'value="{echo}"', "")
                    .replace(f"q={echo}", "")
                    .replace(f"q={quote(echo)}", "")
                )
            assert NAME not in page, path
            assert PHONE not in page, path
    async with db.read() as session:
        events = (await session.scalars(select(Event))).all()
        notices = (await session.scalars(select(Notice))).all()
    assert not [row for row in (*events, *notices) if NAME in str(vars(row)) or PHONE in str(vars(row))]
