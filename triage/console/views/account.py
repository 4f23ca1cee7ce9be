"""One's own account: password, language, where notices go."""

import re
from typing import Any

from aiohttp import web

from config.text import LOCALES, text
from config.web import delete_cookie, get_form, get_locale, see_other
from config.web.pages import LOCALE_COOKIE
from models.chat_link import make_link_code
from models.queries.staff import list_sessions
from models.staff import Staff
from triage import accounts
from triage.accounts import PasswordRefusedError, SignInTooOftenError
from triage.console.access import find_session_token
from triage.console.context import DESK, show
from triage.console.views.sign_in import name_agent, set_session

LONGEST_ADDRESS = 200
_ADDRESS = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+\.[^@\s,;<>\".]{2,}")


DONE = frozenset({"saved", "password", "sessions", "second_factor_off"})


async def show_account(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Language, notice addresses, how one signs in, and where one is signed in."""
    values = {"locale": staff.locale, "email": staff.email or ""}
    done = request.query.get("done")
    return await _show(request, staff, values, {}, done=done if done in DONE else None)


async def end_others(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Sign oneself out in all other browsers."""
    desk, token = request.app[DESK], find_session_token(request) or b""
    async with desk.db.begin() as session:
        await accounts.end_other_sessions(session, staff.id, token, keys=desk.keys, now=desk.now())
    return see_other("/account?done=sessions")


async def _show(
    request: web.Request,
    staff: Staff,
    typed: dict[str, str],
    errors: dict[str, str],
    *,
    done: str | None = None,
    status: int = 200,
) -> web.Response:
    desk, token = request.app[DESK], find_session_token(request) or b""
    own = accounts.hash_token(desk.keys, token)
    async with desk.db.read() as session:
        sessions = await list_sessions(session, staff.id, now=desk.now())
    return await show(
        request,
        staff,
        "account.html",
        status=status,
        typed=typed,
        errors=errors,
        done=done,
        chat=_chat(request, staff),
        sessions=[{"row": row, "is_here": row.token == own} for row in sessions],
    )


async def save_account(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Keep language and mail address."""
    form, desk = get_form(request), request.app[DESK]
    typed = {"locale": form.get("locale"), "email": form.get("email").strip()}
    if errors := _find_errors(typed, get_locale(request)):
        return await _show(request, staff, typed, errors, status=422)
    async with desk.db.begin() as session:
        await accounts.save_preferences(
            session, staff.id, locale=typed["locale"], email=typed["email"], now=desk.now()
        )
    response = see_other("/account?done=saved")
    delete_cookie(request, response, LOCALE_COOKIE)
    return response


def _chat(request: web.Request, staff: Staff) -> dict[str, Any] | None:
    """How notices get into one's own chat; None where the chat is switched off."""
    desk = request.app[DESK]
    if desk.settings.telegram_token is None:
        return None
    code = make_link_code(desk.keys, staff.id, now=desk.now())
    return {"is_linked": staff.chat is not None, "code": code}


def _find_errors(typed: dict[str, str], locale: str) -> dict[str, str]:
    errors = {}
    if typed["locale"] not in LOCALES:
        errors["locale"] = text("console.account.locale_unknown", locale)
    if typed["email"] and (len(typed["email"]) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(typed["email"])):
        errors["email"] = text("console.account.email_wrong", locale)
    return errors


async def show_password(request: web.Request, staff: Staff) -> web.StreamResponse:
    """The form for a new password; the only page before the first one is changed."""
    return await show(request, staff, "password.html", errors={})


async def change_password(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Set it, end all other sessions, go on with a new one."""
    form, desk = get_form(request), request.app[DESK]
    new, repeated = form.get("new"), form.get("repeated")
    try:
        signed_in = await accounts.change_password(
            desk.db,
            staff.id,
            old=form.get("old"),
            new=new,
            repeated=repeated,
            keys=desk.keys,
            now=desk.now(),
            agent=name_agent(request),
        )
    except PasswordRefusedError as error:
        return await _refuse(
            request, staff, 422, error.problem.field, f"console.password.problem.{error.problem}"
        )
    except SignInTooOftenError as error:
        return await _refuse(
            request, staff, 429, "old", "console.sign_in.too_often", seconds=error.wait_seconds
        )
    response = see_other("/account?done=password")
    set_session(request, response, signed_in.token)
    return response


async def _refuse(
    request: web.Request, staff: Staff, status: int, field: str, key: str, **values: object
) -> web.Response:
    sentence = text(
        key, get_locale(request), shortest=accounts.MIN_PASSWORD, longest=accounts.MAX_PASSWORD, **values
    )
    return await show(request, staff, "password.html", status=status, errors={field: sentence})
