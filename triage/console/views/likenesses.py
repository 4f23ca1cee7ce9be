"""Saying of two cases that they are one matter, or not, or neither any more."""

from aiohttp import web

from config.web import Refusal, get_locale, see_other
from models.staff import Staff
from triage.actions import MoveRefusedError
from triage.console.context import DESK
from triage.console.likenesses import SAYINGS
from triage.console.words import Words
from triage.matters import find_likeness, say_of_likeness


async def say_likeness(request: web.Request, staff: Staff) -> web.StreamResponse:
    """One saying; then back to the case. A likeness of which one case is not yours does not exist."""
    desk, asked = request.app[DESK], request.match_info
    try:
        async with desk.db.begin() as session:
            by = await session.get_one(Staff, staff.id)
            found = await find_likeness(session, int(asked["likeness_id"]), by=by)
            if found is None or asked["number"] not in {case.number for case in found[1:]}:
                raise Refusal(404, "console.no_case")
            await say_of_likeness(session, found[0], SAYINGS[asked["say"]], by=by, now=desk.now())
    except MoveRefusedError as error:
        words = Words(desk.catalog, get_locale(request))
        raise Refusal(409, words.refusal_key(error.refusal)) from error
    return see_other(f"/cases/{asked['number']}?done=likeness_{asked['say']}#likenesses")
