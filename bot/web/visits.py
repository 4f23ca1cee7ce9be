"""Visits with number and code: half an hour in one browser, ended for good by logging out."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from bot.web.context import DESK
from config.web import SITE, get_cookie, set_cookie
from config.web.cookies import find_signed, sign
from models.queries.tips import get_tip
from models.queries.visits import end_visit, is_visit_ended
from models.tip import Tip

COOKIE = "visit"
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit: which tip, since when. The cookie carries it, signed; no code and no number is in it."""

    tip_id: int
    nonce: str
    began: int
    seen: int


def open_visit(request: web.Request, response: web.StreamResponse, tip: Tip) -> None:
    """Let this browser see the tip for half an hour from its last click."""
    seconds = _seconds(request)
    _keep(request, response, Visit(tip.id, secrets.token_urlsafe(12), seconds, seconds))


def extend_visit(request: web.Request, response: web.StreamResponse, visit: Visit) -> None:
    """Another half hour."""
    _keep(request, response, Visit(visit.tip_id, visit.nonce, visit.began, _seconds(request)))


async def find_visit(request: web.Request) -> tuple[Visit, Tip] | None:
    """The visit of this browser with its tip, or None when there is none, or it is over."""
    desk = request.app[DESK]
    visit = _read(request)
    if visit is None:
        return None
    now = _seconds(request)
    if now - visit.seen > IDLE.total_seconds() or now - visit.began > LONGEST.total_seconds():
        return None
    async with desk.db.read() as session:
        if await is_visit_ended(session, _mark(request, visit)):
            return None
        return visit, await get_tip(session, visit.tip_id)


async def close_visit(request: web.Request) -> None:
    """The cookie of this visit opens nothing any more."""
    desk = request.app[DESK]
    if visit := _read(request):
        async with desk.db.begin() as session:
            await end_visit(session, _mark(request, visit), now=desk.now(), lasts=LONGEST)


def _keep(request: web.Request, response: web.StreamResponse, visit: Visit) -> None:
    value = f"{visit.tip_id}/{visit.nonce}/{visit.began}/{visit.seen}"
    set_cookie(request, response, COOKIE, sign(request.app[SITE].secret, "visit", value))


def _read(request: web.Request) -> Visit | None:
    value = find_signed(request.app[SITE].secret, "visit", get_cookie(request, COOKIE))
    if value is None:
        return None
    tip_id, nonce, began, seen = value.split("/")
    return Visit(int(tip_id), nonce, int(began), int(seen))


def _mark(request: web.Request, visit: Visit) -> bytes:
    return request.app[DESK].keys.digest("session", "visit", visit.nonce)


def _seconds(request: web.Request) -> int:
    return int(request.app[DESK].now().timestamp())
