"""The second factor: six digits from an app (TOTP, RFC 6238), each taken once, and recovery codes for a lost phone.

Only the code of the running half minute counts, and none that is not newer than the one taken last: what
somebody saw, padded or kept for later is worth nothing. The secret is sealed; of recovery codes only a
slow hash is stored. Five failures lock the account's second step for a minute, then for longer each time.
"""

import asyncio
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from io import BytesIO

import pyotp
import segno
from argon2 import PasswordHasher
from sqlalchemy.ext.asyncio import AsyncSession

from config.keys import Keys
from models.audit import record_event
from models.numbers import read_digits
from models.queries.limits import forget_failures, note_failure, wait_seconds
from models.queries.staff import (
    delete_recovery_codes,
    end_session,
    end_sessions,
    get_staff_to_change,
    list_recovery_codes,
    use_recovery_code,
)
from models.session import Database
from models.staff import RecoveryCode, Staff
from models.states import Role
from triage.accounts import (
    LONGEST_WAIT,
    SignedIn,
    SignInRefusedError,
    SignInTooOftenError,
    find_half_signed_in,
    hash_token,
    make_one_time_password,
    matches_password,
    open_session,
)

STEP_SECONDS = 30
DIGITS = 6
FREE_TRIES = 5
FIRST_WAIT = timedelta(minutes=1)
RECOVERY_CODES = 10
LOOKUP = 4
"""So many characters find the code, the other twelve are its secret: 59 bits behind a slow hash."""
FORCED = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR, Role.LEAD})
"""Who decides over others must use it where the installation requires it."""
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""Random secrets of 59 bits need no more, and ten are made at once."""
_PLACE = "staff.totp"
_ISSUER = "Tipline"


class SecondFactor(StrEnum):
    """How an installation holds it: `TIPLINE_SECOND_FACTOR`."""

    REQUIRED = "required"
    OFFERED = "offered"


class CodeRefusedError(ValueError):
    """The code is wrong, over, or was used before: nobody is told which."""


def must_enrol(staff: Staff, policy: str) -> bool:
    """Whether this person sees nothing else before he has switched it on."""
    return policy == SecondFactor.REQUIRED and staff.role in FORCED and staff.totp is None


# ---------------------------------------------------------------- switching it on and off


async def prepare(session: AsyncSession, staff_id: int, *, keys: Keys) -> None:
    """Make a secret that counts once it was confirmed; a started one stays, so that a reload shows the same."""
    staff = await get_staff_to_change(session, staff_id)
    if staff.totp is None and staff.totp_pending is None:
        staff.totp_pending = keys.seal("identity", pyotp.random_base32().encode(), place=_PLACE)


def find_pending_secret(staff: Staff, *, keys: Keys) -> str | None:
    """The secret to be put into the app, while it waits to be confirmed."""
    return _open(staff.totp_pending, keys) if staff.totp_pending and not staff.totp else None


def draw_secret(secret: str, login: str) -> str:
    """The secret as a QR picture: an SVG element without style or script."""
    address = pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=_ISSUER)
    drawn = BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawn,
        kind="svg",
        border=4,
        omitsize=True,
        xmldecl=False,
        svgns=True,
        nl=False,
        dark="#000",
        light="#fff",
    )
    return drawn.getvalue().decode()


async def confirm(
    db: Database, staff_id: int, typed: str, *, token: bytes, keys: Keys, now: datetime
) -> list[str]:
    """The app shows the right code: switched on. Answers the recovery codes, shown this once.

    All other browsers are signed out. Raises CodeRefusedError or SignInTooOftenError.
    """
    await _count_try(db, staff_id, keys=keys, now=now)
    codes, rows = await _make_recovery_codes(staff_id)
    async with db.begin() as session:
        staff = await get_staff_to_change(session, staff_id)
        if staff.totp_pending is None or not _take(staff, staff.totp_pending, typed, keys=keys, now=now):
            raise CodeRefusedError
        staff.totp, staff.totp_pending, staff.totp_at = staff.totp_pending, None, now
        await _replace_codes(session, staff_id, rows)
        await end_sessions(session, staff_id, but=hash_token(keys, token))
        await forget_failures(session, *_counter(staff_id, keys))
        record_event(session, "second_factor_on", at=now, by=staff_id)
    return codes


async def renew_recovery_codes(db: Database, staff_id: int, *, now: datetime) -> list[str]:
    """New recovery codes instead of the old ones, shown this once. The caller has checked password and code."""
    codes, rows = await _make_recovery_codes(staff_id)
    async with db.begin() as session:
        await _replace_codes(session, staff_id, rows)
        record_event(session, "recovery_codes_renewed", at=now, by=staff_id)
    return codes


async def turn_off(db: Database, staff_id: int, *, now: datetime) -> None:
    """Without a second factor from now on. The caller has checked password and code."""
    async with db.begin() as session:
        await forget_second_factor(session, await get_staff_to_change(session, staff_id))
        record_event(session, "second_factor_off", at=now, by=staff_id)


async def forget_second_factor(session: AsyncSession, staff: Staff) -> None:
    """Take secret and recovery codes away."""
    staff.totp = staff.totp_pending = staff.totp_step = staff.totp_at = None
    await delete_recovery_codes(session, staff.id)


async def _make_recovery_codes(staff_id: int) -> tuple[list[str], list[RecoveryCode]]:
    codes = [make_one_time_password() for _ in range(RECOVERY_CODES)]
    hashes = await asyncio.to_thread(lambda: [_HASHER.hash(_plain(code)[LOOKUP:]) for code in codes])
    rows = [
        RecoveryCode(staff_id=staff_id, lookup=_plain(code)[:LOOKUP], code_hash=hashed)
        for code, hashed in zip(codes, hashes, strict=True)
    ]
    return codes, rows


async def _replace_codes(session: AsyncSession, staff_id: int, rows: Sequence[RecoveryCode]) -> None:
    await delete_recovery_codes(session, staff_id)
    session.add_all(rows)


# ---------------------------------------------------------------- signing in with it


async def finish_sign_in(
    db: Database, token: bytes, typed: str, *, keys: Keys, now: datetime, agent: str = ""
) -> SignedIn:
    """The second step: the half session of `token` becomes a whole one under another token.

    Raises SignInRefusedError where there is no half session, CodeRefusedError or SignInTooOftenError.
    """
    half = await find_half_signed_in(db, token, keys=keys, now=now)
    if half is None:
        raise SignInRefusedError
    how = await check_code(db, half.id, typed, keys=keys, now=now)
    async with db.begin() as session:
        staff = await session.get_one(Staff, half.id)
        await end_session(session, hash_token(keys, token))
        staff.last_seen_at = now
        whole = open_session(session, staff, keys=keys, now=now, agent=agent)
        record_event(session, "signed_in", at=now, by=staff.id, second_factor=how)
    return SignedIn(staff, whole)


async def check_code(db: Database, staff_id: int, typed: str, *, keys: Keys, now: datetime) -> str:
    """Take a code of the app or a recovery code; answers which it was.

    Raises CodeRefusedError or SignInTooOftenError.
    """
    await _count_try(db, staff_id, keys=keys, now=now)
    digits = _digits(typed)
    is_right = (
        await _check_digits(db, staff_id, digits, keys=keys, now=now)
        if digits
        else await _check_recovery(db, staff_id, typed, now=now)
    )
    async with db.begin() as session:
        if is_right:
            await forget_failures(session, *_counter(staff_id, keys))
        else:
            record_event(session, "second_factor_failed", at=now, by=staff_id)
    if not is_right:
        raise CodeRefusedError
    return "app" if digits else "recovery_code"


async def _check_digits(db: Database, staff_id: int, digits: str, *, keys: Keys, now: datetime) -> bool:
    async with db.begin() as session:
        staff = await get_staff_to_change(session, staff_id)
        return staff.totp is not None and _take(staff, staff.totp, digits, keys=keys, now=now)


async def _check_recovery(db: Database, staff_id: int, typed: str, *, now: datetime) -> bool:
    """One slow hash for every try, whether there is such a code or not."""
    plain = _plain(typed[:200])
    async with db.read() as session:
        found = await list_recovery_codes(session, staff_id, lookup=plain[:LOOKUP])
    row = found[0] if found else None
    if not await matches_password(row.code_hash if row else None, plain[LOOKUP:]) or row is None:
        return False
    async with db.begin() as session:
        if not await use_recovery_code(session, row.id, now=now):
            return False
        left = len(await list_recovery_codes(session, staff_id))
        record_event(session, "recovery_code_used", at=now, by=staff_id, left=left)
    return True


def _take(staff: Staff, sealed: bytes, typed: str, *, keys: Keys, now: datetime) -> bool:
    """Whether this is the code of the running half minute and newer than any taken before; it is spent then."""
    step = int(now.timestamp()) // STEP_SECONDS
    digits = _digits(typed)
    if not digits or (staff.totp_step is not None and step <= staff.totp_step):
        return False
    if not hmac.compare_digest(pyotp.TOTP(_open(sealed, keys)).generate_otp(step), digits):
        return False
    staff.totp_step = step
    return True


def _digits(typed: str) -> str:
    """Six digits, with or without a blank in the middle, full-width or not; nothing for anything else."""
    digits = read_digits(typed)
    is_plain = len(typed) < 20 and all(ch.isdecimal() or ch in " -\u3000" for ch in typed)
    return digits if is_plain and len(digits) == DIGITS else ""


def _plain(code: str) -> str:
    return "".join(ch for ch in code.casefold() if ch.isascii() and ch.isalnum())


def _open(sealed: bytes, keys: Keys) -> str:
    return keys.unseal("identity", sealed, place=_PLACE).decode()


def _counter(staff_id: int, keys: Keys) -> tuple[str, bytes]:
    return "second-factor", keys.digest("source", "second-factor", str(staff_id))


async def _count_try(db: Database, staff_id: int, *, keys: Keys, now: datetime) -> None:
    """Take the try as failed before it is checked, so that many at once cannot slip past the limit."""
    scope, digest = _counter(staff_id, keys)
    async with db.begin() as session:
        if wait := await wait_seconds(session, scope, digest, now=now):
            raise SignInTooOftenError(wait)
        await note_failure(
            session,
            scope,
            digest,
            now=now,
            free_tries=FREE_TRIES,
            longest_wait=LONGEST_WAIT,
            first_wait=FIRST_WAIT,
        )
