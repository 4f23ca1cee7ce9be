"""After the story, the web asks what matters for this tip, says how it understood it, and takes a no."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from bot.limits import READINGS_OF_SOURCE
from config.catalog import Catalog
from config.follow_ups import Understanding
from models.tip import Attachment, Draft, Tip
from tests.fakes.reader import Says, make_real_reader
from tests.web import Visitor, run_public_site
from triage.preview import Preview

SALE = "郾城区孟庙镇宏达安全培训学校，交八百块就给电工证，一节课都不用上，还包过。"
EXAM = "考试的时候监考老师给大家念答案，整个考场都在抄。"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def real_reader(catalog: Catalog) -> Preview:
    return await make_real_reader(catalog)


@pytest.fixture
async def visitor(db, keys, catalog, settings, clock, real_reader) -> AsyncIterator[Visitor]:
    """A citizen at a site that reads what he writes."""
    async with (
        run_public_site(db, keys, catalog, settings, clock, real_reader) as site,
        Visitor(site) as somebody,
    ):
        yield somebody


@pytest.fixture
def at_site_with(db, keys, catalog, settings, clock):
    return lambda reader: run_public_site(db, keys, catalog, settings, clock, reader)


async def the_tip(db) -> Tip:
    async with db.read() as session:
        return (await session.scalars(select(Tip))).one()


async def begin(visitor: Visitor, words: str):
    await visitor.open("/report/what")
    return await visitor.send("/report/what", text=words)


async def test_a_sale_is_asked_for_the_money_and_the_chat_and_never_for_the_county(visitor: Visitor, db):
    first = await begin(visitor, SALE)
    assert first.address == "/report/paid_to"
    assert "钱交给了谁" in first.words
    assert "第 2 步，共 5 步" in first.words
    when = await visitor.send("/report/paid_to", paid_to="微信转给姓李的老师")
    assert when.address == "/report/when"
    proof = await visitor.send("/report/when", occurred="")
    assert proof.address == "/report/evidence"
    assert "聊天记录、转账记录、收据" in proof.words
    contact = await visitor.send("/report/evidence", files=[("收据.txt", "收据 800 元".encode())])
    assert contact.address == "/report/contact"
    check = await visitor.send("/report/contact", choice="anonymous")
    for words in ("我们理解您说的是：有人承诺交钱包过", "说的是“宏达安全培训学校”，在郾城区。"):
        assert words in check.words
    assert "微信转给姓李的老师" in check.words
    assert "郾城区（您的话里写到了）" in check.words
    assert "收据.txt" in check.words
    await visitor.send("/report/check")
    tip = await the_tip(db)
    assert (tip.text, tip.answers, tip.meant) == (SALE, {"paid_to": "微信转给姓李的老师"}, {})
    async with db.read() as session:
        assert (await session.scalars(select(Draft))).one().answers == {}, (
            "what was said lives in the tip alone"
        )
        assert (await session.scalars(select(Attachment))).one().tip_id == tip.id


async def test_an_exam_is_asked_for_when_and_which_in_words_of_exams(visitor: Visitor, db):
    county = await begin(visitor, EXAM)
    assert county.address == "/report/where"
    when = await visitor.send("/report/where", county="shaoling", place="龙江路")
    assert "是哪一场考试，什么时候考" in when.words
    site = await visitor.send("/report/when", occurred="3月8日上午")
    assert "是哪个考点或考场" in site.words
    await visitor.send("/report/who", target="召陵技校考点")
    await visitor.send("/report/contact", choice="anonymous")
    await visitor.send("/report/check")
    tip = await the_tip(db)
    assert (tip.county, tip.place, tip.occurred) == ("shaoling", "龙江路", "3月8日上午")
    assert tip.target == "召陵技校考点"


async def test_everything_may_be_skipped_and_what_was_not_asked_can_still_be_filled_in(visitor: Visitor, db):
    first = await begin(visitor, SALE)
    assert "不知道可以不填" in first.words
    page = first
    for _ in range(3):
        page = await visitor.send(page.address)
    assert page.address == "/report/contact"
    check = await visitor.send("/report/contact", choice="anonymous")
    assert "/report/where?to=check" in check.text
    await visitor.open("/report/where?to=check")
    again = await visitor.send("/report/where?to=check", to="check", county="yancheng", place="五里庙村")
    assert again.address == "/report/check"
    await visitor.send("/report/check")
    tip = await the_tip(db)
    assert (tip.county, tip.place, tip.answers) == ("yancheng", "五里庙村", {})


async def test_he_may_hurry_from_the_first_follow_up(visitor: Visitor):
    first = await begin(visitor, SALE)
    assert (await visitor.send(first.address, hurry="1")).address == "/report/contact"


async def test_who_was_understood_wrongly_picks_another_kind_or_says_it_himself(visitor: Visitor, db):
    await begin(visitor, SALE)
    await visitor.open("/report/contact")
    check = await visitor.send("/report/contact", choice="anonymous")
    assert '<a href="/report/meant?to=check">不对，改一下</a>' in check.text
    await visitor.open("/report/meant?to=check")
    empty = await visitor.send("/report/meant?to=check", to="check", choice="else", meant_words=" ")
    assert empty.status == 422
    own = await visitor.send(
        "/report/meant?to=check", to="check", choice="else", meant_words="他们卖的是假证。"
    )
    assert "您告诉我们，说的其实是：他们卖的是假证。" in own.words
    await visitor.open("/report/meant?to=check")
    picked = await visitor.send("/report/meant?to=check", to="check", choice="fake_certificate")
    assert "说的其实是：有人造假证" in picked.words
    await visitor.send("/report/check")
    tip = await the_tip(db)
    assert tip.meant.pop("told")[0] == "pass_sold"
    assert tip.meant == {"choice": "fake_certificate", "words": ""}


async def test_a_changed_story_is_read_again_and_nobody_is_asked_anew(visitor: Visitor):
    await begin(visitor, SALE)
    await visitor.send("/report/paid_to", paid_to="姓李的老师", hurry="1")
    await visitor.send("/report/contact", choice="anonymous")
    await visitor.open("/report/what?to=check")
    check = await visitor.send("/report/what?to=check", to="check", text=EXAM)
    assert check.address == "/report/check"
    assert "考试有人作弊" in check.words
    assert "姓李的老师" in check.words


async def test_danger_and_other_departments_come_first_and_the_tip_is_still_taken(visitor: Visitor, db):
    page = await begin(visitor, "工地上欠我们三个月工资不给，老板跑了。")
    assert "12333" in page.words
    assert "您写的我们也会登记并转过去" in page.words
    await visitor.open("/report/what")
    page = await visitor.send("/report/what", text="化工厂刚刚爆炸，有人被困在里面。")
    assert page.words.index("119") < page.words.index("第 2 步")
    await visitor.open("/report/contact")
    check = await visitor.send("/report/contact", choice="anonymous")
    assert "119" in check.words
    done = await visitor.send("/report/check")
    assert done.address == "/report/done"
    assert (await the_tip(db)).text.startswith("化工厂")


async def test_what_is_shown_before_sending_is_the_same_whether_or_not_we_know_of_it(
    at_site_with, db, catalog
):
    """The accused who types his own name must not learn that somebody was faster."""
    pages = []
    async with at_site_with(await make_real_reader(catalog)) as site:
        for _ in range(2):  # the second time the very same tip lies in the database
            async with Visitor(site) as somebody:
                await begin(somebody, SALE)
                await somebody.open("/report/contact")
                check = await somebody.send("/report/contact", choice="anonymous")
                pages.append(check.words)
                await somebody.send("/report/check")
    assert pages[0] == pages[1]
    assert "也许别人也说过，也许没有" in pages[0]


@pytest.mark.parametrize("said", [None, Understanding("unsure")])
async def test_without_a_reader_that_answers_the_report_goes_its_fixed_or_general_way(at_site_with, said):
    async with at_site_with(Says(said)) as site, Visitor(site) as somebody:
        page = await begin(somebody, SALE)
        assert page.address == "/report/where"
        await somebody.open("/report/contact")
        check = await somebody.send("/report/contact", choice="anonymous")
        assert ("我们还没完全看懂" in check.words) is (said is not None)
        assert ("不对，改一下" in check.words) is (said is not None)


async def test_who_writes_too_many_stories_is_asked_the_fixed_questions_and_not_refused(
    at_site_with, monkeypatch
):
    monkeypatch.setattr("bot.web.context.find_source", lambda *_, **__: "198.51.100.7")
    reader = Says(Understanding("unsure"))
    async with at_site_with(reader) as site, Visitor(site) as somebody:
        await somebody.open("/report/what")
        for _ in range(READINGS_OF_SOURCE.most + 1):
            page = await somebody.send("/report/what", text=SALE)
            assert page.address == "/report/where"
            await somebody.open("/report/what")
    assert len(reader.heard) == READINGS_OF_SOURCE.most


async def test_questions_of_nobody_are_not_found(visitor: Visitor):
    assert (await visitor.open("/report/paid")).status == 404
    assert (await visitor.open("/report/meant?to=check")).status == 404
    await begin(visitor, SALE)
    assert (await visitor.open("/report/still_so")).status == 404
    assert (await visitor.open("/report/_understood")).status == 404
    assert (await visitor.open("/report/who")).status == 200
