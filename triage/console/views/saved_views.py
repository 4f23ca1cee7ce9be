"""Lists kept by name: one person's own, shown in his rail."""

from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from config.web import Refusal, get_form, see_other
from models.queries.list_work import (
    MOST_SAVED_VIEWS,
    delete_saved_view,
    list_saved_views,
    save_view,
)
from models.staff import Staff
from triage.console.context import DESK
from triage.console.list_address import write_query

LONGEST_NAME = 20


async def keep_view(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Give the open list a name. A name that is in use means the new list from now on."""
    desk, form = request.app[DESK], get_form(request)
    query = write_query(dict(parse_qsl(urlsplit(form.get("back")).query)))
    name = " ".join(form.get("name").split())
    if not name or len(name) > LONGEST_NAME:
        raise Refusal(422, "bulk.view_name", longest=LONGEST_NAME)
    async with desk.db.begin() as session:
        names = {view.name for view in await list_saved_views(session, staff.id)}
        if name not in names and len(names) >= MOST_SAVED_VIEWS:
            raise Refusal(422, "bulk.too_many_views", most=MOST_SAVED_VIEWS)
        await save_view(session, staff.id, name=name, query=query, now=desk.now())
    return see_other(f"/cases?{query}&told=view_kept#done")


async def drop_view(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Forget a name; the list itself stays where it is."""
    desk, form = request.app[DESK], get_form(request)
    query = write_query(dict(parse_qsl(urlsplit(form.get("back")).query)))
    async with desk.db.begin() as session:
        if not await delete_saved_view(session, int(request.match_info["view_id"]), staff_id=staff.id):
            raise Refusal(404, "status.404.body")
    return see_other(f"/cases?{query}&told=view_dropped#done")
