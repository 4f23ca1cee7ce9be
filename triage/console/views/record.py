"""Who changed what: accounts, calendar, periods, holds, consent, and what a start found changed. For administrators.

It is a part of the audit, with what changed and from what to what. Of cases administrators learn nothing here: where an
entry is about one, they read neither number nor reason.
"""

from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from config.web import get_locale, get_query
from models.event import Event
from models.queries.events import EventFilter, count_audit, list_audit
from models.queries.staff import list_staff
from models.staff import Staff
from models.states import Role
from triage.console.context import DESK, show
from triage.console.views.audit import find_day, make_row, read_position, say_kind
from triage.console.words import Words

AT_START = frozenset({"setting_changed", "rules_changed"})
KINDS = (
    "setting_changed",
    "rules_changed",
    "calendar_imported",
    "period_changed",
    "change_asked",
    "change_allowed",
    "change_refused",
    "change_withdrawn",
    "hold_placed",
    "hold_lifted",
    "contact_erased",
    "staff_added",
    "staff_changed",
    "staff_reset",
    "staff_disabled",
    "second_factor_reset",
)
ABOUT_HOLDS = "lift_hold"


async def show_record(request: web.Request, staff: Staff) -> web.StreamResponse:
    """One page of it, as the address asks for it."""
    desk, query = request.app[DESK], get_query(request)
    words = Words(desk.catalog, get_locale(request))
    asked = {name: query.get(name).strip() for name in ("kind", "day")}
    day = find_day(asked["day"]) if asked["day"] else None
    errors = {} if day or not asked["day"] else {"day": words.text("oversight.audit.unknown_day")}
    kinds = (asked["kind"],) if asked["kind"] in KINDS else KINDS
    wanted = EventFilter(day=day, kinds=kinds)
    async with desk.db.read() as session:
        page = await list_audit(session, wanted, after=read_position(query))
        total = await count_audit(session, wanted)
        people = {person.id: person.login for person in await list_staff(session)}
    kept = {name: value for name, value in asked.items() if value}
    return await show(
        request,
        staff,
        "administration/record.html",
        status=422 if errors else 200,
        rows=[
            _close(event, make_row(event, login, number, people, words), staff, words)
            for event, login, number in page.rows
        ],
        total=total,
        asked=asked,
        errors=errors,
        kinds=[
            {"value": "", "label": words.text("administration.record.all_kinds")},
            *({"value": kind, "label": say_kind(kind, words)} for kind in KINDS),
        ],
        first_page=f"/record?{urlencode(kept)}" if "after" in query else "",
        next_page=f"/record?{urlencode({**kept, 'after': page.after})}" if page.after else "",
        is_filtered=bool(kept),
    )


def _close(event: Event, row: dict[str, Any], staff: Staff, words: Words) -> dict[str, Any]:
    """The row as this reader may see it; what a start found has nobody to name."""
    if event.kind in AT_START:
        row = {**row, "who": words.text("administration.at_start")}
    is_of_case = event.case_id is not None or event.data.get("change") == ABOUT_HOLDS
    if is_of_case and staff.role is Role.ADMINISTRATOR:
        row = {**row, "number": "", "details": "", "reason": ""}
    return row
