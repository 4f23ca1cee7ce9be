"""Who may open which page. Closed by default: a route that no rule names cannot be reached.

A `Route` says method, path, view and the roles that may come. Views get the signed-in person as an
argument. What of a page somebody sees (which office's cases) is the scope of the query, not of the route.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote

import structlog
from aiohttp import hdrs, web

from config.text import LOCALES
from config.web import Refusal, find_token, get_cookie, see_other, set_locale
from config.web.pages import LOCALE_COOKIE
from models.staff import Staff
from models.states import Role
from triage import accounts
from triage.console.context import DESK, STAFF
from triage.second_factor import must_enrol

SESSION_COOKIE = "session"
SIGN_IN = "/sign-in"
CHANGE_PASSWORD = "/account/password"  # noqa: S105 - a path
SIGN_IN_CODE = "/sign-in/code"
SECOND_FACTOR = "/account/second-factor"
OPEN_PATHS = frozenset(
    {SIGN_IN, SIGN_IN_CODE, "/welcome/{token}", "/static/{name}", "/healthz", "/readyz", "/metrics"}
)
"""What a person may open before signing in; /metrics and the health pages are for the operator's own network."""
WITH_OLD_PASSWORD = frozenset({"/account/password", "/sign-out"})
WITHOUT_SECOND_FACTOR = WITH_OLD_PASSWORD | {SECOND_FACTOR, f"{SECOND_FACTOR}/begin"}
EVERYBODY = frozenset(Role)
CASE_READERS = frozenset({Role.OFFICER, Role.LEAD, Role.INTAKE, Role.SUPERVISOR})

log = structlog.get_logger()
View = Callable[[web.Request, Staff], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One page or act of the console."""

    method: str
    path: str
    view: View
    roles: frozenset[Role] = EVERYBODY


def add_routes(app: web.Application, routes: Iterable[Route]) -> None:
    """Register routes with their rules."""
    for route in routes:
        add = app.router.add_get if route.method == hdrs.METH_GET else app.router.add_post
        resource = add(route.path, _handler(route.view)).resource
        app[RULES][route.method, resource.canonical if resource else route.path] = route.roles


def _handler(view: View) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await view(request, request[STAFF])

    return handle


Rules = dict[tuple[str, str], frozenset[Role]]
RULES: web.AppKey[Rules] = web.AppKey("rules", dict)


@web.middleware
async def guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Let nobody in without a session, a rule for the route, and a role that the rule names."""
    resource = request.match_info.route.resource
    path = resource.canonical if resource else ""
    if path in OPEN_PATHS:
        return await handler(request)
    staff = await find_signed_in_staff(request)
    if staff is None:
        return see_other(_sign_in_address(request))
    request[STAFF] = staff
    _speak_to(request, staff)
    if staff.must_change_password and path not in WITH_OLD_PASSWORD:
        return see_other(CHANGE_PASSWORD)
    policy = request.app[DESK].settings.second_factor
    if must_enrol(staff, policy) and path not in WITHOUT_SECOND_FACTOR:
        return see_other(SECOND_FACTOR)
    method = hdrs.METH_GET if request.method == hdrs.METH_HEAD else request.method
    roles = request.app[RULES].get((method, path))
    if roles is None:  # no such page, or one that somebody forgot to give a rule
        raise Refusal(404, "status.404.body")
    if staff.role not in roles:
        log.warning("page_refused", staff_id=staff.id, page=path)
        raise Refusal(403, "console.role")
    return await handler(request)


def find_session_token(request: web.Request) -> bytes | None:
    """The token in the cookie of this browser's session."""
    return find_token(get_cookie(request, SESSION_COOKIE), size=accounts.TOKEN_BYTES)


async def find_signed_in_staff(request: web.Request) -> Staff | None:
    """Whose living session the request's cookie names."""
    desk, token = request.app[DESK], find_session_token(request)
    return await accounts.find_signed_in(desk.db, token, keys=desk.keys, now=desk.now()) if token else None


def _sign_in_address(request: web.Request) -> str:
    """The sign-in page, which leads back to a page that was asked for; an act is never repeated."""
    if request.method == hdrs.METH_POST:
        return f"{SIGN_IN}?over=yes"
    if request.path == "/":
        return SIGN_IN
    return f"{SIGN_IN}?next={quote(request.path_qs, safe='')}"


def _speak_to(request: web.Request, staff: Staff) -> None:
    """In the language of the account, unless this browser was switched to another."""
    if staff.locale in LOCALES and get_cookie(request, LOCALE_COOKIE) is None:
        set_locale(request, staff.locale)


def own_path(address: str) -> str | None:
    """A path of this site, as written in an address that anybody may have changed, or None."""
    is_own = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if is_own and not address.startswith(SIGN_IN) and len(address) < 500 else None
