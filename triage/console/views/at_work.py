"""What a page of a case does while somebody is at work on it: keeps words, throws them away, says who else is there."""

from aiohttp import web

from config.clock import LOCAL
from config.web import Refusal, get_form, get_locale, render, see_other
from models.staff import Staff
from triage import at_work
from triage.at_work import DraftSentError
from triage.console import keeping
from triage.console.case_access import get_case
from triage.console.context import DESK
from triage.console.drafts import LONGEST_KEY, say_present
from triage.console.moves import FIELDS
from triage.console.views.moves import read_move, read_typed
from triage.console.words import Words
from triage.workflow import Move


async def keep_draft(request: web.Request, staff: Staff) -> web.StreamResponse:
    """What was typed so far, while it is typed. 409 once this page has sent it."""
    desk, form, number = request.app[DESK], get_form(request), request.match_info["number"]
    move = _read_form(request)
    try:
        await keeping.keep(desk, staff, number, move, read_typed(form, move))
    except DraftSentError:
        return web.json_response({"sent": True}, status=409)
    return web.json_response({"saved": f"{desk.now().astimezone(LOCAL):%H:%M:%S}"})


async def drop_draft(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Throw away what was kept, and begin anew where the form can still be opened."""
    desk, number, move = request.app[DESK], request.match_info["number"], _read_form(request)
    key = get_form(request).get("page_key")[:LONGEST_KEY]
    async with desk.db.begin() as session:
        case = await get_case(session, staff, number)
        await at_work.end_draft(session, case, staff, move.value, key=key, now=desk.now())
    return see_other(f"/cases/{number}?done=draft_dropped")


async def show_present(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Who else has the case open: a part of the page. Whoever asks is there himself."""
    desk, now = request.app[DESK], request.app[DESK].now()
    number = request.match_info["number"]
    await keeping.note(desk, staff, number)
    words = Words(desk.catalog, get_locale(request))
    async with desk.db.read() as session:
        case = await get_case(session, staff, number)
        present = await at_work.list_present(session, case, staff, now=now)
    return render(request, "present.html", present=say_present(present, words, now=now))


def _read_form(request: web.Request) -> Move:
    move = read_move(request.match_info["move"])
    if not FIELDS[move]:
        raise Refusal(404, "status.404.body")
    return move
