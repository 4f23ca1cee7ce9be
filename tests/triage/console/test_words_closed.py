"""The citizen's words: a county sees them masked or in the desk's words, and opens the original with a reason."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from models.disclosure import Disclosure
from models.event import Event
from models.states import CaseState, FindingKind, Role
from models.tip import Identity, Tip
from tests.factories import make_case, make_finding, make_message, make_tip

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TEXT = "我是该校的前台，叫慕容秋实，电话13912345678。包过班不上课，秋实亲眼看见。"
SECRETS = ("该校的前台", "慕容秋实", "13912345678")


@pytest.fixture
async def case(db, bureau, keys):
    async with db.begin() as session:
        tip = await make_tip(session, TEXT, is_named=True, place="家住王岗镇岗李村")
        session.add(
            Identity(tip_id=tip.id, name=keys.seal("identity", "慕容秋实".encode(), place="identity.name"))
        )
        officer = bureau.by_role[Role.OFFICER].id
        case = await make_case(session, CaseState.VERIFYING, tip=tip, officer_id=officer)
        start = TEXT.index("包过班")
        for span in ((start, start + 6), (0, 12)):
            evidence = {
                "for": "3.1.4",
                "start": span[0],
                "end": span[1],
                "text": TEXT[slice(*span)],
                "why": "x",
            }
            await make_finding(session, case, tip, FindingKind.CLAUSE, "3.1.4", evidence=[evidence])
        await make_message(session, case, tip, "还是打13912345678找我")
        return case


async def open_words(browser, case, reason="遮盖处影响核查"):
    await browser.get(f"/cases/{case.number}")
    return await browser.post(f"/cases/{case.number}/words", {"reason": reason})


async def test_a_county_sees_the_matter_and_not_the_person(case, bureau, sign_in):
    for role in (Role.OFFICER, Role.LEAD):
        page = await (await sign_in(bureau.by_role[role])).get(f"/cases/{case.number}?events=all")
        assert not [secret for secret in (*SECRETS, "岗李村") if secret in page.text]
        assert "<mark" in page.text
        assert "包过班不上课" in page.text.split("<mark")[2]
        assert page.says("已遮盖")


async def test_the_desk_sees_all_words_with_their_marks(case, bureau, sign_in):
    page = await (await sign_in(bureau.by_role[Role.INTAKE])).get(f"/cases/{case.number}")
    assert page.says(TEXT)
    assert "<mark" in page.text


async def test_the_original_opens_with_a_reason_for_the_day_and_for_one_person(
    db, case, bureau, sign_in, clock, now
):
    officer, lead = await sign_in(bureau.by_role[Role.OFFICER]), await sign_in(bureau.by_role[Role.LEAD])
    assert (await open_words(officer, case, " ")).status == 422
    assert (await open_words(officer, case)).says(TEXT)
    assert not (await lead.get(f"/cases/{case.number}")).says(SECRETS[0])
    for hours in (0.4, 0.8, 1.2):
        clock(now + timedelta(hours=hours))
        assert (await officer.get(f"/cases/{case.number}")).says(TEXT)
    async with db.begin() as session:
        event = await session.scalar(select(Event).where(Event.kind == "words_opened"))
        assert (event.staff_id, event.case_id) == (bureau.by_role[Role.OFFICER].id, case.id)
        assert event.reason == "遮盖处影响核查"
        (await session.scalar(select(Disclosure))).until = now
    assert not (await officer.get(f"/cases/{case.number}")).says(SECRETS[0])


async def test_other_pages_of_the_case_are_masked_too(case, bureau, sign_in):
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    page = f"/cases/{case.number}"
    version = (await officer.get(f"{page}?do=add_note")).text.split('name="version" value="')[1].split('"')[0]
    stale = await officer.post(f"{page}/add_note", {"version": "999", "words": "备注"})
    wrong = await officer.post(f"{page}/return", {"version": version, "reason": ""})
    assert (stale.status, wrong.status) == (409, 422)
    for answer in (stale, wrong):
        assert not [secret for secret in SECRETS if secret in answer.text]


async def test_a_summary_stands_before_the_words(case, bureau, sign_in):
    intake, officer = await sign_in(bureau.by_role[Role.INTAKE]), await sign_in(bureau.by_role[Role.OFFICER])
    page = f"/cases/{case.number}"
    await intake.get(page)
    done = await intake.post(f"{page}/summary", {"summary": "核查宏达学校是否收费后不组织培训。"})
    assert done.says("摘要已保存")
    seen = await officer.get(page)
    assert seen.says("核查宏达学校是否收费后不组织培训")
    assert not seen.says("亲眼看见")
    assert not seen.says("包过班不上课")
    assert (await open_words(officer, case)).says(TEXT)
    await intake.post(f"{page}/summary", {"summary": ""})
    lead = await sign_in(bureau.by_role[Role.LEAD])
    assert (await lead.get(page)).says("包过班不上课")


async def test_what_is_stored_stays_byte_exact(db, case, bureau, sign_in):
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    await officer.get(f"/cases/{case.number}")
    await open_words(officer, case)
    await officer.get(f"/cases/{case.number}")
    async with db.read() as session:
        assert await session.scalar(select(Tip.text).where(Tip.case_id == case.id)) == TEXT
