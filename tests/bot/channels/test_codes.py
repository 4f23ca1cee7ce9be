"""A case number or a code in the chat is a look-up at every step, and never evidence that staff read."""

import pytest
from sqlalchemy import select

from models.message import Message
from models.tip import Draft
from tests.bot.channels.test_evidence import photo
from tests.bot.channels.test_journeys import STORY, send, tips
from tests.bot.channels.test_return import messages, open_case

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HOWS = ["{number} {code}", "编号：{number}\n查询码：{code}", "{code}，{number}"]


async def kept_of(db):
    """Everything that the chat remembers, and everything that staff can read."""
    async with db.read() as session:
        drafts = [str(draft.answers) for draft in await session.scalars(select(Draft))]
        words = [message.text for message in await session.scalars(select(Message))]
    told = [tip.text + tip.place + tip.target + tip.occurred for tip in await tips(db)]
    return " ".join([*drafts, *words, *told]).replace(" ", "")


async def be_at(citizen, step):
    """Bring the conversation, in which a tip was sent already, to a step."""
    if step == "adding":
        citizen.says("/status")
        await citizen.hears("举报编号")
        citizen.presses("补充或回复")
        await citizen.hears("发完")
    elif step == "asked for the number":
        citizen.says("/status")
        await citizen.hears("举报编号")
        citizen.presses("查另一件举报")
        await citizen.hears("12 位举报编号")
    elif step in {"telling", "at the place", "checking"}:
        citizen.says("/report")
        await citizen.hears("请把事情说一说")
        if step != "telling":
            citizen.says(STORY)
            await citizen.hears("哪个县区")
            citizen.presses("郾城区")
            await citizen.hears("具体在什么地方")
        if step == "checking":
            citizen.presses("其余跳过")
            await citizen.hears("愿意留下联系方式吗")
            citizen.presses("匿名")
            await citizen.hears("请核对")


STEPS = ["done", "adding", "asked for the number", "telling", "at the place", "checking"]


@pytest.mark.parametrize("step", STEPS)
async def test_number_and_code_are_looked_up_at_every_step(served, citizen, db, step):
    number, code = (await send(citizen)).marked("code")
    await open_case(db)
    await be_at(citizen, step)
    citizen.says(HOWS[len(step) % 3].format(number=number, code=code))
    shown = await citizen.hears(f"举报编号 {number}")
    assert "正在核查" in shown.text
    assert await messages(db) == []
    assert code.replace(" ", "") not in await kept_of(db)


@pytest.mark.parametrize("step", STEPS)
async def test_a_number_alone_asks_for_the_code(served, citizen, db, step):
    number, code = (await send(citizen)).marked("code")
    await be_at(citizen, step)
    citizen.says(f"我的编号是{number}")
    await citizen.hears("20 位查询码")
    citizen.says(code)
    await citizen.hears(f"举报编号 {number}")
    assert await messages(db) == []


@pytest.mark.parametrize("step", STEPS)
async def test_a_code_alone_is_neither_kept_nor_offered(served, citizen, db, step):
    _number, code = (await send(citizen)).marked("code")
    await be_at(citizen, step)
    before = len(citizen.sent_ids)
    citizen.says(f"查询码{code}")
    asked = await citizen.hears("没有保存")
    assert "补充" not in "".join(asked.button_texts())
    assert await messages(db) == []
    assert code.replace(" ", "") not in await kept_of(db)
    assert len(citizen.sent_ids) == before  # the message that held the code is gone


async def test_after_the_look_up_the_story_goes_on_where_it_was(served, citizen, db):
    number, code = (await send(citizen)).marked("code")
    await be_at(citizen, "at the place")
    citizen.says(f"{number} {code}")
    await citizen.hears(f"举报编号 {number}")
    citizen.says("人民路 5 号")
    await citizen.hears("哪个单位")


async def test_number_and_code_where_the_code_was_asked(served, citizen, fake):
    number, code = (await send(citizen)).marked("code")
    other = fake.user(2002)
    other.says(number)
    await other.hears("20 位查询码")
    other.says(f"{number} {code}")
    await other.hears(f"举报编号 {number}")


async def test_the_whole_confirmation_sent_back_is_not_stored(served, citizen, db):
    done = await send(citizen)
    code = done.marked("code")[1]
    for step in ("done", "telling"):
        await be_at(citizen, step)
        citizen.says(done.text)
        await citizen.hears("像是举报编号或查询码")
    assert code.replace(" ", "") not in await kept_of(db)


async def test_a_code_under_a_photo_is_left_out_and_the_photo_stays(served, citizen, db):
    _number, code = (await send(citizen)).marked("code")
    await be_at(citizen, "adding")
    citizen.sends_photo(photo(), caption=code)
    await citizen.hears("像是举报编号或查询码")
    await citizen.hears("已补充到举报")
    [message] = await messages(db)
    assert code not in message.text


async def test_phones_and_identity_numbers_are_still_answers(served, citizen, db):
    await send(citizen)
    await be_at(citizen, "adding")
    for words in ("13839512345", "411102198001011234"):
        citizen.says(words)
        await citizen.hears("已补充到举报")
    assert [message.text for message in await messages(db)] == ["13839512345", "411102198001011234"]
