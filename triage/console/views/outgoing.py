"""Standing by a text that was stopped, and letting one go."""

from aiohttp import web

from config.web import Refusal, get_form, get_locale, see_other
from models.staff import Staff
from triage import outgoing
from triage.console.case_access import get_case
from triage.console.context import DESK
from triage.console.views.case import show_stopped
from triage.console.words import Words
from triage.disclosure import DisclosureProblem, DisclosureRefusedError
from triage.outgoing import LeakFoundError

PLACES = frozenset({"transfer_out", "accept", "assign", "summary"})


async def ask_release(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Ask that a second person lets this text go; back to the case."""
    desk, form, number = request.app[DESK], get_form(request), request.match_info["number"]
    place, text = form.get("place"), form.get("text").replace("\r\n", "\n")
    async with desk.db.read() as session:
        await get_case(session, staff, number)
    if place not in PLACES or not text or len(text) > outgoing.LONGEST:
        raise Refusal(400, "status.400.body")
    try:
        async with desk.db.begin() as session:
            case = await get_case(session, staff, number)
            by = await session.get_one(Staff, staff.id)
            try:
                await outgoing.check(session, case, place, text, catalog=desk.catalog, keys=desk.keys)
            except LeakFoundError as found:
                await outgoing.ask_release(
                    session, case, found, reason=form.get("reason"), by=by, now=desk.now()
                )
    except DisclosureRefusedError as error:
        if error.problem not in {DisclosureProblem.REASON_SHORT, DisclosureProblem.REASON_LONG}:
            raise Refusal(409, f"access.{error.problem}") from error
        sentence = Words(desk.catalog, get_locale(request)).error(f"access.{error.problem}")
        return await show_stopped(request, staff, place, text, errors={"reason": sentence})
    return see_other(f"/cases/{number}?done=release_asked")
