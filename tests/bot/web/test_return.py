"""The return visit: number and code open it, nothing else does, leaving ends it."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.receipts import harden
from models.case import Case
from models.message import Message
from models.states import CaseState, CodeScheme, MessageKind, Verdict
from models.tip import Attachment, Tip
from tests.factories import NOW, make_case, make_message
from tests.web import Visitor

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


async def enter(visitor: Visitor, number: str, code: str):
    await visitor.open("/status")
    return await visitor.send("/status", case_number=number, code=code)


async def give_case(db, state: CaseState = CaseState.VERIFYING, **changes) -> Case:
    """Open a case for the one tip there is."""
    async with db.begin() as session:
        tip = await session.scalar(select(Tip))
        return await make_case(session, state, tip=tip, **changes)


@pytest.mark.parametrize(
    "typed",
    [
        lambda number, code: (number, code),
        lambda number, code: (number.replace(" ", ""), code.replace(" ", "-")),
        lambda number, code: (f"举报编号：{number}", code.translate(FULL_WIDTH)),
        lambda number, code: (f"{number} {code}", ""),
        lambda number, code: ("", f"举报编号：{number}\n查询码：{code}"),
    ],
    ids=["as shown", "dashes", "full width", "both in the first", "both in the second"],
)
@SQLITE
async def test_number_and_code_open_the_tip_however_they_are_typed(visitor: Visitor, typed):
    number, code = await visitor.tell()
    first, second = typed(number, code)
    page = await enter(visitor, first, second)
    assert page.address == "/status"
    assert f"举报编号 {number}" in page.words
    assert "已收到" in page.words
    assert code not in page.text


async def test_wrong_number_and_wrong_code_look_the_same(visitor: Visitor, db):
    number, code = await visitor.tell()
    wrong_code = await enter(visitor, number, "0" * 20)
    wrong_number = await enter(visitor, "263184720393", code)
    assert wrong_code.status == wrong_number.status == 404
    assert wrong_code.words.replace(number, "N") == wrong_number.words.replace("2631 8472 0393", "N")
    assert set(wrong_code.headers) == set(wrong_number.headers)


@SQLITE
async def test_after_many_wrong_codes_one_must_wait_but_is_never_locked_out(visitor: Visitor, clock):
    number, code = await visitor.tell()
    for _ in range(6):
        page = await enter(visitor, number, "1" * 20)
        if page.status == 429:
            break
    assert page.status == 429
    assert int(page.headers["Retry-After"]) >= 1
    assert "秒后再试" in page.words
    clock.now += timedelta(minutes=16)
    assert (await enter(visitor, number, code)).status == 200


@SQLITE
async def test_empty_fields_are_told_apart(visitor: Visitor):
    page = await enter(visitor, "", "12")
    assert page.status == 422
    assert "请填写举报编号" in page.words
    assert "请填写查询码" in (await enter(visitor, "12", " ")).words


@SQLITE
async def test_neither_number_nor_code_is_taken_from_the_address(visitor: Visitor):
    number, code = await visitor.tell()
    page = await visitor.open("/status", params={"case_number": number, "code": code})
    assert "查询进度" in page.words
    assert "已收到" not in page.words


async def test_a_citizen_reads_writes_and_adds_files(visitor: Visitor, db):
    number, code = await visitor.tell()
    case = await give_case(db)
    async with db.begin() as session:
        tip = await session.scalar(select(Tip))
        await make_message(session, case, tip, "请问是哪一天？", kind=MessageKind.TO_REPORTER)
        await make_message(session, case, tip, "同事看的", kind=MessageKind.NOTE)
    page = await enter(visitor, number, code)
    assert "正在核查" in page.words
    assert "请问是哪一天？" in page.words
    assert "同事看的" not in page.text
    assert "宏达学校" not in page.text  # what he told is not repeated on a screen that others may see
    sent = await visitor.send("/status/message", files=[("照片.txt", b"evidence")], text="是上周六。")
    assert "已收到您的补充" in sent.words
    async with db.read() as session:
        message = await session.scalar(select(Message).where(Message.kind == MessageKind.FROM_REPORTER))
        assert (message.text, message.case_id) == ("是上周六。", case.id)
        assert (await session.scalar(select(Attachment))).message_id == message.id
        assert (await session.get(Case, case.id)).has_unread
        question = await session.scalar(select(Message).where(Message.kind == MessageKind.TO_REPORTER))
        assert question.read_at is not None


@SQLITE
async def test_a_message_that_will_not_do_comes_back_with_its_sentence(visitor: Visitor):
    number, code = await visitor.tell()
    await enter(visitor, number, code)
    assert "这里不能空着" in (await visitor.send("/status/message", text=" ")).words
    page = await visitor.send("/status/message", text="写好的话", files=[("x.exe", b"MZ" + bytes(9))])
    assert page.status == 422
    assert "x.exe：不接受这种文件" in page.words
    assert "写好的话" in page.text


@SQLITE
async def test_a_code_in_the_box_for_words_is_not_stored(visitor: Visitor, db):
    number, code = await visitor.tell()
    await enter(visitor, number, code)
    for words in (code, f"编号{number} 查询码{code}", number):
        page = await visitor.send("/status/message", text=words)
        assert page.status == 422
        assert "像是举报编号或查询码" in page.words
    async with db.read() as session:
        assert await session.scalar(select(Message)) is None


@SQLITE
async def test_being_late_is_told(visitor: Visitor, db, clock):
    number, code = await visitor.tell()
    await give_case(db, due_in=timedelta(days=3))
    clock.now = NOW + timedelta(days=5)
    page = await enter(visitor, number, code)
    assert "应在 2026年3月7日（周六）前核查办结，已经超期" in page.words
    assert "我们没有按时做到" in page.words


@SQLITE
async def test_the_answer_is_read_with_its_finding(visitor: Visitor, db):
    number, code = await visitor.tell()
    await give_case(
        db,
        CaseState.ANSWERED,
        answer="经查，属实，已责令整改。",
        verdict=Verdict.PROVEN,
        answered_at=NOW,
        due_in=None,
    )
    page = await enter(visitor, number, code)
    for words in ("已答复", "经查，属实，已责令整改。", "核查结论：属实", "申请复查"):
        assert words in page.words


@SQLITE
async def test_half_an_hour_without_a_click_ends_the_visit_and_a_click_extends_it(visitor: Visitor, clock):
    number, code = await visitor.tell()
    await enter(visitor, number, code)
    for _ in range(3):
        clock.now += timedelta(minutes=25)
        assert number in (await visitor.open("/status")).words
    clock.now += timedelta(minutes=31)
    assert number not in (await visitor.open("/status")).words
    late = await visitor.send("/status/message", text="太晚了")
    assert late.status == 403
    assert "请重新输入" in late.words


async def test_after_leaving_the_old_cookie_opens_nothing(visitor: Visitor, site):
    number, code = await visitor.tell()
    await enter(visitor, number, code)
    (cookie,) = [cookie for cookie in visitor.session.cookie_jar if cookie.key == "tipline-public-visit"]
    left = await visitor.send("/status/leave")
    assert left.address == "/status/left"
    async with Visitor(site) as thief:
        page = await thief.open("/status", headers={"Cookie": f"{cookie.key}={cookie.value}"})
    assert number not in page.words


@SQLITE
async def test_a_changed_cookie_opens_nothing(visitor: Visitor, site, db):
    number, code = await visitor.tell()
    await enter(visitor, number, code)
    (cookie,) = [cookie for cookie in visitor.session.cookie_jar if cookie.key == "tipline-public-visit"]
    async with Visitor(site) as thief:
        for value in ("", "1/x/1/1.", cookie.value.replace("1/", "2/", 1), cookie.value[:-1], "a" * 5000):
            page = await thief.open("/status", headers={"Cookie": f"{cookie.key}={value}"})
            assert page.status == 200
            assert number not in page.words


@SQLITE
async def test_a_flood_of_messages_on_one_tip_is_slowed(visitor: Visitor, db):
    number, code = await visitor.tell()
    await enter(visitor, number, code)
    for _ in range(20):
        assert (await visitor.send("/status/message", text="催")).status == 200
    page = await visitor.send("/status/message", text="催")
    assert page.status == 429
    assert "短时间内" in page.words


@SQLITE
async def test_a_code_works_the_same_once_it_is_hardened(visitor: Visitor, db):
    number, code = await visitor.tell()
    async with db.begin() as session:
        tip = await session.scalar(select(Tip))
        await session.execute(
            update(Tip).values(code_scheme=CodeScheme.ARGON2, code_hash=harden(tip.code_hash))
        )
    assert number in (await enter(visitor, number, code)).words
