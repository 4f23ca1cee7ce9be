"""The hotline desk: stored once, read back once, and a caller's question answered with what is public."""

import re

import pytest
from sqlalchemy import select

from models.states import CaseState, Channel, Role
from models.tip import Identity, Tip
from tests.factories import make_case

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CALL = {"text": "孟庙的学校包过", "county": "yancheng", "place": "街里", "target": "", "occurred": "上周"}
NAMED = {**CALL, "caller": "named", "name": "李四", "phone": "138 1234 5678"}


@pytest.fixture
async def operator(bureau, sign_in):
    return await sign_in(bureau.by_role[Role.OPERATOR])


async def key_of(browser) -> str:
    page = await browser.get("/operator")
    return re.search(r'name="key" value="([^"]+)"', page.text)[1]


def groups(page: str) -> tuple[str, str]:
    number, code = ("".join(re.findall(r"<span>(\d{4})</span>", part)) for part in page.split("<dd>")[1:3])
    return number, code


async def test_a_call_is_stored_and_read_back_in_groups_of_four(operator, db):
    answer = await operator.post("/operator", {**NAMED, "key": await key_of(operator)})
    number, code = groups(answer.text)
    assert (len(number), len(code)) == (12, 20)
    async with db.read() as session:
        tip = (await session.scalars(select(Tip).where(Tip.channel == Channel.HOTLINE))).one()
        identity = (await session.scalars(select(Identity))).one()
    assert (tip.number, tip.text, tip.county, tip.is_named) == (number, CALL["text"], "yancheng", True)
    assert "李四".encode() not in (identity.name or b"")
    assert code not in answer.url


async def test_sending_twice_stores_once_and_shows_the_same_numbers(operator, db):
    call = {**NAMED, "key": await key_of(operator)}
    first, second = await operator.post("/operator", call), await operator.post("/operator", call)
    assert groups(first.text) == groups(second.text)
    other = await operator.post("/operator", {**call, "text": "另一件事"})
    assert other.status == 422
    assert other.says("这一页已经提交过别的内容")
    assert "另一件事</textarea>" in other.text
    async with db.read() as session:
        assert len((await session.scalars(select(Tip).where(Tip.channel == Channel.HOTLINE))).all()) == 1


async def test_two_tabs_do_not_mix(operator):
    one, two = await key_of(operator), await key_of(operator)
    first = await operator.post("/operator", {**NAMED, "key": one})
    second = await operator.post("/operator", {**NAMED, "key": two})
    assert groups(first.text) != groups(second.text)


async def test_anonymous_is_an_explicit_choice_and_stores_no_contact(operator, db):
    key = await key_of(operator)
    unasked = await operator.post("/operator", {**CALL, "name": "李四", "phone": "", "key": key})
    assert unasked.status == 422
    assert unasked.says("请问来电人是否留下联系方式")
    empty = await operator.post("/operator", {**NAMED, "name": "", "phone": "", "key": key})
    assert empty.says("请填写姓名或电话")
    anonymous = await operator.post("/operator", {**NAMED, "caller": "anonymous", "key": key})
    assert anonymous.says("没有保存联系方式")
    async with db.read() as session:
        assert (await session.scalars(select(Identity))).all() == []


@pytest.mark.parametrize(("field", "value"), [("text", ""), ("text", "长" * 20001), ("place", "长" * 501)])
async def test_what_cannot_be_stored_is_said_at_its_field(operator, field, value):
    answer = await operator.post("/operator", {**NAMED, field: value, "key": await key_of(operator)})
    assert answer.status == 422
    assert f'id="{field}-error"' in answer.text


async def test_a_caller_hears_the_public_state_and_nothing_else(operator, db, bureau):
    number, code = groups((await operator.post("/operator", {**NAMED, "key": await key_of(operator)})).text)
    async with db.begin() as session:
        tip = await session.scalar(select(Tip).where(Tip.number == number))
        officer = bureau.by_role[Role.OFFICER]
        await make_case(session, CaseState.RESULT_FILED, tip=tip, officer_id=officer.id, result="内部结论")
    await operator.get("/operator/status")
    spoken = {"number": f"{number[:4]} {number[4:]}", "code": f" {code[:10]}-{code[10:]} "}
    answer = await operator.post("/operator/status", spoken)
    assert answer.says("正在核查")
    for secret in ("内部结论", officer.name, CALL["text"], "李四", code):
        assert secret not in answer.text


async def test_wrong_number_and_wrong_code_are_the_same_answer(operator, bureau):
    await operator.get("/operator/status")
    real = bureau.case.number
    pages = [
        await operator.post("/operator/status", {"number": number, "code": "0" * 20})
        for number in (real, "263184720393", "x")
    ]
    assert {page.status for page in pages} == {422}
    assert all(page.says("举报编号或查询码不对") for page in pages)


async def test_guessing_codes_is_slowed(operator, bureau):
    await operator.get("/operator/status")
    wrong = {"number": bureau.case.number, "code": "1" * 20}
    answers = [await operator.post("/operator/status", wrong) for _ in range(7)]
    assert answers[-1].status == 429
    assert answers[-1].says("秒后再试")
