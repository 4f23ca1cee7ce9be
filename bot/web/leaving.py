"""Leaving without traces in the browser."""

from aiohttp import web

from config.web import delete_cookie, see_other


def leave_no_trace(request: web.Request, address: str) -> web.Response:
    """Send the browser on and tell it to forget our pages and cookies."""
    response = see_other(address)
    response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    for name in ("draft", "visit", "form", "notice"):
        delete_cookie(request, response, name)
    return response
