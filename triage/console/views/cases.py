"""Lists of cases: the inbox of an office, the views of the city."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from config.web import get_locale, get_query
from models.numbers import is_case_number
from models.queries.cases import CaseFilter, Page, count_cases, find_cases_with_files, list_cases
from models.queries.figures import FigureFilter
from models.staff import Staff
from models.states import Role
from triage.console.context import DESK, show
from triage.console.listing import make_row
from triage.console.views.supervisor_words import describe_figure
from triage.console.words import Words
from triage.permissions import reach_of
from triage.workflow import Move

LONGEST_SEARCH = 100


async def show_cases(request: web.Request, staff: Staff) -> web.StreamResponse:
    """One page of the list that the address asks for."""
    desk, query, now = request.app[DESK], get_query(request), request.app[DESK].now()
    words = Words(desk.catalog, get_locale(request))
    asked = {name: query.get(name) for name in query}
    wanted = read_filter(asked, staff)
    scope = reach_of(staff)
    async with desk.db.read() as session:
        page = await list_cases(session, wanted, scope=scope, now=now, after=asked.get("after"))
        is_whole = page.after is None and not asked.get("after")
        total = len(page.rows) if is_whole else await count_cases(session, wanted, scope=scope, now=now)
        with_files = await find_cases_with_files(session, [case.id for case, _ in page.rows])
    rows = [
        make_row(case, officer, words=words, with_files=with_files, now=now) for case, officer in page.rows
    ]
    offices = [{"value": "", "label": words("list.all_offices")}, *words.office_options()]
    values: dict[str, Any] = {
        "wanted": wanted,
        "done": read_done(asked),
        "total": total,
        "offices": offices if scope.office_id is None else [],
        "figure_words": describe_figure(wanted.figure, words),
        **_addresses(asked, page),
    }
    return await show(request, staff, "cases.html", rows=rows, title=words(f"rail.{wanted.view}"), **values)


def read_filter(asked: Mapping[str, str], staff: Staff) -> CaseFilter:
    """What an address asks for; what is not understood does not narrow."""
    view = asked.get("view", "open")
    return CaseFilter(
        view=view if view in VIEWS else "open",
        officer_id=staff.id,
        office_id=asked.get("office", "") if staff.role in {Role.INTAKE, Role.SUPERVISOR} else "",
        words=asked.get("q", "").strip()[:LONGEST_SEARCH],
        figure=FigureFilter.read(asked),
    )


def read_done(asked: Mapping[str, str]) -> tuple[str, str] | None:
    """The move that was just made and the number of its case, from the address that the move led to."""
    done, number = asked.get("done", ""), asked.get("number", "")
    return (done, number) if done in set(Move) and is_case_number(number) else None


VIEWS = frozenset(
    {
        *("open", "overdue", "mine", "unassigned", "unread", "desk", "closed", "all"),
        *("assigned", "verifying", "result_filed", "answer_due", "answered", "accepted", "registered"),
    }
)


def _addresses(asked: Mapping[str, str], page: Page) -> dict[str, object]:
    """Addresses of the first page, the next one, and the list without what a figure narrowed."""
    kept = {name: value for name, value in asked.items() if name not in {"after", "done", "number"} and value}
    plain = {name: value for name, value in kept.items() if name in {"view", "q", "office"}}
    figure = FigureFilter.read(asked).write()
    return {
        "first_page": f"/cases?{urlencode(kept)}" if asked.get("after") else "",
        "next_page": f"/cases?{urlencode({**kept, 'after': page.after})}" if page.after else "",
        "without_figure": f"/cases?{urlencode(plain)}" if figure else "",
        "figure": figure,
        "everywhere": f"/cases?{urlencode({**plain, 'view': 'all'})}"
        if plain.get("q") and plain.get("view") != "all"
        else "",
    }
