"""An invitation: whoever holds the link sets his own password with it, once and in time."""

from aiohttp import web

from config.text import text
from config.web import Refusal, find_token, get_form, get_locale, render
from models.staff import Staff
from triage import accounts
from triage.accounts import PasswordRefusedError, SignInRefusedError
from triage.console.context import DESK
from triage.console.views.sign_in import go_in, name_agent


async def show_welcome(request: web.Request) -> web.StreamResponse:
    """The form for one's own password. Raises Refusal 404 for an invitation that is used, over or nobody's."""
    return _show(request, await _find(request), {})


async def set_first_password(request: web.Request) -> web.StreamResponse:
    """Keep it and go in."""
    desk, form, staff = request.app[DESK], get_form(request), await _find(request)
    try:
        signed_in = await accounts.accept_invite(
            desk.db,
            _read_token(request),
            new=form.get("new"),
            repeated=form.get("repeated"),
            keys=desk.keys,
            now=desk.now(),
            agent=name_agent(request),
        )
    except PasswordRefusedError as error:
        limits = {"shortest": accounts.MIN_PASSWORD, "longest": accounts.MAX_PASSWORD}
        sentence = text(f"console.password.problem.{error.problem}", get_locale(request), **limits)
        return _show(request, staff, {error.problem.field: sentence}, status=422)
    except SignInRefusedError as error:
        raise Refusal(404, "access.no_invite") from error
    return go_in(request, signed_in, None)


async def _find(request: web.Request) -> Staff:
    desk = request.app[DESK]
    token = _read_token(request)
    staff = await accounts.find_invited(desk.db, token, keys=desk.keys, now=desk.now()) if token else None
    if staff is None:
        raise Refusal(404, "access.no_invite")
    return staff


def _read_token(request: web.Request) -> bytes:
    return find_token(request.match_info["token"], size=accounts.TOKEN_BYTES) or b""


def _show(request: web.Request, staff: Staff, errors: dict[str, str], *, status: int = 200) -> web.Response:
    path = f"/welcome/{request.match_info['token']}"
    return render(request, "welcome.html", status=status, invited=staff, act=path, errors=errors)
