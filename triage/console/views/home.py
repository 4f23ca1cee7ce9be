"""Where one begins."""

from aiohttp import web

from config.web import get_locale, see_other
from models.staff import Staff
from models.states import Role
from triage.console.context import DESK
from triage.console.rail import HOMES
from triage.console.setting_up import look_at_setting_up
from triage.console.words import Words


async def show_home(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Send everybody to the page with which his day begins: an administrator to what is still to set up."""
    if staff.role is Role.ADMINISTRATOR:
        desk = request.app[DESK]
        points = await look_at_setting_up(
            desk, staff, Words(desk.catalog, get_locale(request)), now=desk.now()
        )
        if points.count_open:
            return see_other("/admin/start")
    return see_other(HOMES[staff.role])


async def stay_alive(_request: web.Request, _staff: Staff) -> web.StreamResponse:
    """Whoever types a long text is not idle: his page asks for this now and then, which keeps the session seen."""
    return web.Response(status=204)
