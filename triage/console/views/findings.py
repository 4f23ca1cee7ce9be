"""One finding corrected by itself: the machine's proposal and the person's decision stay side by side."""

from typing import Any

from aiohttp import web
from sqlalchemy.orm.exc import StaleDataError

from config.web import Refusal, get_form, get_locale, see_other
from config.web.form import Form
from models.staff import Staff
from models.states import FindingKind
from triage import actions
from triage.actions import MoveRefusedError
from triage.actions.findings import MANY
from triage.console.case_access import get_case, load_seen
from triage.console.context import DESK, Desk
from triage.console.finding_list import view_correction
from triage.console.views.case import show_case_page
from triage.console.words import Words

SAY = ("keep", "drop")


async def correct(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Say otherwise than the machine, with a reason; a form that was made for an older case is shown again."""
    desk, form, number = request.app[DESK], get_form(request), request.match_info["number"]
    async with desk.db.read() as session:
        await get_case(
            session, staff, number
        )  # who must not see the case learns nothing from his own mistakes
    kind = _read_kind(form)
    words = Words(desk.catalog, get_locale(request))
    if kind in MANY and form.get("say") not in {*SAY, ""}:
        raise Refusal(400, "request.form")
    try:
        await _correct(desk, staff, number, kind, form)
    except StaleDataError:
        return await _show_again(request, staff, kind, {"reason": words("conflict.title")}, status=409)
    except MoveRefusedError as error:
        field = error.refusal.values.get("field", "")
        if not field:
            values: dict[str, Any] = words.refusal_values(error.refusal)
            raise Refusal(409, words.refusal_key(error.refusal), **values) from error
        return await _show_again(request, staff, kind, {field: words.refusal(error.refusal)}, status=422)
    return see_other(f"/cases/{number}?done=corrected#findings")


def _read_kind(form: Form) -> FindingKind:
    try:
        return FindingKind(form.get("kind"))
    except ValueError:
        raise Refusal(400, "request.form") from None


async def _correct(desk: Desk, staff: Staff, number: str, kind: FindingKind, form: Form) -> None:
    async with desk.db.begin() as session:
        case = await get_case(session, staff, number)
        if form.get("version") != str(case.version):
            raise StaleDataError
        await actions.correct_finding(
            session,
            case,
            kind=kind,
            value=form.get("value"),
            drops=form.get("say") == "drop",
            reason=form.get("reason"),
            by=await session.get_one(Staff, staff.id),
            catalog=desk.catalog,
            now=desk.now(),
        )


async def _show_again(
    request: web.Request, staff: Staff, kind: FindingKind, errors: dict[str, str], *, status: int
) -> web.Response:
    desk, form = request.app[DESK], get_form(request)
    words = Words(desk.catalog, get_locale(request))
    async with desk.db.read() as session:
        file = await load_seen(session, desk, staff, request.match_info["number"])
    shown = view_correction(
        file,
        staff,
        kind,
        form.get("value") if form.get("say") else "",
        words,
        chosen=form.get("say") or form.get("value"),
        reason=form.get("reason"),
    )
    return await show_case_page(request, staff, file, errors=errors, correction=shown, status=status)
