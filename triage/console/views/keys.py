"""The keys that save the way to the mouse, as a plain page, and the switch that turns them off."""

from collections.abc import Sequence

from aiohttp import web

from config.web import get_form, see_other
from models.staff import Staff
from models.states import Role
from triage.console.access import CASE_READERS
from triage.console.context import show
from triage.console.habits import set_keys

Keys = Sequence[tuple[str, str]]
LIST: Keys = (("j", "down"), ("k", "up"), ("Enter", "open"), ("x", "tick"), ("/", "search"))
CASE: Keys = (("1 … 9", "move"), ("n", "note"), ("u", "back"))
ANYWHERE: Keys = (("?", "help"), ("Tab", "tab"))


async def show_keys(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Those of the pages that this role has."""
    groups: list[tuple[str, Keys]] = [("anywhere", ANYWHERE)]
    if staff.role in CASE_READERS:
        groups = [("list", LIST), ("case", CASE), *groups]
    return await show(request, staff, "keys.html", groups=groups, is_operator=staff.role is Role.OPERATOR)


async def switch_keys(request: web.Request, _staff: Staff) -> web.StreamResponse:
    """Single keys on or off, in this browser."""
    response = see_other("/keys")
    set_keys(request, response, is_on=get_form(request).get("keys") != "off")
    return response
