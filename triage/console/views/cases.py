"""Lists of cases: the inbox of an office, the views of the city."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from config.web import get_locale, get_query
from models.numbers import is_case_number
from models.queries.case_order import ENDED_VIEWS, Sort
from models.queries.cases import CaseFilter, Page, count_cases, find_cases_with_files, list_cases
from models.queries.figures import FigureFilter
from models.queries.list_work import MOST_SAVED_VIEWS, list_saved_views
from models.staff import Staff
from models.states import Role
from triage.console.bulk import offer_acts
from triage.console.context import DESK, show
from triage.console.habits import is_discreet, take_switch
from triage.console.list_address import address_of, write_query
from triage.console.listing import make_row
from triage.console.rail import first_view
from triage.console.views.supervisor_words import describe_figure
from triage.console.words import Words
from triage.permissions import reach_of
from triage.workflow import Move

LONGEST_SEARCH = 100
FIRST_TIMES = {Sort.RECEIVED: "-", Sort.ACTED: "-"}
"""Which way a column is sorted when it is chosen: the newest first, else the smallest."""


async def show_cases(request: web.Request, staff: Staff) -> web.StreamResponse:
    """One page of the list that the address asks for."""
    desk, query, now = request.app[DESK], get_query(request), request.app[DESK].now()
    asked = {name: query.get(name) for name in query}
    if switched := take_switch(request, asked):
        return switched
    words = Words(desk.catalog, get_locale(request))
    wanted = read_filter(asked, staff)
    asked["view"] = wanted.view
    scope, is_hidden = reach_of(staff), is_discreet(request)
    async with desk.db.read() as session:
        page = await list_cases(session, wanted, scope=scope, now=now, after=asked.get("after"))
        is_whole = page.after is None and not asked.get("after")
        total = len(page.rows) if is_whole else await count_cases(session, wanted, scope=scope, now=now)
        with_files = await find_cases_with_files(session, [case.id for case, _ in page.rows])
        saved = await list_saved_views(session, staff.id)
    rows = [
        make_row(case, officer, words=words, with_files=with_files, now=now, is_hidden=is_hidden)
        for case, officer in page.rows
    ]
    offices = [{"value": "", "label": words("list.all_offices")}, *words.office_options()]
    values: dict[str, Any] = {
        "wanted": wanted,
        "done": read_done(asked),
        "told": asked.get("told", "") if asked.get("told", "") in TOLD else "",
        "total": total,
        "offices": offices if scope.office_id is None else [],
        "clauses": [{"value": "", "label": words("list.all_clauses")}, *words.clause_options()],
        "figure_words": describe_figure(wanted.figure, words),
        "acts": offer_acts(staff.role, wanted.view, words),
        "is_ticked": asked.get("tick") == "all",
        "is_hidden": is_hidden,
        "kept_as": next((view for view in saved if view.query == write_query(asked)), None),
        "may_keep": len(saved) < MOST_SAVED_VIEWS,
        **_addresses(asked, page),
        **_orders(asked, wanted),
    }
    return await show(request, staff, "cases.html", rows=rows, title=words(f"rail.{wanted.view}"), **values)


def read_filter(asked: Mapping[str, str], staff: Staff) -> CaseFilter:
    """What an address asks for; what is not understood does not narrow."""
    view = asked.get("view", "")
    return CaseFilter(
        view=view if view in VIEWS else first_view(staff),
        officer_id=staff.id,
        office_id=asked.get("office", "") if staff.role in {Role.INTAKE, Role.SUPERVISOR} else "",
        words=asked.get("q", "").strip()[:LONGEST_SEARCH],
        clause=asked.get("clause", "")[:16],
        sort=asked.get("sort", "")[:16],
        figure=FigureFilter.read(asked),
    )


def read_done(asked: Mapping[str, str]) -> tuple[str, str] | None:
    """The move that was just made and the number of its case, from the address that the move led to."""
    done, number = asked.get("done", ""), asked.get("number", "")
    return (done, number) if done in set(Move) and is_case_number(number) else None


VIEWS = frozenset(
    {
        *("open", "todo", "overdue", "mine", "unassigned", "unread", "desk", "closed", "all"),
        *("assigned", "verifying", "result_filed", "answer_due", "answered", "accepted", "registered"),
    }
)
TOLD = frozenset({"view_kept", "view_dropped"})
"""What a list says after somebody did something with the list itself."""


def _addresses(asked: Mapping[str, str], page: Page) -> dict[str, object]:
    """Addresses of the first page, the next one, this one with all rows ticked, and lists with less narrowing."""
    here, figure = write_query(asked), FigureFilter.read(asked).write()
    without_figure = {name: value for name, value in asked.items() if name not in figure}
    after = urlencode({"after": asked["after"]}) if asked.get("after") else ""
    is_all = asked.get("view") == "all"
    return {
        "here": f"/cases?{here}&{after}" if after else f"/cases?{here}",
        "query": here,
        "first_page": f"/cases?{here}" if after else "",
        "next_page": f"/cases?{here}&{urlencode({'after': page.after})}" if page.after else "",
        "plain_view": address_of({"view": asked["view"]}),
        "without_figure": address_of(without_figure) if figure else "",
        "figure": figure,
        "everywhere": address_of(without_figure, view="all", sort="")
        if asked.get("q") and not is_all
        else "",
    }


def _orders(asked: Mapping[str, str], wanted: CaseFilter) -> dict[str, dict[str, dict[str, str]]]:
    """Of each column that can be sorted by: the address that does it, and whether the list stands so now."""
    order = wanted.order
    columns = {}
    for sort in Sort:
        if sort is Sort.DUE and wanted.view in ENDED_VIEWS:
            continue
        is_now = sort is order.sort
        turned = str(order.turned) if is_now else f"{FIRST_TIMES.get(sort, '')}{sort}"
        now = ("descending" if order.is_descending else "ascending") if is_now else ""
        columns[sort.value] = {"href": address_of(asked, sort=turned), "sort": now}
    return {"orders": columns}
