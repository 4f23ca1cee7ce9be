"""Staff accounts: passwords, signing in, sessions.

Passwords are hashed with argon2id (64 MiB), off the event loop and two at a time, because a hash is a CPU
target. Every try counts as a failure before it is checked, so that many at once cannot slip past the
limit; the right password forgets the failures. A sign-in that fails says nothing of why.

Account management (who may be added, disabled) is not here: see the administrator's pages.
"""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.ext.asyncio import AsyncSession

import config
from config.keys import Keys
from models.audit import record_event
from models.queries.limits import forget_failures, note_failure, wait_seconds
from models.queries.staff import (
    end_session,
    end_sessions,
    find_session,
    find_staff_by_invite,
    find_staff_by_login,
)
from models.session import Database
from models.staff import Staff, StaffSession

MIN_PASSWORD = 8
MAX_PASSWORD = 128
MAX_LOGIN = 64
MIN_DIFFERENT = 5
TOKEN_BYTES = 32
FREE_TRIES = 5
FREE_TRIES_OF_SOURCE = 50
LONGEST_WAIT = timedelta(minutes=15)
HALF_LIMIT = timedelta(minutes=10)
"""So long a right password waits for the code of the second factor."""
TOUCH_AFTER = timedelta(minutes=1)
"""A session's last sight is written at most once a minute: reading a page should not cost a write."""

_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
_HASHING = ThreadPoolExecutor(max_workers=2, thread_name_prefix="password")
_ONE_TIME_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_LISTED = Path(config.__file__).parent / "common_passwords.txt"
_LEAST_BESIDE_A_WORD = 6
_COMMON = ("password", "qwerty", "123456", "abc123", "luohe", "12350", "admin", "iloveyou", "tipline")


class PasswordProblem(StrEnum):
    """What is wrong with a new password: text keys under `console.password.problem.`."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_SIMPLE = "too_simple"
    HAS_LOGIN = "has_login"
    COMMON = "common"
    SAME = "same"
    WRONG_OLD = "wrong_old"
    NOT_REPEATED = "not_repeated"

    @property
    def field(self) -> str:
        """The field of the form that it is about."""
        return {"wrong_old": "old", "not_repeated": "repeated"}.get(self.value, "new")


class PasswordRefusedError(ValueError):
    """The new password does not do, or the old one is wrong."""

    def __init__(self, problem: PasswordProblem) -> None:
        """Keep what is wrong."""
        super().__init__(problem)
        self.problem = problem


class SignInRefusedError(Exception):
    """Login or password is wrong, or the account is closed: nobody is told which."""


class InitialExpiredError(Exception):
    """The password is right, but it was a first one and its time is over: the administrator gives a new one."""


class SignInTooOftenError(Exception):
    """Too many failures for this login or from this place; `wait_seconds` says when the next try is taken."""

    def __init__(self, wait_seconds: int) -> None:
        """Keep how long to wait."""
        super().__init__(f"wait {wait_seconds} s")
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: `token` goes into the cookie and nowhere else.

    `is_half`: the password was right and the code of the second factor is still asked for.
    """

    staff: Staff
    token: bytes = field(repr=False)
    is_half: bool = False


def find_problem(password: str, *, login: str) -> PasswordProblem | None:
    """What is wrong with a new password, or None.

    Length counts most; the rest keeps out what is tried first. Nothing is trimmed or folded: a space or
    an emoji is a character like any other.
    """
    plain = password.casefold()
    if len(password) < MIN_PASSWORD:
        return PasswordProblem.TOO_SHORT
    if len(password) > MAX_PASSWORD:
        return PasswordProblem.TOO_LONG
    if len(set(plain)) < MIN_DIFFERENT or _is_a_row(plain):
        return PasswordProblem.TOO_SIMPLE
    if len(login) > 2 and login.casefold() in plain:
        return PasswordProblem.HAS_LOGIN
    if plain in _list_common() or any(
        len(plain.replace(word, "")) < _LEAST_BESIDE_A_WORD for word in _COMMON if word in plain
    ):
        return PasswordProblem.COMMON
    return None


@cache
def _list_common() -> frozenset[str]:
    """The passwords that are tried first, in lower case."""
    lines = _LISTED.read_text(encoding="ascii").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _is_a_row(plain: str) -> bool:
    """Whether the characters just count up or down, as in abcdefghijkl or 210987654321."""
    steps = {ord(after) - ord(before) for before, after in pairwise(plain)}
    return steps <= {1, -9} or steps <= {-1, 9}


def make_one_time_password() -> str:
    """A first password to be read out or printed: four groups of four, no look-alikes, 79 bits."""
    groups = ("".join(secrets.choice(_ONE_TIME_ALPHABET) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def hash_password(password: str) -> str:
    """Slow hash of a password; takes some 100 ms of one core, so call it in a thread where others wait."""
    return _HASHER.hash(password.encode(errors="surrogatepass"))


@cache
def _nobodys_hash() -> str:
    return hash_password("nobody's password")


async def matches_password(stored: str | None, password: str) -> bool:
    """Whether the password is right; costs the same where there is no account."""
    capped = password if len(password) <= MAX_PASSWORD else ""
    is_right = await asyncio.get_running_loop().run_in_executor(_HASHING, _verify, stored, capped)
    return is_right and stored is not None and capped == password


def _verify(stored: str | None, password: str) -> bool:
    try:
        return _HASHER.verify(stored or _nobodys_hash(), password.encode(errors="surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False


async def sign_in(
    db: Database, login: str, password: str, *, source: str, keys: Keys, now: datetime, agent: str = ""
) -> SignedIn:
    """Check login and password and open a new session, a half one where a second factor is asked for.

    `source`: the network address, kept only as a keyed hash; `agent`: the browser in a word or two.
    Raises SignInRefusedError, InitialExpiredError or SignInTooOftenError.
    """
    login = login.strip()[: MAX_LOGIN + 1]
    counters = _counters(login, source, keys)
    staff = await _count_try(db, login, counters, now=now)
    is_right = await matches_password(staff.password_hash if staff else None, password)
    if staff is None or not is_right or not staff.is_active:
        await _record_failure(db, staff, now=now)
        raise SignInRefusedError
    if staff.must_change_password and staff.initial_until and staff.initial_until <= now:
        raise InitialExpiredError
    async with db.begin() as session:
        for scope, digest, _ in counters:
            await forget_failures(session, scope, digest)
        return await enter(session, staff.id, keys=keys, now=now, agent=agent)


async def enter(
    session: AsyncSession, staff_id: int, *, keys: Keys, now: datetime, agent: str = ""
) -> SignedIn:
    """The password is right: a whole session, or a half one that waits for the code of the second factor."""
    staff = await session.get_one(Staff, staff_id)
    is_half = staff.totp is not None
    token = open_session(session, staff, keys=keys, now=now, agent=agent, is_half=is_half)
    if not is_half:
        staff.last_seen_at = now
        record_event(session, "signed_in", at=now, by=staff.id)
    return SignedIn(staff, token, is_half)


async def _record_failure(db: Database, staff: Staff | None, *, now: datetime) -> None:
    """Audit failures of accounts that exist; a flood of made-up logins must not fill the chain."""
    if staff:
        async with db.begin() as session:
            record_event(session, "sign_in_failed", at=now, by=staff.id)


def _counters(login: str, source: str, keys: Keys) -> list[tuple[str, bytes, int]]:
    return [
        ("sign-in", keys.digest("source", "sign-in", login.casefold()), FREE_TRIES),
        ("sign-in-source", keys.digest("source", "sign-in-source", source), FREE_TRIES_OF_SOURCE),
    ]


async def _count_try(
    db: Database, login: str, counters: list[tuple[str, bytes, int]], *, now: datetime
) -> Staff | None:
    """Take the try as failed for the time being; answer the account, if there is one."""
    async with db.begin() as session:
        for scope, digest, free_tries in counters:
            if wait := await wait_seconds(session, scope, digest, now=now):
                raise SignInTooOftenError(wait)
            await note_failure(
                session, scope, digest, now=now, free_tries=free_tries, longest_wait=LONGEST_WAIT
            )
        return await find_staff_by_login(session, login) if len(login) <= MAX_LOGIN else None


def open_session(
    session: AsyncSession,
    staff: Staff,
    *,
    keys: Keys,
    now: datetime,
    agent: str = "",
    is_half: bool = False,
) -> bytes:
    """A new session row; answers its secret token, of which only a keyed hash is stored."""
    token = secrets.token_bytes(TOKEN_BYTES)
    row = StaffSession(staff_id=staff.id, token=hash_token(keys, token), created_at=now, seen_at=now)
    row.agent, row.is_half = agent[:64], is_half
    session.add(row)
    return token


def hash_token(keys: Keys, token: bytes) -> bytes:
    """What is stored of a session token."""
    return keys.digest("session", "staff", token)


async def find_signed_in(db: Database, token: bytes, *, keys: Keys, now: datetime) -> Staff | None:
    """Whose living session this is; notes that it was seen."""
    digest = hash_token(keys, token)
    async with db.read() as session:
        found = await find_session(session, digest, now=now)
    if found is None:
        return None
    row, staff = found
    if now - row.seen_at >= TOUCH_AFTER:
        async with db.begin() as session:
            if again := await find_session(session, digest, now=now):
                again[0].seen_at = again[1].last_seen_at = now
    return staff


async def find_half_signed_in(db: Database, token: bytes, *, keys: Keys, now: datetime) -> Staff | None:
    """Who gave the right password in this browser and still owes the code of the second factor."""
    async with db.read() as session:
        found = await find_session(session, hash_token(keys, token), now=now, is_half=True)
    return found[1] if found and now - found[0].created_at < HALF_LIMIT else None


async def end_other_sessions(
    session: AsyncSession, staff_id: int, token: bytes, *, keys: Keys, now: datetime
) -> int:
    """Sign this person out everywhere but here; answers of how many browsers."""
    ended = await end_sessions(session, staff_id, but=hash_token(keys, token))
    if ended:
        record_event(session, "other_sessions_ended", at=now, by=staff_id, count=ended)
    return ended


async def sign_out(db: Database, token: bytes, *, by: Staff, keys: Keys, now: datetime) -> None:
    """End this browser's session."""
    async with db.begin() as session:
        await end_session(session, hash_token(keys, token))
        record_event(session, "signed_out", at=now, by=by.id)


async def change_password(
    db: Database,
    staff_id: int,
    *,
    old: str,
    new: str,
    repeated: str,
    keys: Keys,
    now: datetime,
    agent: str = "",
) -> SignedIn:
    """Set a new password, end all sessions and open a new one for this browser.

    Raises PasswordRefusedError, or SignInTooOftenError where the old password was guessed at.
    """
    async with db.read() as session:
        staff = await session.get_one(Staff, staff_id)
    if problem := find_problem(new, login=staff.login):
        raise PasswordRefusedError(problem)
    if new != repeated:
        raise PasswordRefusedError(PasswordProblem.NOT_REPEATED)
    counters = _counters(staff.login, "", keys)[:1]
    await _count_try(db, staff.login, counters, now=now)
    if not await matches_password(staff.password_hash, old):
        raise PasswordRefusedError(PasswordProblem.WRONG_OLD)
    if new == old:
        raise PasswordRefusedError(PasswordProblem.SAME)
    hashed = await hash_aside(new)
    async with db.begin() as session:
        staff = await session.get_one(Staff, staff_id)
        set_password(staff, hashed)
        await forget_failures(session, *counters[0][:2])
        await end_sessions(session, staff.id)
        token = open_session(session, staff, keys=keys, now=now, agent=agent)
        record_event(session, "password_changed", at=now, by=staff.id)
    return SignedIn(staff, token)


async def hash_aside(password: str) -> str:
    """Slow hash, off the event loop and two at a time."""
    return await asyncio.get_running_loop().run_in_executor(_HASHING, hash_password, password)


def set_password(staff: Staff, hashed: str) -> None:
    """The person's own password from now on; what the administrator gave is void."""
    staff.password_hash, staff.must_change_password = hashed, False
    staff.invite, staff.initial_until = None, None


async def check_own_password(
    db: Database, staff_id: int, password: str, *, keys: Keys, now: datetime
) -> None:
    """Who changes how he signs in says his password once more.

    Raises PasswordRefusedError, or SignInTooOftenError where it was guessed at.
    """
    async with db.read() as session:
        staff = await session.get_one(Staff, staff_id)
    scope, digest, free_tries = _counters(staff.login, "", keys)[0]
    await _count_try(db, staff.login, [(scope, digest, free_tries)], now=now)
    if not await matches_password(staff.password_hash, password):
        raise PasswordRefusedError(PasswordProblem.WRONG_OLD)
    async with db.begin() as session:
        await forget_failures(session, scope, digest)


def hash_invite(keys: Keys, token: bytes) -> bytes:
    """What is stored of an invitation's token."""
    return keys.digest("session", "staff-invite", token)


async def accept_invite(
    db: Database, token: bytes, *, new: str, repeated: str, keys: Keys, now: datetime, agent: str = ""
) -> SignedIn:
    """Somebody who was invited sets his own password; the invitation is void then.

    Raises PasswordRefusedError, or SignInRefusedError for an invitation that is used, over or nobody's.
    """
    staff = await find_invited(db, token, keys=keys, now=now)
    if staff is None:
        raise SignInRefusedError
    if problem := find_problem(new, login=staff.login):
        raise PasswordRefusedError(problem)
    if new != repeated:
        raise PasswordRefusedError(PasswordProblem.NOT_REPEATED)
    hashed = await hash_aside(new)
    async with db.begin() as session:
        again = await find_staff_by_invite(session, hash_invite(keys, token), now=now, to_change=True)
        if again is None:
            raise SignInRefusedError
        set_password(again, hashed)
        await end_sessions(session, again.id)
        record_event(session, "invite_used", at=now, by=again.id)
        return await enter(session, again.id, keys=keys, now=now, agent=agent)


async def find_invited(db: Database, token: bytes, *, keys: Keys, now: datetime) -> Staff | None:
    """Whose invitation this is, if it still counts."""
    async with db.read() as session:
        return await find_staff_by_invite(session, hash_invite(keys, token), now=now)


async def save_preferences(
    session: AsyncSession, staff_id: int, *, locale: str, email: str, now: datetime
) -> None:
    """Keep one's own language and mail address for notices."""
    staff = await session.get_one(Staff, staff_id)
    changed = [
        name for name, new in (("locale", locale), ("email", email or None)) if getattr(staff, name) != new
    ]
    staff.locale, staff.email = locale, email or None
    if changed:
        record_event(session, "preferences_changed", at=now, by=staff.id, changed=changed)
