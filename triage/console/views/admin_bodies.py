"""The register of bodies: how much is in it, and the import of a list, checked before anything is written.

A list is pasted, not uploaded: the console takes no files, so that nobody can fill its disk. Files go by
the command line.
"""

import asyncio
from typing import Any

from aiohttp import web

from config.web import get_form, get_locale, get_query, see_other
from models.queries.units import Registered, count_register
from models.staff import Staff
from triage.bodies import make_reader
from triage.console.context import DESK, Desk, show
from triage.console.words import Words
from triage.register import (
    MOST_PROBLEMS,
    Checked,
    RowProblem,
    TableError,
    check_table,
    compare,
    import_rows,
    read_pasted,
)

SAMPLE = 5


async def show_bodies(request: web.Request, staff: Staff) -> web.StreamResponse:
    """An empty form, or what came of the last import."""
    query, words = get_query(request), Words(request.app[DESK].catalog, get_locale(request))
    added, changed = query.get("added"), query.get("changed")
    is_done = added.isascii() and added.isdigit() and changed.isascii() and changed.isdigit()
    done = words.text("installation.bodies.done", added=added[:6], changed=changed[:6]) if is_done else ""
    return await _show(request, staff, words, done=done)


async def take_list(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Check a list; import it when that was asked for and all of it is right."""
    desk, form = request.app[DESK], get_form(request)
    words, typed = Words(desk.catalog, get_locale(request)), form.get("table")
    checked = await asyncio.to_thread(_check, desk, typed)
    if checked.problems or not checked.rows:
        problems = list(checked.problems)
        errors = {} if problems else {"table": words.text("installation.bodies.nothing")}
        return await _show(request, staff, words, typed=typed, problems=problems, errors=errors, status=422)
    if form.get("act") == "import":
        done = await import_rows(desk.db, checked.rows, by=staff, now=desk.now())
        return see_other(f"/admin/bodies?added={done.added}&changed={done.changed}")
    would = await compare(desk.db, checked.rows)
    said = words.text(
        "installation.bodies.checked", added=would.added, changed=would.changed, same=would.same
    )
    sample = [_show_row(row, words) for row in checked.rows[:SAMPLE]]
    return await _show(request, staff, words, typed=typed, said=said, sample=sample)


def _check(desk: Desk, typed: str) -> Checked:
    try:
        return check_table(read_pasted(typed), desk.catalog, make_reader(desk.catalog))
    except TableError as error:
        return Checked([], [RowProblem(1, error.problem)])


def _show_row(row: Registered, words: Words) -> dict[str, str]:
    return {
        "name": row.unit.name,
        "aliases": words.text("deadlines.joiner").join(alias.name for alias in row.aliases),
        "kind": words.state("subject", row.kind) if row.kind else "",
        "county": words.office(row.county) if row.county else "",
    }


async def _show(
    request: web.Request,
    staff: Staff,
    words: Words,
    *,
    problems: list[RowProblem] | None = None,
    status: int = 200,
    **values: Any,  # noqa: ANN401 - what the template shows
) -> web.StreamResponse:
    async with request.app[DESK].db.read() as session:
        bodies, aliases, described = await count_register(session)
    found = problems or []
    page = {"typed": "", "said": "", "sample": [], "done": "", "errors": {}, **values}
    return await show(
        request,
        staff,
        "oversight/bodies.html",
        status=status,
        known=words.text("installation.bodies.known", bodies=bodies, aliases=aliases, described=described),
        problems=[{"line": one.line, "what": one.say(words.locale)} for one in found[:MOST_PROBLEMS]],
        count=len(found),
        **page,
    )
