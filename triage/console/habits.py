"""Choices of one browser: lists without what could be read over a shoulder, and whether single keys do anything."""

from collections.abc import Mapping

from aiohttp import web

from config.web import get_cookie, see_other, set_cookie

YEAR_SECONDS = 365 * 24 * 3600
DISCREET = "discreet"
KEYS = "keys"


def is_discreet(request: web.Request) -> bool:
    """Whether names and what is alleged are to be left out."""
    return get_cookie(request, DISCREET) == "1"


def take_switch(request: web.Request, asked: Mapping[str, str]) -> web.Response | None:
    """`?discreet=1` or `0` on a list is remembered, then the same list comes without it."""
    chosen = asked.get(DISCREET)
    if chosen not in {"0", "1"}:
        return None
    response = see_other(str(request.rel_url.without_query_params(DISCREET)))
    set_cookie(request, response, DISCREET, chosen, seconds=YEAR_SECONDS)
    return response


def has_keys(request: web.Request) -> bool:
    """Whether single keys act; who dictates or shakes switches them off (WCAG 2.1.4)."""
    return get_cookie(request, KEYS) != "off"


def set_keys(request: web.Request, response: web.Response, *, is_on: bool) -> None:
    """Remember it."""
    set_cookie(request, response, KEYS, "on" if is_on else "off", seconds=YEAR_SECONDS)
