"""The city desk: tips that a person must look at, with the machine's proposal and its doubts."""

from aiohttp import web

from config.web import get_locale, get_query
from models.queries.cases import CaseFilter, find_cases_with_files, list_cases
from models.queries.likenesses import find_liked_cases
from models.staff import Staff
from triage.console.bulk import offer_acts
from triage.console.context import DESK, show
from triage.console.habits import is_discreet, take_switch
from triage.console.listing import make_desk_row
from triage.console.rises import list_rise_rows
from triage.console.views.cases import read_done
from triage.console.words import Words
from triage.permissions import reach_of


async def show_desk(request: web.Request, staff: Staff) -> web.StreamResponse:
    """What waits for acceptance or assignment, most pressing first."""
    desk, query, now = request.app[DESK], get_query(request), request.app[DESK].now()
    if switched := take_switch(request, {name: query.get(name) for name in query}):
        return switched
    words, reach = Words(desk.catalog, get_locale(request)), reach_of(staff)
    async with desk.db.read() as session:
        page = await list_cases(session, CaseFilter("desk"), scope=reach, now=now, after=query.get("after"))
        ids = [case.id for case, _ in page.rows]
        with_files, liked = (
            await find_cases_with_files(session, ids),
            await find_liked_cases(session, ids, scope=reach),
        )
    rows = [
        make_desk_row(
            case,
            words=words,
            with_files=with_files,
            liked=liked,
            now=now,
            counties=desk.catalog.counties,
            is_hidden=is_discreet(request),
        )
        for case, _ in page.rows
    ]
    rises = await list_rise_rows(desk, words, scope=reach, now=now)
    done = read_done({name: query.get(name) for name in ("done", "number")})
    after = f"/desk?after={page.after}" if page.after else ""
    first = "/desk" if query.get("after") else ""
    return await show(
        request,
        staff,
        "desk.html",
        rows=rows,
        rises=rises,
        rise_days=desk.catalog.duplicates.rise.days,
        done=done,
        next_page=after,
        first_page=first,
        acts=offer_acts(staff.role, "desk", words),
        is_ticked=query.get("tick") == "all",
        is_hidden=is_discreet(request),
    )
