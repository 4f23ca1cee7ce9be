"""Steps on the return visit: each says what it does, does it once, and shows afterwards that it was done."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from models.case import Case
from models.message import Message
from models.states import CaseState, FindingSource, MessageKind, Solved, Verdict
from models.tip import Identity, Tip
from models.way_back import Rating, ReporterRequest
from tests.bot.web.test_return import enter, give_case
from tests.factories import NOW, make_finding, make_message
from tests.web import Visitor

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
pytestmark = SQLITE
ANSWER = {"answer": "经查属实，已责令整改。", "answered_at": NOW, "verdict": Verdict.PROVEN, "due_in": None}


async def all_rows(db, table):
    async with db.read() as session:
        return (await session.scalars(select(table).order_by(table.id))).all()


async def come_back(visitor: Visitor, db, state: CaseState = CaseState.VERIFYING, **changes) -> Case:
    number, code = await visitor.tell()
    case = await give_case(db, state, **changes)
    await enter(visitor, number, code)
    return case


async def test_withdrawing_is_a_wish_that_staff_decide_on(visitor: Visitor, db):
    await come_back(visitor, db)
    page = await visitor.open("/status/withdraw")
    assert "系统不会自动结束办理" in page.words
    page = await visitor.send("/status/withdraw", text="我弄错了。")
    assert "已收到您的撤回要求" in page.words
    assert "您已在 2026年3月4日（周三）提出撤回" in page.words
    assert "正在核查" in page.words
    assert (await visitor.open("/status/withdraw")).address == "/status"
    assert [row.kind for row in await all_rows(db, ReporterRequest)] == ["withdrawal"]


async def test_a_step_that_will_not_do_comes_back_with_what_was_typed(visitor: Visitor, db):
    await come_back(visitor, db)
    await visitor.open("/status/withdraw")
    page = await visitor.send("/status/withdraw", text="1234 5678 9012 3456 7890")
    assert page.status == 422
    assert "像是举报编号或查询码" in page.words
    assert "1234 5678 9012 3456 7890" in page.text


async def test_contact_can_be_left_changed_and_erased_and_is_never_shown(visitor: Visitor, db, keys):
    await come_back(visitor, db)
    assert "您没有留姓名和电话" in (await visitor.open("/status/contact")).words
    wrong = await visitor.send("/status/contact", name=" ", phone="")
    assert "请至少填写姓名和电话中的一项" in wrong.words
    page = await visitor.send("/status/contact", phone="１３８００００１２３４")
    assert "联系方式已保存" in page.words
    assert "您只留了电话" in page.words
    assert "1380000" not in page.text
    assert "1380000" not in (await visitor.open("/status/contact")).text
    page = await visitor.open("/status/contact/remove")
    assert "彻底删除，无法恢复" in page.words
    page = await visitor.send("/status/contact/remove")
    assert "联系方式已删除" in page.words
    assert await all_rows(db, Identity) == []


async def test_a_phone_number_must_look_like_one(visitor: Visitor, db):
    await come_back(visitor, db)
    await visitor.open("/status/contact")
    page = await visitor.send("/status/contact", phone="12")
    assert page.status == 422
    assert "电话号码应为 5 到 20 位数字" in page.words


async def test_what_was_read_can_be_deleted_from_the_page_and_stays_in_the_file(visitor: Visitor, db):
    case = await come_back(visitor, db)
    async with db.begin() as session:
        tip = await session.scalar(select(Tip))
        await make_message(session, case, tip, "请问是哪一天？", kind=MessageKind.TO_REPORTER)
    assert "请问是哪一天？" in (await visitor.open("/status")).words
    page = await visitor.open("/status/delete")
    assert "案卷里的那一份" in page.words
    page = await visitor.send("/status/delete")
    assert "请问是哪一天？" not in page.text
    assert "您已从这里删除 1 条消息" in page.words
    assert [row.text for row in await all_rows(db, Message)] == ["请问是哪一天？"]


async def test_the_result_says_what_was_found_the_law_the_reward_and_the_way_on(visitor: Visitor, db):
    case = await come_back(visitor, db, CaseState.ANSWERED, **ANSWER)
    async with db.begin() as session:
        await make_finding(session, case, await session.scalar(select(Tip)), source=FindingSource.STAFF)
    page = await visitor.open("/status")
    for words in (
        "核查结论：属实",
        "认定的情况 交钱包过",
        "《中华人民共和国广告法》",
        "领取",
        "最迟 2026年4月3日（周五）",
        "办理单位 县区应急管理部门",
    ):
        assert words in page.words
    assert "刑法" not in page.words


async def test_what_only_the_machine_thinks_is_told_to_nobody(visitor: Visitor, db):
    await come_back(visitor, db, CaseState.ANSWERED, **ANSWER)
    assert "认定的情况" not in (await visitor.open("/status")).words


@pytest.mark.parametrize("code", [f"R{n}" for n in range(1, 10)])
async def test_a_refusal_says_why(visitor: Visitor, db, code: str):
    await come_back(visitor, db, CaseState.REFUSED, answer="见说明。", answered_at=NOW, reason_code=code)
    page = await visitor.open("/status")
    assert "不予受理：" in page.words


async def test_a_review_is_asked_with_reasons_within_its_days(visitor: Visitor, db, clock):
    await come_back(visitor, db, CaseState.ANSWERED, **ANSWER)
    page = await visitor.open("/status/review")
    assert "不由原承办人员办理" in page.words
    assert "这里不能空着" in (await visitor.send("/status/review", text=" ")).words
    page = await visitor.send("/status/review", text="没有人来核实。")
    assert "已收到您的复查申请" in page.words
    assert "您已在 2026年3月4日（周三）申请复查" in page.words
    assert len(await all_rows(db, ReporterRequest)) == 1


async def test_after_the_last_day_no_review_is_offered_and_none_is_taken(visitor: Visitor, db, clock):
    number, code = await visitor.tell()
    await give_case(db, CaseState.ANSWERED, **ANSWER)
    clock.now = NOW + timedelta(days=40)
    page = await enter(visitor, number, code)
    assert "申请复查的期限已在 2026年4月3日（周五）结束" in page.words
    assert (await visitor.open("/status/review")).address == "/status"
    page = await visitor.send("/status/review", text="不服。")
    assert page.status == 422
    assert "期限是收到答复后 30 日" in page.words


async def test_the_outcome_is_rated_once_and_can_be_changed_for_a_week(visitor: Visitor, db, clock):
    number, code = await visitor.tell()
    await give_case(db, CaseState.CLOSED, **ANSWER)
    await enter(visitor, number, code)
    await visitor.open("/status/rate")
    wrong = await visitor.send("/status/rate", solved="yes")
    assert wrong.status == 422
    assert '<a href="#score">请选择一项' in wrong.text
    page = await visitor.send("/status/rate", solved="partly", score="3", text="还可以。")
    assert "您的评价：部分解决，3 分" in page.words
    page = await visitor.open("/status/rate")
    assert page.text.count("checked") == 2
    await visitor.send("/status/rate", solved="yes", score="5")
    (rating,) = await all_rows(db, Rating)
    assert (rating.solved, rating.score) == (Solved.YES, 5)
    clock.now += timedelta(days=8)
    page = await enter(visitor, number, code)
    assert "修改评价" not in page.words


async def test_what_was_told_is_shown_only_when_asked_for(visitor: Visitor, db):
    await come_back(visitor, db)
    page = await visitor.open("/status")
    assert "宏达学校" not in page.text
    page = await visitor.send("/status/original")
    assert "宏达学校交钱就发证。" in page.words
    assert (await visitor.open("/status/original?lang=en")).address == "/status"
    assert "宏达学校" not in visitor.last.text


async def test_without_a_visit_no_step_opens_and_none_is_taken(visitor: Visitor, db):
    await visitor.open("/status")
    for step in ("withdraw", "review", "rate", "contact", "contact/remove", "delete"):
        assert (await visitor.open(f"/status/{step}")).address == "/status"
        assert (await visitor.send(f"/status/{step}", text="x")).status == 403
        await visitor.open("/status")
    for step in ("original", "stay"):
        assert (await visitor.send(f"/status/{step}")).status == 403
        await visitor.open("/status")


async def test_one_click_gives_another_half_hour(visitor: Visitor, db, clock):
    await come_back(visitor, db)
    clock.now += timedelta(minutes=28)
    assert (await visitor.send("/status/stay")).status == 204
    clock.now += timedelta(minutes=28)
    assert "举报编号" in (await visitor.open("/status")).words


async def test_leaving_quickly_ends_the_visit_and_keeps_the_draft(visitor: Visitor, db):
    await come_back(visitor, db)
    answer = await visitor.session.get(f"{visitor.base}/leave", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "https://www.weather.com.cn/")
    assert "20 位数字" in (await visitor.open("/status")).words


async def test_a_code_that_is_lost_has_a_page_and_telegram_is_named_only_where_it_serves(visitor: Visitor):
    page = await visitor.open("/status/lost")
    for words in ("无法找回", "12350", "重新举报一次"):
        assert words in page.words
    for path in ("/status/lost", "/privacy", "/", "/help", "/report/start"):
        assert "Telegram" not in (await visitor.open(path)).words


async def test_files_of_a_refused_message_must_be_chosen_again_and_the_page_says_so(visitor: Visitor, db):
    await come_back(visitor, db)
    page = await visitor.send("/status/message", text="1234 5678 9012 3456 7890", files=[("a.txt", b"one")])
    assert page.status == 422
    assert "请重新选择" in page.words
