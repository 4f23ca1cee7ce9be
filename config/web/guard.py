"""Middlewares of both sites: errors become pages, hostile requests are turned away, forms are checked."""

import secrets
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from aiohttp import hdrs, web

from config.web.cookies import set_cookie
from config.web.csrf import SAFE_METHODS, check_origin, check_token, keep_seed
from config.web.errors import Refusal, problem, refusal_of, title_of_page
from config.web.form import FORM, get_query, read_form
from config.web.headers import harden
from config.web.pages import ELDER_COOKIE, ELDER_SIZES, LOCALE_COOKIE, find_locale, get_locale, render
from config.web.site import SITE

log = structlog.get_logger()
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ROOT = Path(__file__).parent.parent.parent
METHODS = frozenset({"GET", "HEAD", "POST"})
YEAR_SECONDS = 365 * 86400
NEVER_IN_PATHS = ("//", "\\", "\0", "%00", "%2f", "%5c", "/../", "/./")


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outermost: whatever goes wrong inside ends in a page (or problem JSON) with a kind sentence."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return answer_refusal(request, refusal)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return answer_refusal(request, refusal_of(error))
    except ConnectionError:
        raise  # the reader has gone: nobody is left to answer
    except Exception as error:  # noqa: BLE001 - the edge: unknown errors are logged without their content
        error_id = secrets.token_hex(4)
        # An exception's own message may quote a tip (a database error shows its parameters), so only
        # its kind and place are written down.
        log.error("request_failed", error_id=error_id, kind=type(error).__name__, places=_places(error))
        return answer_refusal(request, Refusal(500, "status.500.body", extra={"error_id": error_id}))


def answer_refusal(request: web.Request, refusal: Refusal) -> web.Response:
    """The page of a refusal, or its JSON form below the API's prefix."""
    locale = get_locale(request)
    if request.path.startswith(request.app[SITE].api_prefix):
        response = problem(refusal, locale)
    else:
        response = render(
            request,
            "error.html",
            status=refusal.status,
            title=title_of_page(refusal, locale),
            sentence=refusal.sentence(locale),
            error_id=refusal.extra.get("error_id"),
            typed=_typed_words(request),
            was_form=request.method not in SAFE_METHODS,
            can_remember=refusal.key != "request.no_cookie",
        )
        response.headers.update(refusal.headers)
    if refusal.status in {408, 413}:
        response.force_close()  # the rest of the body is not worth reading
    return response


def _typed_words(request: web.Request) -> str:
    """What a refused form held in its box for words: the page gives it back, so that nobody must write it twice."""
    words = request[FORM].get_all("text") if FORM in request else []
    return words[0] if len(words) == 1 else ""


@web.middleware
async def refuse_hostile(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn away what no browser of a citizen sends."""
    path = request.rel_url.raw_path.lower()
    if request.method not in METHODS:
        raise Refusal(405, "status.405.body", headers={hdrs.ALLOW: "GET, HEAD, POST"})
    if any(sign in path for sign in NEVER_IN_PATHS):
        raise Refusal(404, "status.404.body")
    _check_host(request)
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise Refusal(415, "request.packed")
    get_query(request)
    return await handler(request)


def _check_host(request: web.Request) -> None:
    """Only our own name, or one of this machine (a proxy, a health check). Raises Refusal 421."""
    hosts = request.headers.getall(hdrs.HOST, [])
    if len(hosts) != 1:
        raise Refusal(400, "request.host")
    ours = request.app[SITE].host
    host = hosts[0].lower()
    is_local = host.rpartition(":")[0] in {"localhost", "127.0.0.1", "[::1]"} or host in {
        "localhost",
        "127.0.0.1",
    }
    if ours is not None and host != ours and not is_local:
        raise Refusal(421, "status.421.body")


@web.middleware
async def keep_preferences(request: web.Request, handler: Handler) -> web.StreamResponse:
    """`?lang=en` and `?elder=1` on any page are remembered, then the same page comes without them."""
    query = get_query(request)
    lang, elder = find_locale(query.get("lang")), query.get("elder")
    is_api = request.path.startswith(request.app[SITE].api_prefix)
    if request.method not in SAFE_METHODS or is_api or (lang is None and elder not in ELDER_SIZES):
        return await handler(request)
    rest = request.rel_url.without_query_params("lang", "elder")
    response = web.Response(status=303, headers={hdrs.LOCATION: str(rest)})
    if lang:
        set_cookie(request, response, LOCALE_COOKIE, lang, seconds=YEAR_SECONDS)
    if elder in ELDER_SIZES:
        set_cookie(request, response, ELDER_COOKIE, elder, seconds=YEAR_SECONDS)
    return response


@web.middleware
async def check_forms(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Read and check the form of every POST outside the API; handlers find it with `get_form`."""
    site = request.app[SITE]
    is_open = request.path.startswith((site.api_prefix, *site.unguarded))
    if request.method in SAFE_METHODS or is_open:
        response = await handler(request)
    else:
        check_origin(request)
        form = await read_form(request)
        try:
            request[FORM] = form  # also for the page of a refusal, which gives the words back
            check_token(request, form)
            response = await handler(request)
        finally:
            form.close()
    keep_seed(request, response)
    return response


async def harden_response(request: web.Request, response: web.StreamResponse) -> None:
    """Signal of every response, errors included."""
    harden(response, is_https=request.app[SITE].is_https)


def _places(error: Exception) -> list[str]:
    """Where it happened: file and line of our own frames."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        frame for frame in frames if str(ROOT) in frame.filename and "site-packages" not in frame.filename
    ]
    return [f"{Path(frame.filename).relative_to(ROOT)}:{frame.lineno}" for frame in ours][-5:]


MIDDLEWARES = (answer_errors, refuse_hostile, keep_preferences, check_forms)
