"""Closing a case to an office or a person, and opening it again: acts of the city desk."""

from aiohttp import web

from config.web import Refusal, get_form, get_locale, see_other
from models.staff import Staff
from triage import bars
from triage.bars import BarRefusedError
from triage.console.case_access import get_case
from triage.console.context import DESK
from triage.console.views.case import show_with_errors
from triage.console.words import Words
from triage.disclosure import DisclosureRefusedError


async def add_bar(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Close the case to whom was chosen; back to the case, or to the desk where it is closed to oneself now."""
    desk, form, number = request.app[DESK], get_form(request), request.match_info["number"]
    typed = {name: form.get(name) for name in ("bar_office", "bar_person", "bar_note")}
    person = typed["bar_person"]
    try:
        async with desk.db.begin() as session:
            case = await get_case(session, staff, number)
            by = await session.get_one(Staff, staff.id)
            await bars.bar(
                session,
                case,
                office_id=typed["bar_office"] or None,
                staff_id=int(person[:18]) if person.isascii() and person.isdecimal() else None,
                note=typed["bar_note"],
                by=by,
                catalog=desk.catalog,
                now=desk.now(),
            )
    except (BarRefusedError, DisclosureRefusedError) as error:
        words = Words(desk.catalog, get_locale(request))
        key = "bar_reason" if isinstance(error, DisclosureRefusedError) else error.problem
        return await show_with_errors(request, staff, {"bar_note": words.error(f"access.{key}")}, typed)
    return see_other("/desk" if person == str(staff.id) else f"/cases/{number}?done=barred#bars")


async def lift_bar(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Open it again, with a reason."""
    desk, number = request.app[DESK], request.match_info["number"]
    note, bar_id = get_form(request).get("note"), int(request.match_info["bar_id"])
    try:
        async with desk.db.begin() as session:
            case = await get_case(session, staff, number)
            by = await session.get_one(Staff, staff.id)
            await bars.lift(session, case, bar_id, note=note, by=by, now=desk.now())
    except BarRefusedError as error:
        raise Refusal(409, f"access.{error.problem}") from error
    except DisclosureRefusedError as error:
        raise Refusal(422, f"access.{error.problem}") from error
    return see_other(f"/cases/{number}?done=unbarred#bars")
