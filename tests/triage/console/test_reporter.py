"""Before somebody writes to a reporter: by which ways it reaches him, texts to begin with, what the text gives away."""

import dataclasses
import re

import pytest
from sqlalchemy import select

from models.at_work import CaseDraft
from models.case import Case
from models.message import Message
from models.states import CaseState, Role, Verdict
from models.tip import Identity, Tip
from tests.factories import make_case, make_tip
from triage.console.reporter import TO_REPORTER
from triage.redaction import find_people
from triage.workflow import Move

PHONE = "13987654321"


async def give_identity(
    db, keys, case: Case, *, phone: bool = False, chat: bool = True, **changes: bool
) -> None:
    async with db.begin() as session:
        tip = (await session.scalars(select(Tip).where(Tip.case_id == case.id))).one()
        sealed = {
            "phone": keys.seal("identity", PHONE.encode(), place="identity.phone") if phone else None,
            "chat": keys.seal("identity", b"70001", place="identity.chat") if chat else None,
            "name": keys.seal("identity", "郭建英".encode(), place="identity.name") if phone else None,
        }
        session.add(Identity(tip_id=tip.id, **sealed, **changes))


@pytest.mark.parametrize(
    ("identity", "says", "says_not"),
    [
        (None, "只有他凭编号和查询码来查时才能看到", "电话"),
        ({}, "他留的是聊天方式，但本机没有接通聊天", "电话"),
        ({"is_muted": True}, "他关闭了聊天提醒", "电话"),
        ({"is_reachable": False}, "聊天已经送不到他", "电话"),
        ({"chat": False, "phone": True}, "他留有电话", "聊天"),
    ],
)
async def test_it_says_which_way_he_can_be_reached_and_not_who_he_is(
    db, bureau, keys, sign_in, identity, says, says_not
):
    if identity is not None:
        await give_identity(db, keys, bureau.case, **identity)
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    form = await officer.get(f"/cases/{bureau.case.number}?do=ask_reporter")
    ways = re.search(r'<div class="ways">(.*?)</div>', form.text, re.DOTALL)[1]
    assert says in ways
    assert says_not not in ways
    for secret in (PHONE, "70001", "郭建英"):
        assert secret not in form.text


async def test_with_a_bot_the_chat_is_open(app, db, bureau, keys, sign_in):
    from triage.console.context import DESK

    desk = app[DESK]
    with_bot = dataclasses.replace(desk.settings, telegram_token="1:" + "a" * 35)
    object.__setattr__(desk, "settings", with_bot)
    await give_identity(db, keys, bureau.case)
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    assert (await officer.get(f"/cases/{bureau.case.number}?do=ask_reporter")).says("他在聊天里会收到提醒")


async def test_every_form_whose_words_he_reads_says_it(db, bureau, sign_in):
    desk = await sign_in(bureau.by_role[Role.SUPERVISOR])
    async with db.begin() as session:
        case = await make_case(session, CaseState.REGISTERED, "city")
    for move in (Move.REFUSE, Move.TRANSFER_OUT, Move.ASK_SUPPLEMENT, Move.ASK_REPORTER):
        assert (await desk.get(f"/cases/{case.number}?do={move}")).says("怎样联系到举报人")
    assert not (await desk.get(f"/cases/{case.number}?do=add_note")).says("怎样联系到举报人")
    assert Move.ADD_NOTE not in TO_REPORTER


async def test_a_phrase_is_put_behind_what_was_written_without_scripts(db, bureau, sign_in):
    officer, page = await sign_in(bureau.by_role[Role.OFFICER]), f"/cases/{bureau.case.number}"
    await officer.get(f"{page}?do=ask_reporter")
    fields = {
        "version": str(bureau.case.version),
        "page_key": "k",
        "words": "您好。",
        "step": "insert:still-verifying",
    }
    shown = await officer.post(f"{page}/ask_reporter", fields)
    written = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", shown.text, re.DOTALL)[1]
    assert written.startswith("您好。\n\n您好，编号 " + bureau.case.number)
    assert "办理期限到 2026年3月7日" in written
    assert "{" not in written
    async with db.read() as session:
        assert await session.scalar(select(Message)) is None  # nothing was sent
        assert await session.scalar(select(CaseDraft.typed)) is not None  # and nothing is lost


async def test_a_phrase_that_lacks_something_says_what_and_cannot_be_put_in(db, bureau, sign_in):
    async with db.begin() as session:
        case = await make_case(session, CaseState.ANSWER_DUE, due_rule="D12", verdict=None)
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    form = await officer.get(f"/cases/{case.number}?do=answer")
    assert form.says("现在不能用，缺少：核查结论")
    fields = {"version": str(case.version), "answer": "一", "step": "insert:answer-frame"}
    shown = await officer.post(f"/cases/{case.number}/answer", fields)
    assert re.search(r"<textarea[^>]*>\n(.*?)</textarea>", shown.text, re.DOTALL)[1] == "一"
    async with db.begin() as session:
        (await session.get_one(Case, case.id)).verdict = Verdict.PROVEN
    assert (await officer.get(f"/cases/{case.number}?do=answer")).says("结论是：属实。")


async def test_of_several_reporters_no_single_number_is_told(db, bureau, sign_in):
    async with db.begin() as session:
        await make_tip(session, "同一家学校。", case=bureau.case)
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    form = await officer.get(f"/cases/{bureau.case.number}?do=ask_reporter")
    assert form.says("缺少：举报编号（并案的各有编号，请不要写）")
    assert form.says("第 2 位：")


async def test_names_and_numbers_of_others_are_pointed_out_before_it_is_sent(bureau, sign_in):
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    words = "据王建国反映，张校长收了钱，联系 13812345678，身份证 411102199003074512。"
    fields = {"version": str(bureau.case.version), "step": "preview", "words": words}
    preview = await officer.post(f"/cases/{bureau.case.number}/ask_reporter", fields)
    assert preview.says("可能有他人的姓名：“王建国”、“张校长”")
    assert preview.says("手机号码或电话：“13812345678”")
    assert preview.says("身份证号：“411102199003074512”")
    assert preview.says("怎样联系到举报人")


async def test_words_of_one_reporter_are_not_told_to_another(db, bureau, sign_in):
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    quoted = "有人说交八百块包过，不用上课，是这样吗？"
    fields = {"version": str(bureau.case.version), "step": "preview", "words": quoted}
    alone = await officer.post(f"/cases/{bureau.case.number}/ask_reporter", fields)
    assert not alone.says("几位举报人会读到同样的话")
    async with db.begin() as session:
        await make_tip(session, "同一家学校。", case=bureau.case)
    shared = await officer.post(f"/cases/{bureau.case.number}/ask_reporter", fields)
    assert shared.says("几位举报人会读到同样的话")


@pytest.mark.parametrize(
    "text", ["由李明签字", "学员刘强称没有上课", "刘老师收取八百元", "赵芳（女，身份证后补）"]
)
def test_what_reads_like_a_person_is_found(text):
    assert find_people(text)


@pytest.mark.parametrize(
    "text",
    [
        "您反映的情况部分属实。",
        "对方承认收款",
        "培训机构负责人承认收费",
        "向市场监管部门移送",
        "经查，任何人员不得代考。",
    ],
)
def test_what_names_nobody_is_left_alone(text):
    assert not find_people(text)
