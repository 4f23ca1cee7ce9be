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

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.ext.asyncio import AsyncSession

from config.keys import Keys
from models.audit import record_event
from models.queries.limits import forget_failures, note_failure, wait_seconds
from models.queries.staff import end_session, end_sessions, find_session, find_staff_by_login
from models.session import Database
from models.staff import Staff, StaffSession

MIN_PASSWORD = 12
MAX_PASSWORD = 128
MAX_LOGIN = 64
MIN_DIFFERENT = 6
TOKEN_BYTES = 32
FREE_TRIES = 5
FREE_TRIES_OF_SOURCE = 50
LONGEST_WAIT = timedelta(minutes=15)
TOUCH_AFTER = timedelta(minutes=1)
"""A session's last sight is written at most once a minute: reading a page should not cost a write."""

_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
_HASHING = ThreadPoolExecutor(max_workers=2, thread_name_prefix="password")
_ONE_TIME_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
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


class SignInTooOftenError(Exception):
    """Too many failures for this login or from this place; `wait_seconds` says when the next try is taken."""

    def __init__(self, wait_seconds: int) -> None:
        """Keep how long to wait."""
        super().__init__(f"wait {wait_seconds} s")
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: `token` goes into the cookie and nowhere else."""

    staff: Staff
    token: bytes = field(repr=False)


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
    if any(len(plain.replace(word, "")) < MIN_PASSWORD // 2 for word in _COMMON if word in plain):
        return PasswordProblem.COMMON
    return None


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
    db: Database, login: str, password: str, *, source: str, keys: Keys, now: datetime
) -> SignedIn:
    """Check login and password and open a new session. `source`: the network address, kept only as a keyed hash.

    Raises SignInRefusedError or SignInTooOftenError.
    """
    login = login.strip()[: MAX_LOGIN + 1]
    counters = _counters(login, source, keys)
    staff = await _count_try(db, login, counters, now=now)
    is_right = await matches_password(staff.password_hash if staff else None, password)
    if staff is None or not is_right or not staff.is_active:
        await _record_failure(db, staff, now=now)
        raise SignInRefusedError
    async with db.begin() as session:
        for scope, digest, _ in counters:
            await forget_failures(session, scope, digest)
        (await session.get_one(Staff, staff.id)).last_seen_at = now
        token = open_session(session, staff, keys=keys, now=now)
        record_event(session, "signed_in", at=now, by=staff.id)
    return SignedIn(staff, token)


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


def open_session(session: AsyncSession, staff: Staff, *, keys: Keys, now: datetime) -> bytes:
    """A new session row; answers its secret token, of which only a keyed hash is stored."""
    token = secrets.token_bytes(TOKEN_BYTES)
    session.add(StaffSession(staff_id=staff.id, token=hash_token(keys, token), created_at=now, seen_at=now))
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


async def sign_out(db: Database, token: bytes, *, by: Staff, keys: Keys, now: datetime) -> None:
    """End this browser's session."""
    async with db.begin() as session:
        await end_session(session, hash_token(keys, token))
        record_event(session, "signed_out", at=now, by=by.id)


async def change_password(
    db: Database, staff_id: int, *, old: str, new: str, repeated: str, keys: Keys, now: datetime
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
    hashed = await asyncio.get_running_loop().run_in_executor(_HASHING, hash_password, new)
    async with db.begin() as session:
        staff = await session.get_one(Staff, staff_id)
        staff.password_hash, staff.must_change_password = hashed, False
        await forget_failures(session, *counters[0][:2])
        await end_sessions(session, staff.id)
        token = open_session(session, staff, keys=keys, now=now)
        record_event(session, "password_changed", at=now, by=staff.id)
    return SignedIn(staff, token)


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
