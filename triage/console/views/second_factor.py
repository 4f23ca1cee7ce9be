"""One's own second factor: switching it on and off, recovery codes. Each change asks for password and code."""

from typing import Any

from aiohttp import web
from markupsafe import Markup

from config.text import text
from config.web import Refusal, get_form, get_locale, see_other
from models.queries.staff import list_recovery_codes
from models.staff import Staff
from triage import second_factor
from triage.accounts import PasswordRefusedError, SignInTooOftenError, check_own_password
from triage.console.access import find_session_token
from triage.console.context import DESK
from triage.console.context import show as show_page
from triage.second_factor import FORCED, CodeRefusedError, SecondFactor, must_enrol

ACTS = frozenset({"confirm", "renew", "off"})


async def show(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Whether it is on, and what can be done."""
    return await _show(request, staff, {})


async def begin(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Make a secret to be put into the app."""
    desk = request.app[DESK]
    async with desk.db.begin() as session:
        await second_factor.prepare(session, staff.id, keys=desk.keys)
    return see_other("/account/second-factor")


async def change(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Confirm it, make new recovery codes, or switch it off."""
    desk, form, act = request.app[DESK], get_form(request), get_form(request).get("act")
    if act not in ACTS or (act == "off" and _is_forced(request, staff)):
        raise Refusal(409, "access.second_factor_act")
    try:
        await check_own_password(desk.db, staff.id, form.get("password"), keys=desk.keys, now=desk.now())
        codes = await _make(request, staff, act, form.get("code"))
    except PasswordRefusedError:
        return await _refuse(request, staff, "password", "console.password.problem.wrong_old")
    except CodeRefusedError:
        return await _refuse(request, staff, "code", "access.code.refused")
    except SignInTooOftenError as error:
        return await _refuse(
            request, staff, "code", "access.code.too_often", status=429, seconds=error.wait_seconds
        )
    if act == "off":
        return see_other("/account?done=second_factor_off")
    async with desk.db.read() as session:
        staff = await session.get_one(Staff, staff.id)
    return await show_page(request, staff, "recovery_codes.html", codes=codes, is_new=act == "confirm")


async def _make(request: web.Request, staff: Staff, act: str, code: str) -> list[str]:
    """Answers new recovery codes, where there are any. Raises CodeRefusedError or SignInTooOftenError."""
    desk, now = request.app[DESK], request.app[DESK].now()
    if act == "confirm":
        token = find_session_token(request) or b""
        return await second_factor.confirm(desk.db, staff.id, code, token=token, keys=desk.keys, now=now)
    await second_factor.check_code(desk.db, staff.id, code, keys=desk.keys, now=now)
    if act == "renew":
        return await second_factor.renew_recovery_codes(desk.db, staff.id, now=now)
    await second_factor.turn_off(desk.db, staff.id, now=now)
    return []


def _is_forced(request: web.Request, staff: Staff) -> bool:
    return request.app[DESK].settings.second_factor == SecondFactor.REQUIRED and staff.role in FORCED


async def _refuse(
    request: web.Request, staff: Staff, field: str, key: str, *, status: int = 422, **values: object
) -> web.Response:
    return await _show(request, staff, {field: text(key, get_locale(request), **values)}, status=status)


async def _show(
    request: web.Request, staff: Staff, errors: dict[str, str], *, status: int = 200
) -> web.Response:
    desk = request.app[DESK]
    async with desk.db.read() as session:
        staff = await session.get_one(Staff, staff.id)
        left = len(await list_recovery_codes(session, staff.id))
    secret = second_factor.find_pending_secret(staff, keys=desk.keys)
    values: dict[str, Any] = {
        "errors": errors,
        "codes_left": left,
        "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)) if secret else "",
        # Our own drawing of our own secret: nothing in it comes from a person.
        "picture": Markup(second_factor.draw_secret(secret, staff.login)) if secret else "",  # noqa: S704
        "must_enrol": must_enrol(staff, desk.settings.second_factor),
        "is_forced": _is_forced(request, staff),
    }
    return await show_page(request, staff, "second_factor.html", status=status, **values)
