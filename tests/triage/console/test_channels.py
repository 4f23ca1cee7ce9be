"""The page of channels: what is known, what waits, a test of each way, and no secret."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from models.event import Event
from models.fact import Known, note_fact
from models.notice import Notice
from models.staff import Staff
from models.states import NoticeChannel, NoticeState, Role, UpdateState
from models.tip import InboundUpdate

TOKEN = "123456:SECRETTOKEN-of-the-tests"
BOT = {
    "way": "webhook", "name": "举报", "username": "luohe_tip_bot", "is_address_ours": True, "waiting": 3,
}  # fmt: skip


@pytest.fixture
def settings(settings):
    return replace(
        settings,
        telegram_token=TOKEN,
        telegram_webhook_secret="SECRET-of-the-webhook",
        smtp_url="smtp://u:SECRETMAIL@mail.example",
        notify_urls=("wecombot://SECRETKEY",),
    )


@pytest.fixture
async def admin(bureau, sign_in):
    return await sign_in(bureau.by_role[Role.ADMINISTRATOR])


async def know(db, now, what=Known.BOT, **details):
    async with db.begin() as session:
        await note_fact(session, what, source="test", at=now, details=details)


async def test_no_secret_is_on_the_page_of_channels(db, admin, now):
    await know(db, now, **BOT)
    page = await admin.get("/admin/channels")
    for secret in ("SECRET", "123456", "mail.example", TOKEN[-5:]):
        assert secret not in page.text
    assert page.says(f"…{TOKEN[-4:]}（其余不显示）")


async def test_it_says_what_the_bots_process_learned_and_how_long_ago(db, admin, now, clock):
    page = await admin.get("/admin/channels")
    assert page.says("聊天程序还没有报告过")
    await know(db, now, **BOT)
    await know(db, now, Known.BOT_TROUBLE, trouble="conflict")
    clock(now + timedelta(minutes=7))
    page = await admin.get("/admin/channels")
    for words in (
        "举报 @luohe_tip_bot",
        "7 分钟前",
        "平台登记的推送地址就是本系统的",
        "3 条",
        "另一个程序也在收取",
    ):
        assert page.says(words), words


async def test_a_foreign_address_is_an_alarm(db, admin, now):
    await know(db, now, **BOT | {"is_address_ours": False, "foreign_host": "elsewhere.example"})
    page = await admin.get("/admin/channels")
    assert page.says("不是本系统的（elsewhere.example）")
    english = await admin.get("/admin/channels?lang=en")
    assert english.says("Somebody may hold the token.")


async def test_what_waits_here_is_counted_with_its_oldest_age(db, admin, now, clock):
    async with db.begin() as session:
        for number in range(2):
            session.add(
                InboundUpdate(
                    bot_id="1", update_id=str(number), payload={}, state=UpdateState.WAITING,
                    received_at=now + timedelta(minutes=number),
                )
            )  # fmt: skip
    clock(now + timedelta(minutes=12))
    assert (await admin.get("/admin/channels")).says("2 条，最早的一条等了 12 分钟")


async def test_a_test_goes_the_way_of_every_notice_and_is_recorded(db, admin, bureau):
    page = await admin.get("/admin/channels")
    assert page.text.count('value="mail"') == page.text.count('value="telegram"') == 0  # no address yet
    async with db.begin() as session:
        me = await session.get_one(Staff, bureau.by_role[Role.ADMINISTRATOR].id)
        me.email, me.chat = "admin@bureau.example", b"sealed"
    for way in NoticeChannel:
        await admin.get("/admin/channels")
        for _ in range(2):  # twice is once
            answer = await admin.post("/admin/channels/test", {"channel": way.value})
        assert answer.says("测试通知已排队")
    async with db.read() as session:
        notices = (await session.scalars(select(Notice))).all()
        events = (await session.scalars(select(Event.data).where(Event.kind == "channel_tested"))).all()
    assert {notice.channel for notice in notices} == set(NoticeChannel)
    assert len(notices) == 3
    assert {notice.staff_id for notice in notices} == {me.id, None}
    assert {event["way"] for event in events} == set(NoticeChannel)
    async with db.begin() as session:
        mail = await session.scalar(select(Notice).where(Notice.channel == NoticeChannel.MAIL))
        mail.state, mail.reason = NoticeState.FAILED, "server_down"
    assert (await admin.get("/admin/channels")).says("发送失败（暂时连不上对方的服务器")


@pytest.mark.parametrize("way", ["mail", "telegram", "pigeon", ""])
async def test_what_cannot_be_tried_is_refused(db, admin, way):
    await admin.get("/admin/channels")
    assert (await admin.post("/admin/channels/test", {"channel": way})).status == 409
    async with db.read() as session:
        assert await session.scalar(select(Notice)) is None
