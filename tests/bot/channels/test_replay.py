"""Recorded conversations played again in any order, with repeats, delays and restarts: one tip, nothing lost."""

import asyncio
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.inbox import store_updates
from config.clock import now as read_clock
from tests.bot.channels.test_evidence import files, photo
from tests.bot.channels.test_journeys import tips
from tests.bot.channels.test_trouble import settled

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PIECES = ["宏达学校", "不上课就发证", "八百块一个", "我自己去过", "周六最多"]
SEEDS = range(4)


def record(fake, citizen, *acts):
    """What these acts of a citizen become on the wire."""
    fake.hold()
    for act in acts:
        act(citizen)
    held, fake._held = fake._held, None
    return held


async def deliver(db, keys, updates):
    for update in updates:
        await store_updates(db, [update], bot_id="424242", keys=keys, now=read_clock())


async def begin(citizen):
    citizen.says("/report")
    await citizen.hears("请把事情说一说")


async def finish(citizen):
    citizen.says("写好了")
    await citizen.hears("哪个县区")
    for button, answer in (
        ("不清楚", "具体在什么地方"),
        ("其余跳过", "愿意留下联系方式吗"),
        ("匿名", "请核对"),
    ):
        citizen.presses(button)
        await citizen.hears(answer)
    citizen.presses("提交举报")
    await citizen.hears("举报已收到")


@given(order=st.permutations(range(5)), again=st.lists(st.sampled_from(range(5)), max_size=4))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
async def test_pieces_in_any_order_and_however_often_are_one_story(
    served, fake, db, keys, quiet, order, again
):
    quiet(60)
    citizen = fake.user(max(fake.citizens, default=5000) + 1)
    before = len(await tips(db))
    await begin(citizen)
    recorded = record(fake, citizen, *[lambda who, words=words: who.says(words) for words in PIECES])
    await deliver(db, keys, [recorded[index] for index in [*order, *again]])
    served.arrived.set()
    await settled(db)
    await finish(citizen)
    told = await tips(db)
    assert len(told) == before + 1
    assert told[-1].text == "\n".join(PIECES)


@pytest.mark.parametrize("seed", SEEDS)
async def test_restarts_in_the_middle_of_an_album_and_a_story(running, fake, db, keys, quiet, seed):
    quiet(60)
    dice = random.Random(seed)
    citizen = fake.user(1001)
    async with running():
        await begin(citizen)
    recorded = record(
        fake,
        citizen,
        lambda who: who.says(PIECES[0]),
        lambda who: who.sends_album(
            [photo(c) for c in ("red", "green", "blue")], caption="现场", caption_on=2
        ),
        lambda who: who.sends_location(),
        lambda who: who.says(PIECES[1]),
    )
    order = dice.sample(recorded, len(recorded)) + dice.sample(recorded, 2)
    for update in order:
        await deliver(db, keys, [update])
        if dice.random() < 0.5:
            async with running():
                await asyncio.sleep(dice.random() * 0.2)  # and it ends in the middle of whatever it does
    async with running():
        await settled(db, seconds=30)
        await finish_from(citizen)
    [tip] = await tips(db)
    assert tip.text == f"{PIECES[0]}\n现场\n{PIECES[1]}"
    assert tip.place.startswith("位置：纬度")
    assert len(await files(db)) == 3


async def finish_from(citizen):
    """As `finish`, where the place is known already."""
    citizen.says("写好了")
    await citizen.hears("哪个县区")
    for button, answer in (
        ("不清楚", "具体在什么地方"),
        ("不改", "哪个单位"),
        ("其余跳过", "愿意留下联系方式吗"),
    ):
        citizen.presses(button)
        await citizen.hears(answer)
    citizen.presses("匿名")
    await citizen.hears("请核对")
    citizen.presses("提交举报")
    await citizen.hears("举报已收到")


async def test_a_change_that_overtakes_its_message_still_counts(served, fake, db, keys, quiet):
    quiet(60)
    citizen = fake.user(1001)
    await begin(citizen)
    said, changed = record(fake, citizen, lambda who: who.says("宏达卖证"), lambda who: who.edits("恒达卖证"))
    await deliver(db, keys, [changed, said])
    served.arrived.set()
    await settled(db)
    await finish(citizen)
    assert [tip.text for tip in await tips(db)] == ["恒达卖证"]


async def test_a_submission_delivered_thrice_across_a_restart_is_one_tip(running, fake, db, keys, quiet):
    citizen = fake.user(1001)
    async with running():
        await begin(citizen)
        citizen.says("宏达卖证")
        await citizen.hears("哪个县区")
        citizen.presses("不清楚")
        await citizen.hears("具体在什么地方")
        citizen.presses("其余跳过")
        await citizen.hears("愿意留下联系方式吗")
        citizen.presses("匿名")
        await citizen.hears("请核对")
        updates = record(fake, citizen, lambda who: who.presses("提交举报"))
    for _ in range(3):
        await deliver(db, keys, updates)
        async with running():
            await settled(db)
    assert len(await tips(db)) == 1
    assert sum("举报已收到" in message.text for message in citizen.screen()) == 1
