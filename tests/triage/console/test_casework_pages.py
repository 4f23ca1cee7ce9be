"""Casework through the pages: effects before confirming, requests with their reasons, tracks, merging, shares."""

from datetime import timedelta

import pytest

from config.catalog import load_catalog
from models.audit import record_event
from models.case import Case
from models.likeness import Likeness
from models.queries.cases import list_deadlines
from models.states import CaseState, LikenessState, Role
from tests.factories import NOW, make_case, make_deadline, make_tip
from triage.clocks import start_clock

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def form_of(case: Case, **values: str) -> dict[str, str]:
    return {"version": str(case.version), **values}


async def reload(db, case: Case) -> Case:
    async with db.read() as session:
        return await session.get_one(Case, case.id)


async def verifying(db, bureau, **changes) -> Case:
    """Our officer verifies; the legal clock runs."""
    async with db.begin() as session:
        officer_id = bureau.by_role[Role.OFFICER].id
        case = await make_case(session, due_in=None, officer_id=officer_id, accepted_at=NOW, **changes)
        await start_clock(session, case, "D10", event="accepted", started_at=NOW, catalog=load_catalog())
    return case


async def test_the_new_date_is_shown_before_anybody_asks_and_before_anybody_grants(db, bureau, sign_in):
    case = await verifying(db, bureau)
    page = f"/cases/{case.number}"
    officer, head = (
        await sign_in(bureau.by_role[Role.OFFICER]),
        await sign_in(bureau.by_role[Role.SUPERVISOR]),
    )
    form = await officer.get(f"{page}?do=ask_extension")
    assert form.says("1 至 30")
    assert form.says("“核查办结”时限不受影响")
    wrong = await officer.post(
        f"{page}/ask_extension", form_of(case, days="31", reason="等鉴定", step="preview")
    )
    assert wrong.status == 422
    assert wrong.says("请填 1 至 30 的整数")
    asked = form_of(case, days="20", reason="等鉴定结论")
    preview = await officer.post(f"{page}/ask_extension", {**asked, "step": "preview"})
    assert preview.says("若批准，期限由")
    assert (await officer.post(f"{page}/ask_extension", asked)).says("延期申请已提出")
    case = await reload(db, case)
    seen = await head.get(f"{page}?do=grant_extension")
    assert seen.says("申请延期 20 天") or seen.says("申请延期 20 日")
    assert seen.says("等鉴定结论")
    assert seen.says("“延期核查”时限开始计时")
    assert not (await officer.get(page)).says("批准延期</a>")
    assert (await head.post(f"{page}/grant_extension", form_of(case))).says("已批准延期")
    again = await officer.get(page)
    assert again.says("已经延期过一次，不能再延")


async def test_a_clock_that_stands_says_since_when_and_why(db, bureau, sign_in):
    async with db.begin() as session:
        case = await make_case(session, CaseState.REGISTERED, "city", due_in=None)
        await start_clock(session, case, "D03", event="registered", started_at=NOW, catalog=load_catalog())
    desk = await sign_in(bureau.by_role[Role.INTAKE])
    page = f"/cases/{case.number}"
    assert (await desk.get(f"{page}?do=ask_supplement")).says("“受理决定”时限暂停计算")
    await desk.post(f"{page}/ask_supplement", form_of(case, words="请补充地点和时间。"))
    seen = await desk.get(page)
    assert seen.says("暂停：等举报人补充")
    assert seen.says("待补正")
    assert (await desk.get(f"{page}?do=end_supplement")).says("“受理决定”时限继续计算，到")
    case = await reload(db, case)
    assert (await desk.post(f"{page}/end_supplement", form_of(case))).says("已回到待受理")


async def test_moves_that_cannot_be_made_say_why_and_requests_that_do_not_exist_are_not_listed(
    db, bureau, sign_in
):
    case = await verifying(db, bureau, is_appointed=True)
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    page = await officer.get(f"/cases/{case.number}")
    assert page.says("上级已指定由本单位承办，不能再退回")
    assert not page.says("批准挂起")


async def test_a_right_of_others_never_presses_and_once_past_it_is_over(db, bureau, sign_in):
    case = await verifying(db, bureau)
    async with db.begin() as session:
        past = NOW - timedelta(days=2)
        await make_deadline(session, case, "D08", due_at=past, is_watched=True, wake_at=past)
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    page = await officer.get(f"/cases/{case.number}")
    assert page.says("退回或异议")
    assert page.says("不再计时")
    assert not page.says("超期 2 天")


async def test_the_third_try_says_that_the_case_will_close(db, bureau, sign_in):
    async with db.begin() as session:
        case = await make_case(session, CaseState.ANSWERED, calls=2, answered_at=NOW, due_rule="P03")
    desk = await sign_in(bureau.by_role[Role.INTAKE])
    page = f"/cases/{case.number}"
    assert (await desk.get(f"{page}?do=note_call")).says("按时完成")
    await desk.post(f"{page}/note_call", form_of(case))
    assert (await reload(db, case)).state is CaseState.CLOSED


async def test_a_confirmed_likeness_offers_its_case_and_the_order_of_reporters_is_proven(db, bureau, sign_in):
    async with db.begin() as session:
        tips = [
            await make_tip(session, received_at=NOW - timedelta(days=day), is_named=True) for day in (1, 3)
        ]
        new, old = [
            await make_case(session, CaseState.REGISTERED, "city", tip=tip, due_rule="D03") for tip in tips
        ]
        for case, tip in ((old, tips[1]), (new, tips[0])):
            record_event(session, "tip_received", at=tip.received_at, tip_id=tip.id, named=True)
            record_event(session, "case_opened", at=tip.received_at, tip_id=tip.id, case_id=case.id)
        session.add(
            Likeness(
                case_id=new.id, first_case_id=old.id, score=0.9, is_sure=True, reasons=[],
                state=LikenessState.CONFIRMED, created_at=NOW,
            )
        )  # fmt: skip
    desk = await sign_in(bureau.by_role[Role.INTAKE])
    page = f"/cases/{new.number}"
    assert f'value="{old.number}"' in (await desk.get(f"{page}?do=merge")).text
    wrong = await desk.post(f"{page}/merge", form_of(new, into="123", reason="同一事项"))
    assert wrong.status == 422
    assert wrong.says("没有这件案件")
    assert (await desk.post(f"{page}/merge", form_of(new, into=old.number, reason="同一事项"))).status == 200
    seen = await desk.get(f"/cases/{old.number}")
    assert seen.says(f"1. 举报编号 {old.number}")
    assert seen.says(f"2. 举报编号 {new.number}")
    merged = await desk.get(page)
    assert merged.says("已并入举报编号")
    new = await reload(db, new)
    assert (await desk.post(f"{page}/split", form_of(new, reason="不是同一所"))).says("已拆出")


class TestTracks:
    async def test_a_step_shows_its_clock_before_and_stands_in_the_history_after(self, db, bureau, sign_in):
        case = await verifying(db, bureau, tracks={"police": "team"})
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        page = f"/cases/{case.number}"
        form = await officer.get(f"{page}?track=police&step=reported")
        assert form.says("“移送公安审批”时限开始计时")
        empty = await officer.post(f"{page}/tracks/police", form_of(case, step="reported", paper=" "))
        assert empty.status == 422
        assert empty.says("请填写“文号”")
        done = await officer.post(
            f"{page}/tracks/police", form_of(case, step="reported", paper="漯应急〔2026〕1号")
        )
        assert done.says("书面报告负责人")
        assert done.says("漯应急〔2026〕1号")
        assert done.says("不由承办人办理")  # the head decides
        async with db.read() as session:
            assert "D15" in {row.rule_id for row in await list_deadlines(session, case.id)}

    async def test_a_stale_step_keeps_its_words(self, db, bureau, sign_in):
        case = await verifying(db, bureau, tracks={"police": "team"})
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        fields = {"version": "999", "step": "reported", "paper": "漯应急〔2026〕9号"}
        answer = await officer.post(f"/cases/{case.number}/tracks/police", fields)
        assert answer.status == 409
        assert "漯应急〔2026〕9号" in answer.text
        assert (await reload(db, case)).tracks == {"police": "team"}

    async def test_a_forbidden_step_says_why(self, db, bureau, sign_in):
        case = await verifying(db, bureau)
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        page = f"/cases/{case.number}/tracks"
        refused = await officer.post(f"{page}/urge", form_of(case, step="reminded", reason="催"))
        assert refused.status == 409
        assert refused.says("这一步不由承办人办理")
        assert (await officer.post(f"{page}/urge", form_of(case, step="nonsense"))).status == 404
        assert (await officer.post(f"{page}/nonsense", form_of(case, step="sent"))).status == 404

    async def test_the_reward_is_suggested_by_the_fine(self, db, bureau, sign_in):
        case = await verifying(db, bureau, tracks={"penalty": "announced"})
        officer, desk = (
            await sign_in(bureau.by_role[Role.OFFICER]),
            await sign_in(bureau.by_role[Role.INTAKE]),
        )
        page = f"/cases/{case.number}"
        for step, facts in (
            ("decided", {"paper": "罚1号", "fine": "20000"}),
            ("served", {"paper": "1"}),
            ("settled", {}),
        ):
            case = await reload(db, case)
            await officer.post(f"{page}/tracks/penalty", form_of(case, step=step, **facts))
        async with db.begin() as session:
            tip = await make_tip(session, case=case, is_named=True)
        assert tip.is_named
        form = await desk.get(f"{page}?track=reward&step=assessed")
        assert form.says("建议奖励 3,000.00 元")


async def test_the_page_says_who_had_the_case_how_long(db, bureau, sign_in):
    case = await verifying(db, bureau)
    async with db.begin() as session:
        for kind, days, data in (
            ("case_opened", 5, {}), ("accepted", 4, {}), ("assigned", 4, {"office": "yancheng"}), ("signed_for", 2, {}),
        ):  # fmt: skip
            record_event(session, kind, at=NOW - timedelta(days=days), case_id=case.id, **data)
    page = await (await sign_in(bureau.by_role[Role.OFFICER])).get(f"/cases/{case.number}")
    assert page.says("各环节用时")
    assert page.says("5 天 0 小时")
    english = await (await sign_in(bureau.by_role[Role.OFFICER])).get(f"/cases/{case.number}?lang=en")
    assert english.says("Who had it how long")
