"""An optional hurdle for machines before a tip is sent: some work for a script, or a short wait without one.

Off unless `TIPLINE_WORK_BITS` is set. Nobody has to recognise pictures: a browser with scripts finds a number
in the background while the summary is read; one without waits, and whoever reads for long enough has waited
already. A challenge holds for one draft and one hour.
"""

import hashlib
import math
from datetime import timedelta

from aiohttp import web

from bot.web.context import DESK
from config.web import SITE, Form
from config.web.cookies import find_signed, sign
from models.tip import Draft

TOKEN, NONCE = "work_token", "work_nonce"
WAIT = timedelta(seconds=20)
LASTS = timedelta(hours=1)
LONGEST_NONCE = 20


def make_token(request: web.Request, draft: Draft) -> str:
    """A challenge for this draft; empty where the hurdle is off."""
    desk = request.app[DESK]
    if not desk.settings.work_bits:
        return ""
    return sign(request.app[SITE].secret, "work", f"{draft.id}/{int(desk.now().timestamp())}")


def seconds_to_wait(request: web.Request, draft: Draft, form: Form) -> int:
    """0 when the work is done or the wait is over, else how long to wait still; a token that is no use starts anew."""
    desk = request.app[DESK]
    if not desk.settings.work_bits:
        return 0
    token = form.get(TOKEN)
    age = _age(request, draft, token)
    if age is None:
        return math.ceil(WAIT.total_seconds())
    if is_solved(token, form.get(NONCE), desk.settings.work_bits):
        return 0
    return max(0, math.ceil(WAIT.total_seconds() - age))


def is_solved(token: str, nonce: str, bits: int) -> bool:
    """Whether the hash of token and nonce begins with so many zero bits."""
    if not nonce.isascii() or not nonce.isdigit() or len(nonce) > LONGEST_NONCE:
        return False
    digest = hashlib.sha256(f"{token}:{nonce}".encode()).digest()
    return int.from_bytes(digest) >> (256 - bits) == 0


def _age(request: web.Request, draft: Draft, token: str) -> float | None:
    value = find_signed(request.app[SITE].secret, "work", token)
    if value is None:
        return None
    draft_id, issued = value.split("/")
    age = request.app[DESK].now().timestamp() - int(issued)
    return age if int(draft_id) == draft.id and 0 <= age <= LASTS.total_seconds() else None
