"""The desk's summary of a case."""

from aiohttp import web

from config.web import get_form, get_locale, see_other
from models.staff import Staff
from triage import outgoing, summaries
from triage.console.case_access import get_case
from triage.console.context import DESK
from triage.console.views.case import show_stopped, show_with_errors
from triage.console.words import Words
from triage.outgoing import LeakFoundError


async def save_summary(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Keep it; back to the case."""
    desk, number = request.app[DESK], request.match_info["number"]
    typed = get_form(request).get("summary").replace("\r\n", "\n")
    if len(typed) > summaries.LONGEST:
        words = Words(desk.catalog, get_locale(request))
        sentence = words.error("too_long", longest=summaries.LONGEST, length=len(typed))
        return await show_with_errors(request, staff, {"summary": sentence}, {"summary": typed})
    if get_form(request).get("step") == "edit":
        return await show_with_errors(request, staff, {}, {"summary": typed}, status=200)
    try:
        async with desk.db.begin() as session:
            case = await get_case(session, staff, number)
            by = await session.get_one(Staff, staff.id)
            await outgoing.check(
                session, case, "summary", typed.strip(), catalog=desk.catalog, keys=desk.keys
            )
            await summaries.save_summary(session, case, typed, by=by, now=desk.now())
    except LeakFoundError as found:
        return await show_stopped(request, staff, found.place, found.text, errors={})
    return see_other(f"/cases/{number}?done=summary#summary")
