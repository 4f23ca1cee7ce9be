"""What is known of each way in and out. Secrets are never told, of the bot's token the last four characters at most.

What the bot's own process learned comes from the database (`models.fact`), with its age.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models.fact import Fact, Known, find_facts
from models.notice import Notice
from models.queries.notices import find_last_outcome, find_last_tests
from models.queries.updates import find_waiting_updates
from models.staff import Staff
from models.states import NoticeChannel, NoticeState
from triage.console.parts import Installation
from triage.console.views.supervisor_words import say_duration
from triage.console.words import Words
from triage.reports import Duration

OLD_SECONDS = 300
"""The bot's process reports once a minute: what is older than this is marked as old."""
TOKEN_SHOWN = 4
LOOKED_BACK = timedelta(days=30)


def can_test(installation: Installation, staff: Staff | None, channel: NoticeChannel) -> bool:
    """Whether a test would reach somebody: it goes to whoever asks for it, or to the groups."""
    settings = installation.settings
    if staff is None:
        return False
    match channel:
        case NoticeChannel.TELEGRAM:
            return bool(settings.telegram_token) and staff.chat is not None
        case NoticeChannel.MAIL:
            return bool(settings.smtp_url) and bool(staff.email)
        case NoticeChannel.GROUP:
            return bool(settings.notify_urls)


async def look_at_channels(
    installation: Installation, staff: Staff | None, words: Words, *, now: datetime
) -> "Channels":
    """All that the page needs, in one look at the database."""
    since = now - LOOKED_BACK
    async with installation.db.read() as session:

        async def find(state: NoticeState) -> dict[NoticeChannel, Notice | None]:
            return {way: await find_last_outcome(session, way, state, since=since) for way in NoticeChannel}

        return Channels(
            installation=installation,
            staff=staff,
            words=words,
            now=now,
            facts=await find_facts(session),
            waiting=await find_waiting_updates(session),
            tests=await find_last_tests(session, since=since),
            sent=await find(NoticeState.SENT),
            failed=await find(NoticeState.FAILED),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """What was found at one look, and how it is said."""

    installation: Installation
    staff: Staff | None
    words: Words
    now: datetime
    facts: Mapping[str, Fact]
    waiting: tuple[int, datetime | None]
    tests: Mapping[NoticeChannel, Notice]
    sent: Mapping[NoticeChannel, Notice | None]
    failed: Mapping[NoticeChannel, Notice | None]

    def all(self) -> list[dict[str, Any]]:
        """All channels as the page shows them."""
        return [self.web(), self.telegram(), self.mail(), self.group()]

    # ------------------------------------------------------------ channels

    def web(self) -> dict[str, Any]:
        """The citizens' site: nothing to try, it is looked at with a browser."""
        url = self.installation.settings.public_url
        is_safe = bool(url and url.startswith("https://"))
        kind = "fine" if is_safe else "soon"
        rows = [
            self._row("web_address", url or str(self.installation.settings.public)),
            self._row("web_https", self.say("yes" if is_safe else "web_no_https"), kind),
        ]
        return {"id": "web", "name": self.say("web"), "is_on": True, "about": "", "rows": rows}

    def telegram(self) -> dict[str, Any]:
        """The bot, as its own process and the chat service tell of it."""
        token = self.installation.settings.telegram_token
        if token is None:
            return self._channel(NoticeChannel.TELEGRAM, is_on=False, rows=[])
        report = self.facts.get(Known.BOT)
        rows = [
            self._row("token", self.say("token_end", end=token[-TOKEN_SHOWN:])),
            *(self._bot_rows(report) if report else [self._row("report", self.say("no_report"), "soon")]),
            self._waiting_row(),
            *self._trouble_rows(),
            *self._outcome_rows(NoticeChannel.TELEGRAM),
        ]
        return self._channel(NoticeChannel.TELEGRAM, is_on=True, rows=rows)

    def mail(self) -> dict[str, Any]:
        """Mail to staff."""
        own = [self._row("own_mail", self.staff.email or self.say("no_own_mail"))] if self.staff else []
        rows = [*own, *self._outcome_rows(NoticeChannel.MAIL)]
        return self._channel(NoticeChannel.MAIL, is_on=bool(self.installation.settings.smtp_url), rows=rows)

    def group(self) -> dict[str, Any]:
        """The bureau's groups; each of their addresses is a secret."""
        count = len(self.installation.settings.notify_urls)
        rows = [
            self._row("addresses", self.say("address_count", count=count)),
            *self._outcome_rows(NoticeChannel.GROUP),
        ]
        return self._channel(NoticeChannel.GROUP, is_on=count > 0, rows=rows)

    # ------------------------------------------------------------ rows

    def _bot_rows(self, report: Fact) -> list[dict[str, str]]:
        told = report.details
        seconds = max(0, round((self.now - report.at).total_seconds()))
        age = self.say("report_age", age=self._age(seconds))
        rows = [self._row("report", age, "soon" if seconds > OLD_SECONDS else "")]
        if told.get("username"):
            rows.append(self._row("bot", f"{told.get('name', '')} @{told['username']}".strip()))
        rows.append(self._row("way", self.say(f"ways.{told['way']}")))
        if told.get("is_address_ours") is not None:
            rows.append(self._owner_row(told))
        if told.get("waiting") is not None:
            rows.append(self._row("waiting_there", self.say("updates", count=told["waiting"])))
        if told.get("failure"):
            when = self._when(told.get("failed_at"))
            rows.append(
                self._row("failure", self.say("failure_words", words=told["failure"], when=when), "late")
            )
        return rows

    def _owner_row(self, told: Mapping[str, Any]) -> dict[str, str]:
        """Who holds the token could have updates sent elsewhere."""
        if not told["is_address_ours"]:
            host = told.get("foreign_host") or self.say("nowhere")
            return self._row("owner", self.say("owner_foreign", host=host), "late")
        return self._row(
            "owner", self.say("owner_ours" if told["way"] == "webhook" else "owner_none"), "fine"
        )

    def _waiting_row(self) -> dict[str, str]:
        count, oldest = self.waiting
        if oldest is None:
            return self._row("waiting_here", self.say("updates", count=0))
        seconds = max(0, round((self.now - oldest).total_seconds()))
        words = self.say("updates_oldest", count=count, age=self._age(seconds))
        return self._row("waiting_here", words, "late" if seconds > OLD_SECONDS else "")

    def _trouble_rows(self) -> list[dict[str, str]]:
        trouble = self.facts.get(Known.BOT_TROUBLE)
        if trouble is None:
            return []
        words = self.say(f"trouble.{trouble.details.get('trouble', 'no_answer')}")
        return [self._row("last_trouble", self.say("at", words=words, when=self.words.moment(trouble.at)))]

    def _outcome_rows(self, way: NoticeChannel) -> list[dict[str, str]]:
        rows = []
        if (sent := self.sent[way]) and sent.sent_at:
            rows.append(self._row("last_sent", self.words.moment(sent.sent_at)))
        if failed := self.failed[way]:
            words = self.words.notice_reason(failed.reason)
            rows.append(
                self._row("last_failed", self.say("at", words=words, when=self.words.moment(failed.send_at)))
            )
        return rows

    def _channel(self, way: NoticeChannel, *, is_on: bool, rows: list[dict[str, str]]) -> dict[str, Any]:
        has_test = can_test(self.installation, self.staff, way)
        return {
            "id": way.value,
            "name": self.say(way.value),
            "is_on": is_on,
            "about": self.say(f"{way.value}_off") if not is_on else "",
            "rows": rows if is_on else [],
            "can_test": has_test,
            "test_note": self.say(f"{'test_note' if has_test else 'test_first'}.{way.value}"),
            "last_test": self._say_test(self.tests.get(way)),
        }

    def _say_test(self, notice: Notice | None) -> str:
        if notice is None:
            return ""
        state = self.words.state("notice", notice.state)
        reason = self.words.notice_reason(notice.reason) if notice.reason else ""
        key = "last_test_why" if reason else "last_test"
        return self.say(key, when=self.words.moment(notice.created_at), state=state, reason=reason)

    # ------------------------------------------------------------ words

    def say(self, key: str, **values: object) -> str:
        """A text of this page."""
        return self.words.text(f"installation.channels.{key}", **values)

    def _row(self, key: str, value: str, kind: str = "") -> dict[str, str]:
        return {"label": self.say(f"row.{key}"), "value": value, "kind": kind}

    def _age(self, seconds: int) -> str:
        return say_duration(Duration(seconds), self.words.locale)

    def _when(self, written: str | None) -> str:
        return self.words.moment(datetime.fromisoformat(written)) if written else ""
