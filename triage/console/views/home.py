"""Where one begins."""

from aiohttp import web

from config.web import see_other
from models.staff import Staff
from triage.console.rail import HOMES


async def show_home(_request: web.Request, staff: Staff) -> web.StreamResponse:
    """Send everybody to the page with which his day begins."""
    return see_other(HOMES[staff.role])
