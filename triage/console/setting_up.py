"""What is to be done before real use: each point with its state, which the program finds out itself where it can.

Some points only a person can answer (a way out that is not wanted, a copy of the key file): whoever says so stands
beside it, and in the audit.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from config.clock import LOCAL
from config.settings import Settings
from models.audit import record_event
from models.checks import readiness
from models.fact import Fact, Known, find_facts, forget_fact, note_fact
from models.queries.staff import list_active_staff
from models.staff import Staff
from models.states import Role
from triage.console.parts import NOTICE_MONTH, Installation
from triage.console.words import Words
from triage.permissions import CITY

BACKUP_WITHIN = timedelta(days=8)
DEMO_MAIL = "@demo.invalid"
MOST_NAMED = 5
CITY_ROLES = (Role.INTAKE, Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR)
CHOICES = {"chat": Known.CHAT_OFF, "mail": Known.MAIL_OFF, "keys": Known.KEYS_KEPT}
"""Points that a person answers, and under which name the answer is kept."""
LINKS = {
    "second_factor": "/account/second-factor",
    "second_administrator": "/admin/staff/new",
    "offices": "/admin/staff/new",
}


@dataclass(frozen=True, slots=True)
class Point:
    """One line. `choice`: whether a button answers it, or takes the answer back."""

    id: str
    name: str
    state: Literal["done", "open", "chosen"]
    words: str
    how: str
    link: tuple[str, str] | None = None
    choice: Literal["", "not_wanted", "confirm", "take_back"] = ""


@dataclass(frozen=True, slots=True)
class SettingUp:
    """All points, and what is not fit for real use at all."""

    points: Sequence[Point]
    refused: Sequence[str]

    @property
    def count_open(self) -> int:
        """How much is still to do."""
        return sum(point.state == "open" for point in self.points) + len(self.refused)


async def look_at_setting_up(
    installation: Installation, me: Staff | None, words: Words, *, now: datetime
) -> SettingUp:
    """`me`: the administrator who looks, or None at the command line."""
    async with installation.db.read() as session:
        facts = await find_facts(session)
        people = await list_active_staff(session, *Role)
    has_chat = bool(installation.settings.telegram_token)
    ready = await readiness(installation.db, now=now, has_chat=has_chat)
    look = _Look(
        installation, me, words, now, facts, people, is_chatting=bool(ready.parts["telegram"]["is_fine"])
    )
    return SettingUp([*look.own(), *look.all()], look.refused())


async def answer_point(
    session: AsyncSession, point: str, *, is_chosen: bool, by: Staff | None, source: str, now: datetime
) -> None:
    """Answer a point of `CHOICES`, or take the answer back; either is an event."""
    by_id, reason = (by.id, "") if by else (None, source[:200])
    if is_chosen:
        await note_fact(session, CHOICES[point], source=source, at=now)
        record_event(session, "setup_confirmed", at=now, by=by_id, reason=reason, point=point)
    elif await forget_fact(session, CHOICES[point]):
        record_event(session, "setup_reopened", at=now, by=by_id, reason=reason, point=point)


@dataclass(frozen=True, slots=True)
class _Look:
    installation: Installation
    me: Staff | None
    words: Words
    now: datetime
    facts: Mapping[str, Fact]
    people: Sequence[Staff]
    is_chatting: bool

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self.installation.settings

    # ------------------------------------------------------------ points

    def own(self) -> list[Point]:
        """What the administrator owes himself."""
        if self.me is None:
            return []
        return [
            self.point("password", is_done=not self.me.must_change_password),
            self.point("second_factor", is_done=self.me.totp is not None),
        ]

    def all(self) -> list[Point]:
        """What the installation needs."""
        administrators = sum(person.role is Role.ADMINISTRATOR for person in self.people)
        missing = self.words.text("deadlines.joiner").join(self.list_missing())
        url, console_url = self.settings.public_url or "", self.settings.console_url or ""
        return [
            self.point("second_administrator", is_done=administrators > 1, count=administrators),
            self.point("offices", is_done=not missing, missing=missing),
            self.choice("keys", is_done=False),
            self._backup(),
            self._trial(),
            self._calendar(),
            self.point("public_url", is_done=url.startswith("https://"), url=url),
            self.point("console_url", is_done=console_url.startswith("https://"), url=console_url),
            self._chat(),
            self.choice("mail", is_done=bool(self.settings.smtp_url or self.settings.notify_urls)),
        ]

    def list_missing(self) -> list[str]:
        """Offices without anybody who could sign for a case, and roles at the city that nobody has."""
        staffed = {person.office_id for person in self.people if person.role in {Role.OFFICER, Role.LEAD}}
        roles = {person.role for person in self.people}
        offices = [office for office in self.installation.catalog.offices if office not in {*staffed, CITY}]
        return [self.words.office(office) for office in offices] + [
            self.words.state("role", role) for role in CITY_ROLES if role not in roles
        ]

    def _chat(self) -> Point:
        if self.settings.telegram_token is None:
            return self.choice("chat", is_done=False)
        if self.is_chatting:
            return self.point("chat", is_done=True)
        silent, how = self.say("items.chat.silent"), self.say("items.chat.silent_how")
        return Point("chat", self.say("items.chat.name"), "open", silent, how)

    def _backup(self) -> Point:
        fact = self.facts.get(Known.BACKUP)
        is_done = fact is not None and self.now - fact.at <= BACKUP_WITHIN
        return self.point("backup", is_done=is_done, when=self.words.moment(fact.at) if fact else "")

    def _trial(self) -> Point:
        fact = self.facts.get(Known.RESTORE_TRIAL)
        return self.point("restore_trial", is_done=fact is not None and not fact.details["problems"])

    def _calendar(self) -> Point:
        local, calendar = self.now.astimezone(LOCAL), self.installation.catalog.calendar
        year = local.year + (local.month >= NOTICE_MONTH)
        is_done = calendar.covers(year)
        return self.point("calendar", is_done=is_done, year=calendar.last_year if is_done else year)

    # ------------------------------------------------------------ what is not fit for use

    def refused(self) -> list[str]:
        """Defaults and mixtures that must not serve real people."""
        settings, found = self.settings, []
        demo = [person.login for person in self.people if (person.email or "").endswith(DEMO_MAIL)]
        is_https = (settings.public_url or "").startswith("https://")
        if demo:
            found.append(self.say("refused.demo", logins=" ".join(demo[:MOST_NAMED])))
        if settings.telegram_webhook_secret and not is_https:
            found.append(self.say("refused.http_webhook"))
        if settings.public_url and not is_https:
            found.append(self.say("refused.http_public"))
        if _is_outside(settings.console.host) and not (settings.console_url or "").startswith("https://"):
            found.append(self.say("refused.open_console", address=settings.console))
        return found

    # ------------------------------------------------------------ words

    def say(self, key: str, **values: object) -> str:
        """A text of the list."""
        return self.words.text(f"installation.start.{key}", **values)

    def point(self, key: str, *, is_done: bool, **values: object) -> Point:
        """A point that the program judges itself."""
        state: Literal["done", "open"] = "done" if is_done else "open"
        how = self.say("nothing") if is_done else self.say(f"items.{key}.how")
        link = (LINKS[key], self.say(f"items.{key}.link")) if key in LINKS and not is_done else None
        return Point(
            key, self.say(f"items.{key}.name"), state, self.say(f"items.{key}.{state}", **values), how, link
        )

    def choice(self, key: str, *, is_done: bool) -> Point:
        """A point that a person may answer, unless the program sees that it is done."""
        fact, name = self.facts.get(CHOICES[key]), self.say(f"items.{key}.name")
        if is_done:
            return self.point(key, is_done=True)
        is_confirming = key == "keys"
        if fact is None:
            open_ = self.say(f"items.{key}.open")
            how = self.say(f"items.{key}.how")
            return Point(key, name, "open", open_, how, None, "confirm" if is_confirming else "not_wanted")
        said = self.say(
            "kept_by" if is_confirming else "chosen_by", who=fact.source, when=self.words.moment(fact.at)
        )
        state: Literal["done", "chosen"] = "done" if is_confirming else "chosen"
        return Point(key, name, state, said, self.say("nothing"), None, "take_back")


def _is_outside(host: str) -> bool:
    """Whether others than this machine can reach it; a name may be anything, so it counts as outside."""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"
