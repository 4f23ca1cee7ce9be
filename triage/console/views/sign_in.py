"""Signing in and out."""

from aiohttp import web

from config.text import text
from config.web import (
    delete_cookie,
    encode_token,
    find_token,
    get_cookie,
    get_form,
    get_locale,
    get_query,
    render,
    see_other,
    set_cookie,
)
from models.staff import Staff
from triage import accounts
from triage.accounts import SignInRefusedError, SignInTooOftenError
from triage.console.access import SESSION_COOKIE, find_signed_in_staff, own_path
from triage.console.context import DESK


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
            desk.db, login, password, source=source, keys=desk.keys, now=desk.now()
        )
    except SignInRefusedError:
        return _refuse(request, 422, "console.sign_in.refused")
    except SignInTooOftenError as error:
        return _refuse(request, 429, "console.sign_in.too_often", seconds=error.wait_seconds)
    response = see_other(own_path(form.get("next")) or "/")
    set_session(request, response, signed_in.token)
    return response


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
    if token := find_token(get_cookie(request, SESSION_COOKIE), size=accounts.TOKEN_BYTES):
        await accounts.sign_out(desk.db, token, by=staff, keys=desk.keys, now=desk.now())
    response = see_other("/sign-in")
    delete_cookie(request, response, SESSION_COOKIE)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def set_session(request: web.Request, response: web.StreamResponse, token: bytes) -> None:
    """Give the browser its session; it lives until the browser is closed, the server ends it sooner."""
    set_cookie(request, response, SESSION_COOKIE, encode_token(token))
