"""After the story, the chat asks what matters for this tip, says how it understood it, and takes a no."""

import pytest
from sqlalchemy import select

from config.follow_ups import Understanding
from models.tip import Draft, Tip
from tests.fakes.reader import Says, make_real_reader

SALE = "郾城区孟庙镇宏达安全培训学校，交八百块就给电工证，一节课都不用上，还包过。"
EXAM = "考试的时候监考老师给大家念答案，整个考场都在抄。"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def real_reader(catalog):
    return await make_real_reader(catalog)


@pytest.fixture
async def served(running, real_reader):
    async with running(reader=real_reader) as parts:
        yield parts


async def the_tip(db):
    async with db.read() as session:
        return (await session.scalars(select(Tip))).one()


async def begin(citizen, story):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says(story)


async def test_a_sale_is_asked_for_the_money_and_the_chat_and_never_for_the_county(served, citizen, db):
    await begin(citizen, SALE)
    await citizen.hears("钱交给了谁")
    citizen.says("微信转给姓李的老师")
    await citizen.hears("什么时候的事")
    citizen.presses("跳过")
    await citizen.hears("聊天记录、转账记录、收据")
    citizen.presses("没有了")
    await citizen.hears("愿意留下联系方式吗")
    citizen.presses("匿名")
    summary = await citizen.hears("请核对")
    for words in ("我们理解您说的是：有人承诺交钱包过", "说的是“宏达安全培训学校”，在郾城区。"):
        assert words in summary.text
    assert "【钱交给谁】微信转给姓李的老师" in summary.text
    assert "【县区】郾城区（您的话里写到了）" in summary.text
    assert "也许别人也说过，也许没有" in summary.text
    assert summary.button_texts()[:2] == ["提交举报", "不对，改一下"]
    assert all(len(row) <= 3 for row in summary.buttons)
    assert all(len(words) <= 10 for words in summary.button_texts())
    citizen.presses("提交举报")
    await citizen.hears("举报已收到")
    tip = await the_tip(db)
    assert (tip.text, tip.answers, tip.meant) == (SALE, {"paid_to": "微信转给姓李的老师"}, {})


async def test_an_exam_is_asked_for_when_and_which_and_a_typed_place_is_kept(served, citizen, db):
    await begin(citizen, EXAM)
    await citizen.hears("事情发生在哪个县区")
    citizen.says("召陵区老窝镇")
    await citizen.hears("是哪一场考试，什么时候考")
    citizen.says("3月8日上午")
    await citizen.hears("是哪个考点或考场")
    citizen.presses("其余跳过")
    await citizen.hears("愿意留下联系方式吗")
    citizen.presses("匿名")
    await citizen.hears("考试有人作弊")
    citizen.presses("提交举报")
    await citizen.hears("举报已收到")
    tip = await the_tip(db)
    assert (tip.county, tip.place, tip.occurred) == ("shaoling", "召陵区老窝镇", "3月8日上午")


async def test_back_leads_to_the_question_before_and_shows_the_old_answer(served, citizen):
    await begin(citizen, SALE)
    await citizen.hears("钱交给了谁")
    citizen.says("姓李的老师")
    await citizen.hears("什么时候的事")
    citizen.presses("返回上一步")
    assert "姓李的老师" in (await citizen.hears("钱交给了谁")).text
    citizen.presses("返回上一步")
    await citizen.hears("请把事情说一说")
    citizen.presses("写好了")
    await citizen.hears("钱交给了谁")


async def test_who_was_understood_wrongly_picks_another_kind_or_says_it_himself(served, citizen, db):
    await begin(citizen, SALE)
    await citizen.hears("钱交给了谁")
    citizen.presses("其余跳过")
    await citizen.hears("愿意留下联系方式吗")
    citizen.presses("匿名")
    await citizen.hears("请核对")
    citizen.presses("不对，改一下")
    await citizen.hears("您说的是哪一种情况")
    citizen.presses("假证、假网站")
    await citizen.hears("说的其实是：有人造假证")
    citizen.presses("不对，改一下")
    await citizen.hears("您说的是哪一种情况")
    citizen.presses("都不是，我来说")
    await citizen.hears("用您自己的话说")
    citizen.says("他们卖的是别人的证。")
    await citizen.hears("说的其实是：他们卖的是别人的证。")
    citizen.presses("改地点")
    await citizen.hears("事情发生在哪个县区")  # what was not asked can still be filled in
    citizen.presses("郾城区")
    await citizen.hears("具体在什么地方")
    citizen.presses("回到核对")
    await citizen.hears("请核对")
    citizen.presses("提交举报")
    await citizen.hears("举报已收到")
    tip = await the_tip(db)
    assert tip.meant.pop("told")[0] == "pass_sold"
    assert tip.meant == {"choice": "else", "words": "他们卖的是别人的证。"}
    assert tip.county == "yancheng"


async def test_danger_and_other_departments_come_before_the_next_question(served, citizen):
    await begin(citizen, "工地上欠我们三个月工资不给，老板跑了。")
    notice = await citizen.hears("12333")
    assert "您写的我们也会登记" in notice.text
    await citizen.hears("事情发生在哪个县区")
    citizen.says("/cancel")
    await citizen.hears("已取消")
    await begin(citizen, "化工厂刚刚爆炸，有人被困在里面。")
    await citizen.hears("119")
    said = [message.text for message in citizen.screen()[-3:]]
    assert sum("119" in words for words in said) == 1


async def test_words_before_the_first_question_are_read_too(served, citizen):
    citizen.says(SALE)
    await citizen.hears("先替您记着")
    citizen.presses("开始举报")
    await citizen.hears("钱交给了谁")


async def test_a_story_in_several_messages_is_read_as_a_whole(running, citizen, quiet):
    quiet(60)
    reader = Says(Understanding("unsure"))
    async with running(reader=reader):
        await begin(citizen, "漯" * 3900)
        await citizen.hears("还有就接着发")
        citizen.says("还有一句。")
        await citizen.hears("还有就接着发")
        citizen.presses("写好了")
        await citizen.hears("事情发生在哪个县区")
    assert reader.heard[-1] == "漯" * 3900 + "\n还有一句。"


async def test_a_story_changed_by_editing_is_read_again(running, citizen, db):
    reader = Says(Understanding("in_scope", patterns=("pass_guarantee",)))
    async with running(reader=reader):
        await begin(citizen, "交钱包过。")
        await citizen.hears("事情发生在哪个县区")
        reader.said = Understanding("in_scope", patterns=("exam_cheating",))
        citizen.edits("考试有人替考。")
        await citizen.hears("已经按您修改后的内容更新")
        async with db.read() as session:
            draft = (await session.scalars(select(Draft))).one()
        assert draft.answers["_understood"]["matters"] == ["cheating"]


async def test_a_reader_that_does_not_answer_leaves_the_fixed_questions(running, citizen):
    async with running(reader=Says(None)):
        await begin(citizen, SALE)
        await citizen.hears("哪个县区")
        citizen.presses("郾城区")
        await citizen.hears("具体在什么地方")


async def test_a_restart_in_the_middle_goes_on_with_the_same_questions(running, citizen, real_reader):
    async with running(reader=real_reader):
        await begin(citizen, SALE)
        await citizen.hears("钱交给了谁")
    async with running(reader=None):  # a process whose model cannot be loaded
        citizen.says("姓李的老师")
        await citizen.hears("什么时候的事")
