"""Where one begins."""

from aiohttp import web

from config.web import see_other
from models.staff import Staff
from triage.console.rail import HOMES


async def show_home(_request: web.Request, staff: Staff) -> web.StreamResponse:
    """Send everybody to the page with which his day begins."""
    return see_other(HOMES[staff.role])


async def stay_alive(_request: web.Request, _staff: Staff) -> web.StreamResponse:
    """Whoever types a long text is not idle: his page asks for this now and then, which keeps the session seen."""
    return web.Response(status=204)
