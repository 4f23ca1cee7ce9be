"""Papers in the console: what can be made, drafts, preview, issuing, download, and whose they are."""

import hashlib
import io
import re
from html import unescape

import docx
import pytest
from pypdf import PdfReader
from sqlalchemy import func, select, text

from models.issued_paper import Paper, PaperDraft
from models.states import CaseState, Role, Verdict
from tests.factories import make_case, make_tip

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HIDDEN = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"')
FILLED = {
    "matter": "培训学校代签考勤。", "findings": "经查，存在代签。", "conclusion": "属实",
    "handling": "改正，<b>立案</b> #let x", "legal": "", "review_way": "可以申请复查。", "contact": "12350",
}  # fmt: skip


@pytest.fixture
async def due(db, bureau):
    async with db.begin() as session:
        return await make_case(session, CaseState.ANSWER_DUE, verdict=Verdict.PROVEN, answer="答复要点。")


def hidden(page: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in HIDDEN.findall(page) if name != "csrf_token"}


async def issue(browser, case, values=FILLED, **more):
    page = f"/cases/{case.number}/papers/answer"
    preview = await browser.post(page, {**values, **more, "step": "preview"})
    assert preview.status == 200
    return await browser.post(page, {**hidden(preview.text), "step": "issue"}), preview


async def test_the_case_page_says_what_can_be_made_and_why_not_the_rest(due, bureau, sign_in):
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    page = await officer.get(f"/cases/{due.number}")
    assert page.says("现在可以出具")
    assert f'href="/cases/{due.number}/papers/answer"' in page.text
    assert page.says("先认定涉嫌犯罪，才能出具")
    assert f'href="/cases/{due.number}/papers/police_referral"' not in page.text
    refused = await officer.get(f"/cases/{due.number}/papers/police_referral")
    assert refused.status == 409
    assert refused.says("先认定涉嫌犯罪，才能出具")
    assert (await officer.get(f"/cases/{due.number}/papers/acceptance")).status == 403
    assert (await officer.get(f"/cases/{due.number}/papers/nothing")).status == 404


async def test_english_pages_have_english_words_and_chinese_papers(db, due, bureau, sign_in):
    async with db.begin() as session:
        (await session.merge(bureau.by_role[Role.LEAD])).locale = "en"
    lead = await sign_in(bureau.by_role[Role.LEAD])
    form = await lead.get(f"/cases/{due.number}/papers/answer")
    assert form.says("Answer to the reporter")
    preview = await lead.post(f"/cases/{due.number}/papers/answer", {**FILLED, "step": "preview"})
    assert preview.says("Preview of the paper")
    assert preview.says("举报事项答复书")


async def test_from_form_to_both_files(due, bureau, sign_in, db):
    intake = await sign_in(bureau.by_role[Role.INTAKE])
    form = await intake.get(f"/cases/{due.number}/papers/answer")
    assert "答复要点。" in form.text
    issued, preview = await issue(intake, due)
    assert "漯应急举答〔2026〕　号" in preview.text
    assert "改正，&lt;b&gt;立案&lt;/b&gt; #let x" in preview.text
    assert issued.says("文书已出具，编号 漯应急举答〔2026〕1号")
    async with db.read() as session:
        paper = await session.scalar(select(Paper))
        assert await session.scalar(select(func.count()).select_from(PaperDraft)) == 0
    assert paper.docx_sha256.hex() in issued.text
    word = await intake.get(f"/cases/{due.number}/papers/{paper.id}/docx")
    pdf = await intake.get(f"/cases/{due.number}/papers/{paper.id}/pdf")
    assert hashlib.sha256(word.body).digest() == paper.docx_sha256
    assert hashlib.sha256(pdf.body).digest() == paper.pdf_sha256
    assert "改正，<b>立案</b> #let x" in [
        line.text for line in docx.Document(io.BytesIO(word.body)).paragraphs
    ]
    assert "漯应急举答〔2026〕1号" in PdfReader(io.BytesIO(pdf.body)).pages[0].extract_text().replace(" ", "")
    said = pdf.headers["Content-Disposition"]
    assert said.startswith("attachment; filename=\"paper.pdf\"; filename*=UTF-8''%E4%B8%BE%E6%8A%A5")
    assert pdf.headers["Content-Type"] == "application/pdf"
    assert pdf.headers["Cache-Control"] == "no-store"
    case = await intake.get(f"/cases/{due.number}")
    assert case.says("漯应急举答〔2026〕1号")
    assert case.says("出具文书 漯应急举答〔2026〕1号")


async def test_the_form_sent_twice_is_one_paper(due, bureau, sign_in, db):
    intake = await sign_in(bureau.by_role[Role.INTAKE])
    _, preview = await issue(intake, due)
    await intake.post(f"/cases/{due.number}/papers/answer", {**hidden(preview.text), "step": "issue"})
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Paper)) == 1


async def test_what_was_typed_is_kept_by_person_and_can_be_dropped(due, bureau, sign_in):
    page = f"/cases/{due.number}/papers/answer"
    officer, lead = [await sign_in(bureau.by_role[role]) for role in (Role.OFFICER, Role.LEAD)]
    saved = await officer.post(page, {**FILLED, "handling": "半句话", "step": "save"})
    assert saved.says("草稿已保存")
    assert "半句话" in (await officer.get(page)).text
    assert "半句话" not in (await lead.get(page)).text
    assert (await officer.get(f"/cases/{due.number}")).says("有草稿")
    assert "半句话" not in (await officer.post(page, {**FILLED, "step": "anew"})).text


async def test_a_missing_field_is_named_and_nothing_typed_is_lost(due, bureau, sign_in):
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    answer = await officer.post(
        f"/cases/{due.number}/papers/answer", {**FILLED, "handling": "", "step": "preview"}
    )
    assert answer.status == 422
    assert answer.says("请填写“处理情况”")
    assert "经查，存在代签。" in answer.text


async def test_a_case_that_changed_since_the_preview_is_shown_again(due, bureau, sign_in, db):
    intake = await sign_in(bureau.by_role[Role.INTAKE])
    page = f"/cases/{due.number}/papers/reward_notice"
    values = {"amount": "1000元", "days": "60", "way": "凭编号。", "contact": "12350"}
    preview = await intake.post(page, {**values, "step": "preview"})
    async with db.begin() as session:
        (await session.merge(due)).verdict = Verdict.PARTLY_PROVEN
    again = await intake.post(page, {**hidden(preview.text), "step": "issue"})
    assert again.says("案件内容刚有变化")
    assert again.says("部分属实")
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Paper)) == 0


async def test_a_correction_begins_with_the_old_words_and_names_the_old_number(due, bureau, sign_in, db):
    intake = await sign_in(bureau.by_role[Role.INTAKE])
    await issue(intake, due)
    async with db.read() as session:
        old = await session.scalar(select(Paper.id))
    form = await intake.get(f"/cases/{due.number}/papers/answer?replaces={old}")
    assert "经查，存在代签。" in form.text
    new, preview = await issue(intake, due, replaces=str(old))
    assert "（漯应急举答〔2026〕1号）" in preview.text
    assert new.says("更正 漯应急举答〔2026〕1号")
    assert (await intake.get(f"/cases/{due.number}/papers/{old}")).says("已被 漯应急举答〔2026〕2号 取代")


async def test_papers_of_another_county_are_as_if_they_did_not_exist(due, bureau, sign_in, db):
    intake = await sign_in(bureau.by_role[Role.INTAKE])
    await issue(intake, due)
    async with db.read() as session:
        paper = await session.scalar(select(Paper.id))
    stranger = await sign_in(bureau.other_officer)
    for tail in ("", "/docx", "/pdf"):
        for case in (due, bureau.other_case):
            assert (await stranger.get(f"/cases/{case.number}/papers/{paper}{tail}")).status == 404
    assert (await stranger.get(f"/cases/{due.number}/papers/answer")).status == 404
    assert (
        await stranger.post(f"/cases/{due.number}/papers/answer", {**FILLED, "step": "issue"})
    ).status == 404


async def test_words_that_point_to_the_reporter_do_not_leave(db, bureau, sign_in):
    story = "我是三号车间唯一的女焊工，上周二下午刘经理把我们叫去补签了四个月的培训记录。"
    async with db.begin() as session:
        case = await make_case(session, CaseState.ACCEPTED, tip=await make_tip(session, story))
    intake = await sign_in(bureau.by_role[Role.INTAKE])
    typed = {
        "department": "市人力资源和社会保障局",
        "competence": "属于你单位职责。",
        "materials": "无。",
        "contact": "12350",
    }
    page = f"/cases/{case.number}/papers/transfer"
    refused = await intake.post(page, {**typed, "summary": story[:24], "step": "preview"})
    assert refused.status == 422
    assert refused.says("照抄举报原文")
    assert story[:24] in refused.text
    clean = {**typed, "summary": "反映某企业培训档案不实。", "step": "preview"}
    assert (await intake.post(page, clean)).status == 200


async def test_a_file_that_was_tampered_with_is_not_sent(due, bureau, sign_in, db):
    intake = await sign_in(bureau.by_role[Role.INTAKE])
    await issue(intake, due)
    async with db.begin() as session:
        paper = await session.scalar(select(Paper.id))
        await session.execute(
            text("update paper set docx = x'0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e'")
        )
    answer = await intake.get(f"/cases/{due.number}/papers/{paper}/docx")
    assert answer.status == 404
    assert answer.says("从备份恢复")
