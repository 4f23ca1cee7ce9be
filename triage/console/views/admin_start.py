"""The list of what is to be done before real use: the administrator's first page until all of it is done."""

from aiohttp import web

from config.web import Refusal, get_form, get_locale, see_other
from models.staff import Staff
from triage.console.context import DESK, show
from triage.console.setting_up import CHOICES, answer_point, look_at_setting_up
from triage.console.words import Words


async def show_start(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Each point with its state and what to do."""
    desk, words = request.app[DESK], Words(request.app[DESK].catalog, get_locale(request))
    look = await look_at_setting_up(desk, staff, words, now=desk.now())
    return await show(request, staff, "oversight/start.html", look=look)


async def decide(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Answer a point, or take the answer back; either is an event."""
    desk, form = request.app[DESK], get_form(request)
    point, act = form.get("point"), form.get("act")
    if point not in CHOICES or act not in {"choose", "take_back"}:
        raise Refusal(422, "status.422.body")
    async with desk.db.begin() as session:
        is_chosen = act == "choose"
        await answer_point(session, point, is_chosen=is_chosen, by=staff, source=staff.login, now=desk.now())
    return see_other("/admin/start")
