"""Identities and original words: asking, deciding, opening."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from config.web import Refusal, get_form, get_locale, get_query, see_other
from models.case import Case
from models.disclosure import Disclosure, OutgoingText
from models.queries.disclosures import list_waiting
from models.queries.outgoing import list_waiting_texts
from models.staff import Staff
from triage import disclosure, outgoing
from triage.console.case_access import get_case
from triage.console.context import DESK, show
from triage.console.outgoing import view_stopped
from triage.console.views.case import show_with_errors
from triage.console.words import Words
from triage.disclosure import DisclosureProblem, DisclosureRefusedError
from triage.permissions import reach_of

DECIDED = frozenset({"allowed", "refused"})
AT_FIELD = frozenset({DisclosureProblem.REASON_SHORT, DisclosureProblem.REASON_LONG})


async def ask_identity(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Ask to see who sent the tip; back to the case."""
    desk, reason, number = request.app[DESK], get_form(request).get("reason"), request.match_info["number"]
    try:
        async with desk.db.begin() as session:
            case = await get_case(session, staff, number)
            by = await session.get_one(Staff, staff.id)
            await disclosure.ask_identity(session, case, reason=reason, by=by, now=desk.now())
    except DisclosureRefusedError as error:
        return await _refuse(request, staff, error, field="identity_reason", typed=reason)
    return see_other(f"/cases/{number}?done=identity_asked#identity")


async def open_identity(request: web.Request, staff: Staff) -> web.StreamResponse:
    """The identity on a page of its own, which no cache keeps; that it was opened is committed before it is shown."""
    desk, number = request.app[DESK], request.match_info["number"]
    try:
        async with desk.db.begin() as session:
            case = await get_case(session, staff, number)
            by = await session.get_one(Staff, staff.id)
            opened = await disclosure.open_identity(session, case, by=by, keys=desk.keys, now=desk.now())
    except DisclosureRefusedError as error:
        raise Refusal(409, f"access.{error.problem}") from error
    return await show(request, staff, "identity_opened.html", case=case, opened=opened)


async def open_words(request: web.Request, staff: Staff) -> web.StreamResponse:
    """The citizen's own words, once the reason is in the audit; back to the case, which shows them."""
    desk, reason, number = request.app[DESK], get_form(request).get("reason"), request.match_info["number"]
    try:
        async with desk.db.begin() as session:
            case = await get_case(session, staff, number)
            await disclosure.open_words(session, case, reason=reason, by=staff, now=desk.now())
    except DisclosureRefusedError as error:
        return await _refuse(request, staff, error, field="words_reason", typed=reason)
    return see_other(f"/cases/{number}#tip-1")


async def _refuse(
    request: web.Request, staff: Staff, error: DisclosureRefusedError, *, field: str, typed: str
) -> web.StreamResponse:
    if error.problem not in AT_FIELD:
        raise Refusal(409, f"access.{error.problem}") from error
    words = Words(request.app[DESK].catalog, get_locale(request))
    sentence = words.error(f"access.{error.problem}")
    return await show_with_errors(request, staff, {field: sentence}, {field: typed})


async def show_approvals(request: web.Request, staff: Staff) -> web.StreamResponse:
    """What waits for this person's yes or no."""
    done = get_query(request).get("done")
    return await _show_approvals(request, staff, {}, done=done if done in DECIDED else "")


async def decide(request: web.Request, staff: Staff) -> web.StreamResponse:
    """One yes or no to seeing an identity, with its reason."""
    return await _decide(request, staff, disclosure.decide_identity, int(request.match_info["disclosure_id"]))


async def decide_text(request: web.Request, staff: Staff) -> web.StreamResponse:
    """One yes or no to a text that was stopped, with its reason."""
    return await _decide(request, staff, outgoing.decide_release, int(request.match_info["text_id"]))


async def _decide(
    request: web.Request, staff: Staff, decision: Callable[..., Awaitable[object]], asked: int
) -> web.StreamResponse:
    desk, form, says = request.app[DESK], get_form(request), get_form(request).get("say")
    if says not in {"allow", "refuse"}:
        raise Refusal(400, "status.400.body")
    try:
        async with desk.db.begin() as session:
            by = await session.get_one(Staff, staff.id)
            await decision(
                session, asked, allow=says == "allow", reason=form.get("reason"), by=by, now=desk.now()
            )
    except DisclosureRefusedError as error:
        if error.problem not in AT_FIELD:
            raise Refusal(404, f"access.{error.problem}") from error
        words = Words(desk.catalog, get_locale(request))
        kind = "text" if decision is outgoing.decide_release else "identity"
        errors = {f"reason-{kind}-{asked}": words.error("access.decision_short")}
        return await _show_approvals(request, staff, errors, status=422)
    return see_other(f"/approvals?done={'allowed' if says == 'allow' else 'refused'}")


async def _show_approvals(
    request: web.Request, staff: Staff, errors: dict[str, str], *, done: str = "", status: int = 200
) -> web.Response:
    desk, words = request.app[DESK], Words(request.app[DESK].catalog, get_locale(request))
    since = desk.now() - disclosure.REQUEST_LASTS
    async with desk.db.read() as session:
        waiting = await list_waiting(session, staff, reach_of(staff), since=since)
        texts = await list_waiting_texts(session, staff, reach_of(staff), since=since)
    rows = [_make_row("identity", asked, case, asker, words) for asked, case, asker in waiting]
    for text, case, author in texts:
        leaks = [(int(one["start"]), int(one["end"]), str(one["kind"])) for one in text.leaks]
        shown = {"stopped": view_stopped(text.text, leaks, words)}
        rows.append({**_make_row("text", text, case, author, words), **shown})
    return await show(request, staff, "approvals.html", status=status, rows=rows, errors=errors, done=done)


def _make_row(
    kind: str, asked: Disclosure | OutgoingText, case: Case, asker: Staff, words: Words
) -> dict[str, Any]:
    return {
        "kind": kind,
        "id": asked.id,
        "key": f"{kind}-{asked.id}",
        "number": case.number,
        "target": case.target or words("list.no_target"),
        "asker": asker.name,
        "office": words.office(asker.office_id),
        "role": words.state("role", asker.role),
        "reason": asked.reason,
        "asked_at": asked.asked_at,
        "stopped": None,
    }
