"""Changed messages and points on the map: taken where they belong, else told in words; never silence."""

import pytest
from sqlalchemy import select

from models.tip import Draft
from tests.bot.channels.test_codes import STEPS, be_at
from tests.bot.channels.test_journeys import STORY, send, tell, tips
from tests.bot.channels.test_return import messages

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def told(db):
    async with db.read() as session:
        draft = (await session.scalars(select(Draft))).one()
    return draft.answers["what"]["text"]


PLACE = "位置：纬度"


@pytest.mark.parametrize("step", ["done", "adding", "asked for the number"])
async def test_a_change_after_sending_is_offered_as_an_addition(served, citizen, db, step):
    await send(citizen, STORY)
    await be_at(citizen, step)
    citizen.edits("校长姓李，不姓王。")
    await citizen.hears("没有送到")
    citizen.presses("作为补充发送")
    await citizen.hears("已补充到举报")
    assert [message.text for message in await messages(db)] == ["校长姓李，不姓王。"]


async def test_a_change_that_cannot_be_taken_is_told(served, citizen):
    citizen.says("你好")
    await citizen.hears("应急管理局")
    citizen.edits("您好")
    await citizen.hears("没有收到")


async def test_a_change_of_words_before_any_question_is_taken(served, citizen, db):
    citizen.says("宏达学校卖证")
    await citizen.hears("还没有提交")
    citizen.edits("恒达学校卖证")
    await citizen.hears("修改后的内容")
    citizen.presses("开始举报")
    await citizen.hears("哪个县区")
    assert await told(db) == "恒达学校卖证"


async def test_a_change_of_one_piece_leaves_the_others(served, citizen, db, quiet):
    quiet(60)
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says("宏达学校卖证")
    await citizen.hears("已记下")
    citizen.says("一个八百块")
    await citizen.hears("已记下 12 字")
    citizen.edits("一个一千块")
    await citizen.hears("修改后的内容")
    assert await told(db) == "宏达学校卖证\n一个一千块"


async def test_a_change_of_an_old_message_while_telling_is_told(served, citizen, db):
    await send(citizen)
    await be_at(citizen, "telling")
    citizen.edits("这是改过的")
    await citizen.hears("没有收到")
    await citizen.hears("请把事情说一说")


@pytest.mark.parametrize("step", ["telling", "at the place", "checking"])
async def test_a_pin_is_the_place_at_every_question(served, citizen, db, step):
    await be_at(citizen, step)
    citizen.sends_location()
    await citizen.hears("已记到地点里")


async def test_a_pin_reaches_the_tip(served, citizen, db):
    await tell(citizen)
    citizen.sends_location()
    await citizen.hears("已记到地点里")
    assert PLACE in (await citizen.hears("请核对")).text
    citizen.presses("提交举报")
    await citizen.hears("举报已收到")
    assert (await tips(db))[0].place.startswith(PLACE)


@pytest.mark.parametrize("step", STEPS[:3])
async def test_a_pin_after_sending_is_added_or_answered(served, citizen, db, step):
    await send(citizen)
    await be_at(citizen, step)
    citizen.sends_location()
    if step == "asked for the number":
        await citizen.hears("没有收下")
        return
    if step == "done":
        await citizen.hears("是补充到举报")
        citizen.presses("补充到这件举报")
    await citizen.hears("已补充到举报")
    assert (await messages(db))[0].text.startswith(PLACE)
