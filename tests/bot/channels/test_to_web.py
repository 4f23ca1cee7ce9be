"""Begun in the chat, continued on the web: a link that works once, by a click, for a short while."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.channels.to_web import LINK_LASTS
from config.clock import now as read_clock
from models.states import Channel
from models.tip import Attachment, Draft, Tip
from tests.bot.channels.test_evidence import photo
from tests.bot.channels.test_journeys import STORY
from tests.web import Clock, Visitor, run_public_site

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def clock():
    return Clock(read_clock())


@pytest.fixture
async def visitor(db, keys, catalog, chat_settings, clock):
    settings = replace(chat_settings, public_url=None)  # the visitor comes over loopback
    async with run_public_site(db, keys, catalog, settings, clock) as site, Visitor(site) as somebody:
        yield somebody


async def begin(citizen):
    """Tell half of it in the chat, and ask for the link; answers its path."""
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says(STORY)
    await citizen.hears("哪个县区")
    citizen.presses("郾城区")
    await citizen.hears("具体在什么地方")
    citizen.sends_photo(photo())
    await citizen.hears("已收到 1 个文件")
    citizen.says("/web")
    words = (await citizen.hears("只能用一次")).text
    return re.search(r"https://tip\.example\.org(/continue/\S+)", words)[1]


async def test_half_told_in_the_chat_it_is_sent_on_the_web(served, citizen, visitor, db):
    path = await begin(citizen)
    page = await visitor.open(path)
    assert STORY not in page.words
    following = await visitor.send(path)
    assert following.address == "/report/who"
    await citizen.hears("已经转到网页")
    await visitor.send("/report/who", target="宏达")
    await visitor.send("/report/when", occurred="")
    await visitor.send("/report/evidence")
    check = await visitor.send("/report/contact", choice="anonymous")
    assert STORY in check.words
    await visitor.send("/report/check")
    async with db.read() as session:
        [tip] = (await session.scalars(select(Tip))).all()
        [file] = (await session.scalars(select(Attachment))).all()
    assert (tip.text, tip.county, tip.channel) == (STORY, "yancheng", Channel.WEB)
    assert file.tip_id == tip.id


async def test_looking_at_the_link_uses_nothing_up_and_a_click_does(served, citizen, visitor, db, clock):
    path = await begin(citizen)
    for _ in range(3):
        assert (await visitor.open(path)).status == 200
    await visitor.send(path)
    assert (await visitor.open(path)).status == 404
    async with Visitor(visitor.base) as other:
        assert "已经失效" in (await other.open(path)).words
    async with db.read() as session:
        drafts = (await session.scalars(select(Draft))).all()
    assert sorted((draft.channel, STORY in str(draft.answers)) for draft in drafts) == [
        (Channel.TELEGRAM, False),
        (Channel.WEB, True),
    ]


@SQLITE
async def test_after_a_while_the_link_is_dead_and_the_chat_still_has_it_all(
    served, citizen, visitor, db, clock
):
    path = await begin(citizen)
    clock.now += LINK_LASTS + timedelta(minutes=1)
    gone = await visitor.open(path)
    assert gone.status == 404
    assert "没有丢" in gone.words
    citizen.says("人民路 5 号")
    await citizen.hears("哪个单位")


@SQLITE
async def test_a_newer_link_ends_the_older_one(served, citizen, visitor):
    older = await begin(citizen)
    citizen.says("/web")
    await citizen.hears("只能用一次")
    assert (await visitor.open(older)).status == 404


@SQLITE
async def test_the_link_is_stored_as_a_hash_only_and_holds_no_chat(served, citizen, db):
    path = await begin(citizen)
    word = path.rpartition("/")[2]
    async with db.read() as session:
        draft = (await session.scalars(select(Draft))).one()
    assert len(word) >= 32
    assert "1001" not in word
    assert word not in f"{draft.answers} {draft.link_digest!r}"


@SQLITE
async def test_a_guessed_link_opens_nothing(visitor):
    assert (await visitor.open("/continue/" + "A" * 32)).status == 404


@SQLITE
async def test_too_big_a_file_comes_with_the_link(served, citizen, visitor):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")
    citizen.says(STORY)
    await citizen.hears("哪个县区")
    citizen.sends_video(b"x", size=21 * 1024 * 1024)
    await citizen.hears("20 MB")
    words = (await citizen.hears("网页上传")).text
    path = re.search(r"https://tip\.example\.org(/continue/\S+)", words)[1]
    await visitor.open(path)
    assert (await visitor.send(path)).address == "/report/where"
