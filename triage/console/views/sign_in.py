"""Signing in, in one step or two, and out."""

from urllib.parse import urlencode

from aiohttp import hdrs, web

from config.text import text
from config.web import (
    delete_cookie,
    encode_token,
    get_form,
    get_locale,
    get_query,
    render,
    see_other,
    set_cookie,
)
from models.staff import Staff
from triage import accounts
from triage.accounts import InitialExpiredError, SignedIn, SignInRefusedError, SignInTooOftenError
from triage.console.access import (
    SESSION_COOKIE,
    SIGN_IN,
    SIGN_IN_CODE,
    find_session_token,
    find_signed_in_staff,
    own_path,
)
from triage.console.context import DESK
from triage.second_factor import CodeRefusedError, finish_sign_in


async def show_sign_in(request: web.Request) -> web.StreamResponse:
    """The form; who is signed in already goes on."""
    if await find_signed_in_staff(request):
        return see_other("/")
    query = get_query(request)
    is_over = query.get("over") == "yes"
    return render(request, "sign_in.html", login="", next=query.get("next"), is_over=is_over, errors={})


async def sign_in(request: web.Request) -> web.StreamResponse:
    """Open a session, or say the same for every failure."""
    desk, form = request.app[DESK], get_form(request)
    login, password, source = form.get("login"), form.get("password"), request.remote or ""
    try:
        signed_in = await accounts.sign_in(
            desk.db,
            login,
            password,
            source=source,
            keys=desk.keys,
            now=desk.now(),
            agent=name_agent(request),
        )
    except SignInRefusedError:
        return _refuse(request, 422, "console.sign_in.refused")
    except InitialExpiredError:
        return _refuse(request, 422, "access.initial_expired")
    except SignInTooOftenError as error:
        return _refuse(request, 429, "console.sign_in.too_often", seconds=error.wait_seconds)
    return go_in(request, signed_in, own_path(form.get("next")))


def go_in(request: web.Request, signed_in: SignedIn, path: str | None) -> web.Response:
    """On to the page that was wanted, by way of the code where one is asked for."""
    if signed_in.is_half:
        address = f"{SIGN_IN_CODE}?{urlencode({'next': path})}" if path else SIGN_IN_CODE
    else:
        address = path or "/"
    response = see_other(address)
    set_session(request, response, signed_in.token)
    return response


async def show_code(request: web.Request) -> web.StreamResponse:
    """Ask for the code of the second factor, from those whose password was right."""
    if await _find_half(request) is None:
        return see_other(SIGN_IN)
    return render(request, "sign_in_code.html", next=get_query(request).get("next"), errors={})


async def take_code(request: web.Request) -> web.StreamResponse:
    """The second step: another session with another token, or the same words for every failure."""
    desk, form, token = request.app[DESK], get_form(request), find_session_token(request)
    try:
        signed_in = await finish_sign_in(
            desk.db, token or b"", form.get("code"), keys=desk.keys, now=desk.now(), agent=name_agent(request)
        )
    except SignInRefusedError:
        return see_other(SIGN_IN)
    except CodeRefusedError:
        return _ask_code_again(request, 422, "access.code.refused")
    except SignInTooOftenError as error:
        return _ask_code_again(request, 429, "access.code.too_often", seconds=error.wait_seconds)
    return go_in(request, signed_in, own_path(form.get("next")))


def _ask_code_again(request: web.Request, status: int, key: str, **values: object) -> web.Response:
    errors = {"code": text(key, get_locale(request), **values)}
    form = get_form(request)
    return render(request, "sign_in_code.html", status=status, next=form.get("next"), errors=errors)


async def _find_half(request: web.Request) -> Staff | None:
    desk, token = request.app[DESK], find_session_token(request)
    return (
        await accounts.find_half_signed_in(desk.db, token, keys=desk.keys, now=desk.now()) if token else None
    )


_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def name_agent(request: web.Request) -> str:
    """Browser and system in a word each, so that one knows one's own sessions apart; no more is kept."""
    said = request.headers.get(hdrs.USER_AGENT, "")
    found = [next((name for mark, name in marks if mark in said), "") for marks in (_BROWSERS, _SYSTEMS)]
    return " · ".join(word for word in found if word)


def _refuse(request: web.Request, status: int, key: str, **values: object) -> web.Response:
    form, sentence = get_form(request), text(key, get_locale(request), **values)
    login = form.get("login")[: accounts.MAX_LOGIN]
    return render(
        request,
        "sign_in.html",
        status=status,
        login=login,
        next=form.get("next"),
        is_over=False,
        errors={"login": sentence},
    )


async def sign_out(request: web.Request, staff: Staff) -> web.StreamResponse:
    """End this browser's session and let the browser forget what it holds of us."""
    desk = request.app[DESK]
    if token := find_session_token(request):
        await accounts.sign_out(desk.db, token, by=staff, keys=desk.keys, now=desk.now())
    response = see_other("/sign-in")
    delete_cookie(request, response, SESSION_COOKIE)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def set_session(request: web.Request, response: web.StreamResponse, token: bytes) -> None:
    """Give the browser its session; it lives until the browser is closed, the server ends it sooner."""
    set_cookie(request, response, SESSION_COOKIE, encode_token(token))
