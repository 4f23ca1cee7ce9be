"""The list of what is to be done before real use: the administrator's first page until all of it is done."""

from aiohttp import web

from config.web import Refusal, get_form, get_locale, see_other
from models.audit import record_event
from models.fact import forget_fact, note_fact
from models.staff import Staff
from triage.console.context import DESK, show
from triage.console.setting_up import CHOICES, look_at_setting_up
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
        if act == "choose":
            await note_fact(session, CHOICES[point], source=staff.login, at=desk.now())
            record_event(session, "setup_confirmed", at=desk.now(), by=staff.id, point=point)
        elif await forget_fact(session, CHOICES[point]):
            record_event(session, "setup_reopened", at=desk.now(), by=staff.id, point=point)
    return see_other("/admin/start")
