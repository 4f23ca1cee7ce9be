"""One step of a side track; then back to the case."""

from typing import Any

from aiohttp import web
from sqlalchemy.orm.exc import StaleDataError

from config.web import Refusal, get_form, get_locale, see_other
from models.case import Case
from models.staff import Staff
from models.states import Track
from triage import actions
from triage.actions import MoveRefusedError
from triage.console.case_access import get_case
from triage.console.casework import Opened
from triage.console.context import DESK
from triage.console.views.case import show_with_track
from triage.console.words import Words
from triage.tracks import find_row


async def take_step(request: web.Request, staff: Staff) -> web.StreamResponse:
    """A field to mend, or a case that changed meanwhile, opens the form again with every word kept."""
    desk, form, number = request.app[DESK], get_form(request), request.match_info["number"]
    track, step = _read_track(request.match_info["track"]), form.get("step")
    row = find_row(track, step)
    if row is None:
        raise Refusal(404, "status.404.body")
    typed = {name: form.get(name) for name in row.fields}
    words = Words(desk.catalog, get_locale(request))
    try:
        async with desk.db.begin() as session:
            case = await get_case(session, staff, number)
            _check_version(case, form.get("version"))
            by = await session.get_one(Staff, staff.id)
            await actions.advance_track(
                session, case, track, step, facts=typed, by=by, catalog=desk.catalog, now=desk.now()
            )
    except StaleDataError:
        errors = {"step": words("conflict.title")}
        return await show_with_track(request, staff, number, Opened(track, step, typed, errors), status=409)
    except MoveRefusedError as error:
        field = error.refusal.values.get("field", "")
        if field not in row.fields:
            values: dict[str, Any] = words.refusal_values(error.refusal)
            raise Refusal(409, words.refusal_key(error.refusal), **values) from error
        errors = {field: words.refusal(error.refusal)}
        return await show_with_track(request, staff, number, Opened(track, step, typed, errors), status=422)
    return see_other(f"/cases/{number}?done=track#tracks")


def _check_version(case: Case, version: str) -> None:
    """Raise StaleDataError when the form was made for an older case."""
    if str(case.version) != version:
        raise StaleDataError


def _read_track(name: str) -> Track:
    try:
        return Track(name)
    except ValueError:
        raise Refusal(404, "status.404.body") from None
