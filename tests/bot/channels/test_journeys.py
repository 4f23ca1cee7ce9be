"""A tip's way through the chat, as its citizen lives it: real library, real HTTP, both databases."""

import re

import pytest
from sqlalchemy import func, select

from models.states import Channel
from models.tip import Attachment, Draft, Identity, InboundUpdate, Tip

STORY = "郾城区孟庙镇宏达安全培训学校，交八百块就给电工证，一节课都不用上，还包过。"


async def tips(db):
    async with db.read() as session:
        return (await session.scalars(select(Tip).order_by(Tip.id))).all()


async def tell(citizen, story=STORY):
    """The shortest way to the summary."""
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says(story)
    await citizen.hears("哪个县区")
    citizen.presses("郾城区")
    await citizen.hears("具体在什么地方")
    citizen.presses("其余跳过")
    await citizen.hears("愿意留下联系方式吗")
    citizen.presses("匿名")
    return await citizen.hears("请核对")


async def send(citizen, story=STORY):
    await tell(citizen, story)
    citizen.presses("提交举报")
    return await citizen.hears("举报已收到")


async def test_start_says_who_runs_this_and_what_to_know_first(served, citizen):
    citizen.says("/start")
    first = await citizen.hears("应急管理局")
    assert "境外" in first.text
    assert "12350" in first.text
    assert "https://tip.example.org" in first.text
    assert len(first.text) <= 300
    assert first.button_texts() == ["开始举报", "查进度"]


async def test_a_tip_from_the_first_word_to_number_and_code(served, citizen, db):
    citizen.says("/start")
    await citizen.hears("应急管理局")
    citizen.presses("开始举报")
    await citizen.hears("请把事情说一说")
    citizen.says(STORY)
    county = await citizen.hears("哪个县区")
    assert county.button_texts()[:2] == ["源汇区", "郾城区"]
    assert all(len(row) <= 3 for row in county.buttons)
    citizen.presses("郾城区")
    await citizen.hears("具体在什么地方")
    citizen.says("孟庙镇五里庙村")
    await citizen.hears("哪个单位")
    citizen.says("宏达安全培训学校")
    await citizen.hears("什么时候的事")
    citizen.presses("跳过")
    await citizen.hears("有照片")
    citizen.presses("没有了")
    await citizen.hears("愿意留下联系方式吗")
    citizen.presses("留联系方式")
    await citizen.hears("怎么称呼")
    citizen.says("王先生")
    await citizen.hears("电话号码")
    citizen.says("１３８ 0000 0000")
    summary = await citizen.hears("现在还没有提交")
    for words in (STORY, "郾城区", "孟庙镇五里庙村", "宏达安全培训学校", "王先生", "未填写"):
        assert words in summary.text
    assert await tips(db) == []
    citizen.presses("提交举报")
    done = await citizen.hears("举报已收到")
    number, code = done.marked("code")
    assert re.fullmatch(r"\d{4} \d{4} \d{4}", number)
    assert re.fullmatch(r"\d{4}( \d{4}){4}", code)
    [tip] = await tips(db)
    assert tip.number == number.replace(" ", "")
    assert (tip.channel, tip.text, tip.county, tip.place) == (
        Channel.TELEGRAM,
        STORY,
        "yancheng",
        "孟庙镇五里庙村",
    )
    assert (tip.target, tip.occurred, tip.is_named) == ("宏达安全培训学校", "", True)


async def test_the_chat_id_is_stored_as_keyed_hash_and_sealed_address_only(served, citizen, db, keys):
    await send(citizen)
    async with db.read() as session:
        identity = (await session.scalars(select(Identity))).one()
        draft = (await session.scalars(select(Draft))).one()
        updates = (await session.scalars(select(InboundUpdate))).all()
    assert identity.chat_digest == keys.digest("address", "1001")
    assert keys.unseal("identity", identity.chat, place="identity.chat") == b"1001"
    assert identity.name is identity.phone is None
    assert "1001" not in f"{draft.answers} {draft.owner}"
    assert STORY not in str(draft.answers)
    assert all(update.payload is None for update in updates if update.state == "done")


async def test_six_taps_and_the_story_are_enough(served, citizen, fake, db):
    await send(citizen)
    assert len(fake.callback_answers) <= 6
    assert len(await tips(db)) == 1


async def test_a_double_tap_gives_one_tip_and_the_same_number(served, citizen, db):
    summary = await tell(citizen)
    citizen.presses("提交举报", message=summary)
    data = summary.buttons[0][0]["callback_data"]
    citizen.taps(data, summary)
    done = await citizen.hears("举报已收到")
    again = await citizen.hears("已经提交过了")
    assert again.marked("code") == done.marked("code")[:1]
    assert len(await tips(db)) == 1


async def test_an_old_button_says_so_and_shows_the_way_on(served, citizen):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says(STORY)
    county = await citizen.hears("哪个县区")
    data = county.buttons[0][0]["callback_data"]
    citizen.presses("郾城区")
    await citizen.hears("具体在什么地方")
    citizen.taps(data, county)
    await citizen.hears("已失效")
    await citizen.hears("具体在什么地方")


async def test_somebody_elses_button_does_nothing(served, citizen, fake, db):
    summary = await tell(citizen)
    stranger = fake.user(2002)
    stranger.says("/start")
    own = await stranger.hears("应急管理局")
    stranger.taps(summary.buttons[0][0]["callback_data"], summary)  # as if from the other's chat
    stranger.taps(summary.buttons[0][0]["callback_data"], own)
    await stranger.hears("已失效")
    assert await tips(db) == []


async def test_back_shows_the_old_answer(served, citizen):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says(STORY)
    await citizen.hears("哪个县区")
    citizen.presses("返回上一步")
    again = await citizen.hears("请把事情说一说")
    assert STORY in again.text
    citizen.presses("写好了")
    await citizen.hears("哪个县区")


@pytest.mark.parametrize(
    ("typed", "county", "place"),
    [
        ("郾城", "yancheng", ""),
        ("舞阳县", "wuyang", ""),
        ("舞阳县孟寨镇", "wuyang", "舞阳县孟寨镇"),
        ("孟庙镇", "yancheng", "孟庙镇"),
        ("郑州火车站", "", "郑州火车站"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_county_can_be_typed(served, citizen, db, typed, county, place):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says(STORY)
    await citizen.hears("哪个县区")
    citizen.says(typed)
    await citizen.hears("哪个单位" if place else "具体在什么地方")
    citizen.presses("其余跳过")
    await citizen.hears("愿意留下联系方式吗")
    citizen.presses("匿名")
    await citizen.hears("请核对")
    citizen.presses("提交举报")
    await citizen.hears("举报已收到")
    [tip] = await tips(db)
    assert (tip.county, tip.place) == (county, place)


async def test_an_answer_can_be_changed_before_sending(served, citizen, db):
    await tell(citizen)
    citizen.presses("改对象")
    await citizen.hears("哪个单位")
    citizen.says("恒达职业培训中心")
    summary = await citizen.hears("请核对")
    assert "恒达职业培训中心" in summary.text
    citizen.presses("提交举报")
    await citizen.hears("举报已收到")
    assert (await tips(db))[0].target == "恒达职业培训中心"


async def test_an_edited_message_changes_the_answer(served, citizen, db):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says(STORY)
    await citizen.hears("哪个县区")
    citizen.edits(STORY + "校长姓李。")
    await citizen.hears("修改后的内容")
    citizen.presses("不清楚")
    await citizen.hears("具体在什么地方")
    citizen.presses("其余跳过")
    await citizen.hears("愿意留下联系方式吗")
    citizen.presses("匿名")
    await citizen.hears("校长姓李")


async def test_cancel_forgets_what_was_not_sent(served, citizen, db):
    await tell(citizen)
    citizen.says("/cancel")
    await citizen.hears("已取消")
    async with db.read() as session:
        assert STORY not in str((await session.scalars(select(Draft.answers))).all())
        assert await session.scalar(select(func.count()).select_from(Attachment)) == 0
    assert await tips(db) == []


async def test_words_before_any_question_are_kept_and_used(served, citizen, db):
    citizen.says(STORY)
    await citizen.hears("应急管理局")
    await citizen.hears("还没有提交")
    citizen.presses("开始举报")
    await citizen.hears("已经作为事情经过")
    await citizen.hears("哪个县区")


async def test_a_long_story_comes_in_several_messages(served, citizen, db, quiet):
    quiet(60)
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says("甲" * 4000)
    citizen.says("乙" * 500)
    await citizen.hears("4000 字")
    await citizen.hears("4501 字")
    citizen.presses("写好了")
    await citizen.hears("哪个县区")
    citizen.presses("不清楚")
    await citizen.hears("具体在什么地方")
    citizen.presses("其余跳过")
    await citizen.hears("愿意留下联系方式吗")
    citizen.presses("匿名")
    await citizen.hears("共 4501 字")
    citizen.presses("提交举报")
    await citizen.hears("举报已收到")
    assert (await tips(db))[0].text == "甲" * 4000 + "\n" + "乙" * 500


async def test_danger_is_answered_with_whom_to_call(served, citizen):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says("车间着火了，有人被困")
    answer = await citizen.hears("")
    assert answer.text.startswith("如果现在有危险，请马上拨打 119")


async def test_english_for_who_reads_english(served, fake):
    reader = fake.user(3003, language="en")
    reader.says("/start")
    await reader.hears("Luohe Emergency Management Bureau")
    reader.presses("Send a tip")
    await reader.hears("Please tell what happened")


async def test_a_second_tip_after_the_first(served, citizen, db):
    first = await send(citizen)
    citizen.says("还有一件事要说")
    await citizen.hears("还是举报新的问题")
    citizen.presses("举报新的问题")
    await citizen.hears("哪个县区")
    citizen.presses("不清楚")
    await citizen.hears("具体在什么地方")
    citizen.presses("其余跳过")
    await citizen.hears("愿意留下联系方式吗")
    citizen.presses("匿名")
    await citizen.hears("请核对")
    citizen.presses("提交举报")
    second = await citizen.hears("举报已收到")
    assert first.marked("code") != second.marked("code")
    assert [tip.text for tip in await tips(db)] == [STORY, "还有一件事要说"]


async def test_unknown_things_are_never_ignored(served, citizen):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.sends_sticker()
    await citizen.hears("看不懂")
    await citizen.hears("请把事情说一说")
    citizen.says("/nonsense")
    await citizen.hears("没有这个指令")
    citizen.says("   ")
    await citizen.hears("请把事情说一说")
    citizen.says("/help")
    await citizen.hears("/status")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_who_types_the_words_of_a_button_is_understood(served, citizen, db):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says(STORY)
    await citizen.hears("哪个县区")
    for typed, answer in (
        ("郾城区", "具体在什么地方"),
        ("跳过", "哪个单位"),
        ("其余跳过", "愿意留下联系方式吗"),
        ("匿名", "请核对"),
        ("提交举报", "举报已收到"),
    ):
        citizen.says(typed)
        await citizen.hears(answer)
    assert [(tip.text, tip.county, tip.place) for tip in await tips(db)] == [(STORY, "yancheng", "")]
