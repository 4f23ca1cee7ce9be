"""A case that speaks of an office is not there for it: in no list, count, search, panel, file, export or notice."""

from io import BytesIO
from itertools import pairwise

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from models.case import Case
from models.case_bar import CaseBar
from models.event import Event
from models.likeness import Likeness
from models.notice import Notice
from models.queries.bars import insert_bar_once
from models.queries.notices import queue_staff_notice
from models.states import BarReason, CaseState, Role
from models.tip import Tip
from tests.factories import NOW, make_case, make_staff, make_tip
from triage import actions
from triage.actions import MoveRefusedError
from triage.assess import open_case
from triage.matters import Matters

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SECRET = "临颍隐秘培训学校"


def said(**changes):
    line = {
        "disposition": "in_scope", "subjects": ["training_institution"], "clauses": ["3.1.4"],
        "patterns": ["pass_guarantee"], "police_referral": False, "urgency": "normal", "jurisdiction": "linying",
        "targets": [SECRET], "evidence": [], "confidence": {}, "review": False, "review_reasons": [],
        "rules_version": "r1",
    }  # fmt: skip
    return {**line, **changes}


@pytest.fixture
async def linying(db):
    """Officer and lead of the office that the tip speaks of; the officer has a way for notices."""
    async with db.begin() as session:
        officer = await make_staff(session, Role.OFFICER, "linying", name="卢海波", email="a@example.cn")
        lead = await make_staff(session, Role.LEAD, "linying", name="苗青", email="b@example.cn")
    return officer, lead


@pytest.fixture
async def opened(db, catalog, keys, bureau, linying):
    """A tip that names an officer of its own office, opened as the worker does, and a case that is like it."""
    async with db.begin() as session:
        tip = await make_tip(session, "这个学校说找卢海波打过招呼，不用上课。")
        case = await open_case(
            session, tip.id, said(), catalog=catalog, matters=Matters(catalog, keys), now=NOW
        )
        theirs = await make_case(session, CaseState.VERIFYING, "linying", target="临颍另一学校")
        session.add(
            Likeness(
                case_id=case.id, first_case_id=theirs.id, score=0.9, is_sure=True, reasons=[], created_at=NOW
            )
        )
    return case, theirs


async def test_it_goes_to_the_city_desk_and_says_why(db, opened, bureau, sign_in):
    case, _ = opened
    assert (case.office_id, case.state) == ("city", CaseState.REGISTERED)
    assert case.review_reasons == ["conflict_of_interest"]
    intake = await sign_in(bureau.by_role[Role.INTAKE])
    assert (await intake.get("/desk")).says("需要上一级判断是否回避")
    page = await intake.get(f"/cases/{case.number}")
    assert page.says("举报提到该单位的工作人员")
    async with db.read() as session:
        event = await session.scalar(select(Event).where(Event.kind == "case_barred"))
    assert event.data == {"bar": "staff_named", "office": "linying", "staff": None}


async def test_the_office_never_learns_of_it(db, opened, bureau, linying, sign_in):
    """Even if the case were laid on its table: the bar stands in every query."""
    case, theirs = opened
    async with db.begin() as session:
        (await session.get_one(Case, case.id)).office_id = "linying"
    for person in linying:
        browser = await sign_in(person)
        pages = [
            "/cases",
            "/cases?view=all",
            "/cases?view=unassigned",
            "/cases?view=mine",
            f"/cases?q={SECRET}",
        ]
        pages += [f"/cases?q={case.number}", f"/cases?q={case.number[:6]}", f"/cases/{theirs.number}"]
        pages += ["/supervisor", "/approvals"] if person.role is Role.LEAD else []
        for path in pages:
            page = await browser.get(path)
            assert SECRET not in page.text.replace(f'value="{SECRET}"', ""), path
            assert f"/cases/{case.number}" not in page.text, path
        assert (await browser.get("/cases?view=all")).says("共 2 件")  # those of the bureau's other test case
        rail = (await browser.get("/cases")).text.split("<nav")[1].split("</nav>")[0]
        assert '<span class="tally">2</span>' in rail
        assert '<span class="tally">3</span>' not in rail
        for path in (f"/cases/{case.number}", f"/cases/{case.number}/files/1"):
            assert (await browser.get(path)).status == 404
        for act in ("sign_for", "add_note", "identity/ask", "identity/open", "words"):
            assert (await browser.post(f"/cases/{case.number}/{act}", {"version": "1"})).status == 404
        assert (await browser.post(f"/cases/{theirs.number}/likenesses/1/same")).status == 404


async def test_nothing_of_it_stands_in_the_offices_workbook(db, opened, linying, sign_in):
    lead = await sign_in(linying[1])
    await lead.get("/supervisor")
    answer = await lead.post("/supervisor/workbook", {"month": "2026-03", "purpose": "routine"})
    book = load_workbook(BytesIO(answer.body))
    cells = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if SECRET in cell or opened[0].number in cell]


async def test_numbers_show_no_gap(db, opened):
    """Case numbers are drawn, not counted: that one is missing cannot be seen."""
    async with db.read() as session:
        numbers = sorted((await session.scalars(select(Case.number))).all())
    assert opened[0].number in numbers
    steps = {int(after[2:11]) - int(before[2:11]) for before, after in pairwise(numbers)}
    assert 1 not in steps or len(steps) > 1


async def test_no_notice_of_it_goes_there(db, opened, linying, catalog):
    case, _ = opened
    async with db.begin() as session:
        row = await session.get_one(Case, case.id)
        for person in linying:
            await queue_staff_notice(
                session,
                person,
                "deadline_escalated",
                case=row,
                dedup="x",
                values={"number": row.number},
                now=NOW,
            )
    async with db.read() as session:
        told = select(func.count()).select_from(Notice).where(Notice.case_id == case.id)
        assert await session.scalar(told.where(Notice.staff_id.in_([one.id for one in linying]))) == 0


async def test_the_desk_cannot_assign_it_there(db, opened, bureau, sign_in):
    case, _ = opened
    intake = await sign_in(bureau.by_role[Role.INTAKE])
    page = await intake.get(f"/cases/{case.number}?do=accept")
    version = page.text.split('name="version" value="')[1].split('"')[0]
    typed = {"version": version, "office_id": "linying", "clauses": "3.1.4", "reason": ""}
    answer = await intake.post(f"/cases/{case.number}/accept", typed)
    assert answer.says("不能交给他们办理")
    done = await intake.post(f"/cases/{case.number}/accept", {**typed, "office_id": "yancheng"})
    assert done.url.startswith("/desk?done=accept")


async def test_the_desk_closes_a_case_that_an_office_has_in_hand(db, bureau, sign_in):
    intake, officer = await sign_in(bureau.by_role[Role.INTAKE]), await sign_in(bureau.by_role[Role.OFFICER])
    page = f"/cases/{bureau.case.number}"
    await intake.get(page)
    wrong = await intake.post(f"{page}/bars", {"bar_office": "yancheng", "bar_person": "", "bar_note": ""})
    assert wrong.status == 422
    assert (await intake.post(f"{page}/bars", {"bar_office": "", "bar_note": "理由"})).status == 422
    done = await intake.post(f"{page}/bars", {"bar_office": "yancheng", "bar_note": "被举报人是局长亲属"})
    assert done.says("已设置回避")
    assert (await officer.get(page)).status == 404
    async with db.read() as session:
        case = await session.get_one(Case, bureau.case.id)
    assert (case.office_id, case.officer_id, case.state) == ("city", None, CaseState.ACCEPTED)


async def test_one_person_alone_can_be_kept_away(db, bureau, sign_in):
    intake = await sign_in(bureau.by_role[Role.INTAKE])
    officer, lead = await sign_in(bureau.by_role[Role.OFFICER]), await sign_in(bureau.by_role[Role.LEAD])
    page, person = f"/cases/{bureau.case.number}", str(bureau.by_role[Role.OFFICER].id)
    await intake.get(page)
    await intake.post(f"{page}/bars", {"bar_office": "", "bar_person": person, "bar_note": "亲属关系"})
    assert (await officer.get(page)).status == 404
    assert not (await officer.get("/cases")).says("宏达安全培训学校")
    assert (await lead.get(page)).status == 200
    async with db.begin() as session:
        case = await session.get_one(Case, bureau.case.id)
        assert case.officer_id is None
        with pytest.raises(MoveRefusedError):
            await actions.assign(
                session,
                case,
                office_id="yancheng",
                officer_id=int(person),
                by=bureau.by_role[Role.LEAD],
                catalog=await _catalog(),
                now=NOW,
            )


async def _catalog():
    from config.catalog import load_catalog

    return load_catalog()


async def test_city_staff_stand_aside_too(db, bureau, sign_in):
    async with db.begin() as session:
        await insert_bar_once(
            session,
            bureau.case.id,
            staff_id=bureau.by_role[Role.SUPERVISOR].id,
            reason=BarReason.RECUSED,
            now=NOW,
        )
    supervisor = await sign_in(bureau.by_role[Role.SUPERVISOR])
    assert (await supervisor.get(f"/cases/{bureau.case.number}")).status == 404
    for path in ("/cases?view=all", "/desk", "/supervisor", "/approvals"):
        assert bureau.case.number not in (await supervisor.get(path)).text


async def test_only_a_supervisor_opens_it_again_and_says_why(db, opened, bureau, linying, sign_in):
    case, _ = opened
    page = f"/cases/{case.number}"
    async with db.read() as session:
        bar_id = await session.scalar(select(CaseBar.id))
    intake, supervisor = (
        await sign_in(bureau.by_role[Role.INTAKE]),
        await sign_in(bureau.by_role[Role.SUPERVISOR]),
    )
    assert (await intake.post(f"{page}/bars/{bar_id}/lift", {"note": "长长的一条理由，十个字"})).status == 403
    await supervisor.get(page)
    assert (await supervisor.post(f"{page}/bars/{bar_id}/lift", {"note": "没事"})).status == 422
    assert (await supervisor.post(f"{page}/bars/{bar_id}/lift", {"note": "已核实是同名的另一个人"})).says(
        "已解除回避"
    )
    assert (
        await supervisor.post(f"{page}/bars/{bar_id}/lift", {"note": "已核实是同名的另一个人"})
    ).status == 409
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(CaseBar)) == 0
        assert await session.scalar(select(Tip.text).where(Tip.case_id == case.id))
