"""The procedure through the pages: from the desk to the answer, previews, two people at once, words never lost."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select, text

from models.audit import record_event
from models.case import Case, Finding
from models.event import Event
from models.message import Message
from models.numbers import in_groups
from models.queries.cases import CaseFilter, _conditions
from models.states import (
    CaseState,
    Disposition,
    FindingKind,
    FindingSource,
    MessageKind,
    Role,
    Urgency,
    Verdict,
)
from models.tip import Tip
from tests.factories import NOW, make_case, make_finding, make_message, make_tip
from triage.actions import decide_finding
from triage.console.moves import FIELDS
from triage.workflow import STEPS, Move

VIEWS = (
    *("open", "overdue", "assigned", "verifying", "result_filed"),
    *("answer_due", "mine", "unassigned", "unread", "closed"),
)


WITNESSED = {"second": "赵工", "evidence": "签到表"}


def form_of(case: Case, version: int | None = None, **values: str) -> dict[str, str]:
    return {"version": str(version or case.version), **values}


async def reload(db, case: Case) -> Case:
    async with db.read() as session:
        return await session.get_one(Case, case.id)


def test_every_move_has_a_form():
    assert set(FIELDS) == set(Move) == set(STEPS)


async def test_from_the_city_desk_to_the_closed_case(db, bureau, sign_in, catalog):
    async with db.begin() as session:
        case = await make_case(
            session,
            CaseState.REGISTERED,
            "city",
            due_rule="D03",
            needs_review=True,
            review_reasons=["unsure_place"],
        )
    page = f"/cases/{case.number}"
    desk = await sign_in(bureau.by_role[Role.INTAKE])
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    lead = await sign_in(bureau.by_role[Role.LEAD])

    listed = await desk.get("/desk")
    assert listed.says("对属地把握不大")
    opened = await desk.get(f"{page}?do=accept")
    assert opened.says("“核查办结”时限开始计时")
    fields = [
        ("version", str(case.version)),
        ("office_id", "yancheng"),
        ("clauses", "3.1.4"),
        ("clauses", "3.1.2"),
    ]
    done = await desk.post(f"{page}/accept", [*fields, ("reason", "先看监控")])
    assert done.url.startswith("/desk?done=accept")

    case = await reload(db, case)
    assert (case.state, case.office_id, case.clauses) == (CaseState.ASSIGNED, "yancheng", ["3.1.4", "3.1.2"])
    assert (await officer.get(page)).says("先看监控")
    assert (await officer.post(f"{page}/sign_for", form_of(case))).says("已签收，开始核查")

    case = await reload(db, case)
    result = [
        *{"verdict": "partly_proven", "result": "一、查了广告。\n二、问了学员。"}.items(),
        *(("allegations", said) for said in ("3.1.4:proven", "3.1.2:not_proven")),
        *{"second": "赵工", "evidence": "广告截图\n询问笔录"}.items(),
    ]
    alone = [("version", str(case.version)), ("step", "send"), *result[:3], *result[4:]]
    assert (await officer.post(f"{page}/file_result", alone)).says("请填写“逐条核查结论”")
    first = [("version", str(case.version)), ("step", "preview"), *result]
    preview = await officer.post(f"{page}/file_result", first)
    assert preview.says("部分属实")
    assert preview.says("二、问了学员。")
    assert (await reload(db, case)).state is CaseState.VERIFYING  # a preview changes nothing
    sent = [("version", str(case.version)), ("step", "send"), *result]
    assert (await officer.post(f"{page}/file_result", sent)).says("已提交核查结果")

    case = await reload(db, case)
    assert case.result == "一、查了广告。\n二、问了学员。"
    assert case.verification["evidence"] == ["广告截图", "询问笔录"]
    assert (await officer.get(page)).says("由县区负责人或分管领导办理")
    assert (await lead.post(f"{page}/send_back", form_of(case, reason="缺监控"))).says("已退回补充核查")
    case = await reload(db, case)
    again = await officer.get(f"{page}?do=file_result")
    assert again.says("一、查了广告。")  # goes on from what was filed
    await officer.post(f"{page}/file_result", [("version", str(case.version)), ("step", "send"), *result])
    case = await reload(db, case)
    assert (await lead.post(f"{page}/approve", form_of(case))).says("审核已通过")

    case = await reload(db, case)
    assert case.next_due_rule == "D12"
    answer = "您反映的情况部分属实，电话 13812345678。"
    preview = await officer.post(f"{page}/answer", form_of(case, step="preview", answer=answer))
    assert preview.says("文中有手机号码")
    await officer.post(f"{page}/answer", form_of(case, step="send", answer=answer))
    case = await reload(db, case)
    assert (await officer.post(f"{page}/close", form_of(case))).says("已办结")
    case = await reload(db, case)
    assert (case.state, case.verdict, case.is_open) == (CaseState.CLOSED, Verdict.PARTLY_PROVEN, False)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestForms:
    async def test_a_case_that_left_the_office_is_named_above_the_list(self, bureau, sign_in):
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        answer = await officer.post(
            f"/cases/{bureau.case.number}/return", form_of(bureau.case, reason="不在本区")
        )
        assert answer.says("已退回市局")
        assert answer.says(f"案件 {in_groups(bureau.case.number)}")
        assert (await officer.get("/cases?done=return&number=%3Cb%3E")).status == 200

    async def test_a_missing_field_keeps_every_word(self, bureau, sign_in):
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        page = f"/cases/{bureau.case.number}/file_result"
        long = "查明：" + "很长的一段话。" * 300
        answer = await officer.post(page, form_of(bureau.case, step="preview", result=long))
        assert answer.status == 422
        assert answer.says("请填写“核查结论”")
        assert long in answer.text
        assert answer.text.count("<title>有误：") == 1

    async def test_too_long_a_reason_is_said_with_its_limit(self, bureau, sign_in):
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        answer = await officer.post(
            f"/cases/{bureau.case.number}/return", form_of(bureau.case, reason="长" * 501)
        )
        assert answer.status == 422
        assert answer.says("最多 500 字")

    async def test_the_preview_leads_back_to_the_form_with_its_words(self, bureau, sign_in):
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        page = f"/cases/{bureau.case.number}/ask_reporter"
        answer = await officer.post(page, form_of(bureau.case, step="edit", words="有收据吗？"))
        assert answer.status == 200
        assert "有收据吗？</textarea>" in answer.text

    async def test_who_filed_the_result_is_told_why_he_cannot_approve_it(self, db, bureau, sign_in):
        lead = bureau.by_role[Role.LEAD]
        async with db.begin() as session:
            case = await make_case(session, CaseState.RESULT_FILED, result_by=lead.id)
        browser = await sign_in(lead)
        assert (await browser.get(f"/cases/{case.number}")).says("须由另一人审核")
        refused = await browser.post(f"/cases/{case.number}/approve", form_of(case))
        assert refused.status == 409
        assert refused.says("须由另一人审核")

    async def test_a_move_of_another_role_is_refused_with_its_reason(self, bureau, sign_in):
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        answer = await officer.post(
            f"/cases/{bureau.case.number}/assign", form_of(bureau.case, office_id="yancheng")
        )
        assert answer.status == 409
        assert answer.says("“交办”不由承办人办理")

    async def test_a_lead_gives_a_case_to_his_own_people_only(self, db, bureau, sign_in):
        lead = await sign_in(bureau.by_role[Role.LEAD])
        page = f"/cases/{bureau.case.number}/assign"
        other = str(bureau.other_officer.id)
        answer = await lead.post(page, form_of(bureau.case, officer_id=other))
        assert answer.status == 422
        assert answer.says("没有这个承办人")
        refused = await lead.post(page, form_of(bureau.case, office_id="linying"))
        assert refused.status == 409
        mine = str(bureau.by_role[Role.OFFICER].id)
        assert (await lead.post(page, form_of(bureau.case, officer_id=mine))).says("已交办")

    async def test_refusing_needs_a_code_and_words(self, db, bureau, sign_in):
        async with db.begin() as session:
            case = await make_case(session, CaseState.REGISTERED, "city", due_rule="D03")
        desk = await sign_in(bureau.by_role[Role.INTAKE])
        page = f"/cases/{case.number}/refuse"
        assert (await desk.post(page, form_of(case, step="preview", answer="说明"))).says("请选择一个理由")
        preview = await desk.post(page, form_of(case, step="preview", code="R4", answer="请向 12345 反映。"))
        assert preview.says("不属于安全生产")
        assert (await desk.post(page, form_of(case, code="R4", answer="请向 12345 反映。"))).says(
            "已决定不予受理"
        )
        assert (await reload(db, case)).reason_code == "R4"

    async def test_the_desk_must_name_an_office_and_a_clause(self, db, bureau, sign_in):
        async with db.begin() as session:
            case = await make_case(
                session, CaseState.REGISTERED, "city", due_rule="D03", jurisdiction="unknown"
            )
        desk = await sign_in(bureau.by_role[Role.INTAKE])
        page = f"/cases/{case.number}/accept"
        assert (await desk.post(page, form_of(case, office_id="", clauses="3.1.4"))).says("请填写“承办单位”")
        assert (await desk.post(page, form_of(case, office_id="yancheng"))).says("请填写“涉及的条款”")
        assert (await desk.post(page, form_of(case, office_id="yancheng", clauses="9.9"))).status == 422
        assert (await desk.post(page, form_of(case, office_id="mars", clauses="3.1.4"))).status == 422
        assert (await reload(db, case)).state is CaseState.REGISTERED

    async def test_another_safety_matter_goes_on_without_a_clause(self, db, bureau, sign_in):
        async with db.begin() as session:
            case = await make_case(
                session,
                CaseState.REGISTERED,
                "city",
                due_rule="D03",
                disposition=Disposition.OTHER_SAFETY,
                clauses=[],
            )
        desk = await sign_in(bureau.by_role[Role.INTAKE])
        await desk.post(f"/cases/{case.number}/accept", form_of(case, office_id="linying", reason=""))
        assert (await reload(db, case)).office_id == "linying"

    async def test_correcting_the_machine_keeps_both_sides(self, db, bureau, sign_in):
        async with db.begin() as session:
            case = await make_case(
                session, CaseState.REGISTERED, "city", due_rule="D03", jurisdiction="yancheng"
            )
            tip = await make_tip(session, case=case)
            await make_finding(session, case, tip, value="3.1.4")
        desk = await sign_in(bureau.by_role[Role.INTAKE])
        await desk.post(f"/cases/{case.number}/accept", form_of(case, office_id="linying", clauses="3.4.1"))
        page = await desk.get(f"/cases/{case.number}")
        assert page.says("不采纳")
        assert page.says("补充")

    async def test_the_machines_proposal_is_followed_with_one_button(self, db, bureau, sign_in):
        async with db.begin() as session:
            case = await make_case(
                session, CaseState.REGISTERED, "city", due_rule="D03", jurisdiction="yancheng"
            )
        desk = await sign_in(bureau.by_role[Role.INTAKE])
        assert (await desk.get("/desk")).says("照建议交办郾城区")
        fields = form_of(case, office_id="yancheng", clauses="3.1.4", reason="")
        assert (await desk.post(f"/cases/{case.number}/accept", fields)).says("已受理并交办")
        assert (await reload(db, case)).officer_id == bureau.by_role[Role.OFFICER].id


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestTwoPeople:
    async def test_a_stale_form_changes_nothing_and_loses_nothing(self, db, bureau, sign_in):
        officer, lead = await sign_in(bureau.by_role[Role.OFFICER]), await sign_in(bureau.by_role[Role.LEAD])
        page = f"/cases/{bureau.case.number}"
        old = form_of(bureau.case)
        await lead.post(f"{page}/return", {**old, "reason": "不在本区"})
        async with db.begin() as session:  # the city gives it back at once
            case = await session.get_one(Case, bureau.case.id)
            case.office_id, case.state = "yancheng", CaseState.VERIFYING
        words = "查明：" + "详细情况。" * 50
        typed = {"verdict": "proven", "result": words, "allegations": "3.1.4:proven", **WITNESSED}
        stale = await officer.post(f"{page}/file_result", {**old, **typed})
        assert stale.status == 409
        assert stale.says("案件刚刚有了变化")
        assert words in stale.text
        assert "<bdi>属实</bdi>" in stale.text  # in words, not as stored
        assert stale.says("：属实")
        assert stale.says("不在本区")  # what happened meanwhile
        case = await reload(db, bureau.case)
        assert case.state is CaseState.VERIFYING
        kept = form_of(case, step="edit", verdict="proven", result=words)
        again = await officer.post(f"{page}/file_result", kept)
        assert f'name="version" value="{case.version}"' in again.text
        assert words in again.text
        await officer.post(f"{page}/file_result", {**typed, **form_of(case)})
        assert (await reload(db, case)).result == words

    async def test_a_stale_form_for_a_step_that_is_over_says_so(self, db, bureau, sign_in):
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        async with db.begin() as session:
            case = await session.get_one(Case, bureau.case.id)
            case.state = CaseState.ANSWER_DUE
        old = form_of(bureau.case, verdict="proven", result="查明的事实")
        answer = await officer.post(f"/cases/{bureau.case.number}/file_result", old)
        assert answer.status == 409
        assert answer.says("这一步已经不能办")
        assert answer.says("查明的事实")

    @pytest.mark.parametrize("version", ["", "x", "-1", "9" * 40, "１"])
    async def test_a_form_without_a_real_version_is_stale(self, bureau, sign_in, version):
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        data = {"version": version, "words": "记一笔"}
        assert (await officer.post(f"/cases/{bureau.case.number}/add_note", data)).status == 409


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestMessages:
    async def test_a_message_is_read_when_its_office_opens_the_case(self, db, bureau, sign_in):
        async with db.begin() as session:
            case = await make_case(session, has_unread=True)
            tip = await make_tip(session, case=case)
            message = await make_message(session, case, tip)
        supervisor = await sign_in(bureau.by_role[Role.SUPERVISOR])
        assert (await supervisor.get(f"/cases/{case.number}")).says("我还有照片。")
        assert (await reload(db, case)).has_unread
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        assert (await officer.get("/cases?view=unread")).says("共 1 件")
        await officer.get(f"/cases/{case.number}")
        assert not (await reload(db, case)).has_unread
        async with db.read() as session:
            assert (await session.get_one(Message, message.id)).read_at == NOW

    async def test_reading_a_message_does_not_disturb_who_is_writing(self, db, bureau, sign_in):
        async with db.begin() as session:
            case = await make_case(session, has_unread=True)
            await make_message(session, case, await make_tip(session, case=case))
        officer, lead = await sign_in(bureau.by_role[Role.OFFICER]), await sign_in(bureau.by_role[Role.LEAD])
        await lead.get(f"/cases/{case.number}")
        assert not (await reload(db, case)).has_unread
        fields = form_of(case, verdict="proven", result="一小时前开始写的", **WITNESSED)
        fields["allegations"] = "3.1.4:proven"
        assert (await officer.post(f"/cases/{case.number}/file_result", fields)).says("已提交核查结果")

    async def test_a_note_and_a_question_stand_in_the_history_once(self, db, bureau, sign_in):
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        page = f"/cases/{bureau.case.number}"
        await officer.post(f"{page}/add_note", form_of(bureau.case, words="约了明天"))
        case = await reload(db, bureau.case)
        await officer.post(f"{page}/ask_reporter", form_of(case, step="send", words="有收据吗？"))
        history = await officer.get(page)
        assert history.text.count("约了明天") == 1
        assert history.text.count("有收据吗？") == 1
        async with db.read() as session:
            kinds = (await session.scalars(select(Message.kind).order_by(Message.id))).all()
        assert kinds == [MessageKind.NOTE, MessageKind.TO_REPORTER]


async def test_opening_a_case_writes_nothing(db, bureau, sign_in):
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    await officer.get(f"/cases/{bureau.case.number}")
    await officer.get(f"/cases/{bureau.case.number}?do=file_result&events=all")
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Event)) == 0
    assert (await reload(db, bureau.case)).version == bureau.case.version


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_counts_of_the_rail_equal_the_lists(db, bureau, sign_in):
    officer = bureau.by_role[Role.OFFICER]
    async with db.begin() as session:
        for state in (CaseState.ASSIGNED, CaseState.RESULT_FILED, CaseState.ANSWER_DUE, CaseState.CLOSED):
            for days in (-2, 1, 9):
                await make_case(
                    session, state, due_in=timedelta(days=days), officer_id=officer.id if days > 1 else None
                )
        await make_case(session, CaseState.REFUSED, has_unread=True, due_in=None)
    browser = await sign_in(officer)
    page = (await browser.get("/cases")).text
    for view in [
        "open",
        "overdue",
        "assigned",
        "verifying",
        "result_filed",
        "answer_due",
        "mine",
        "unassigned",
        "unread",
        "closed",
    ]:
        listed = await browser.get(f"/cases?view={view}")
        number = listed.text.count('<td class="number')
        assert listed.says(f"共 {number} 件"), view
        line = next(part for part in page.split("<li>") if f'href="/cases?view={view}"' in part)
        assert f">{number}</span>" in line, view


async def test_a_case_is_found_by_number_or_name_however_typed(db, bureau, sign_in):
    number = bureau.case.number
    browser = await sign_in(bureau.by_role[Role.OFFICER])
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in number)
    for words in (number, number[:7], f"{number[:4]} {number[4:8]} {number[8:]}", wide, "宏达安全", "100%"):
        answer = await browser.get("/cases?" + urlencode({"q": words}))
        assert answer.says("共 1 件") is (words != "100%"), words
    missed = await browser.get(f"/cases?view=closed&q={number}")
    assert missed.says("在全部案件中查找")


async def test_cases_are_found_by_clause_as_it_is_decided_now(db, bureau, sign_in):
    async with db.begin() as session:
        for clauses in (["3.1.4", "5.4"], ["3.1.2"], ["3.1.41"]):
            case = await make_case(session, clauses=clauses)
            tip = (await session.scalars(select(Tip).where(Tip.case_id == case.id))).one()
            for clause in (
                *clauses,
                "5.4",
            ):  # the machine said 5.4 of all of them, people took it back of two
                await make_finding(session, case, tip, FindingKind.CLAUSE, clause)
    browser = await sign_in(bureau.by_role[Role.OFFICER])
    for words, count in (("3.1.4", 1), ("５。４", 1), ("§3.1.2", 1), ("3.1", 0), ("9.9", 0)):
        answer = await browser.get("/cases?" + urlencode({"q": words}))
        assert answer.says(f"共 {count} 件"), words


async def test_the_search_by_clause_reads_an_index(db):
    wanted = CaseFilter("all", words="3.1.4")
    async with db.read() as session:
        if not db.is_sqlite:
            await session.execute(text("SET LOCAL enable_seqscan = off"))
        statement = select(Case.id).where(*_conditions(wanted, now=NOW))
        compiled = statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN QUERY PLAN" if db.is_sqlite else "EXPLAIN"
        connection = await session.connection()
        plan = (await connection.exec_driver_sql(f"{explain} {compiled}".replace("%%", "%"))).all()
    assert "ix_finding_value" in str(plan)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_name_that_is_nowhere_is_looked_for_in_an_index_and_not_in_the_cases(db):
    condition = _conditions(CaseFilter("all", words="没有这一家"), now=NOW)
    newest = select(Case).where(*condition).order_by(Case.registered_at.desc(), Case.id.desc()).limit(51)
    count = select(func.count()).select_from(Case).where(*condition)
    async with db.read() as session:
        connection = await session.connection()
        for statement, how in ((newest, "SCAN case USING INDEX"), (count, "SCAN case USING COVERING INDEX")):
            compiled = statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
            plan = (
                await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}".replace("%%", "%"))
            ).all()
            assert f"{how} ix_case_search" in str(plan)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_list_walks_on_page_by_page_without_gap_or_repeat(db, bureau, sign_in):
    async with db.begin() as session:
        for place in range(60):
            await make_case(session, due_in=timedelta(hours=place // 2))
    browser = await sign_in(bureau.by_role[Role.OFFICER])
    seen: list[str] = []
    address = "/cases?view=verifying&q=宏达"
    while address:
        page = (await browser.get(address)).text
        rows = page.split('<td class="number nowrap"><a href="/cases/')[1:]
        seen += [row[:12] for row in rows]
        found = page.split('rel="next" href="')
        address = found[1].split('"')[0].replace("&amp;", "&") if len(found) > 1 else ""
    assert len(seen) == len(set(seen)) == 61


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_proposals_that_were_all_dropped_are_shown_as_dropped(db, bureau, sign_in, catalog):
    officer = bureau.by_role[Role.OFFICER]
    async with db.begin() as session:
        tip = await make_tip(session)
        case = await make_case(session, tip=tip)
        await make_finding(session, case, tip, value="3.1.4")
    browser = await sign_in(officer)
    assert not (await browser.get(f"/cases/{case.number}")).says("不采纳")
    async with db.begin() as session:
        case = await session.merge(case)
        no_clause = {"kind": FindingKind.CLAUSE, "values": []}
        await decide_finding(session, case, **no_clause, by=officer, catalog=catalog, now=NOW)
    page = await browser.get(f"/cases/{case.number}")
    assert page.says("不采纳")
    assert page.says(officer.name)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_machines_reason_is_said_in_the_readers_language(db, bureau, sign_in):
    span = {"for": "3.1.4", "start": 9, "end": 11, "text": "包过"}
    async with db.begin() as session:
        tip = await make_tip(session)
        case = await make_case(session, tip=tip)
        known = {**span, "why": "旧的说法。", "rule": "pass-guarantee"}
        forgotten = {**span, "why": "早先规则的说法。", "rule": "no-longer-there"}
        await make_finding(session, case, tip, evidence=[known, forgotten])
    browser = await sign_in(bureau.by_role[Role.OFFICER])
    page = await browser.get(f"/cases/{case.number}")
    assert page.says("文中说培训方或中介承诺、出售“包过”")
    assert page.says("早先规则的说法。")
    english = await browser.get(f"/cases/{case.number}?lang=en")
    assert english.says("A pass is promised or sold by the training side or a middleman.")
    assert english.says("早先规则的说法。")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestVerifiedFindings:
    """With the result an officer says which clauses he verified, and whether the police must have it."""

    async def open(self, db, bureau, **changes) -> Case:
        async with db.begin() as session:
            tip = await make_tip(session)
            officer_id = bureau.by_role[Role.OFFICER].id
            case = await make_case(session, tip=tip, officer_id=officer_id, **changes)
            await make_finding(session, case, tip, value="3.1.4")
            await make_finding(session, case, tip, value="3.1.2")
        return case

    async def decisions(self, db, case: Case) -> dict[str, list[str]]:
        async with db.read() as session:
            wanted = select(Finding).where(Finding.case_id == case.id, Finding.source == FindingSource.STAFF)
            found: dict[str, list[str]] = {}
            for row in await session.scalars(wanted.order_by(Finding.id)):
                found.setdefault(row.kind.value, []).append(row.value)
        return found

    async def test_the_form_proposes_and_takes_any_other_clause(self, db, bureau, sign_in):
        case = await self.open(db, bureau, clauses=["3.1.4", "3.1.2"])
        officer, lead = await sign_in(bureau.by_role[Role.OFFICER]), await sign_in(bureau.by_role[Role.LEAD])
        page = f"/cases/{case.number}"
        form = await officer.get(f"{page}?do=file_result")
        assert form.says("逐条核查结论")
        assert form.text.count('name="allegations"') == 2
        assert 'value="3.4.1">' in form.text  # can be added
        assert not form.says("应当移送公安的线索")
        fields = [
            *(("version", str(case.version)), ("verdict", "partly_proven"), ("result", "事实")),
            *(("allegations", "3.1.4:proven"), ("allegations", "3.1.2:not_proven"), ("clauses", "3.4.1")),
            *WITNESSED.items(),
        ]
        preview = await officer.post(f"{page}/file_result", [*fields, ("step", "preview")])
        assert preview.says("核实的条款")
        assert preview.text.count('type="hidden" name="allegations"') == 2
        assert preview.says("赵工")
        assert await self.decisions(db, case) == {}
        await officer.post(f"{page}/file_result", [*fields, ("step", "send")])
        assert await self.decisions(db, case) == {"clause": ["3.1.4", "3.4.1"]}
        assert (await reload(db, case)).clauses == ["3.1.4", "3.4.1"]
        seen = await lead.get(page)
        for word in ("核实的条款", "认可", "补充", "不采纳"):
            assert seen.says(word), word

    @pytest.mark.parametrize("verdict", ["proven", "partly_proven"])
    async def test_what_is_proven_names_its_clauses(self, db, bureau, sign_in, verdict):
        case = await self.open(db, bureau)
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        page = f"/cases/{case.number}/file_result"
        fields = form_of(case, verdict=verdict, result="事实", **WITNESSED)
        answer = await officer.post(page, {**fields, "step": "preview"})
        assert answer.status == 422
        assert answer.says("请填写“逐条核查结论”")
        unknown = {**fields, "allegations": f"3.1.4:{verdict}", "clauses": "9.9"}
        assert (await officer.post(page, unknown)).status == 422

    async def test_the_verdict_on_the_whole_follows_from_those_on_its_parts(self, db, bureau, sign_in):
        case = await self.open(db, bureau, clauses=["3.1.4", "3.1.2"])
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        fields = [
            *form_of(case, verdict="proven", result="事实", **WITNESSED).items(),
            *(("allegations", said) for said in ("3.1.4:proven", "3.1.2:unclear")),
        ]
        answer = await officer.post(f"/cases/{case.number}/file_result", fields)
        assert answer.status == 422
        assert answer.says("逐条结论合起来是“部分属实”")

    async def test_a_result_needs_a_second_officer_and_evidence(self, db, bureau, sign_in):
        case = await self.open(db, bureau)
        person = bureau.by_role[Role.OFFICER]
        officer = await sign_in(person)
        page = f"/cases/{case.number}/file_result"
        fields = form_of(case, verdict="proven", result="事实", allegations="3.1.4:proven")
        assert (await officer.post(page, fields)).says("请填写“另一名核查人员”")
        alone = {**fields, "second": person.name, "evidence": "签到表"}
        assert (await officer.post(page, alone)).says("另一名核查人员不能是您本人")
        assert (await officer.post(page, {**fields, "second": "赵工"})).says("请填写“证据目录”")

    @pytest.mark.parametrize("verdict", ["not_proven", "unclear"])
    async def test_what_is_not_proven_has_none_and_stays_listed_as_reported(
        self, db, bureau, sign_in, verdict
    ):
        case = await self.open(db, bureau)
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        page = f"/cases/{case.number}"
        fields = form_of(
            case, verdict=verdict, result="没有查到", allegations=f"3.1.4:{verdict}", **WITNESSED
        )
        preview = await officer.post(f"{page}/file_result", {**fields, "step": "preview"})
        assert preview.says("核实的条款：无")
        await officer.post(f"{page}/file_result", fields)
        assert await self.decisions(db, case) == {}
        assert (await reload(db, case)).clauses == ["3.1.4"]
        seen = await officer.get(page)
        assert seen.says("核实的条款：无")
        assert seen.says("不采纳")

    async def test_suspicion_of_a_crime_must_be_answered(self, db, bureau, sign_in):
        case = await self.open(db, bureau, is_police_matter=True)
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        page = f"/cases/{case.number}/file_result"
        assert (await officer.get(f"/cases/{case.number}?do=file_result")).says("是否属于应当移送公安的线索")
        fields = form_of(case, verdict="proven", result="事实", allegations="3.1.4:proven", **WITNESSED)
        answer = await officer.post(page, fields)
        assert answer.status == 422
        assert answer.says("请填写“是否属于应当移送公安的线索”")
        preview = await officer.post(page, {**fields, "police": "false", "step": "preview"})
        assert preview.says("移送公安：不属于应当移送公安的线索")
        await officer.post(page, {**fields, "police": "false"})
        assert (await self.decisions(db, case))["police_referral"] == ["false"]
        assert not (await reload(db, case)).is_police_matter

    async def test_a_police_finding_asks_too_and_an_earlier_answer_stands(self, db, bureau, sign_in):
        case = await self.open(db, bureau)
        async with db.begin() as session:
            tip = await session.scalar(select(Tip).where(Tip.case_id == case.id))
            await make_finding(session, case, tip, FindingKind.POLICE_REFERRAL, "true")
        officer, lead = await sign_in(bureau.by_role[Role.OFFICER]), await sign_in(bureau.by_role[Role.LEAD])
        page = f"/cases/{case.number}"
        fields = {"verdict": "proven", "result": "事实", "allegations": "3.1.4:proven", "police": "true"}
        fields |= WITNESSED
        await officer.post(f"{page}/file_result", form_of(case, **fields))
        case = await reload(db, case)
        assert case.is_police_matter
        assert (await lead.get(page)).says("移送公安：属于应当移送公安的线索")
        await lead.post(f"{page}/send_back", form_of(case, reason="再查"))
        again = await officer.get(f"{page}?do=file_result")
        assert 'value="true" checked' in again.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestOpinion:
    async def test_an_approval_may_say_why(self, db, bureau, sign_in):
        lead = await sign_in(bureau.by_role[Role.LEAD])
        async with db.begin() as session:
            case = await make_case(session, CaseState.RESULT_FILED)
        page = f"/cases/{case.number}"
        assert (await lead.get(f"{page}?do=approve")).says("审核意见")
        long = await lead.post(f"{page}/approve", form_of(case, reason="长" * 501))
        assert long.status == 422
        assert long.says("“审核意见”太长，最多 500 字")
        await lead.post(f"{page}/approve", form_of(case, reason="事实清楚，同意。"))
        assert (await lead.get(page)).says("事实清楚，同意。")
        async with db.read() as session:
            event = await session.scalar(select(Event).where(Event.kind == "result_approved"))
        assert event.reason == "事实清楚，同意。"

    async def test_an_approval_needs_no_words(self, db, bureau, sign_in):
        lead = await sign_in(bureau.by_role[Role.LEAD])
        async with db.begin() as session:
            case = await make_case(session, CaseState.RESULT_FILED)
        assert (await lead.post(f"/cases/{case.number}/approve", form_of(case))).says("审核已通过")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_usual_departments_are_offered_and_any_other_can_be_written(db, bureau, sign_in):
    desk = await sign_in(bureau.by_role[Role.INTAKE])
    async with db.begin() as session:
        case = await make_case(session, CaseState.REGISTERED, "city", due_rule="D03")
    form = await desk.get(f"/cases/{case.number}?do=transfer_out")
    assert 'list="departments"' in form.text
    for name in ("12345", "住房", "市场", "人力", "消防", "交通", "公安", "教育", "纪委"):
        assert f'<option value="{name}' in form.text, name
    fields = form_of(case, to="漯河市水利局", answer="已转水利部门。")
    assert (await desk.post(f"/cases/{case.number}/transfer_out", fields)).says("已移送")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestOneWordForOneThing:
    @pytest.mark.parametrize(("urgency", "word"), [(Urgency.IMMEDIATE, "紧急"), (Urgency.HIGH, "较急")])
    async def test_urgency_is_called_the_same_in_lists_and_findings(self, db, bureau, sign_in, urgency, word):
        async with db.begin() as session:
            tip = await make_tip(session)
            case = await make_case(session, tip=tip, urgency=urgency)
            await make_finding(session, case, tip, FindingKind.URGENCY, urgency.value)
        browser = await sign_in(bureau.by_role[Role.OFFICER])
        page = (await browser.get(f"/cases/{case.number}")).text
        assert f">{word}</span>" in page
        assert f"<bdi>{word}</bdi>" in page
        assert f">{word}</span>" in (await browser.get("/cases")).text

    @pytest.mark.parametrize(
        ("move", "field", "label"),
        [
            ("add_note", "words", "备注"),
            ("ask_reporter", "words", "要问的问题"),
            ("file_result", "result", "查明的事实和处理建议"),
            ("return", "reason", "理由"),
        ],
    )
    async def test_an_error_calls_a_field_what_the_form_calls_it(self, bureau, sign_in, move, field, label):
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        values = {"verdict": "unclear", field: " "} if move == "file_result" else {field: " "}
        page = await officer.post(f"/cases/{bureau.case.number}/{move}", form_of(bureau.case, **values))
        assert page.status == 422
        assert page.says(f"请填写“{label}”")
        assert f'<label for="{field}">{label}' in page.text

    async def test_a_limit_in_days_ends_at_the_same_hour_everywhere(self, db, bureau, sign_in):
        async with db.begin() as session:
            case = await make_case(
                session, CaseState.ASSIGNED, due_in=timedelta(hours=13, minutes=59, seconds=59)
            )
            record_event(
                session,
                "clock_started",
                at=NOW,
                case_id=case.id,
                rule="D10",
                due=case.next_due_at.isoformat(),
            )
        officer = await sign_in(bureau.by_role[Role.OFFICER])
        page = await officer.get(f"/cases/{case.number}?do=sign_for&events=all")
        assert page.says("到期：2026年3月4日（周三）24:00前")
        assert page.says("仍到 2026年3月4日（周三）24:00。")
        assert page.says("时限开始，到 2026年3月4日（周三）24:00")
        auditor = await (await sign_in(bureau.by_role[Role.AUDITOR])).get("/audit")
        assert auditor.says("到期：2026年3月4日（周三）24:00")
        figures = await (await sign_in(bureau.by_role[Role.SUPERVISOR])).get("/supervisor")
        assert figures.says("2026年3月4日（周三）24:00")
        for answer in (page, auditor, figures):
            assert "23:59" not in answer.text
