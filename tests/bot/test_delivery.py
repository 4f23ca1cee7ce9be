"""Delivery: every notice goes out once, says nothing, and what cannot go out says why."""

import asyncio
import socket
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import pytest
import structlog
from sqlalchemy import select

from bot import delivery
from bot.channels import RefusedError, TryLaterError, UnreachableError
from bot.delivery import deliver_due, render
from bot.mail import read_mail_server
from config.catalog import load_catalog as read_rules
from config.settings import Settings
from config.text import LOCALES, load_texts
from models.notice import Notice
from models.queries.notices import queue_group_notice, queue_reporter_notice, queue_staff_notice
from models.session import Database
from models.states import CaseState, NoticeChannel, NoticeState
from models.tip import Identity
from tests.factories import make_case, make_staff, make_tip
from tests.fakes.smtp import SmtpServer
from tests.fakes.webhook import NoticeSink

NUMBER = "263184720393"
DUE = "2026-03-05T09:30:00+00:00"
VALUES = {"number": NUMBER, "due": DUE, "rule": "D07", "count": 4, "head": "89f64e05a24e83272f90cda650dd5605"}


@cache
def load_catalog():
    return read_rules()


class Chat:
    """What the chat channel hands over: a function that sends, here with errors by script."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.errors: dict[str, list[Exception]] = {}

    async def send(self, chat_id: str, words: str, _notice: Notice) -> None:
        if self.errors.get(chat_id):
            raise self.errors[chat_id].pop(0)
        await asyncio.sleep(0)
        self.sent.append((chat_id, words))


class Bench:
    """A database with an outbox, and one deliverer."""

    def __init__(self, db: Database, settings: Settings, keys, now: datetime) -> None:
        self.db, self.settings, self.keys, self.now = db, settings, keys, now
        self.chat = Chat()
        self.has_chat = True

    def configure(self, **changes) -> None:
        self.settings = replace(self.settings, **changes)

    async def queue_staff(self, kind: str = "case_assigned", dedup: str = "a", case=None, **changes):
        async with self.db.begin() as session:
            staff = await make_staff(session, **changes)
            await queue_staff_notice(
                session, staff, kind, case=case, dedup=dedup, values=VALUES, now=self.now
            )
        return staff

    async def queue_reporter(self, chat_id: str, *kinds: str, locale: str = "zh-CN"):
        async with self.db.begin() as session:
            tip = await make_tip(session, locale=locale)
            session.add(
                Identity(
                    tip_id=tip.id,
                    chat=self.keys.seal("identity", chat_id.encode(), place="identity.chat"),
                    chat_digest=self.keys.digest("address", chat_id),
                )
            )
            await session.flush()
            for kind in kinds:
                await queue_reporter_notice(
                    session, tip, kind, dedup=f"{kind}:{tip.id}", values={"number": tip.number}, now=self.now
                )
        return tip

    def chat_of(self, chat_id: str) -> bytes:
        return self.keys.seal("identity", chat_id.encode(), place="staff.chat")

    async def deliver(self, *, at: datetime | None = None, clock=None) -> Counter:
        at = at or self.now
        return await deliver_due(
            self.db,
            settings=self.settings,
            keys=self.keys,
            catalog=load_catalog(),
            send_chat=self.chat.send if self.has_chat else None,
            now=at,
            clock=clock or (lambda: at),
        )

    async def notices(self) -> list[Notice]:
        async with self.db.read() as session:
            return list(await session.scalars(select(Notice).order_by(Notice.id)))

    async def states(self) -> list[tuple[NoticeState, str]]:
        return [(notice.state, notice.reason) for notice in await self.notices()]


@pytest.fixture
def bench(db, settings, keys, now) -> Bench:
    return Bench(db, settings, keys, now)


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# ---------------------------------------------------------------- the three ways


async def test_staff_get_a_mail_in_their_own_language(bench):
    await bench.queue_staff(email="wang@example.org")
    await bench.queue_staff(email="smith@example.org", locale="en")
    async with SmtpServer() as mail:
        bench.configure(smtp_url=f"{mail.url}?from=duty@example.org")
        assert await bench.deliver() == Counter(claimed=2, sent=2)
        chinese, english = mail.messages
    assert (chinese.sender, chinese.recipients) == ("duty@example.org", ["wang@example.org"])
    assert chinese.subject == "有案件交办给您"
    assert "2631 8472 0393" in chinese.text
    assert "2026年3月5日" in chinese.text
    assert "17:30" in chinese.text
    assert chinese.message["Auto-Submitted"] == "auto-generated"
    assert chinese.message["Message-ID"].endswith("@example.org>")
    assert english.subject == "A case was assigned to you"
    assert await bench.states() == [(NoticeState.SENT, ""), (NoticeState.SENT, "")]


async def test_a_chat_gets_the_words_with_the_address_of_the_public_page(bench):
    bench.configure(public_url="https://tip.example.org")
    tip = await bench.queue_reporter("99", "tip_accepted")
    await bench.queue_staff(chat=bench.chat_of("77"))
    await bench.deliver()
    words = dict(bench.chat.sent)
    assert "已经受理" in words["99"]
    assert "https://tip.example.org/status" in words["99"]
    assert tip.text not in words["99"]
    assert "https://" not in words["77"]


async def test_groups_get_one_post_each(bench):
    async with bench.db.begin() as session:
        await queue_group_notice(
            session, "deadline_breached", case=None, dedup="g", values=VALUES, now=bench.now
        )
    async with NoticeSink() as sink, NoticeSink() as other:
        bench.configure(notify_urls=(sink.url, other.url))
        assert (await bench.deliver())["sent"] == 1
        for posts in (sink.posts, other.posts):
            assert len(posts) == 1
            assert posts[0]["title"] == "有案件已经超期"
            assert "2631 8472 0393" in posts[0]["message"]


async def test_a_group_that_has_it_is_not_told_again_when_another_failed(bench):
    async with bench.db.begin() as session:
        await queue_group_notice(session, "city_desk_new", case=None, dedup="g", values=VALUES, now=bench.now)
    async with NoticeSink() as sink, NoticeSink() as other:
        bench.configure(notify_urls=(sink.url, other.url))
        other.answer(503)
        assert (await bench.deliver())["retry"] == 1
        assert await bench.states() == [(NoticeState.WAITING, "temporary")]
        assert (await bench.deliver(at=bench.now + timedelta(minutes=2)))["sent"] == 1
        assert (len(sink.posts), len(other.posts)) == (1, 1)


# ---------------------------------------------------------------- what does not arrive


async def test_what_is_not_configured_is_skipped_and_says_so(bench):
    bench.has_chat = False
    await bench.queue_staff(email="wang@example.org", chat=bench.chat_of("77"))
    async with bench.db.begin() as session:
        await queue_group_notice(session, "city_desk_new", case=None, dedup="g", values=VALUES, now=bench.now)
    await bench.deliver()
    assert set(await bench.states()) == {(NoticeState.SKIPPED, "not_configured")}


async def test_a_mail_server_that_is_down_is_tried_again_until_it_is_up(bench):
    for serial in range(3):
        await bench.queue_staff(email="wang@example.org", dedup=str(serial))
    bench.configure(smtp_url=f"smtp://127.0.0.1:{closed_port()}")
    assert await bench.deliver() == Counter(claimed=3, retry=3)
    assert set(await bench.states()) == {(NoticeState.WAITING, "server_down")}
    assert sum(notice.attempts for notice in await bench.notices()) == 1, "only the first was really tried"
    async with SmtpServer() as mail:
        bench.configure(smtp_url=mail.url)
        assert await bench.deliver(at=bench.now + timedelta(seconds=20)) == Counter()
        assert (await bench.deliver(at=bench.now + timedelta(seconds=40)))["sent"] == 3
        assert len(mail.messages) == 3


async def test_a_passing_refusal_of_one_mail_holds_no_other(bench):
    await bench.queue_staff(email="wang@example.org")
    await bench.queue_staff(email="li@example.org")
    async with SmtpServer() as mail:
        bench.configure(smtp_url=mail.url)
        mail.refuse("451 4.3.0 try again later")
        assert await bench.deliver() == Counter(claimed=2, retry=1, sent=1)
        assert await bench.states() == [(NoticeState.WAITING, "temporary"), (NoticeState.SENT, "")]


async def test_a_final_refusal_is_not_repeated(bench):
    await bench.queue_staff(email="nobody@example.org")
    async with SmtpServer() as mail:
        bench.configure(smtp_url=mail.url)
        mail.refuse("550 5.1.1 no such user")
        await bench.deliver()
    assert await bench.states() == [(NoticeState.FAILED, "refused")]


async def test_an_address_with_a_line_break_reaches_no_mail_header(bench):
    await bench.queue_staff(email="wang@example.org\r\nBcc: spy@example.org")
    async with SmtpServer() as mail:
        bench.configure(smtp_url=mail.url)
        await bench.deliver()
        assert mail.messages == []
    assert await bench.states() == [(NoticeState.FAILED, "refused")]


async def test_waits_grow_and_end(bench):
    await bench.queue_staff(chat=bench.chat_of("77"))
    bench.chat.errors["77"] = [OSError("no route") for _ in range(100)]
    moment, waits = bench.now, []
    for _ in range(delivery.MOST_TRIES):
        assert (await bench.deliver(at=moment))["claimed"] == 1
        (notice,) = await bench.notices()
        waits.append((notice.send_at - moment).total_seconds())
        moment = notice.send_at
    assert await bench.states() == [(NoticeState.FAILED, "gave_up")]
    assert len(bench.chat.errors["77"]) == 80
    assert 24 <= waits[0] <= 36
    assert waits[0] < waits[2] < waits[4]
    assert max(waits) <= 1.2 * 3600
    assert moment - bench.now > timedelta(hours=10)


async def test_a_reporter_who_blocked_us_is_marked_and_tried_no_more(bench):
    tip = await bench.queue_reporter("99", "tip_accepted", "answer_ready")
    bench.chat.errors["99"] = [UnreachableError()]
    await bench.deliver()
    async with bench.db.read() as session:
        identity = await session.scalar(select(Identity).where(Identity.tip_id == tip.id))
    assert identity.is_reachable is False
    assert (await bench.states())[0] == (NoticeState.FAILED, "unreachable")


async def test_a_chat_that_asks_for_patience_holds_nobody_else(bench):
    await bench.queue_reporter("1", "tip_accepted", "verification_started", "answer_ready")
    await bench.queue_reporter("2", "tip_accepted", "verification_started")
    bench.chat.errors["1"] = [TryLaterError(30)]
    assert await bench.deliver() == Counter(claimed=5, retry=3, sent=2)
    assert [chat for chat, _ in bench.chat.sent] == ["2", "2"]
    assert await bench.deliver(at=bench.now + timedelta(seconds=29)) == Counter()
    await bench.deliver(at=bench.now + timedelta(seconds=30))
    mine = [words for chat, words in bench.chat.sent if chat == "1"]
    assert [key for words in mine for key in ("受理", "开始核查", "答复") if key in words] == [
        "受理",
        "开始核查",
        "答复",
    ], "in the order of what happened"


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (RefusedError(), NoticeState.FAILED, "refused"),
        (TryLaterError(), NoticeState.WAITING, "server_down"),
        (UnreachableError(), NoticeState.FAILED, "staff_blocked"),
    ],
)
async def test_each_answer_of_a_chat_has_its_reason(bench, error: Exception, state: NoticeState, reason: str):
    await bench.queue_staff(chat=bench.chat_of("77"))
    bench.chat.errors["77"] = [error]
    await bench.deliver()
    assert await bench.states() == [(state, reason)]


async def test_patience_does_not_use_up_the_tries_but_two_days_do(bench):
    await bench.queue_staff(chat=bench.chat_of("77"))
    bench.chat.errors["77"] = [TryLaterError(60) for _ in range(60)]
    moment = bench.now
    for _ in range(delivery.MOST_TRIES + 5):
        await bench.deliver(at=moment)
        moment += timedelta(minutes=2)
    assert await bench.states() == [(NoticeState.WAITING, "busy")]
    await bench.deliver(at=bench.now + timedelta(hours=49))
    assert await bench.states() == [(NoticeState.FAILED, "gave_up")]


async def test_a_warning_about_a_case_that_ended_meanwhile_is_not_sent(bench):
    async with bench.db.begin() as session:
        case = await make_case(session, CaseState.CLOSED)
    await bench.queue_staff("deadline_warning", email="wang@example.org", case=case)
    bench.configure(smtp_url="smtp://127.0.0.1:1")
    await bench.deliver()
    assert await bench.states() == [(NoticeState.SKIPPED, "overtaken")]


async def test_whoever_left_gets_nothing_more(bench):
    staff = await bench.queue_staff(chat=bench.chat_of("77"))
    async with bench.db.begin() as session:
        (await session.merge(staff)).is_active = False
    await bench.deliver()
    assert await bench.states() == [(NoticeState.SKIPPED, "left")]
    assert bench.chat.sent == []


async def test_a_damaged_address_or_unknown_kind_stops_itself_only(bench):
    await bench.queue_staff(chat=b"damaged")
    await bench.queue_staff(kind="no_such_kind", chat=bench.chat_of("77"))
    await bench.queue_staff(chat=bench.chat_of("78"))
    assert await bench.deliver() == Counter(claimed=3, failed=2, sent=1)
    assert [chat for chat, _ in bench.chat.sent] == ["78"]


# ---------------------------------------------------------------- twice, killed, asleep


async def test_two_deliverers_at_once_send_everything_once(bench):
    for serial in range(60):
        await bench.queue_reporter(str(serial), "tip_accepted")
    while any(round_["claimed"] for round_ in await asyncio.gather(*(bench.deliver() for _ in range(3)))):
        pass
    assert sorted(Counter(chat for chat, _ in bench.chat.sent).values()) == [1] * 60


async def test_killed_between_sending_and_marking_it_goes_out_again_after_the_lease(bench, monkeypatch):
    await bench.queue_staff(email="wang@example.org")
    async with SmtpServer() as mail:
        bench.configure(smtp_url=mail.url)
        with monkeypatch.context() as patch:

            async def die(*_args, **_kwargs) -> None:
                raise SystemError("killed here")

            patch.setattr(delivery, "mark_sent", die)
            with pytest.raises(SystemError):
                await bench.deliver()
        assert await bench.deliver(at=bench.now + delivery.LEASE) == Counter(), "still leased"
        later = bench.now + delivery.LEASE + timedelta(seconds=1)
        assert (await bench.deliver(at=later))["sent"] == 1
        first, second = mail.messages
        assert first.message["Message-ID"] == second.message["Message-ID"], "the reader can tell"
    assert await bench.states() == [(NoticeState.SENT, "")]


async def test_a_deliverer_that_slept_past_its_lease_sends_nothing_more(bench):
    await bench.queue_reporter("1", "tip_accepted", "answer_ready")
    moments = iter([bench.now, bench.now, bench.now, *[bench.now + timedelta(hours=1)] * 9])
    await bench.deliver(clock=lambda: next(moments))
    assert len(bench.chat.sent) <= 1
    states = [state for state, _ in await bench.states()]
    assert states[-1] is NoticeState.SENDING, "left for whoever claims it next"


async def test_a_notice_that_kills_its_sender_each_time_is_given_up(bench):
    await bench.queue_staff(chat=bench.chat_of("77"))
    async with bench.db.begin() as session:
        notice = await session.scalar(select(Notice))
        notice.attempts = delivery.MOST_TRIES
    await bench.deliver()
    assert await bench.states() == [(NoticeState.FAILED, "gave_up")]
    assert bench.chat.sent == []


# ---------------------------------------------------------------- words


def kinds() -> list[str]:
    keys = load_texts("zh-CN")
    return [key.split(".")[1] for key in keys if key.startswith("notices.") and key.endswith(".subject")]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", kinds())
def test_every_kind_can_be_said_from_the_allowed_values(kind: str, locale: str):
    notice = Notice(kind=kind, locale=locale, values=VALUES, channel=NoticeChannel.MAIL)
    subject, body = render(notice, catalog=load_catalog(), public_url=None)
    assert subject
    assert "{" not in subject + body
    assert "D07" not in body
    if kind not in {
        "deadline_digest",
        "audit_head",
        "channel_test",
        "change_waiting",
        "change_decided",
    }:  # they are of no one case
        assert "2631 8472 0393" in body


def test_a_limit_in_days_is_said_to_end_with_its_day():
    values = {**VALUES, "due": "2026-03-05T15:59:59+00:00"}
    notice = Notice(kind="case_assigned", locale="zh-CN", values=values, channel=NoticeChannel.MAIL)
    _, body = render(notice, catalog=load_catalog(), public_url=None)
    assert "请在 2026年3月5日（周四）24:00 前签收" in body


def test_a_password_is_never_sent_in_clear_unless_told_so():
    assert read_mail_server("smtp://u:p%40ss@mail.example.org").is_starttls is True
    assert read_mail_server("smtp://u:p%40ss@mail.example.org").password == "p@ss"
    assert read_mail_server("smtp://u:p@mail.example.org?starttls=no").is_starttls is False
    assert read_mail_server("smtps://u:p@mail.example.org").is_tls
    assert read_mail_server("smtps://u:p@mail.example.org").port == 465
    assert read_mail_server("smtp://127.0.0.1:2525").is_starttls is None
    assert "p@ss" not in repr(read_mail_server("smtp://u:p%40ss@mail.example.org"))


async def test_nothing_that_is_logged_names_a_chat_or_an_address(bench):
    await bench.queue_staff(chat=bench.chat_of("7700000001"), email="secret-wang@example.org")
    bench.chat.errors["7700000001"] = [OSError("chat 7700000001 at secret-wang@example.org")]
    bench.configure(smtp_url=f"smtp://127.0.0.1:{closed_port()}")
    with structlog.testing.capture_logs() as logs:
        await bench.deliver()
    assert logs
    assert "7700000001" not in str(logs)
    assert "secret" not in str(logs)
