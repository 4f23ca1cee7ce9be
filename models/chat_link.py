"""Linking a member of staff with his chat, so that notices reach him there.

The console shows a code; sent to the bot as `/link CODE` it proves that chat and account are one person's.
The code is made, not stored: it is a keyed hash over the account and the quarter of an hour.
"""

import hmac
from datetime import datetime

from config.keys import Keys
from models.numbers import read_digits

SLOT_SECONDS = 900
MAC_DIGITS = 10
_LONGEST = 24


def make_link_code(keys: Keys, staff_id: int, *, now: datetime) -> str:
    """Digits for `/link`; valid for a quarter of an hour at least and half an hour at most."""
    return f"{staff_id}{_mac(keys, staff_id, _slot(now))}"


def find_linked_staff(keys: Keys, typed: str, *, now: datetime) -> int | None:
    """Id of the account that a typed code belongs to, or None."""
    digits = read_digits(typed)
    account, mac = digits[:-MAC_DIGITS], digits[-MAC_DIGITS:]
    if not account or len(digits) > _LONGEST:
        return None
    slot = _slot(now)
    fits = [hmac.compare_digest(mac, _mac(keys, int(account), past)) for past in (slot, slot - 1)]
    return int(account) if any(fits) else None


def _slot(now: datetime) -> int:
    return int(now.timestamp()) // SLOT_SECONDS


def _mac(keys: Keys, staff_id: int, slot: int) -> str:
    digest = keys.digest("session", "staff-chat", str(staff_id), str(slot))
    return f"{int.from_bytes(digest) % 10**MAC_DIGITS:0{MAC_DIGITS}d}"
