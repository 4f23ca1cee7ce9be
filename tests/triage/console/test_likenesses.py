"""“Likely the same” on the pages: reasons, sayings, what each may see, and the mark in the desk's list."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from config.catalog import Catalog
from models.case import Case
from models.event import Event
from models.likeness import BodyRise, Likeness
from models.numbers import in_groups
from models.queries.likenesses import insert_marks
from models.states import CaseState, LikenessState, MarkKind, Role
from tests.factories import NOW, make_case, make_tip
from triage.assess import open_case
from triage.matters import Matters

TEXT = (
    "孟庙镇诚信安全技术培训学校交三千八百块钱保证拿电工证，不用上课，"
    "考试的时候有人把答案发到手机上，我们村十几个人都是这样拿的证。"
)
EMPTY = "没有发现与它相像的案件"
REASONS = [
    {"kind": "body", "how": "abbreviation", "new": "诚信安培", "known": "漯河诚信安全技术培训学校"},
    {"kind": "contact", "how": "phone"},
    {"kind": "text", "percent": 62},
    {"kind": "matter", "values": ["3.1.4", "pass_guarantee"]},
    {"kind": "place", "office": "yancheng"},
    {"kind": "time", "days": 3},
]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def like(db, case: Case, first: Case, **changes) -> Likeness:
    values = {
        "case_id": case.id,
        "first_case_id": first.id,
        "score": 0.7,
        "is_sure": False,
        "reasons": REASONS,
        "created_at": NOW,
    }
    async with db.begin() as session:
        row = Likeness(**(values | changes))
        session.add(row)
    return row


async def case_of(db, office: str = "yancheng", **changes) -> Case:
    async with db.begin() as session:
        return await make_case(session, CaseState.VERIFYING, office, **changes)


async def test_the_desk_reads_why_and_says_yes_no_and_takes_it_back(db, bureau, sign_in):
    other = await case_of(db, target="诚信安培")
    row = await like(db, other, bureau.case)
    desk = await sign_in(bureau.by_role[Role.INTAKE])
    page = await desk.get(f"/cases/{other.number}")
    for words in (
        "可能是同一事项",
        in_groups(bureau.case.number),
        "同一被举报对象：诚信安培 ≈ 漯河诚信安全技术培训学校（简称）",
        "同一联系方式（电话）",
        "文字相同 62 %",
        "属地相同：郾城",
        "相隔 3 天",
        "最早的一件",
    ):
        assert page.says(words), words
    act = f"/cases/{other.number}/likenesses/{row.id}"
    done = await desk.post(f"{act}/same")
    assert done.says("已认定为同一事项。两件案件各自办理，没有合并")
    assert done.says("撤销")
    assert (await desk.get(f"/cases/{bureau.case.number}")).says("之后的一件")
    assert (await desk.post(f"{act}/undo")).says("已撤销认定")
    assert (await desk.post(f"{act}/different")).says("已认定不是同一事项")
    async with db.read() as session:
        assert (await session.get_one(Likeness, row.id)).state is LikenessState.REJECTED
        acts = select(func.count()).select_from(Event).where(Event.kind.startswith("likeness_"))
        assert await session.scalar(acts) == 3
        case = await session.get_one(Case, other.id)
    assert (case.state, case.version) == (other.state, other.version)
    assert (await desk.get(f"/cases/{other.number}")).says("认定与另一案件不是同一事项")  # in the history


async def test_without_likenesses_the_page_says_so(bureau, sign_in):
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    assert (await officer.get(f"/cases/{bureau.case.number}")).says(EMPTY)


async def test_in_english_everything_is_english(db, bureau, sign_in):
    other = await case_of(db)
    await like(db, other, bureau.case, reasons=[*REASONS[1:5], {"kind": "time", "days": 1}], is_sure=True)
    desk = await sign_in(bureau.by_role[Role.INTAKE])
    page = await desk.get(f"/cases/{other.number}?lang=en")
    for words in (
        "Likely the same",
        "Very likely",
        "The same contact (phone)",
        "62 % of the text is the same",
        "1 day apart",
    ):
        assert page.says(words), words


class TestScope:
    """No county learns of another county's case, not even that there is one."""

    async def test_a_county_sees_no_case_of_another(self, db, bureau, sign_in):
        await like(db, bureau.other_case, bureau.case)
        for staff, case, other in (
            (bureau.by_role[Role.OFFICER], bureau.case, bureau.other_case),
            (bureau.by_role[Role.LEAD], bureau.case, bureau.other_case),
            (bureau.other_officer, bureau.other_case, bureau.case),
        ):
            browser = await sign_in(staff)
            for address in (f"/cases/{case.number}", f"/cases/{case.number}?events=all"):
                page = await browser.get(address)
                assert page.says(EMPTY)
                assert other.number not in page.text
                assert in_groups(other.number) not in page.text
                assert not page.says("诚信安培")

    async def test_a_county_cannot_speak_of_it_by_its_address(self, db, bureau, sign_in):
        row = await like(db, bureau.other_case, bureau.case)
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        for number in (bureau.case.number, bureau.other_case.number):
            answer = await officer.post(f"/cases/{number}/likenesses/{row.id}/same")
            assert answer.status == 404
        async with db.read() as session:
            assert (await session.get_one(Likeness, row.id)).state is LikenessState.SUGGESTED

    async def test_within_its_own_cases_a_county_says_so_itself(self, db, bureau, sign_in):
        other = await case_of(db)
        row = await like(db, other, bureau.case)
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        answer = await officer.post(f"/cases/{bureau.case.number}/likenesses/{row.id}/same")
        assert answer.says("已认定为同一事项")

    @pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR, Role.OPERATOR])
    async def test_who_reads_no_cases_says_nothing_of_them(self, db, bureau, sign_in, role):
        row = await like(db, bureau.other_case, bureau.case)
        browser = await sign_in(bureau.by_role[role])
        answer = await browser.post(f"/cases/{bureau.case.number}/likenesses/{row.id}/same")
        assert answer.status in {403, 404}

    async def test_an_invented_address_changes_nothing(self, db, bureau, sign_in):
        row = await like(db, bureau.other_case, bureau.case)
        desk = await sign_in(bureau.by_role[Role.INTAKE])
        third = await case_of(db)
        for path in (
            f"/cases/{third.number}/likenesses/{row.id}/same",
            f"/cases/{bureau.case.number}/likenesses/999/same",
            f"/cases/{bureau.case.number}/likenesses/{row.id}/merge",
        ):
            assert (await desk.post(path)).status == 404


async def test_a_chain_is_refused_with_what_to_do(db, bureau, sign_in):
    second, third = await case_of(db), await case_of(db)
    row = await like(db, second, bureau.case, state=LikenessState.REJECTED)
    await like(db, third, second)
    desk = await sign_in(bureau.by_role[Role.INTAKE])
    answer = await desk.post(f"/cases/{second.number}/likenesses/{row.id}/undo")
    assert answer.status == 409
    assert answer.says("请先在那些案件上撤销或否定")


async def test_the_desks_list_marks_what_is_likely_known(db, bureau, sign_in):
    async with db.begin() as session:
        waiting = await make_case(session, CaseState.REGISTERED, "city", due_rule="D03")
        await make_case(session, CaseState.REGISTERED, "city", due_rule="D03")
    row = await like(db, waiting, bureau.case)
    desk = await sign_in(bureau.by_role[Role.INTAKE])
    assert (await desk.get("/desk")).text.count("可能同一事项") == 1
    await desk.post(f"/cases/{waiting.number}/likenesses/{row.id}/different")
    assert "可能同一事项" not in (await desk.get("/desk")).text


async def test_the_supervisor_reads_which_body_rises(db, bureau, sign_in):
    supervisor = await sign_in(bureau.by_role[Role.SUPERVISOR])
    assert (await supervisor.get("/supervisor")).says("近 14 天没有哪个对象的举报异常增多")
    async with db.begin() as session:
        tip = await make_tip(session, received_at=NOW - timedelta(days=1))
        case = await make_case(session, tip=tip, target="诚信安培")
        await insert_marks(session, tip.id, [(MarkKind.BODY, 5)])
        session.add(BodyRise(value=5, period=1, case_id=case.id, count=4, expected=0.2, noticed_at=NOW))
    page = await supervisor.get("/supervisor")
    for words in ("异常增多的被举报对象", "诚信安培", "4 件", "以往约 0.2 件", in_groups(case.number)):
        assert page.says(words), words
    lead = await sign_in(bureau.by_role[Role.LEAD])
    assert not (await lead.get("/supervisor")).says("异常增多")


async def test_from_the_second_tip_to_the_word_of_the_desk(db, bureau, sign_in, catalog: Catalog, keys):
    """A journey: two citizens, one school; the desk sees it at once and both cases go on."""
    matters = Matters(catalog, keys)
    line = {
        "disposition": "in_scope",
        "subjects": ["training_institution"],
        "clauses": ["3.1.4"],
        "patterns": ["pass_guarantee"],
        "police_referral": False,
        "urgency": "normal",
        "jurisdiction": "yancheng",
        "evidence": [],
        "confidence": {},
        "review": False,
        "review_reasons": [],
        "rules_version": "r1",
    }
    cases = []
    for names, place in ((["漯河诚信安全技术培训学校"], "yancheng"), (["诚信安培"], "unknown")):
        async with db.begin() as session:
            tip = await make_tip(session, TEXT, received_at=NOW)
            said = line | {"targets": names, "jurisdiction": place}
            cases.append(await open_case(session, tip.id, said, catalog=catalog, matters=matters, now=NOW))
    first, second = cases
    assert second.office_id == "yancheng"
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    page = await officer.get(f"/cases/{second.number}")
    assert page.says("很可能")
    assert page.says("举报人没有写明县区，按同一事项的在办案件交郾城")
    assert page.says("诚信安培 ≈ 漯河诚信安全技术培训学校（简称）")
    async with db.read() as session:
        row = await session.scalar(select(Likeness))
    assert (await officer.post(f"/cases/{second.number}/likenesses/{row.id}/same")).says("已认定为同一事项")
    assert (await officer.get(f"/cases/{first.number}")).says("是同一事项")
