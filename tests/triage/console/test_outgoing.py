"""A text that gives the reporter away is stopped, and goes only if a second person lets exactly it go."""

import pytest
from sqlalchemy import select

from models.case import Case
from models.disclosure import CaseSummary
from models.event import Event
from models.states import CaseState, Role
from tests.factories import make_case, make_staff, make_tip

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TEXT = "我是该校的前台，校长让我把没上课的人的签到全部补签，说检查时就这么讲。"
QUOTE = "校长让我把没上课的人的签到全部补签"
REASON = "对方部门必须核对这一句原话"


@pytest.fixture
async def case(db, bureau):
    async with db.begin() as session:
        tip = await make_tip(session, TEXT)
        return await make_case(session, CaseState.REGISTERED, "city", tip=tip)


async def transfer(browser, case, answer, step="send"):
    page = await browser.get(f"/cases/{case.number}?do=transfer_out")
    version = page.text.split('name="version" value="')[1].split('"')[0]
    typed = {"version": version, "to": "市场监管局", "answer": answer, "step": step}
    return await browser.post(f"/cases/{case.number}/transfer_out", typed)


async def state_of(db, case) -> CaseState:
    async with db.read() as session:
        return (await session.get_one(Case, case.id)).state


async def insist(browser, case, answer, reason=REASON):
    text = f"市场监管局\n{answer}"
    return await browser.post(
        f"/cases/{case.number}/outgoing", {"place": "transfer_out", "text": text, "reason": reason}
    )


@pytest.mark.parametrize("step", ["preview", "send"])
async def test_a_quotation_is_stopped_and_marked(db, case, bureau, sign_in, step):
    intake = await sign_in(bureau.by_role[Role.INTAKE])
    answer = await transfer(intake, case, f"转去核查：{QUOTE}。", step)
    assert answer.status == 422
    assert answer.says("可能暴露举报人")
    assert QUOTE in answer.text.split("<mark")[1]
    assert answer.says("有照抄举报原文的词句")
    assert await state_of(db, case) is CaseState.REGISTERED
    edited = await intake.post(
        f"/cases/{case.number}/transfer_out",
        {"version": "1", "to": "市场监管局", "answer": QUOTE, "step": "edit"},
    )
    assert QUOTE in edited.text


async def test_own_words_go(db, case, bureau, sign_in):
    intake = await sign_in(bureau.by_role[Role.INTAKE])
    await transfer(intake, case, "反映的广告问题由该部门依职责处理。")
    assert await state_of(db, case) is CaseState.TRANSFERRED


async def test_a_second_person_lets_exactly_this_text_go(db, case, bureau, sign_in):
    intake, supervisor = (
        await sign_in(bureau.by_role[Role.INTAKE]),
        await sign_in(bureau.by_role[Role.SUPERVISOR]),
    )
    await transfer(intake, case, QUOTE)
    assert (await insist(intake, case, QUOTE, "短")).status == 422
    assert (await insist(intake, case, QUOTE)).says("等另一人决定")
    assert (await insist(intake, case, QUOTE)).status == 409
    assert not (await intake.get("/approvals")).says(QUOTE)  # not by oneself
    assert (await transfer(intake, case, QUOTE)).says("等另一人同意")
    page = await supervisor.get("/approvals")
    assert page.says(REASON)
    assert QUOTE in page.text.split("<mark")[1]
    path = "/approvals/text/" + page.text.split('action="/approvals/text/')[1].split('"')[0]
    assert (await intake.post(path, {"say": "allow", "reason": "自己同意"})).status == 404
    await supervisor.post(path, {"say": "allow", "reason": "确有必要"})
    assert (await transfer(intake, case, QUOTE + "啊")).status == 422
    await transfer(intake, case, QUOTE)
    assert await state_of(db, case) is CaseState.TRANSFERRED
    async with db.read() as session:
        asked = select(Event.kind).where(Event.kind.startswith("release")).order_by(Event.position)
        kinds = (await session.scalars(asked)).all()
        assert QUOTE not in str([event.data for event in await session.scalars(select(Event))])
    assert kinds == ["release_asked", "release_allowed"]


async def test_what_was_refused_stays_stopped(db, case, bureau, sign_in):
    async with db.begin() as session:
        second = await make_staff(session, Role.INTAKE, "city")
    intake, other = await sign_in(bureau.by_role[Role.INTAKE]), await sign_in(second)
    await transfer(intake, case, QUOTE)
    await insist(intake, case, QUOTE)
    page = await other.get("/approvals")
    path = "/approvals/text/" + page.text.split('action="/approvals/text/')[1].split('"')[0]
    await other.post(path, {"say": "refuse", "reason": "改写即可"})
    assert (await transfer(intake, case, QUOTE)).says("没有同意照原文发出")
    assert await state_of(db, case) is CaseState.REGISTERED


async def test_a_summary_in_the_reporters_words_is_stopped(db, case, bureau, sign_in):
    intake = await sign_in(bureau.by_role[Role.INTAKE])
    await intake.get(f"/cases/{case.number}")
    answer = await intake.post(f"/cases/{case.number}/summary", {"summary": f"据该校前台反映，{QUOTE}。"})
    assert answer.status == 422
    assert answer.says("说到了举报人的身份")
    back = await intake.post(f"/cases/{case.number}/summary", {"summary": QUOTE, "step": "edit"})
    assert QUOTE in back.text
    async with db.read() as session:
        assert await session.scalar(select(CaseSummary)) is None
    done = await intake.post(f"/cases/{case.number}/summary", {"summary": "核查该校签到记录是否真实。"})
    assert done.says("摘要已保存")


async def test_the_note_to_the_office_is_looked_at_too(db, case, bureau, sign_in):
    intake = await sign_in(bureau.by_role[Role.INTAKE])
    page = await intake.get(f"/cases/{case.number}?do=accept")
    version = page.text.split('name="version" value="')[1].split('"')[0]
    typed = {"version": version, "office_id": "yancheng", "clauses": "3.1.4", "reason": QUOTE}
    assert (await intake.post(f"/cases/{case.number}/accept", typed)).status == 422
    assert await state_of(db, case) is CaseState.REGISTERED
    await intake.post(f"/cases/{case.number}/accept", {**typed, "reason": "请核对签到与实际到课"})
    assert await state_of(db, case) is CaseState.ASSIGNED
