"""Accounts of staff: adding, changing, resetting, closing. One door for the command line and the console.

`by` is the acting administrator, or None for the operator at the machine's command line. Nobody changes,
resets or closes his own account here, and the last administrator cannot be removed by anybody: each would
leave an installation that nobody can mend. Every act is one audit event, without names.
"""

import re
import secrets
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from config.keys import Keys
from config.text import text
from models.audit import record_event
from models.queries.staff import (
    end_sessions,
    find_staff_by_login,
    lock_accounts,
    lock_active_administrators,
)
from models.session import Database
from models.staff import Staff
from models.states import Role
from triage.accounts import TOKEN_BYTES, hash_aside, hash_invite, make_one_time_password
from triage.permissions import CITY
from triage.second_factor import forget_second_factor

MAX_NAME = 50
MAX_EMAIL = 200
MAX_REASON = 500
INVITE_LASTS = timedelta(hours=72)
PASSWORD_LASTS = timedelta(days=7)
"""First passwords are printed or read out: they do not lie about for ever."""
COUNTY_ROLES = frozenset({Role.OFFICER, Role.LEAD})
LOCALES = frozenset({"zh-CN", "en"})
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)


class StaffProblem(StrEnum):
    """Why an account cannot be as asked: text keys under `oversight.staff.problem.`."""

    LOGIN_FORM = "login_form"
    LOGIN_TAKEN = "login_taken"
    NAME_EMPTY = "name_empty"
    NAME_TOO_LONG = "name_too_long"
    ROLE_UNKNOWN = "role_unknown"
    OFFICE_UNKNOWN = "office_unknown"
    OFFICE_NOT_CITY = "office_not_city"
    EMAIL_FORM = "email_form"
    LOCALE_UNKNOWN = "locale_unknown"
    NOT_FOUND = "not_found"
    IS_CLOSED = "is_closed"
    OWN_ACCOUNT = "own_account"
    LAST_ADMINISTRATOR = "last_administrator"
    REASON_EMPTY = "reason_empty"
    NO_SECOND_FACTOR = "no_second_factor"


class StaffRefusedError(ValueError):
    """An account cannot be as asked; `problem` says why, `field` names the field of the form, if one is to blame."""

    def __init__(self, problem: StaffProblem, place: str = "") -> None:
        """Keep what is wrong and where; the message is for the command line."""
        super().__init__(text(f"oversight.staff.problem.{problem}", "en"))
        self.problem = problem
        self.field = place


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What is known of a member of staff beside the login."""

    name: str
    role: Role
    office_id: str
    email: str = ""
    locale: str = "zh-CN"


@dataclass(frozen=True, slots=True)
class OneTime:
    """An account with a first password, which must be changed at the first sign-in, or with an invitation.

    Either is shown once; the other is empty then.
    """

    staff: Staff
    password: str = field(default="", repr=False)
    invite: bytes = field(default=b"", repr=False)


async def add_staff(
    db: Database,
    login: str,
    person: Person,
    *,
    by: Staff | None,
    offices: Collection[str],
    now: datetime,
    keys: Keys | None = None,
) -> OneTime:
    """Open an account, with an invitation where `keys` are given, else with a first password.

    Raises StaffRefusedError.
    """
    login, person = login.strip(), _clean(person)
    if not _LOGIN.fullmatch(login):
        raise StaffRefusedError(StaffProblem.LOGIN_FORM, "login")
    _check_person(person, offices)
    entry = await _make_entry(keys)
    async with db.begin() as session:
        await lock_accounts(session)
        if await find_staff_by_login(session, login):
            raise StaffRefusedError(StaffProblem.LOGIN_TAKEN, "login")
        staff = Staff(login=login, created_at=now)
        entry.give(staff, now=now)
        _set_person(staff, person)
        session.add(staff)
        await session.flush()
        record_event(
            session,
            "staff_added",
            at=now,
            by=_id(by),
            staff=staff.id,
            role=staff.role,
            office=staff.office_id,
        )
    return OneTime(staff, entry.password, entry.invite)


async def change_staff(
    db: Database, login: str, person: Person, *, by: Staff | None, offices: Collection[str], now: datetime
) -> Staff:
    """Change name, role, office, mail or language. A new role or office ends all sessions. Raises StaffRefusedError."""
    person = _clean(person)
    _check_person(person, offices)
    async with db.begin() as session:
        staff = await _get_other(session, login, by=by)
        before = {"role": staff.role, "office": staff.office_id}
        if person.role is not Role.ADMINISTRATOR:
            await _check_not_last(session, staff)
        _set_person(staff, person)
        after = {"role": staff.role, "office": staff.office_id}
        if before != after:
            await end_sessions(session, staff.id)
        record_event(session, "staff_changed", at=now, by=_id(by), staff=staff.id, before=before, after=after)
    return staff


async def reset_password(
    db: Database, login: str, *, by: Staff | None, now: datetime, keys: Keys | None = None
) -> OneTime:
    """Give an account a new first password (or, with `keys`, an invitation) and sign it out everywhere.

    A closed one opens again; the second factor stays. Raises StaffRefusedError.
    """
    entry = await _make_entry(keys)
    async with db.begin() as session:
        staff = await _get_other(session, login, by=by)
        was_closed = not staff.is_active
        entry.give(staff, now=now)
        staff.is_active = True
        await end_sessions(session, staff.id)
        record_event(session, "staff_reset", at=now, by=_id(by), staff=staff.id, reopened=was_closed)
    return OneTime(staff, entry.password, entry.invite)


async def reset_second_factor(
    db: Database, login: str, *, reason: str, by: Staff | None, now: datetime
) -> Staff:
    """Take somebody's second factor away, who lost phone and codes; the reason stays in the audit, the password too.

    Raises StaffRefusedError.
    """
    if not reason.strip():
        raise StaffRefusedError(StaffProblem.REASON_EMPTY, "reason")
    async with db.begin() as session:
        staff = await _get_other(session, login, by=by)
        if staff.totp is None:
            raise StaffRefusedError(StaffProblem.NO_SECOND_FACTOR)
        await forget_second_factor(session, staff)
        await end_sessions(session, staff.id)
        record_event(
            session,
            "second_factor_reset",
            at=now,
            by=_id(by),
            reason=reason.strip()[:MAX_REASON],
            staff=staff.id,
        )
    return staff


async def disable_staff(db: Database, login: str, *, by: Staff | None, now: datetime) -> Staff:
    """Close an account and sign it out everywhere. Its name stays in the history. Raises StaffRefusedError."""
    async with db.begin() as session:
        staff = await _get_other(session, login, by=by)
        if not staff.is_active:
            raise StaffRefusedError(StaffProblem.IS_CLOSED)
        await _check_not_last(session, staff)
        staff.is_active = False
        await end_sessions(session, staff.id)
        record_event(session, "staff_disabled", at=now, by=_id(by), staff=staff.id)
    return staff


async def _get_other(session: AsyncSession, login: str, *, by: Staff | None) -> Staff:
    staff = await find_staff_by_login(session, login.strip())
    if staff is None:
        raise StaffRefusedError(StaffProblem.NOT_FOUND)
    if by and by.id == staff.id:
        raise StaffRefusedError(StaffProblem.OWN_ACCOUNT)
    return staff


async def _check_not_last(session: AsyncSession, staff: Staff) -> None:
    """Raise where nobody else could mend the accounts. The rows are locked: two cannot remove each other at once."""
    if staff.role is Role.ADMINISTRATOR and await lock_active_administrators(session) == [staff.id]:
        raise StaffRefusedError(StaffProblem.LAST_ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class _Entry:
    """How somebody gets in for the first time."""

    hashed: str = field(repr=False)
    password: str = field(default="", repr=False)
    invite: bytes = field(default=b"", repr=False)
    digest: bytes | None = field(default=None, repr=False)

    def give(self, staff: Staff, *, now: datetime) -> None:
        """Write it into the account; whatever it had before is void."""
        staff.password_hash, staff.must_change_password = self.hashed, True
        staff.invite = self.digest
        staff.initial_until = now + (INVITE_LASTS if self.invite else PASSWORD_LASTS)


async def _make_entry(keys: Keys | None) -> _Entry:
    """An invitation, beside which no password opens the account, or a first password to be read out."""
    password = make_one_time_password()
    hashed = await hash_aside(password)
    if keys is None:
        return _Entry(hashed, password)
    token = secrets.token_bytes(TOKEN_BYTES)
    return _Entry(hashed, invite=token, digest=hash_invite(keys, token))


def _clean(person: Person) -> Person:
    return Person(
        name=" ".join(person.name.split()),
        role=person.role,
        office_id=person.office_id.strip(),
        email=person.email.strip(),
        locale=person.locale,
    )


def _check_person(person: Person, offices: Collection[str]) -> None:
    if not person.name or not person.name.isprintable() or not _has_letter(person.name):
        raise StaffRefusedError(StaffProblem.NAME_EMPTY, "name")
    if len(person.name) > MAX_NAME:
        raise StaffRefusedError(StaffProblem.NAME_TOO_LONG, "name")
    if person.office_id not in offices:
        raise StaffRefusedError(StaffProblem.OFFICE_UNKNOWN, "office")
    if person.role not in COUNTY_ROLES and person.office_id != CITY:
        raise StaffRefusedError(StaffProblem.OFFICE_NOT_CITY, "office")
    if person.email and (len(person.email) > MAX_EMAIL or not _EMAIL.fullmatch(person.email)):
        raise StaffRefusedError(StaffProblem.EMAIL_FORM, "email")
    if person.locale not in LOCALES:
        raise StaffRefusedError(StaffProblem.LOCALE_UNKNOWN, "locale")


def _has_letter(name: str) -> bool:
    return any(unicodedata.category(character).startswith("L") for character in name)


def _set_person(staff: Staff, person: Person) -> None:
    staff.name, staff.role, staff.office_id = person.name, person.role, person.office_id
    staff.email, staff.locale = person.email or None, person.locale


def _id(by: Staff | None) -> int | None:
    return by.id if by else None
