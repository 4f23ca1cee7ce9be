"""Receipts: the case number and return code that open the way back.

Both derive from the submission key (random, held by the citizen's browser or the draft) and a key of
ours: a repeated request gets the same pair although the code itself is stored nowhere. What is stored
is a keyed hash, cheap to make, so that many can submit at once; the worker hardens it to argon2id
soon after, and every try of a code costs one argon2id check, whether or not the case exists.
"""

import asyncio
import hmac
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from config.keys import Keys
from models.numbers import CODE_DIGITS, is_case_number, make_case_number, make_code, read_digits
from models.queries.limits import forget_failures, note_failure, wait_seconds
from models.queries.tips import find_tip_by_number
from models.session import Database
from models.states import Channel, CodeScheme
from models.tip import Tip

TRIES_BEFORE_WAITING = 5
LONGEST_WAIT = timedelta(minutes=15)
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_HASHING = ThreadPoolExecutor(max_workers=2, thread_name_prefix="receipt")
"""Two at a time, off the event loop: a hash is a target for those who want to keep the processor busy."""


class TooManyTriesError(Exception):
    """Too many wrong codes for this number; `wait_seconds` says when the next try is taken."""

    def __init__(self, wait_seconds: int) -> None:
        """Keep how long to wait."""
        super().__init__(f"wait {wait_seconds} s")
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the citizen gets. `is_repeat`: the tip was stored by an earlier request with the same key."""

    case_number: str
    code: str
    received_at: datetime
    tip_id: int
    is_repeat: bool


def derive_number(keys: Keys, channel: Channel, submission_key: str, *, year: int, attempt: int) -> str:
    """Case number of a submission; the next attempt gives another one, should the first be taken."""
    digest = keys.digest("submission", "number", channel, submission_key, str(attempt))
    return make_case_number(year, int.from_bytes(digest))


def derive_code(keys: Keys, channel: Channel, submission_key: str) -> str:
    """Return code of a submission."""
    return make_code(int.from_bytes(keys.digest("submission", "code", channel, submission_key)))


def hash_code(keys: Keys, number: str, code: str) -> str:
    """Fast keyed hash of a code, in hex: what is stored at first."""
    return keys.digest("code", number, code).hex()


def harden(fast: str) -> str:
    """Slow hash of the fast one: what is stored in the end. Takes some 25 ms of one core."""
    return _HASHER.hash(fast)


async def find_tip_by_receipt(
    db: Database, number: str, code: str, *, keys: Keys, now: datetime
) -> Tip | None:
    """The tip that number and code open, as typed by a person; None when either is wrong.

    Wrong number and wrong code take the same way and the same time. Raises TooManyTriesError.
    """
    digits, secret = read_digits(number), read_digits(code)
    source = keys.digest("source", "receipt", digits)
    async with db.read() as session:
        if wait := await wait_seconds(session, "receipt", source, now=now):
            raise TooManyTriesError(wait)
        tip = await find_tip_by_number(session, digits) if is_case_number(digits) else None
    fast = hash_code(keys, digits, secret)
    is_right = await asyncio.get_running_loop().run_in_executor(_HASHING, _matches, tip, fast)
    async with db.begin() as session:
        if is_right and len(secret) == CODE_DIGITS:
            await forget_failures(session, "receipt", source)
            return tip
        await note_failure(
            session, "receipt", source, now=now, free_tries=TRIES_BEFORE_WAITING, longest_wait=LONGEST_WAIT
        )
    return None


def _matches(tip: Tip | None, fast: str) -> bool:
    """Compare in the same time whatever is stored: one argon2id check, always."""
    is_hard = tip is not None and tip.code_scheme is CodeScheme.ARGON2
    is_right = _verify(tip.code_hash if tip and is_hard else _nobodys_hash(), fast)
    if tip is not None and not is_hard:
        return hmac.compare_digest(tip.code_hash, fast)
    return is_right


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash("nobody's code")


def _verify(slow: str, fast: str) -> bool:
    try:
        return _HASHER.verify(slow, fast)
    except VerificationError:
        return False
