"""After the talk: the card that is read out, the page of a call that went elsewhere, the paper form."""

from aiohttp import web

from config.directory import load_directory
from config.web import Refusal, get_form, get_locale, get_query, see_other
from models.call import HotlineCall
from models.numbers import in_groups
from models.queries.calls import find_call_to_change, find_tip
from models.queries.tips import find_case_of_tip
from models.queries.units import FoundUnit
from models.staff import Staff
from models.states import CallEnd
from triage.call_desk import mark_read
from triage.console.calls import Typed, make_call, open_answers, read_late
from triage.console.context import DESK, Desk, ReceiptLike, show
from triage.console.views.operator import PAPER, get_call, load_shift
from triage.console.words import Words
from triage.units import search_units


async def find_names(request: web.Request, staff: Staff) -> web.StreamResponse:  # noqa: ARG001 - every view takes both
    """Names of bodies by a part, initials or another name. Posted: what was typed stays out of addresses."""
    async with request.app[DESK].db.read() as session:
        found = await search_units(session, get_form(request).get("words"))
    words = Words(request.app[DESK].catalog, get_locale(request))
    return web.json_response(
        [{"name": unit.name, "main": unit.main, "about": _describe(unit, words)} for unit in found]
    )


def _describe(unit: FoundUnit, words: Words) -> str:
    """What the register knows of a body: its kind and its county."""
    kind = words.state("subject", unit.kind) if unit.kind else ""
    county = words.office(unit.county) if unit.county else ""
    return " · ".join(filter(None, (kind, county)))


async def show_card(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Number and code to be read out. Both derive anew, so that the code is stored nowhere; once read, it is gone."""
    desk, call = request.app[DESK], await get_call(request, staff)
    if call.end not in {CallEnd.FILED, CallEnd.ATTACHED}:
        return see_other(f"/operator/calls/{call.id}")
    typed = open_answers(call, desk.keys)
    receipt = await _derive(desk, staff, call, typed) if call.key else None
    async with desk.db.read() as session:
        tip = await find_tip(session, call.tip_id)
        case = await find_case_of_tip(session, tip) if tip and call.end is CallEnd.ATTACHED else None
    if tip is None:
        raise Refusal(404, "status.404.body")
    words = Words(desk.catalog, get_locale(request))
    return await show(
        request,
        staff,
        "call_receipt.html",
        receipt=receipt,
        tip=tip,
        call=call,
        joined=case.number if case else "",
        is_paper=bool(typed["late_reason"]),
        groups=in_groups,
        errors={},
        shift=await load_shift(desk, staff, words, now=desk.now()),
    )


async def _derive(desk: Desk, staff: Staff, call: HotlineCall, typed: Typed) -> ReceiptLike:
    """Receiving the same submission again stores nothing and answers with the first receipt."""
    late = read_late(typed, now=call.ended_at or desk.now()) if typed["late_reason"] else None
    same = make_call(typed, key=call.key or "", staff_id=staff.id, offices=desk.catalog.offices, late=late)
    async with desk.db.begin() as session:
        return await desk.receive_tip(session, same, keys=desk.keys, now=desk.now())


async def close_card(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Only with the tick: number and code were read to the caller."""
    desk, form, call_id = request.app[DESK], get_form(request), int(request.match_info["call_id"])
    if not form.get("read"):
        return see_other(f"/operator/calls/{call_id}/card")
    async with desk.db.begin() as session:
        call = await find_call_to_change(session, staff_id=staff.id, call_id=call_id)
        if call is None or call.end not in {CallEnd.FILED, CallEnd.ATTACHED}:
            raise Refusal(404, "status.404.body")
        mark_read(call, now=desk.now())
    return see_other("/operator?paper=yes" if form.get(PAPER) else "/operator")


async def show_ended(request: web.Request, staff: Staff) -> web.StreamResponse:
    """What to tell a caller whose matter is not ours, and the way back after a slip."""
    call = await get_call(request, staff)
    if call.end not in {CallEnd.TRANSFERRED, CallEnd.DROPPED}:
        return see_other(f"/operator/calls/{call.id}")
    destination = load_directory().find(call.destination)
    return await show(request, staff, "call_ended.html", call=call, destination=destination, groups=in_groups)


async def show_paper(request: web.Request, staff: Staff) -> web.StreamResponse:
    """The same questions in the same order, to be printed before they are needed."""
    copies = get_query(request).get("copies")
    count = min(int(copies), 20) if copies.isascii() and copies.isdecimal() else 1
    return await show(request, staff, "call_paper.html", copies=max(count, 1), directory=load_directory())
