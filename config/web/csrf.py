"""Forged requests: every POST of a page must come from a page of ours.

Two locks. The browser says where a request comes from (Sec-Fetch-Site, Origin): a foreign place is
refused. And every form carries a token signed over a random cookie and, where a site has sessions, over
the session cookie: it dies with the session.
"""

import secrets
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from config.web.cookies import find_signed, get_cookie, set_cookie, sign
from config.web.errors import Refusal
from config.web.form import Form
from config.web.site import SITE

FIELD = "csrf_token"
COOKIE = "form"
SAFE_METHODS = frozenset({"GET", "HEAD"})
_FRESH = web.RequestKey("fresh_form_cookie", str)


def make_token(request: web.Request) -> str:
    """Token for the forms of this page; marks the response to carry the cookie when there was none."""
    seed = get_cookie(request, COOKIE) or request.get(_FRESH)
    if seed is None:
        seed = request[_FRESH] = secrets.token_urlsafe(16)
    return sign(request.app[SITE].secret, "csrf", f"{seed}/{_session(request)}").rpartition(".")[2]


def keep_seed(request: web.Request, response: web.StreamResponse) -> None:
    """Send the random cookie along with the first page that holds a form."""
    if fresh := request.get(_FRESH):
        set_cookie(request, response, COOKIE, fresh)


def check_origin(request: web.Request) -> None:
    """Refuse what a browser says comes from another place. Raises Refusal 403."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        raise Refusal(403, "request.foreign")
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return
    hosts = {request.host.lower(), request.app[SITE].host}
    if origin == "null" or urlsplit(origin).netloc.lower() not in hosts:
        raise Refusal(403, "request.foreign")


def check_token(request: web.Request, form: Form) -> None:
    """Refuse a form without our token. Raises Refusal 403, with a sentence of its own where cookies are off."""
    seed = get_cookie(request, COOKIE)
    if seed is None:
        raise Refusal(403, "request.no_cookie")
    value = f"{seed}/{_session(request)}"
    if find_signed(request.app[SITE].secret, "csrf", f"{value}.{form.get(FIELD)}") is None:
        raise Refusal(403, "request.stale_form")


def _session(request: web.Request) -> str:
    name = request.app[SITE].session_cookie
    return (get_cookie(request, name) or "") if name else ""
