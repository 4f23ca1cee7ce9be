"""The hotline desk: kept while it is typed, tabs apart, read out once, sent elsewhere, found on paper."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select, update

from config.keeping import CALL_TYPED
from models.call import HotlineCall
from models.case import Case
from models.event import Event
from models.likeness import TipMark
from models.message import Message
from models.notice import Notice
from models.states import CallEnd, CaseState, Channel, MarkKind, NoticeChannel, NoticeState, Role
from models.tip import Identity, Tip
from models.unit import Unit
from tests.factories import make_case, make_staff
from triage.bodies import make_reader
from triage.jobs import purge
from triage.matters import Matters
from triage.units import learn_unit

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CALL = {
    "text": "孟庙镇的学校交钱包过",
    "place": "孟庙镇街里",
    "target": "宏达安全培训学校",
    "caller": "anonymous",
}


@pytest.fixture
async def operator(bureau, sign_in):
    browser = await sign_in(bureau.by_role[Role.OPERATOR])
    await browser.get("/operator")
    return browser


async def key_of(browser, path: str = "/operator") -> str:
    page = await browser.get(path)
    return re.search(r'name="key" value="([^"]+)"', page.text)[1]


async def all_of(db, kind):
    async with db.read() as session:
        return (await session.scalars(select(kind))).all()


def shown(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


# ---------------------------------------------------------------- kept while it is typed


async def test_what_was_typed_before_a_crash_is_there_again_in_its_own_place(operator, db):
    one, two = await key_of(operator), await key_of(operator)
    await operator.post("/operator/draft", {**CALL, "text": "第一通", "key": one})
    await operator.post("/operator/draft", {**CALL, "text": "第二通", "key": two})
    await operator.post("/operator/draft", {**CALL, "text": "第一通，接着说", "key": one})
    first, second = sorted(await all_of(db, HotlineCall), key=lambda call: call.id)
    assert "第一通，接着说</textarea>" in (await operator.get(f"/operator/calls/{first.id}")).text
    assert "第二通</textarea>" in (await operator.get(f"/operator/calls/{second.id}")).text
    listed = shown((await operator.get("/operator")).text)
    assert listed.count("宏达安全培训学校") == 2


async def test_a_draft_is_sealed_and_nobody_elses(operator, db, sign_in):
    await operator.post(
        "/operator/draft", {**CALL, "caller": "named", "name": "李四", "key": await key_of(operator)}
    )
    (call,) = await all_of(db, HotlineCall)
    assert "李四".encode() not in call.answers
    async with db.begin() as session:
        colleague = await make_staff(session, Role.OPERATOR, "city")
    other = await sign_in(colleague)
    assert (await other.get(f"/operator/calls/{call.id}")).status == 404


async def test_of_an_anonymous_caller_no_number_is_kept_even_in_the_draft(operator, db):
    typed = {**CALL, "name": "李四", "phone": "13812345678", "key": await key_of(operator)}
    await operator.post("/operator/draft", typed)
    (call,) = await all_of(db, HotlineCall)
    page = await operator.get(f"/operator/calls/{call.id}")
    assert "13812345678" not in page.text
    await operator.post("/operator", typed)
    assert await all_of(db, Identity) == []


async def test_without_scripts_a_button_keeps_the_call_and_the_page_says_which_county(operator):
    page = await operator.post("/operator", {**CALL, "act": "save", "key": await key_of(operator)})
    assert re.fullmatch(r"/operator/calls/\d+", page.url)
    assert page.says("按“孟庙镇”判断：属于郾城区")


async def test_saving_after_the_end_changes_nothing(operator, db):
    typed = {**CALL, "key": await key_of(operator)}
    await operator.post("/operator", typed)
    late = await operator.post("/operator/draft", {**typed, "text": "迟到的"})
    assert late.status == 409
    (call,) = await all_of(db, HotlineCall)
    assert call.end is CallEnd.FILED


async def test_the_questions_come_in_the_order_of_the_talk(operator):
    page = await operator.get("/operator")
    names = [
        "danger",
        "text",
        "place",
        "county",
        "target",
        "occurred",
        "evidence",
        "wishes",
        "caller",
        "name",
        "phone",
    ]
    places = [page.text.index(f' name="{name}"') for name in names]
    assert places == sorted(places)
    assert page.says("请来电人立即拨打 119、120 或 110")
    assert page.says("什么事（必填）")


async def test_danger_evidence_and_wishes_reach_whoever_reads_the_tip(operator, db):
    extras = {"danger": "yes", "evidence": "有录音", "wishes": "退钱"}
    await operator.post("/operator", {**CALL, **extras, "key": await key_of(operator)})
    tip = next(tip for tip in await all_of(db, Tip) if tip.channel is Channel.HOTLINE)
    assert tip.text.startswith(CALL["text"])
    assert tip.text.endswith("来电人说：现在有人身危险。\n证据：有录音\n要求：退钱")


# ---------------------------------------------------------------- read out once


async def test_the_code_is_gone_from_the_desk_once_it_was_read_out(operator, db):
    card = await operator.post("/operator", {**CALL, "key": await key_of(operator)})
    digits = re.findall(r"<span>(\d{4})</span>", card.text)
    assert (await operator.post(card.url, {})).url == card.url  # without the tick the card stays
    assert await operator.post(card.url, {"read": "yes"})
    again = await operator.get(card.url)
    assert not re.search(r"<span>\d{4}</span>", again.text)
    assert " ".join(digits[:3]) in again.text
    assert " ".join(digits[3:]) not in again.text
    (call,) = await all_of(db, HotlineCall)
    assert (call.key, call.answers) == (None, None)


async def test_an_old_page_sent_again_does_not_bring_the_code_back(operator):
    typed = {**CALL, "key": await key_of(operator)}
    card = await operator.post("/operator", typed)
    await operator.post(card.url, {"read": "yes"})
    assert not re.search(r"<span>\d{4}</span>", (await operator.post("/operator", typed)).text)


async def test_what_nobody_read_out_is_forgotten_after_a_day(operator, db, now, tmp_path):
    await operator.post("/operator", {**CALL, "key": await key_of(operator)})
    await operator.post("/operator/draft", {**CALL, "key": await key_of(operator)})
    for _twice in range(2):
        await purge(db, tmp_path, now=now + CALL_TYPED.usual + timedelta(minutes=1))
    calls = await all_of(db, HotlineCall)
    assert [(call.key, call.answers) for call in calls] == [(None, None)] * 2
    assert [tip.text for tip in await all_of(db, Tip) if tip.channel is Channel.HOTLINE] == [CALL["text"]]


# ---------------------------------------------------------------- names, county, like cases


async def test_names_are_found_by_part_and_initials_and_show_nothing_else(operator, db, catalog):
    async with db.begin() as session:
        await learn_unit(session, "漯河市宏达安全培训学校", reader=make_reader(catalog))
    for words in ("宏达", "hdaq", "培训学校"):
        answer = await operator.post("/operator/units", {"words": words})
        assert json.loads(answer.body) == [{"name": "漯河市宏达安全培训学校", "main": "", "about": ""}]


async def test_a_new_name_is_known_from_the_next_call_on(operator, db):
    await operator.post("/operator", {**CALL, "key": await key_of(operator)})
    assert [unit.name for unit in await all_of(db, Unit)] == ["宏达安全培训学校"]


@pytest.fixture
async def like_case(bureau, db, keys, catalog):
    """The bureau's case can be found by the name of its body, as triage would have made it."""
    matters = Matters(catalog, keys)
    key = matters.reader.read(bureau.case.target).key
    async with db.begin() as session:
        tip = await session.scalar(select(Tip).where(Tip.case_id == bureau.case.id))
        session.add(TipMark(kind=MarkKind.BODY, value=matters.digest(MarkKind.BODY, key), tip_id=tip.id))
    return bureau.case


async def test_a_like_case_shows_number_and_public_state_and_no_word_of_it(operator, like_case, db):
    async with db.begin() as session:
        case = await session.get(Case, like_case.id)
        case.result = "内部结论"
        tip = await session.scalar(select(Tip).where(Tip.case_id == case.id))
    page = await operator.post("/operator/aids", CALL)
    number = like_case.number
    assert f"{number[:4]} {number[4:8]} {number[8:]}" in page.text
    assert page.says("正在核查")
    assert page.says("同一单位")
    for secret in (tip.text, "内部结论", like_case.target, "王工"):
        assert secret not in page.text
    assert (await operator.get(f"/cases/{number}")).status == 403


async def test_attaching_gives_the_caller_a_code_of_his_own_and_tells_the_officer(operator, like_case, db):
    typed = {**CALL, "attach": like_case.number, "key": await key_of(operator)}
    card = await operator.post("/operator", typed)
    assert card.says("已作为补充并入案件")
    assert len(re.findall(r"<span>(\d{4})</span>", card.text)) == 8
    await operator.post("/operator", typed)
    tips = [tip for tip in await all_of(db, Tip) if tip.channel is Channel.HOTLINE]
    assert [tip.case_id for tip in tips] == [like_case.id]
    async with db.read() as session:
        assert (await session.get(Case, like_case.id)).has_unread
        acts = (await session.scalars(select(Event.kind).where(Event.case_id == like_case.id))).all()
    assert acts == ["tip_attached"]


@pytest.mark.parametrize("reason", ["danger", "closed", "unknown"])
async def test_what_cannot_be_attached_is_said_and_nothing_is_stored(operator, db, bureau, reason):
    number = "263184720393"
    if reason == "closed":
        async with db.begin() as session:
            number = (await make_case(session, CaseState.CLOSED, due_in=None)).number
    danger = {"danger": "yes"} if reason == "danger" else {}
    answer = await operator.post(
        "/operator", {**CALL, **danger, "attach": number, "key": await key_of(operator)}
    )
    assert answer.status == 422
    assert not [tip for tip in await all_of(db, Tip) if tip.channel is Channel.HOTLINE]
    assert f"{CALL['text']}</textarea>" in answer.text


# ---------------------------------------------------------------- not ours


async def test_a_call_that_is_not_ours_ends_with_a_number_to_call_and_can_be_brought_back(operator, db):
    typed = {**CALL, "act": "transfer", "destination": "labour", "reason": "other_department"}
    page = await operator.post("/operator", {**typed, "key": await key_of(operator)})
    assert page.says("12333")
    (call,) = await all_of(db, HotlineCall)
    assert (call.end, call.destination, call.reason) == (CallEnd.TRANSFERRED, "labour", "other_department")
    assert not [tip for tip in await all_of(db, Tip) if tip.channel is Channel.HOTLINE]
    back = await operator.post(f"/operator/calls/{call.id}/reopen")
    assert f"{CALL['text']}</textarea>" in back.text


async def test_a_transfer_needs_a_place_to_call(operator):
    page = await operator.post("/operator", {**CALL, "act": "transfer", "key": await key_of(operator)})
    assert page.status == 422
    assert page.says("请选择转到哪里")


# ---------------------------------------------------------------- by number and code


async def file_and_ask(operator) -> tuple[str, str]:
    card = await operator.post("/operator", {**CALL, "key": await key_of(operator)})
    digits = "".join(re.findall(r"<span>(\d{4})</span>", card.text))
    page = await operator.post("/operator/status", {"number": digits[:12], "code": digits[12:]})
    return page.url, page.text


async def test_a_caller_adds_words_by_number_and_code_once(operator, db):
    url, _ = await file_and_ask(operator)
    path = url.replace("/status", "/supplement")
    done = await operator.post(path, {"supplement": "我找到了转账记录"})
    assert done.says("补充已经提交")
    await operator.post(path, {"supplement": "我找到了转账记录"})
    assert [(row.text, row.channel) for row in await all_of(db, Message)] == [
        ("我找到了转账记录", Channel.HOTLINE)
    ]
    refused = await operator.post(
        (await file_and_ask(operator))[0].replace("/status", "/supplement"), {"supplement": ""}
    )
    assert refused.status == 422


async def age_calls(db, **moments) -> None:
    async with db.begin() as session:
        await session.execute(update(HotlineCall).values(**moments))


async def test_the_answer_closes_with_the_talk(operator, db, now):
    url, _ = await file_and_ask(operator)
    await age_calls(db, started_at=now - timedelta(minutes=31))
    assert (await operator.get(url)).url == "/operator/status"
    await operator.post(url.replace("/status", "/supplement"), {"supplement": "迟了"})
    assert await all_of(db, Message) == []


# ---------------------------------------------------------------- when parts are down


async def test_calls_are_taken_while_triage_and_mail_are_down_and_the_page_says_so(operator, db, now):
    async with db.begin() as session:
        late = {"created_at": now - timedelta(hours=1), "send_at": now - timedelta(hours=1)}
        words = {"kind": "reporter_wrote", "values": {}, "locale": "zh-CN", "dedup_key": "x"}
        session.add(Notice(channel=NoticeChannel.MAIL, state=NoticeState.WAITING, **words, **late))
    page = await operator.get("/operator")
    assert page.says("来电照常登记，什么也不会丢")
    assert page.says("自动研判暂停")
    assert page.says("通知发不出去")
    card = await operator.post("/operator", {**CALL, "key": await key_of(operator)})
    assert len(re.findall(r"<span>(\d{4})</span>", card.text)) == 8


async def test_a_paper_form_is_typed_in_with_its_own_time_and_reason(operator, db):
    assert (await operator.get("/operator/paper?copies=3")).text.count('class="sheet"') == 3
    key = await key_of(operator, "/operator?paper=yes")
    typed = {**CALL, "paper": "yes", "key": key, "called_at": "16:20", "late_reason": "power"}
    for day, reason in (
        ("2026-03-05", "power"),
        ("2026-01-05", "power"),
        ("x", "power"),
        ("2026-03-03", "whim"),
    ):
        refused = await operator.post("/operator", {**typed, "called_on": day, "late_reason": reason})
        assert refused.status == 422
    card = await operator.post("/operator", {**typed, "called_on": "2026-03-03"})
    assert (await operator.get(card.url)).text.count("<span>") == card.text.count("<span>")
    tip = next(tip for tip in await all_of(db, Tip) if tip.channel is Channel.HOTLINE)
    assert "来电时间：2026年3月3日（周二）16:20（事后补录，原因：停电）" in tip.text
    events = [event for event in await all_of(db, Event) if event.kind == "call_typed_late"]
    assert [(event.reason, event.data) for event in events] == [
        ("power", {"called_at": "2026-03-03T16:20+08:00"})
    ]
    assert (await operator.post(card.url, {"read": "yes", "paper": "yes"})).url == "/operator?paper=yes"


# ---------------------------------------------------------------- one's own work


async def test_the_counters_are_of_ones_own_work_today(operator, db, sign_in, now):
    await operator.post("/operator", {**CALL, "key": await key_of(operator)})
    assert "新登记 1 " in shown((await operator.get("/operator")).text)
    async with db.begin() as session:
        colleague = await make_staff(session, Role.OPERATOR, "city")
    assert "新登记 0 " in shown((await (await sign_in(colleague)).get("/operator")).text)
    await age_calls(db, ended_at=now - timedelta(hours=11))  # the evening before, in Luohe
    assert "新登记 0 " in shown((await operator.get("/operator")).text)
