"""The way back in the chat beyond reading: withdraw, contact, letters, outcome, review; and peace."""

import pytest
from sqlalchemy import delete, select

from config.clock import now as read_clock
from models.message import Message
from models.states import CaseState, MessageKind, RequestKind, Verdict
from models.tip import Draft, Identity
from models.way_back import Rating, ReporterRequest
from tests.bot.channels.test_evidence import files, photo
from tests.bot.channels.test_journeys import send
from tests.bot.channels.test_return import messages, open_case

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def one(db, table):
    async with db.read() as session:
        return (await session.scalars(select(table))).one()


async def see_more(citizen):
    citizen.says("/status")
    await citizen.hears("举报编号")
    citizen.presses("更多")
    return await citizen.hears("您还可以")


async def answered(db, now, **changes):
    return await open_case(
        db,
        CaseState.ANSWERED,
        answered_at=now,
        answer="经查，举报属实，已责令停办。",
        verdict=Verdict.PROVEN,
        **changes,
    )


async def test_withdrawing_is_asked_twice_and_left_to_people(served, citizen, db):
    await send(citizen)
    await open_case(db)
    await see_more(citizen)
    citizen.presses("撤回举报")
    sure = await citizen.hears("确定要撤回吗")
    assert "由工作人员决定" in sure.text
    citizen.presses("确定撤回")
    await citizen.hears("已收到您的撤回要求")
    request = await one(db, ReporterRequest)
    assert request.kind is RequestKind.WITHDRAWAL
    more = await see_more(citizen)
    assert "正在等工作人员决定" in more.text
    assert "撤回举报" not in more.button_texts()


async def test_who_thinks_better_of_it_withdraws_nothing(served, citizen, db):
    await send(citizen)
    await open_case(db)
    await see_more(citizen)
    citizen.presses("撤回举报")
    await citizen.hears("确定要撤回吗")
    citizen.presses("返回")
    await citizen.hears("举报编号")
    async with db.read() as session:
        assert (await session.scalars(select(ReporterRequest))).all() == []


async def test_a_contact_can_be_left_later_and_taken_away_again(served, citizen, db, keys):
    await send(citizen)
    await open_case(db)
    await see_more(citizen)
    citizen.presses("改联系方式")
    await citizen.hears("怎么称呼您")
    citizen.says("王先生")
    await citizen.hears("电话号码是多少")
    citizen.says("12")
    await citizen.hears("电话")
    citizen.says("138 0000 0000")
    await citizen.hears("已保存")
    identity = await one(db, Identity)
    assert keys.unseal("identity", identity.name, place="identity.name").decode() == "王先生"
    assert keys.unseal("identity", identity.phone, place="identity.phone").decode() == "138 0000 0000"
    assert await messages(db) == []
    await see_more(citizen)
    citizen.presses("删联系方式")
    await citizen.hears("找不回来")
    citizen.presses("确定删除")
    await citizen.hears("不再存有")
    identity = await one(db, Identity)
    assert (identity.name, identity.phone) == (None, None)


async def test_neither_name_nor_phone_is_said_to_be_nothing(served, citizen, db):
    await send(citizen)
    await open_case(db)
    await see_more(citizen)
    citizen.presses("改联系方式")
    await citizen.hears("怎么称呼您")
    citizen.presses("跳过")
    await citizen.hears("电话号码是多少")
    citizen.presses("跳过")
    heard = await citizen.hears("")
    assert "已保存" not in heard.text
    citizen.presses("返回")
    await citizen.hears("请选择")


async def test_read_letters_can_be_deleted_from_view(served, citizen, db, now):
    await send(citizen)
    case_id, tip_id = await open_case(db)
    async with db.begin() as session:
        kind = MessageKind.TO_REPORTER
        session.add(Message(tip_id=tip_id, case_id=case_id, kind=kind, text="公章叫什么？", created_at=now))
    await see_more(citizen)
    citizen.presses("删看过的")
    await citizen.hears("依法必须保存")
    citizen.presses("确定删除")
    await citizen.hears("已删除")
    citizen.says("/status")
    assert "公章叫什么" not in (await citizen.hears("举报编号")).text
    assert len(await messages(db)) == 1


async def test_the_outcome_is_shown_asked_about_and_rated(served, citizen, db, now):
    await send(citizen)
    await answered(db, now)
    citizen.says("/status")
    shown = await citizen.hears("举报编号")
    assert "已责令停办" in shown.text
    citizen.presses("更多")
    await citizen.hears("您还可以")
    citizen.presses("评价结果")
    await citizen.hears("解决了吗")
    citizen.presses("部分解决")
    scores = await citizen.hears("您给几分")
    assert all(len(row) <= 3 for row in scores.buttons)
    citizen.presses("4 分")
    await citizen.hears("谢谢")
    rating = await one(db, Rating)
    assert (rating.solved, rating.score) == ("partly", 4)
    assert "部分解决，4 分" in (await see_more(citizen)).text


async def test_who_disagrees_asks_for_a_review_with_his_reasons(served, citizen, db):
    await send(citizen)
    await answered(db, read_clock())
    await see_more(citizen)
    citizen.presses("申请复查")
    await citizen.hears("哪里不同意")
    citizen.says("学校换了名字还在办，答复没有说。")
    await citizen.hears("已收到您的复查申请")
    assert (await one(db, ReporterRequest)).kind is RequestKind.REVIEW
    assert [m.text for m in await messages(db)] == ["学校换了名字还在办，答复没有说。"]
    assert "您申请了复查" in (await see_more(citizen)).text


async def test_own_tips_are_chosen_by_a_tap_when_there_are_several(served, citizen, db):
    first = (await send(citizen)).marked("code")[0]
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says("另一件事：某公司没有证就上岗。")
    await citizen.hears("哪个县区")
    citizen.presses("不清楚")
    await citizen.hears("具体在什么地方")
    citizen.presses("其余跳过")
    await citizen.hears("愿意留下联系方式吗")
    citizen.presses("匿名")
    await citizen.hears("请核对")
    citizen.presses("提交举报")
    await citizen.hears("举报已收到")
    citizen.says("/status")
    await citizen.hears("举报编号")
    citizen.presses("查另一件举报")
    await citizen.hears("按编号最后四位选")
    citizen.presses(f"尾号 {first[-4:]}")
    assert first in (await citizen.hears("举报编号")).text


async def test_who_disconnects_is_not_found_by_whoever_holds_the_phone(served, citizen, db):
    number, code = (await send(citizen)).marked("code")
    citizen.says("/forget")
    await citizen.hears("断开这里")
    citizen.presses("断开这里")
    await citizen.hears("已经断开")
    citizen.says("/status")
    await citizen.hears("12 位举报编号")
    citizen.says(f"{number} {code}")
    assert number in (await citizen.hears("举报编号")).text
    async with db.read() as session:
        rows = (await session.scalars(select(Identity))).all()
    assert all((row.chat, row.chat_digest) == (None, None) for row in rows)


async def test_a_photo_long_after_sending_can_be_added_to_the_tip(served, citizen, db):
    await send(citizen)
    async with db.begin() as session:
        await session.execute(delete(Draft))  # what the purge does
    citizen.sends_photo(photo())
    await citizen.hears("是补充到举报")
    citizen.presses("补充到这件举报")
    await citizen.hears("已补充到举报")
    [file] = await files(db)
    assert file.message_id is not None
