"""Many cases at once: ticked in a list, looked at before, done one by one, told afterwards.

Each case goes through the same move as on its own page, in a transaction of its own: what fails, fails alone.
The run is stored, so that a form that is sent twice, a reload and a power cut all lead to the same list of results.
"""

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from config.web import Form, Refusal, get_form, get_locale, see_other
from models.numbers import is_case_number
from models.queries.list_work import find_run, find_run_by_key, insert_item_once, insert_run_once
from models.staff import Staff
from models.states import Track
from triage import actions
from triage.actions import MoveRefusedError
from triage.bulk import ACTS, MOST, BulkAct, Numbered, read_ticked
from triage.console.bulk import (
    GONE,
    LEAK,
    STALE,
    check_typed,
    list_choices,
    list_results,
    make_plans,
)
from triage.console.case_access import get_case
from triage.console.context import DESK, Desk, show
from triage.console.habits import is_discreet
from triage.console.list_address import address_of
from triage.console.moves import StaleFormError, Typed
from triage.console.views.moves import move_case
from triage.console.words import Words
from triage.outgoing import LeakFoundError

log = structlog.get_logger()
KEY_BYTES = 16


async def act_on_many(request: web.Request, staff: Staff) -> web.StreamResponse:
    """From a list: what would happen to each ticked case. From there: do it, and go on to the results."""
    form = get_form(request)
    act, ticked = read_act(form, staff), read_ticked(form.get_all("case"), is_number=is_case_number)
    typed = {name: form.get(name).strip() for name in act.fields}
    if form.get("step") != "send" or not ticked or len(ticked) > MOST:
        return await _show_plan(request, staff, act, ticked, typed)
    desk, words = request.app[DESK], Words(request.app[DESK].catalog, get_locale(request))
    async with desk.db.read() as session:
        errors = await check_typed(session, staff, act, typed, words)
    if errors:
        return await _show_plan(request, staff, act, ticked, typed, errors=errors)
    run_id = await _start(desk, staff, act, ticked, key=form.get("key"), back=read_back(form.get("back")))
    if run_id is None:
        return await _show_earlier(desk, staff, form.get("key"))
    for number, version in ticked:
        await run_one(desk, staff, act, run_id, (number, version), typed)
    log.info("bulk_run", run_id=run_id, act=act.key, cases=len(ticked), staff_id=staff.id)
    return see_other(f"/cases/bulk/{run_id}#done")


async def show_results(request: web.Request, staff: Staff) -> web.StreamResponse:
    """What became of each case, for the person who started it."""
    desk, words = request.app[DESK], Words(request.app[DESK].catalog, get_locale(request))
    async with desk.db.read() as session:
        run = await find_run(session, int(request.match_info["run_id"]), staff_id=staff.id)
        if run is None:
            raise Refusal(404, "status.404.body")
        results = await list_results(session, staff, run, words)
    return await show(
        request,
        staff,
        "bulk_results.html",
        act=run.act,
        back=run.back,
        results=results,
        is_hidden=is_discreet(request),
        made_at=run.made_at,
    )


def read_act(form: Form, staff: Staff) -> BulkAct:
    """The act that was chosen. Raises Refusal 403 for one that is not this person's, 400 for none at all."""
    act = ACTS.get(form.get("act"))
    if act is None:
        raise Refusal(400, "bulk.no_act")
    if staff.role not in act.roles:
        raise Refusal(403, "bulk.not_yours")
    return act


def read_back(written: str) -> str:
    """The list to go back to, as a form brings it that anybody may have changed."""
    parts = urlsplit(written)
    return "/desk" if parts.path == "/desk" else address_of(dict(parse_qsl(parts.query)))


async def run_one(
    desk: Desk, staff: Staff, act: BulkAct, run_id: int, case: tuple[str, int], typed: Mapping[str, str]
) -> None:
    """One case: the move and the note that it was made in one transaction; else why it was not, in another."""
    number, version = case
    try:
        async with desk.db.begin() as session:
            if await insert_item_once(session, run_id, number, is_done=True):
                await _do(session, desk, staff, act, number, Typed(version, typed))
    except (StaleFormError, StaleDataError):
        reason: dict[str, Any] = {"key": STALE}
    except LeakFoundError:
        reason = {"key": LEAK}
    except Refusal:
        reason = {"key": GONE}
    except MoveRefusedError as error:
        reason = {"key": error.refusal.reason, "values": dict(error.refusal.values)}
    else:
        return
    async with desk.db.begin() as session:
        await insert_item_once(session, run_id, number, is_done=False, reason=reason)


async def _do(
    session: AsyncSession, desk: Desk, staff: Staff, act: BulkAct, number: str, typed: Typed
) -> None:
    """The move as on the page of the case itself."""
    case = await get_case(session, staff, number)
    if act.key == "accept":  # as the machine proposed it
        values = {**typed.values, "office_id": case.jurisdiction}
        typed = Typed(typed.version, values, clauses=tuple(case.clauses))
    if act.move:
        await move_case(session, desk, staff, number, act.move, typed)
        return
    if case.version != typed.version:
        raise StaleFormError
    by = await session.get_one(Staff, staff.id)
    await actions.advance_track(
        session, case, Track.URGE, act.step, facts=typed.values, by=by, catalog=desk.catalog, now=desk.now()
    )


async def _start(
    desk: Desk, staff: Staff, act: BulkAct, ticked: Numbered, *, key: str, back: str
) -> int | None:
    async with desk.db.begin() as session:
        return await insert_run_once(
            session,
            key=key[: KEY_BYTES * 2] or secrets.token_hex(KEY_BYTES),
            staff_id=staff.id,
            act=act.key,
            numbers=[number for number, _ in ticked],
            back=back,
            now=desk.now(),
        )


async def _show_earlier(desk: Desk, staff: Staff, key: str) -> web.StreamResponse:
    """The form was sent before: the results of that time."""
    async with desk.db.read() as session:
        run = await find_run_by_key(session, key, staff_id=staff.id)
    if run is None:
        raise Refusal(409, "status.409.body")
    return see_other(f"/cases/bulk/{run.id}#done")


async def _show_plan(
    request: web.Request,
    staff: Staff,
    act: BulkAct,
    ticked: Numbered,
    typed: Mapping[str, str],
    *,
    errors: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """Every ticked case with what would happen to it, or why it stays out."""
    desk, words = request.app[DESK], Words(request.app[DESK].catalog, get_locale(request))
    trouble = "none" if not ticked else "too_many" if len(ticked) > MOST else ""
    async with desk.db.read() as session:
        plans = [] if trouble else await make_plans(session, desk, staff, act, ticked, words)
        choices = await list_choices(session, staff, act, words)
    form = get_form(request)
    values: dict[str, Any] = {
        "act": act.key,
        "fields": act.fields,
        "able": [plan for plan in plans if not plan.why_not],
        "unable": [plan for plan in plans if plan.why_not],
        "trouble": trouble,
        "most": MOST,
        "typed": typed,
        "back": read_back(form.get("back")),
        "key": form.get("key")[: KEY_BYTES * 2] or secrets.token_hex(KEY_BYTES),
        "is_hidden": is_discreet(request),
        "errors": errors or {},
        **choices,
    }
    return await show(request, staff, "bulk.html", status=422 if errors or trouble else 200, **values)
