"""The hotline desk: a call typed in while it is spoken, a receipt to read back, a progress question by code."""

import secrets
from datetime import datetime
from typing import Any

from aiohttp import web

from config.text import text
from config.web import Form, get_form, get_locale
from models.case import Case
from models.numbers import in_groups
from models.queries.tips import find_case_of_tip
from models.staff import Staff
from triage.console.context import DESK, Call, ReceiptLike, show
from triage.console.words import Words

TYPED = ("text", "county", "place", "target", "occurred", "caller", "name", "phone")
ANONYMOUS, NAMED = "anonymous", "named"
LONGEST_KEY = 64


async def show_form(request: web.Request, staff: Staff) -> web.StreamResponse:
    """An empty form with a key of its own, so that sending twice stores once."""
    return await _show_form(request, staff, dict.fromkeys(TYPED, ""), {}, key=secrets.token_urlsafe(24))


async def take_call(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Store the call; the card with number and code comes after the commit and can be reloaded."""
    form = get_form(request)
    typed = {name: form.get(name).strip() for name in TYPED}
    if errors := _find_errors(typed, get_locale(request)):
        return await _show_form(request, staff, typed, errors, key=form.get("key"), status=422)
    try:
        receipt = await _store(request, staff, typed, form)
    except ValueError as error:
        errors = _explain(error, get_locale(request))
        return await _show_form(request, staff, typed, errors, key=form.get("key"), status=422)
    is_named = typed["caller"] == NAMED
    return await show(
        request, staff, "call_receipt.html", receipt=receipt, is_named=is_named, groups=in_groups
    )


def _find_errors(typed: dict[str, str], locale: str) -> dict[str, str]:
    errors = {}
    if not typed["text"]:
        errors["text"] = text("console.operator.error.text", locale)
    if typed["caller"] not in {ANONYMOUS, NAMED}:
        errors["caller"] = text("console.operator.error.caller", locale)
    if typed["caller"] == NAMED and not (typed["name"] or typed["phone"]):
        errors["name"] = text("console.operator.error.name", locale)
    return errors


async def _store(request: web.Request, staff: Staff, typed: dict[str, str], form: Form) -> ReceiptLike:
    """Raises ValueError with what `receive_tip` does not take."""
    desk, is_named = request.app[DESK], typed["caller"] == NAMED
    call = Call(
        # Bound to the operator: a key that somebody copied from a page opens nobody else's receipt.
        submission_key=f"{staff.id}:{form.get('key')[:LONGEST_KEY]}",
        text=typed["text"],
        place=typed["place"],
        county=typed["county"] if typed["county"] in desk.catalog.offices else "",
        target=typed["target"],
        occurred=typed["occurred"],
        name=typed["name"] if is_named else "",
        phone=typed["phone"] if is_named else "",
    )
    async with desk.db.begin() as session:
        return await desk.receive_tip(session, call, keys=desk.keys, now=desk.now())


def _explain(error: ValueError, locale: str) -> dict[str, str]:
    problem, field = getattr(error, "problem", None), getattr(error, "field", "text")
    if problem is None:  # the same key came with other words: an old page was sent again
        return {"text": text("console.operator.error.sent_before", locale)}
    values = getattr(error, "values", {})
    return {field: text(f"console.operator.error.{problem}", locale, **values)}


async def _show_form(
    request: web.Request,
    staff: Staff,
    typed: dict[str, str],
    errors: dict[str, str],
    *,
    key: str,
    status: int = 200,
) -> web.Response:
    words = Words(request.app[DESK].catalog, get_locale(request))
    counties = [{"value": "", "label": words("operator.county_unknown")}, *words.county_options()]
    callers = [{"value": kind, "label": words(f"operator.caller.{kind}")} for kind in (NAMED, ANONYMOUS)]
    values = {"typed": typed, "errors": errors, "key": key, "counties": counties, "callers": callers}
    return await show(request, staff, "operator.html", status=status, **values)


async def show_status_form(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Ask for number and code."""
    return await show(request, staff, "operator_status.html", found=None, errors={}, number="")


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
    async with desk.db.read() as session:
        case = await find_case_of_tip(session, tip)
    found = tell_public_status(case, number=tip.number, received_at=tip.received_at)
    return await show(request, staff, "operator_status.html", found=found, errors={}, number="")


async def _ask_again(request: web.Request, staff: Staff, status: int, sentence: str) -> web.Response:
    number = get_form(request).get("number")[:40]
    return await show(
        request,
        staff,
        "operator_status.html",
        status=status,
        found=None,
        errors={"number": sentence},
        number=number,
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
