"""Delivery: claim due notices → render → send outside any transaction → mark what became of each.

At least once: a sender that dies between sending and marking leaves a lease, and when it has run out the
notice goes out again, with the same mark in it. Notices of one recipient form a lane and go one after the
other; lanes go side by side, so that one slow or refusing chat holds nobody else.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom
from typing import assert_never

import structlog

from bot.channels import RefusedError, TryLaterError, UnreachableError
from bot.groups import GroupSendError, send_to_groups
from bot.mail import Mailer, read_mail_server
from bot.outcome import Failed, Outcome, Retry, Sent, Skipped
from config.catalog import Catalog
from config.keys import Keys
from config.settings import Settings
from config.text import MissingTextError, format_day, format_due, text
from models.case import Case
from models.notice import Notice
from models.numbers import in_groups
from models.queries.notices import (
    claim_notices,
    claim_of,
    find_address,
    mark_failed,
    mark_retry,
    mark_sent,
    mark_skipped,
    mark_unreachable,
    put_off_lane,
)
from models.session import Database
from models.staff import Staff
from models.states import NoticeChannel
from models.tip import Identity

BATCH = 50
LEASE = timedelta(seconds=60)
SEND_SECONDS = 15.0
"""Longest time that one send may take; a notice is not begun when less than this is left of its lease."""
LANES_AT_ONCE = 8
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
MOST_TRIES = 20
"""With growing waits about thirteen hours: a mail server that is down over night loses nothing."""
OLDEST = timedelta(hours=48)
JITTER = 0.2

SendChat = Callable[[str, str, Notice], Awaitable[None]]
"""send_chat(chat_id, text, notice): raises the errors of `bot.channels`; any other is taken for a passing failure."""
Clock = Callable[[], datetime]

log = structlog.get_logger()
_dice = SystemRandom()


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice ready to be sent: to whom, and the words."""

    notice: Notice
    address: str
    subject: str
    body: str


async def deliver_due(
    db: Database,
    *,
    settings: Settings,
    keys: Keys,
    catalog: Catalog,
    send_chat: SendChat | None,
    now: datetime,
    clock: Clock,
) -> Counter[str]:
    """Deliver what is due, at most one batch. Answers how many were claimed, sent, put off, failed, skipped."""
    notices = await claim_notices(db, now=now, limit=BATCH, lease=LEASE)
    if not notices:
        return Counter()
    postman = Postman(db, settings, keys, catalog, send_chat, clock)
    places = asyncio.Semaphore(LANES_AT_ONCE)

    async def run(lane: Sequence[Notice]) -> Counter[str]:
        async with places:
            return await postman.deliver_lane(lane)

    counts = Counter(claimed=len(notices))
    for done in await asyncio.gather(*(run(lane) for lane in _lanes(notices))):
        counts.update(done)
    return counts


def _lanes(notices: Sequence[Notice]) -> list[list[Notice]]:
    """One lane for all mail (one connection), one for the groups, one for each chat."""
    lanes: dict[tuple[object, ...], list[Notice]] = defaultdict(list)
    for notice in notices:
        is_chat = notice.channel is NoticeChannel.TELEGRAM
        lanes[
            notice.channel, notice.staff_id if is_chat else None, notice.tip_id if is_chat else None
        ].append(notice)
    return list(lanes.values())


class Postman:
    """One round of delivery."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        keys: Keys,
        catalog: Catalog,
        send_chat: SendChat | None,
        clock: Clock,
    ) -> None:
        self._db = db
        self._settings = settings
        self._keys = keys
        self._catalog = catalog
        self._send_chat = send_chat
        self._clock = clock

    async def deliver_lane(self, lane: Sequence[Notice]) -> Counter[str]:
        """Deliver one recipient's notices in order."""
        counts: Counter[str] = Counter()
        held: Retry | None = None
        async with AsyncExitStack() as stack:
            mailer = await self._open_mailer(stack)
            for notice in lane:
                # What is left of the lease must be enough; otherwise somebody else might begin meanwhile.
                if self._clock() + timedelta(seconds=SEND_SECONDS) > claim_of(notice).until:
                    break
                outcome = held or await self._deliver(notice, mailer)
                if isinstance(outcome, Retry) and outcome.is_lane_held:
                    held = Retry(outcome.reason, outcome.send_at, is_counted=False, is_lane_held=True)
                await self._mark(notice, outcome)
                counts[type(outcome).__name__.lower()] += 1
        return counts

    async def _open_mailer(self, stack: AsyncExitStack) -> Mailer | None:
        url = self._settings.smtp_url
        return await stack.enter_async_context(Mailer(read_mail_server(url))) if url else None

    async def _deliver(self, notice: Notice, mailer: Mailer | None) -> Outcome:
        """Prepare and send one notice."""
        if notice.attempts > MOST_TRIES:  # every one of its senders died: it may be the cause
            return Failed("gave_up")
        try:
            letter = await self._prepare(notice)
        except (MissingTextError, KeyError, ValueError) as error:  # a broken seal is a ValueError too
            log.error("notice_unsendable", notice_id=notice.id, kind=notice.kind, error=type(error).__name__)
            return Failed("unsendable")
        return await self._try_send(letter, mailer) if isinstance(letter, Letter) else letter

    async def _try_send(self, letter: Letter, mailer: Mailer | None) -> Outcome:
        """Send, and say what came of it."""
        notice, now = letter.notice, self._clock()
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._send(letter, mailer)
        except (UnreachableError, RefusedError) as error:
            return Failed(_reason(notice, error))
        except TryLaterError as error:
            return _retry(notice, _patience(error, notice.attempts, now=now), now=now)
        except GroupSendError as error:
            done = tuple(self._mark_of(self._settings.notify_urls[place]) for place in sorted(error.reached))
            return _retry(notice, Retry("temporary", now + _wait(notice.attempts), done=done), now=now)
        except ConnectionError:
            again = Retry("server_down", now + _wait(notice.attempts), is_lane_held=True)
            return _retry(notice, again, now=now)
        except Exception as error:  # noqa: BLE001 - a channel may fail in any way; none may stop the others
            log.warning("notice_send_failed", notice_id=notice.id, error=type(error).__name__)
            return _retry(notice, Retry("temporary", now + _wait(notice.attempts)), now=now)
        return Sent()

    async def _prepare(self, notice: Notice) -> Letter | Skipped:
        """The words and the address, or why it need not be sent."""
        async with self._db.read() as session:
            case = await session.get(Case, notice.case_id) if notice.case_id is not None else None
            owner = await find_address(session, notice)
        if notice.kind.startswith("deadline_") and case and not case.is_open:
            return Skipped("overtaken")
        if isinstance(owner, Staff) and not owner.is_active:
            return Skipped("left")
        if not self._is_configured(notice.channel):
            return Skipped("not_configured")
        address = self._open_address(notice.channel, owner)
        if address is None:
            return Skipped("no_address")
        subject, body = render(
            notice,
            catalog=self._catalog,
            public_url=self._settings.public_url,
            console_url=self._settings.console_url,
        )
        return Letter(notice, address, subject, body)

    def _is_configured(self, channel: NoticeChannel) -> bool:
        match channel:
            case NoticeChannel.MAIL:
                return self._settings.smtp_url is not None
            case NoticeChannel.GROUP:
                return bool(self._settings.notify_urls)
            case NoticeChannel.TELEGRAM:
                return self._send_chat is not None
        assert_never(channel)

    def _open_address(self, channel: NoticeChannel, owner: Staff | Identity | None) -> str | None:
        if channel is NoticeChannel.GROUP:
            return ""
        if channel is NoticeChannel.MAIL:
            return owner.email if isinstance(owner, Staff) else None
        if owner is None or owner.chat is None:
            return None
        place = "staff.chat" if isinstance(owner, Staff) else "identity.chat"
        return self._keys.unseal("identity", owner.chat, place=place).decode()

    async def _send(self, letter: Letter, mailer: Mailer | None) -> None:
        notice = letter.notice
        match notice.channel:
            case NoticeChannel.MAIL:
                if mailer:
                    sign = text("notices.sign", notice.locale)
                    body = text("notices.mail", notice.locale, body=letter.body, sign=sign)
                    mark, now = f"notice-{notice.id}", self._clock()
                    await mailer.send(letter.address, subject=letter.subject, body=body, mark=mark, now=now)
            case NoticeChannel.GROUP:
                urls = self._settings.notify_urls
                done = set(notice.values.get("done", ()))
                places = [place for place, url in enumerate(urls) if self._mark_of(url) in done]
                await send_to_groups(urls, title=letter.subject, body=letter.body, except_for=places)
            case NoticeChannel.TELEGRAM:
                if self._send_chat:
                    await self._send_chat(letter.address, letter.body, notice)

    def _mark_of(self, url: str) -> str:
        """Short keyed hash of a group address, to note who has a notice already."""
        return self._keys.digest("address", "group", url).hex()[:12]

    async def _mark(self, notice: Notice, outcome: Outcome) -> None:
        claim = claim_of(notice)
        async with self._db.begin() as session:
            match outcome:
                case Sent():
                    is_ours = await mark_sent(session, claim, now=self._clock())
                case Retry():
                    is_ours = await mark_retry(
                        session,
                        claim,
                        reason=outcome.reason,
                        send_at=outcome.send_at,
                        is_counted=outcome.is_counted,
                        values=notice.values | {"done": list(outcome.done)} if outcome.done else None,
                    )
                    if outcome.is_lane_held and notice.channel is NoticeChannel.TELEGRAM:
                        await put_off_lane(session, notice, until=outcome.send_at)
                case Failed():
                    is_ours = await mark_failed(session, claim, reason=outcome.reason)
                    if outcome.reason == "unreachable" and notice.tip_id is not None:
                        await mark_unreachable(session, notice.tip_id)
                case Skipped():
                    is_ours = await mark_skipped(session, claim, reason=outcome.reason)
                case _:
                    assert_never(outcome)
        _log_outcome(notice, outcome, is_ours=is_ours)


def render(
    notice: Notice, *, catalog: Catalog, public_url: str | None, console_url: str | None = None
) -> tuple[str, str]:
    """Subject and body in the recipient's language. Raises MissingTextError, KeyError, ValueError."""
    values = _readable(notice, catalog)
    subject, body = (
        text(f"notices.{notice.kind}.{part}", notice.locale, **values) for part in ("subject", "body")
    )
    if notice.tip_id is not None and public_url:
        body += "\n" + text("notices.link", notice.locale, url=f"{public_url}/status")
    if notice.tip_id is None and console_url:
        number = notice.values.get("number")
        url = f"{console_url}/cases/{number}" if number else console_url
        body += "\n" + text("notices.staff_link", notice.locale, url=url)
    return subject, body


def _readable(notice: Notice, catalog: Catalog) -> dict[str, object]:
    values: dict[str, object] = {name: value for name, value in notice.values.items() if name != "done"}
    if number := notice.values.get("number"):
        values["number"] = in_groups(number)
    if due := notice.values.get("due"):
        format_limit = format_due if notice.tip_id is None else format_day  # a reporter is told days only
        values["due"] = format_limit(datetime.fromisoformat(due), notice.locale)
    if rule := notice.values.get("rule"):
        names = [known.name.say(notice.locale) for known in catalog.deadlines if known.id == rule]
        values["duty"] = names[-1] if names else text("notices.duty", notice.locale)
    return values


def _retry(notice: Notice, again: Retry, *, now: datetime) -> Retry | Failed:
    """Again later, unless it was tried often enough or for long enough."""
    is_enough = again.is_counted and notice.attempts >= MOST_TRIES
    return Failed("gave_up") if is_enough or now - notice.created_at > OLDEST else again


def _patience(error: TryLaterError, attempts: int, *, now: datetime) -> Retry:
    """The chat asked to wait (that is no failure of ours), or does not answer at all."""
    if error.wait_seconds is None:
        return Retry("server_down", now + _wait(attempts), is_lane_held=True)
    wait = timedelta(seconds=min(max(error.wait_seconds, 1.0), LONGEST_WAIT.total_seconds()))
    return Retry("busy", now + wait, is_counted=False, is_lane_held=True)


def _reason(notice: Notice, error: Exception) -> str:
    if notice.channel is NoticeChannel.MAIL or isinstance(error, RefusedError):
        return "refused"
    return "unreachable" if notice.tip_id is not None else "staff_blocked"


def _wait(attempts: int) -> timedelta:
    """Doubling waits with some chance in them, so that many failures do not come back at one moment."""
    wait: timedelta = min(FIRST_WAIT * 2 ** min(attempts - 1, 20), LONGEST_WAIT)
    return wait * _dice.uniform(1 - JITTER, 1 + JITTER)


def _log_outcome(notice: Notice, outcome: Outcome, *, is_ours: bool) -> None:
    facts = {
        "notice_id": notice.id,
        "channel": notice.channel.value,
        "kind": notice.kind,
        "attempt": notice.attempts,
    }
    if not is_ours:
        log.warning("notice_claim_lost", **facts)
    elif isinstance(outcome, Sent):
        log.info("notice_sent", **facts)
    elif isinstance(outcome, Failed):
        log.warning("notice_failed", reason=outcome.reason, **facts)
    else:
        log.info("notice_not_sent", reason=outcome.reason, **facts)
