"""The hotline desk: a call typed in while it is spoken, kept as it is typed, and ended."""

import re
import secrets
from datetime import datetime
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from config.clock import LOCAL
from config.directory import load_directory
from config.text import has_text, text
from config.web import Form, Refusal, get_form, get_locale, get_query, render, see_other
from models.audit import record_event
from models.call import HotlineCall
from models.queries.calls import count_ends, find_call, find_call_to_change, list_unfinished_calls
from models.staff import Staff
from models.states import CallEnd
from triage.call_desk import CallEndedError, NotJoinedError, attach_call, end_call, file_call, keep_call
from triage.console.aids import find_aids, get_tools, list_troubles
from triage.console.calls import (
    ANONYMOUS,
    LATE_REASONS,
    LONGEST_KEY,
    NAMED,
    TYPED,
    Late,
    Typed,
    clean,
    empty,
    find_errors,
    make_call,
    name_call,
    open_answers,
    read_late,
    seal_answers,
)
from triage.console.context import DESK, Desk, show
from triage.console.words import Words
from triage.units import learn_unit

PAPER = "paper"
_NUMBER = re.compile(r"\d{12}")


async def show_form(request: web.Request, staff: Staff) -> web.StreamResponse:
    """An empty form with a key of its own, so that parallel calls stay apart and sending twice stores once."""
    is_paper = get_query(request).get(PAPER) == "yes"
    return await _show_form(request, staff, empty(), key=secrets.token_urlsafe(24), is_paper=is_paper)


async def show_call(request: web.Request, staff: Staff) -> web.StreamResponse:
    """A call that was begun goes on where it was; one that ended says how."""
    desk, call = request.app[DESK], await get_call(request, staff)
    match call.end:
        case None:
            typed = open_answers(call, desk.keys)
            is_paper = bool(typed["called_on"] or typed["late_reason"])
            return await _show_form(request, staff, typed, key=call.key or "", is_paper=is_paper)
        case CallEnd.FILED | CallEnd.ATTACHED:
            return see_other(f"/operator/calls/{call.id}/card")
        case CallEnd.ANSWERED | CallEnd.SUPPLEMENTED:
            return see_other(f"/operator/calls/{call.id}/status")
        case _:
            return see_other(f"/operator/calls/{call.id}/ended")


async def get_call(request: web.Request, staff: Staff) -> HotlineCall:
    """The call of this address, if it is this operator's own. Raises Refusal 404."""
    async with request.app[DESK].db.read() as session:
        call = await find_call(session, int(request.match_info["call_id"]), staff_id=staff.id)
    if call is None:
        raise Refusal(404, "status.404.body")
    return call


# ---------------------------------------------------------------- while it is typed


def _read(form: Form) -> tuple[Typed, str]:
    return clean({name: form.get(name) for name in TYPED}), form.get("key")[:LONGEST_KEY]


async def save_draft(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Every change, some seconds after it was typed at most. 409 once the call has ended."""
    desk, (typed, key) = request.app[DESK], _read(get_form(request))
    if not key:
        raise Refusal(400, "request.form")
    now = desk.now()
    try:
        async with desk.db.begin() as session:
            answers = seal_answers(typed, desk.keys)
            call = await keep_call(session, staff, key=key, answers=answers, now=now)
    except CallEndedError:
        return web.json_response({"ended": True}, status=409)
    return web.json_response({"id": call.id, "saved": f"{now.astimezone(LOCAL):%H:%M:%S}"})


async def show_aids(request: web.Request, staff: Staff) -> web.StreamResponse:  # noqa: ARG001 - every view takes both
    """County and like cases for what was typed so far: a part of the page."""
    desk, (typed, _) = request.app[DESK], _read(get_form(request))
    words = Words(desk.catalog, get_locale(request))
    aids = await find_aids(request.app, typed, words, now=desk.now())
    return render(request, "call_aids.html", aids=aids)


# ---------------------------------------------------------------- how it ends


async def take_call(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Whatever button was pressed: keep, send elsewhere, drop, attach, or file, which is also what Enter means."""
    form = get_form(request)
    match form.get("act"):
        case "save":
            return await _keep(request, staff, form)
        case "transfer" | "drop":
            return await _send_away(request, staff, form)
        case _:
            return await _file(request, staff, form)


async def _keep(request: web.Request, staff: Staff, form: Form) -> web.StreamResponse:
    desk, (typed, key) = request.app[DESK], _read(form)
    try:
        async with desk.db.begin() as session:
            answers = seal_answers(typed, desk.keys)
            call = await keep_call(
                session, staff, key=key or secrets.token_urlsafe(24), answers=answers, now=desk.now()
            )
    except CallEndedError:
        return await _refuse(request, staff, form, {"text": _sent_before(request)})
    return see_other(f"/operator/calls/{call.id}")


async def _send_away(request: web.Request, staff: Staff, form: Form) -> web.StreamResponse:
    desk, (typed, key) = request.app[DESK], _read(form)
    is_dropped = form.get("act") == "drop"
    directory = load_directory()
    destination, reason = directory.find(form.get("destination")), form.get("reason")
    if not is_dropped and (destination is None or reason not in directory.reasons):
        sentence = text("desk.error.destination", get_locale(request))
        return await _refuse(request, staff, form, {"destination": sentence})
    now = desk.now()
    try:
        async with desk.db.begin() as session:
            answers = seal_answers(typed, desk.keys)
            call = await keep_call(session, staff, key=key, answers=answers, now=now)
            call.destination, call.reason = (
                ("", "") if is_dropped or not destination else (destination.id, reason)
            )
            end = CallEnd.DROPPED if is_dropped else CallEnd.TRANSFERRED
            await end_call(session, call, end, now=now)
            where = call.destination
            record_event(session, f"call_{end}", at=now, by=staff.id, reason=call.reason, destination=where)
    except CallEndedError:
        return await _refuse(request, staff, form, {"text": _sent_before(request)})
    return see_other(f"/operator/calls/{call.id}/ended")


async def _file(request: web.Request, staff: Staff, form: Form) -> web.StreamResponse:
    """Store the call; the card with number and code comes after the commit."""
    desk, locale, (typed, key) = request.app[DESK], get_locale(request), _read(form)
    errors = find_errors(typed, locale)
    late, number = None, form.get("attach")
    if form.get(PAPER):
        try:
            late = read_late(typed, now=desk.now())
        except ValueError as error:
            errors[str(error)] = text(f"desk.error.{error}", locale)
    if number and (typed["danger"] == "yes" or not _NUMBER.fullmatch(number)):
        errors["text"] = text("desk.error.attach_danger", locale)
    if errors:
        return await _refuse(request, staff, form, errors)
    reader = (await get_tools(request.app)).matters.reader if typed["target"] else None
    try:
        async with desk.db.begin() as session:
            call = await _store(session, desk, staff, typed, key=key, late=late)
            if number:
                await attach_call(session, call, number, by=staff, now=desk.now())
            if reader:
                await learn_unit(session, typed["target"], reader=reader)
    except (CallEndedError, ValueError) as error:
        return await _refuse(request, staff, form, _explain(error, locale))
    except NotJoinedError:
        return await _refuse(request, staff, form, {"text": text("desk.error.not_joined", locale)})
    return see_other(f"/operator/calls/{call.id}/card")


async def _store(
    session: AsyncSession, desk: Desk, staff: Staff, typed: Typed, *, key: str, late: Late | None
) -> HotlineCall:
    """Tip and call in one transaction. Raises ValueError with what `receive_tip` does not take."""
    now = desk.now()
    call = make_call(typed, key=key, staff_id=staff.id, offices=desk.catalog.offices, late=late)
    receipt = await desk.receive_tip(session, call, keys=desk.keys, now=now)
    answers = seal_answers(typed, desk.keys)
    row = await file_call(session, staff, key=key, answers=answers, tip_id=receipt.tip_id, now=now)
    if late and row.updated_at == now:
        when = late.at.isoformat(timespec="minutes")
        tip_id, why = receipt.tip_id, late.reason
        record_event(
            session, "call_typed_late", at=now, by=staff.id, tip_id=tip_id, reason=why, called_at=when
        )
    return row


async def reopen_call(request: web.Request, staff: Staff) -> web.StreamResponse:
    """A call that was sent away by a slip of the hand goes on."""
    desk = request.app[DESK]
    async with desk.db.begin() as session:
        call_id = int(request.match_info["call_id"])
        call = await find_call_to_change(session, staff_id=staff.id, call_id=call_id)
        if call is None or call.end not in {CallEnd.TRANSFERRED, CallEnd.DROPPED} or call.answers is None:
            raise Refusal(404, "status.404.body")
        record_event(session, "call_reopened", at=desk.now(), by=staff.id)
        call.end = call.ended_at = None
        call.destination = call.reason = ""
        call.updated_at = desk.now()
    return see_other(f"/operator/calls/{call_id}")


# ---------------------------------------------------------------- the page


def _sent_before(request: web.Request) -> str:
    return text("console.operator.error.sent_before", get_locale(request))


def _explain(error: Exception, locale: str) -> dict[str, str]:
    problem, field = getattr(error, "problem", None), getattr(error, "field", "text")
    if problem is None:  # the same key came with other words: an old page was sent again
        return {"text": text("console.operator.error.sent_before", locale)}
    own = f"console.operator.error.{problem}"
    key = own if has_text(own) else f"errors.{problem}"
    return {field: text(key, locale, **getattr(error, "values", {}))}


async def _refuse(
    request: web.Request, staff: Staff, form: Form, errors: dict[str, str]
) -> web.StreamResponse:
    typed, key = _read(form)
    return await _show_form(
        request, staff, typed, key=key, is_paper=bool(form.get(PAPER)), errors=errors, status=422
    )


async def _show_form(
    request: web.Request,
    staff: Staff,
    typed: Typed,
    *,
    key: str,
    is_paper: bool,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    desk = request.app[DESK]
    words, now = Words(desk.catalog, get_locale(request)), desk.now()
    values = _choices(words) | {"directory": load_directory(), "today": f"{now.astimezone(LOCAL):%Y-%m-%d}"}
    return await show(
        request,
        staff,
        "operator.html",
        status=status,
        typed=typed,
        errors=errors or {},
        key=key,
        is_paper=is_paper,
        aids=await find_aids(request.app, typed, words, now=now),
        troubles=await list_troubles(desk, now=now),
        shift=await load_shift(desk, staff, words, now=now),
        **values,
    )


def _choices(words: Words) -> dict[str, Any]:
    return {
        "counties": [{"value": "", "label": words("operator.county_unknown")}, *words.county_options()],
        "callers": [
            {"value": kind, "label": words(f"operator.caller.{kind}")} for kind in (NAMED, ANONYMOUS)
        ],
        "dangers": [{"value": kind, "label": words.text(f"desk.danger.{kind}")} for kind in ("no", "yes")],
        "late_reasons": [
            {"value": "", "label": words.text("desk.late.choose")},
            *({"value": kind, "label": words.text(f"desk.late.{kind}")} for kind in LATE_REASONS),
        ],
    }


async def load_shift(desk: Desk, staff: Staff, words: Words, *, now: datetime) -> dict[str, Any]:
    """One's own work of today, and one's own calls that are not finished. Nobody else's."""
    today = now.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)
    async with desk.db.read() as session:
        ends = await count_ends(session, staff.id, since=today)
        calls = await list_unfinished_calls(session, staff.id)
    mine = [
        {
            "href": f"/operator/calls/{call.id}",
            "name": name_call(open_answers(call, desk.keys), words.locale),
            "time": f"{call.started_at.astimezone(LOCAL):%H:%M}",
            "is_unread": call.end is not None,
        }
        for call in calls
    ]
    return {"ends": [(end.value, ends.get(end, 0)) for end in CallEnd], "calls": mine}
