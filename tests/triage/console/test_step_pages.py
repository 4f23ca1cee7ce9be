"""The list of statutory steps on the page of the case: who and when, what is missing, and the way to it."""

import re
from datetime import timedelta

from models.audit import record_event
from models.case import TrackStep
from models.states import CaseState, Role, Track
from tests.factories import NOW, make_case, make_deadline


def lines_of(page: str) -> dict[str, str]:
    """Each step by its name, as text."""
    panel = re.search(
        r'<section class="panel first" aria-labelledby="steps">(.*?)</section>', page, re.DOTALL
    )[1]
    items = re.findall(r"<li class.*?</li>", panel, re.DOTALL)
    return {
        re.search(r"<strong>(.*?)</strong>", item)[1]: " ".join(re.sub(r"<[^>]+>", " ", item).split())
        for item in items
    }


async def test_steps_say_who_when_and_whose_turn_it_is(db, bureau, sign_in):
    officer = bureau.by_role[Role.OFFICER]
    async with db.begin() as session:
        case = await make_case(session, CaseState.RESULT_FILED, officer_id=officer.id, result_by=officer.id)
        case.verification = {"second": "赵工", "evidence": [], "allegations": []}
        for hours, kind in enumerate(("accepted", "assigned", "signed_for", "result_filed")):
            by = None if kind == "accepted" else officer.id
            record_event(session, kind, at=NOW - timedelta(hours=9 - hours), by=by, case_id=case.id)
        done = await make_deadline(session, case, "D07", due_at=NOW)
        done.met_at = NOW - timedelta(hours=7)
    page = await (await sign_in(officer)).get(f"/cases/{case.number}")
    lines = lines_of(page.text)
    assert "已完成 系统，2026年3月4日（周三）01:00" in lines["决定是否受理"]
    assert f"已完成 按时完成 {officer.name}，2026年3月4日（周三）03:00" in lines["签收"]
    assert "依据（服务承诺）：本局服务承诺" in lines["签收"]
    assert "同查人员赵工" in lines["核查（两人以上）并提交结果"]
    assert (
        "现在要办 审核人不能是提交" in lines["审核结果"] or "由县区负责人或分管领导办理" in lines["审核结果"]
    )
    assert lines["反馈举报人"].endswith("以后")
    assert "移送公安" not in page.text.split('<h2 id="clocks"')[0].split('id="steps"')[1]
    lead = await (await sign_in(bureau.by_role[Role.LEAD])).get(f"/cases/{case.number}")
    assert f'<a href="?do=approve#act">{"审核通过"}</a>' in lead.text.split('id="steps"')[1]


async def test_the_referral_stands_beside_where_a_crime_is_suspected(db, bureau, sign_in):
    officer = bureau.by_role[Role.OFFICER]
    async with db.begin() as session:
        case = await make_case(session, is_police_matter=True, tracks={"police": "reported"})
        for step in ("suspected", "team", "reported"):
            session.add(
                TrackStep(
                    case_id=case.id, track=Track.POLICE, step=step, at=NOW, staff_id=officer.id, facts={}
                )
            )
        await make_deadline(session, case, "D15", due_at=NOW + timedelta(days=2))
    lines = lines_of((await (await sign_in(officer)).get(f"/cases/{case.number}")).text)
    assert officer.name in lines["书面报告负责人"]
    assert "现在要办 剩 2 天" in lines["负责人批准移送"]
    assert "依据（法定）" in lines["负责人批准移送"]
    head = await (await sign_in(bureau.by_role[Role.SUPERVISOR])).get(f"/cases/{case.number}")
    assert (
        'href="?track=police&amp;step=approved#tracks"'
        in head.text.split('id="steps"')[1].split("</section>")[0]
    )
