"""Coming back: progress, the officer's question, additions, wrong codes, forgetting."""

import asyncio

import pytest
from sqlalchemy import delete, func, select

from bot import receipts
from models.message import Message
from models.states import CaseState, MessageKind
from models.tip import Attachment, Draft, Identity, Tip
from tests.bot.channels.test_evidence import photo
from tests.bot.channels.test_journeys import STORY, send, tell, tips
from tests.factories import make_case


async def open_case(db, state=CaseState.VERIFYING, **changes):
    """What the worker and the office would have done meanwhile."""
    async with db.begin() as session:
        [tip] = (await session.scalars(select(Tip))).all()
        case = await make_case(session, state, tip=tip, **changes)
        tip.case_id = case.id
        return case.id, tip.id


async def messages(db):
    async with db.read() as session:
        return (await session.scalars(select(Message).order_by(Message.id))).all()


async def test_status_without_a_tip_asks_for_number_and_code(served, citizen):
    citizen.says("/status")
    await citizen.hears("12 位举报编号")
    citizen.says("123")
    await citizen.hears("不像是举报编号")


async def test_status_shows_the_chats_own_tip(served, citizen, db):
    done = await send(citizen)
    await open_case(db)
    citizen.says("/status")
    shown = await citizen.hears("举报编号")
    assert done.marked("code")[0] in shown.text
    assert "宏达" not in shown.text


async def test_number_and_code_open_a_tip_from_another_chat(served, citizen, fake, db):
    number, code = (await send(citizen)).marked("code")
    other = fake.user(2002)
    other.says("/status")
    await other.hears("12 位举报编号")
    other.says(number.replace(" ", "－"))
    await other.hears("20 位查询码")
    other.says(code.translate(str.maketrans("0123456789", "０１２３４５６７８９")))
    shown = await other.hears("举报编号")
    assert number in shown.text
    assert len(other.sent_ids) == 2  # the message that held the code is gone


@pytest.mark.parametrize("how", ["{number} {code}", "/status {number} {code}", "编号{number} 查询码{code}"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_number_and_code_in_one_message(served, citizen, fake, db, how):
    number, code = (await send(citizen)).marked("code")
    other = fake.user(2002)
    other.says(how.format(number=number, code=code))
    assert number in (await other.hears("举报编号")).text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_wrong_number_and_wrong_code_get_the_same_words(served, citizen, fake, db):
    number, code = (await send(citizen)).marked("code")
    answers = set()
    for user, given in ((2, f"{number} {'1' * 20}"), (3, f"2600 0000 0001 {code}")):
        other = fake.user(user)
        other.says(f"/status {given}")
        answers.add((await other.hears("对不上")).text)
    assert len(answers) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_guessing_is_slowed_down(served, citizen, fake, db):
    number, _code = (await send(citizen)).marked("code")
    other = fake.user(2002)
    for attempt in range(receipts.TRIES_BEFORE_WAITING):
        other.says(f"/status {number} {attempt:020d}")
        await other.hears("对不上")
    other.says(f"/status {number} {99:020d}")
    await other.hears("试的次数太多了")


async def test_the_officers_question_is_read_and_answered(served, citizen, db, now):
    await send(citizen)
    case_id, tip_id = await open_case(db)
    async with db.begin() as session:
        session.add(
            Message(
                tip_id=tip_id,
                case_id=case_id,
                kind=MessageKind.TO_REPORTER,
                text="请问收据上的公章是什么名称？",
                created_at=now,
            )
        )
    citizen.says("/status")
    await citizen.hears("公章是什么名称")
    citizen.presses("补充或回复")
    await citizen.hears("发完点")
    citizen.says("宏达职业培训学校")
    await citizen.hears("已补充到举报")
    citizen.presses("发完了")
    await citizen.hears("请选择")
    reply = (await messages(db))[-1]
    assert (reply.text, reply.kind, reply.case_id, reply.channel) == (
        "宏达职业培训学校",
        MessageKind.FROM_REPORTER,
        case_id,
        "telegram",
    )


async def test_words_after_sending_can_be_added(served, citizen, db):
    await send(citizen)
    citizen.says("补充：他们每周六都收钱。")
    await citizen.hears("是补充到举报")
    citizen.presses("补充到这件举报")
    await citizen.hears("已补充到举报")
    assert [m.text for m in await messages(db)] == ["补充：他们每周六都收钱。"]
    assert len(await tips(db)) == 1


async def test_words_long_after_sending_can_be_added_too(served, citizen, db):
    await send(citizen)
    async with db.begin() as session:
        await session.execute(delete(Draft))  # what the purge does
    citizen.says("补充：校长姓李。")
    await citizen.hears("是补充到举报")
    citizen.presses("补充到这件举报")
    await citizen.hears("已补充到举报")
    assert [m.text for m in await messages(db)] == ["补充：校长姓李。"]


async def test_looking_up_another_tip_does_not_disturb_the_one_being_told(served, citizen):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says(STORY)
    await citizen.hears("哪个县区")
    citizen.says("/status")
    await citizen.hears("12 位举报编号")
    citizen.presses("返回")
    await citizen.hears("哪个县区")


async def test_a_limit_says_what_it_limits(served, citizen, db):
    await send(citizen)
    await open_case(db, state=CaseState.ASSIGNED)
    citizen.says("/status")
    shown = await citizen.hears("举报编号")
    assert "前核查办结" in shown.text
    assert "下一步最晚" not in shown.text


async def test_forget_leaves_no_message_with_a_number_or_the_story(served, citizen, db):
    number, code = (await send(citizen)).marked("code")
    citizen.says("/status")
    await citizen.hears("举报编号")
    citizen.says("/forget")
    await citizen.hears("能删除的消息都已删除")
    left = "\n".join(message.text for message in citizen.screen())
    for words in (number, code, STORY[:10]):
        assert words not in left
    assert citizen.sent_ids == []
    assert len(await tips(db)) == 1


async def test_who_blocks_the_bot_is_marked_unreachable_and_back_again(served, citizen, fake, db):
    await send(citizen)
    citizen.blocks_bot()
    await fake.drained()

    async def reachable():
        async with db.read() as session:
            return await session.scalar(select(Identity.is_reachable))

    for _ in range(100):
        if not await reachable():
            break
        await asyncio.sleep(0.02)
    assert not await reachable()
    fake.blocked.clear()
    citizen.says("/start")
    await citizen.hears("应急管理局")
    assert await reachable()
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Tip)) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("words", ["不知道", "忘了"])
async def test_who_does_not_know_the_number_is_told_what_to_do(served, citizen, db, words):
    citizen.says("/status")
    await citizen.hears("12 位举报编号")
    citizen.says(words)
    await citizen.hears("找不到也不影响办理")
    citizen.says("/report")
    await citizen.hears("请把事情说一说")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_album_for_the_office_is_one_message_and_one_word_of_thanks(served, citizen, db):
    await send(citizen)
    await open_case(db)
    citizen.says("/status")
    await citizen.hears("举报编号")
    citizen.presses("补充或回复")
    await citizen.hears("请直接发文字")
    citizen.sends_album([photo(colour) for colour in ("red", "green", "blue")], caption="收据")
    await citizen.hears("已补充到举报")
    await citizen.hears_nothing()
    [message] = await messages(db)
    assert message.text == "收据"
    async with db.read() as session:
        assert await session.scalar(select(func.count()).where(Attachment.message_id == message.id)) == 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_words_after_a_tip_wait_for_a_place_through_every_command(served, citizen, db):
    await send(citizen)
    citizen.says("还有一件事忘了说")
    await citizen.hears("是补充到举报")
    for command in ("/start", "/help"):
        citizen.says(command)
        await citizen.hears("是补充到举报")
    citizen.presses("补充到这件举报")
    await citizen.hears("已补充到举报")
    assert [message.text for message in await messages(db)] == ["还有一件事忘了说"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_code_that_met_a_blocked_chat_is_said_when_the_person_is_back(served, citizen, fake, db):
    await tell(citizen)
    fake.blocked.add(citizen.user_id)  # in the moment between the tap and the answer
    citizen.presses("提交举报")
    await fake.drained()
    async with asyncio.timeout(15):
        while not await tips(db):
            await asyncio.sleep(0.02)
    fake.blocked.clear()
    citizen.says("/start")
    number, code = (await citizen.hears("举报已收到")).marked("code")
    other = fake.user(2002)
    other.says(f"/status {number} {code}")
    await other.hears(f"举报编号 {number}")
    citizen.says("/start")
    await citizen.hears("应急管理局")
    assert sum("举报已收到" in message.text for message in citizen.screen()) == 1
