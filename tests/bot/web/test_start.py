"""Before the first question, and when things go wrong: the reader is told what becomes of what he wrote."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from bot.notice import notice_version
from bot.web.work import is_solved
from config.settings import read_settings
from models.queries.keeping import add_period
from models.tip import Draft, Tip
from tests.web import Visitor, run_public_site

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def all_rows(db, table):
    async with db.read() as session:
        return (await session.scalars(select(table).order_by(table.id))).all()


async def test_nobody_reaches_a_question_before_he_was_told(visitor: Visitor):
    for path in ("/report", "/report/what", "/report/contact"):
        assert (await visitor.open(path)).address == "/report/start"
    page = visitor.last
    for words in ("快速离开", "三次 Shift", "不会清除浏览记录", "24 小时", f"版本 {notice_version()}"):
        assert words in page.words
    assert (await visitor.begin()).address == "/report/what"
    assert (await visitor.open("/report/who")).address == "/report/who"


async def test_which_version_was_shown_is_kept_with_the_tip(visitor: Visitor, db):
    await visitor.tell()
    (tip,) = await all_rows(db, Tip)
    assert tip.notice_version == notice_version()


async def test_without_cookies_one_is_told_before_anything_is_typed(visitor: Visitor):
    page = await visitor.open("/report/start")
    token = page.token
    visitor.session.cookie_jar.clear()
    page = await visitor._ask("POST", "/report/start", data={"csrf_token": token})
    assert page.status == 403
    assert "Cookie" in page.words
    assert "12350" in page.words


async def test_what_is_typed_is_kept_while_it_is_typed(visitor: Visitor, db):
    await visitor.begin()
    assert (await visitor.send("/report/what", text="写到一半", keep="1")).status == 204
    await visitor.open("/report/what")
    assert "写到一半" in visitor.last.text
    assert (await visitor.send("/report/what", text="1234 5678 9012 3456 7890", keep="1")).status == 204
    (draft,) = await all_rows(db, Draft)
    assert draft.answers == {"what": {"text": "写到一半"}}


async def test_a_draft_near_its_end_is_kept_another_day_with_one_click(visitor: Visitor, clock):
    await visitor.begin()
    await visitor.send("/report/what", text="写了一半")
    clock.now += timedelta(hours=23)
    page = await visitor.open("/report/what")
    assert 'data-expires="3000"' in page.text
    await visitor.send("/report/keep")
    clock.now += timedelta(hours=23)
    assert "写了一半" in (await visitor.open("/report/what")).text


async def test_adding_a_file_without_choosing_one_is_told(visitor: Visitor):
    await visitor.begin()
    await visitor.open("/report/evidence")
    page = await visitor.send("/report/evidence", more="1")
    assert page.status == 422
    assert "请先选择文件" in page.words


async def test_a_database_that_does_not_answer_is_a_503_that_gives_the_words_back(visitor: Visitor, db):
    await visitor.begin()
    async with db.write_engine.begin() as connection:
        await connection.execute(text("ALTER TABLE draft RENAME TO gone"))
    page = await visitor.send("/report/what", text="写了很久的话")
    assert page.status == 503
    assert page.headers["Retry-After"] == "60"
    for words in ("暂时无法使用", "12350", "可能没有保存", "写了很久的话"):
        assert words in page.words


async def test_a_fault_of_ours_is_a_500_with_a_number_and_the_telephone(visitor: Visitor, db):
    await visitor.begin()
    await visitor.send("/report/what", text="写好的话")
    async with db.begin() as session:
        draft = await session.scalar(select(Draft))
        draft.answers = {"what": "not what the program expects"}
    page = await visitor.open("/report/what")
    assert page.status == 500
    for words in ("这是我们的问题", "问题编号", "不会丢失", "12350"):
        assert words in page.words


async def test_large_text_has_two_sizes_and_stays_over_pages_and_languages(visitor: Visitor):
    page = await visitor.open("/help?elder=1")
    assert page.address == "/help"
    assert 'class="elder"' in page.text
    page = await visitor.open("/privacy?elder=2&lang=en")
    assert (page.address, 'class="elder elder-more"' in page.text) == ("/privacy", True)
    assert 'class="elder elder-more"' in (await visitor.open("/")).text
    assert "elder" not in (await visitor.open("/?elder=0")).text.split("<head>")[0]


# ---------------------------------------------------------------- the hurdle for machines


@pytest.fixture
async def guarded(db, keys, catalog, settings, clock):
    """The site with the hurdle on."""
    hard = read_settings({"TIPLINE_DATA": str(settings.data), "TIPLINE_WORK_BITS": "8"})
    async with run_public_site(db, keys, catalog, hard, clock) as address, Visitor(address) as somebody:
        yield somebody


async def reach_check(visitor: Visitor) -> str:
    await visitor.begin()
    await visitor.send("/report/what", text="宏达学校交钱发证。")
    page = await visitor.send("/report/contact", choice="anonymous")
    return re.search(r'name="work_token" value="([^"]+)"', page.text)[1]


async def test_a_script_that_did_the_work_sends_at_once(guarded: Visitor, db):
    token = await reach_check(guarded)
    nonce = next(str(n) for n in range(100_000) if is_solved(token, str(n), 8))
    page = await guarded.send("/report/check", work_token=token, work_nonce=nonce)
    assert page.address == "/report/done"
    assert len(await all_rows(db, Tip)) == 1


async def test_without_a_script_one_waits_a_little_and_loses_nothing(guarded: Visitor, db, clock):
    token = await reach_check(guarded)
    page = await guarded.send("/report/check", work_token=token, work_nonce="")
    assert page.status == 202
    assert "请等 20 秒" in page.words
    clock.now += timedelta(seconds=8)
    assert "请等 12 秒" in (await guarded.send("/report/check", work_token=token)).words
    assert await all_rows(db, Tip) == []
    clock.now += timedelta(seconds=12)
    assert (await guarded.send("/report/check", work_token=token)).address == "/report/done"


async def test_a_challenge_of_another_draft_or_of_yesterday_is_none(guarded: Visitor, db, clock):
    old = await reach_check(guarded)
    clock.now += timedelta(hours=2)
    for token in (old, "", "1/1.x", old[:-1]):
        page = await guarded.send("/report/check", work_token=token, work_nonce="1")
        assert page.status == 202
    async with Visitor(guarded.base) as other:
        token = await reach_check(other)
    clock.now += timedelta(minutes=1)
    assert (await guarded.send("/report/check", work_token=token)).status == 202
    assert await all_rows(db, Tip) == []


async def test_the_hurdle_is_off_unless_it_is_set(visitor: Visitor):
    await visitor.begin()
    await visitor.send("/report/what", text="一")
    page = await visitor.send("/report/contact", choice="anonymous")
    assert "work" not in page.text.split("<main")[1]


def page_of(page):
    return re.search(r'name="page" value="([^"]+)"', page.text)[1]


async def test_a_story_written_in_two_windows_keeps_both(visitor: Visitor, db):
    await visitor.begin()
    first = page_of(await visitor.open("/report/what"))
    second = page_of(await visitor.open("/report/what"))
    assert (await visitor.send("/report/what", text="第一个窗口", keep="1", page=first)).status == 204
    await visitor.open("/report/what")
    await visitor.send("/report/what", text="第一个窗口里写完", page=first)
    await visitor.open("/report/what")
    await visitor.send("/report/what", text="第二", keep="1", page=second)
    await visitor.open("/report/what")
    shown = await visitor.send("/report/what", text="第二个窗口", page=second)
    assert shown.status == 422
    assert "您在另一个窗口也写了" in shown.words
    assert "第一个窗口里写完\n\n第二个窗口" in shown.text
    (draft,) = await all_rows(db, Draft)
    assert draft.answers["what"] == {"text": "第一个窗口里写完"}
    both = "第一个窗口里写完，第二个窗口"
    await visitor.send("/report/what", text=both, page=page_of(shown))
    (draft,) = await all_rows(db, Draft)
    assert draft.answers["what"] == {"text": both}


async def test_a_browser_without_cookies_is_not_promised_that_it_can_go_on(visitor: Visitor):
    token = (await visitor.open("/report/start")).token
    visitor.session.cookie_jar.clear()
    page = await visitor._ask("POST", "/report/start", data={"csrf_token": token})
    assert "浏览器不让记住内容" in page.words
    assert "从上次的地方继续" not in page.words


async def test_the_notice_says_for_how_long_contacts_are_kept_as_of_now(visitor: Visitor, db, now):
    page = await visitor.open("/privacy")
    assert "办结 180 天后删除" in page.words
    assert "在那以前举报的" not in page.words
    async with db.begin() as session:
        add_period(session, "contact", 150, change_id=None, now=now)
    page = await visitor.open("/privacy")
    assert "办结 150 天后删除" in page.words
    assert "保存天数是 2026年3月4日（周三）改的" in page.words
