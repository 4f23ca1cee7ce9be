"""A caller asks by number and code: the public state and nothing else, and he may add to his tip."""

from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from config.text import has_text, text
from config.web import Refusal, get_form, get_locale, see_other
from models.call import HotlineCall
from models.case import Case
from models.queries.calls import find_call_to_change, find_tip
from models.queries.tips import find_case_of_tip
from models.staff import Staff
from models.states import CallEnd, Channel
from triage.console.context import DESK, Desk, show
from triage.console.views.operator import get_call

OPEN_FOR = timedelta(minutes=30)
"""As long as a talk lasts: then the caller says number and code again."""


async def show_status_form(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Ask for number and code."""
    return await _show(request, staff)


async def tell_status(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Only what the reporter himself may know; a wrong number and a wrong code look the same."""
    desk, form, locale = request.app[DESK], get_form(request), get_locale(request)
    number, code, now = form.get("number")[:200], form.get("code")[:200], desk.now()
    try:
        tip = await desk.find_tip_by_receipt(desk.db, number, code, keys=desk.keys, now=now)
    except Exception as error:
        if (wait := getattr(error, "wait_seconds", None)) is None:
            raise
        return await _ask_again(
            request, staff, 429, text("console.operator.status_wait", locale, seconds=wait)
        )
    if tip is None:
        return await _ask_again(request, staff, 422, text("console.operator.status_unknown", locale))
    async with desk.db.begin() as session:
        times = {"started_at": now, "updated_at": now, "ended_at": now}
        call = HotlineCall(staff_id=staff.id, tip_id=tip.id, end=CallEnd.ANSWERED, **times)
        session.add(call)
    return see_other(f"/operator/calls/{call.id}/status")


async def show_status(request: web.Request, staff: Staff) -> web.StreamResponse:
    """The public state of the tip whose number and code were just said."""
    desk, call = request.app[DESK], await get_call(request, staff)
    if not _is_open(call, now=desk.now()):
        return see_other("/operator/status")
    return await _show(request, staff, found=await _find(desk, call), call=call)


async def add_supplement(request: web.Request, staff: Staff) -> web.StreamResponse:
    """What the caller adds to his own tip; it goes to the officer like a message from the web."""
    desk, form = request.app[DESK], get_form(request)
    call_id, words, now = int(request.match_info["call_id"]), form.get("supplement").strip(), desk.now()
    if desk.receive_message is None:
        raise Refusal(404, "status.404.body")
    try:
        async with desk.db.begin() as session:
            call = await find_call_to_change(session, staff_id=staff.id, call_id=call_id)
            if call is None or not _is_open(call, now=now):
                return see_other("/operator/status")
            tip = await find_tip(session, call.tip_id)
            if call.end is CallEnd.ANSWERED and tip is not None:  # sent twice is stored once
                await desk.receive_message(
                    session, tip, words, channel=Channel.HOTLINE, keys=desk.keys, now=now
                )
                call.end, call.ended_at, call.updated_at = CallEnd.SUPPLEMENTED, now, now
    except ValueError as error:
        key = f"errors.{getattr(error, 'problem', 'empty')}"
        values = getattr(error, "values", {})
        sentence = text(key if has_text(key) else "errors.empty", get_locale(request), **values)
        call = await get_call(request, staff)
        found = await _find(desk, call)
        errors = {"supplement": sentence}
        return await _show(request, staff, found=found, call=call, errors=errors, words=words, status=422)
    return see_other(f"/operator/calls/{call_id}/status")


def _is_open(call: HotlineCall, *, now: datetime) -> bool:
    is_question = call.end in {CallEnd.ANSWERED, CallEnd.SUPPLEMENTED}
    return is_question and now - call.started_at <= OPEN_FOR


async def _find(desk: Desk, call: HotlineCall) -> dict[str, Any]:
    async with desk.db.read() as session:
        tip = await find_tip(session, call.tip_id)
        case = await find_case_of_tip(session, tip) if tip else None
    if tip is None:
        raise Refusal(404, "status.404.body")
    return tell_public_status(case, number=tip.number, received_at=tip.received_at)


async def _ask_again(request: web.Request, staff: Staff, status: int, sentence: str) -> web.Response:
    number = get_form(request).get("number")[:40]
    return await _show(request, staff, errors={"number": sentence}, number=number, status=status)


async def _show(
    request: web.Request,
    staff: Staff,
    *,
    found: dict[str, Any] | None = None,
    call: HotlineCall | None = None,
    errors: dict[str, str] | None = None,
    number: str = "",
    words: str = "",
    status: int = 200,
) -> web.Response:
    return await show(
        request,
        staff,
        "operator_status.html",
        status=status,
        found=found,
        call=call,
        is_added=call is not None and call.end is CallEnd.SUPPLEMENTED,
        may_add=request.app[DESK].receive_message is not None,
        errors=errors or {},
        number=number,
        words=words,
    )


def tell_public_status(case: Case | None, *, number: str, received_at: datetime) -> dict[str, Any]:
    """The public face of a case: state and days, nothing of who handles it or what was said."""
    is_answered = case is not None and case.answered_at is not None
    return {
        "number": number,
        "state": case.state.value if case else "received",
        "received_at": received_at,
        "accepted_at": case.accepted_at if case else None,
        "answered_at": case.answered_at if case else None,
        "answer": case.answer if case and is_answered else "",
        "verdict": case.verdict if case and is_answered else None,
    }
