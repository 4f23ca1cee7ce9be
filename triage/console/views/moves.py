"""Moves on a case: previewed, edited again, made, or kept for later."""

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from config.web import Refusal, get_form, get_locale, see_other
from config.web.form import Form
from models.case import Case
from models.staff import Staff
from models.states import Role
from triage import outgoing
from triage.actions import MoveRefusedError
from triage.at_work import DraftSentError, end_draft
from triage.console import case_page, forms, keeping
from triage.console.case_access import get_case, load_seen
from triage.console.context import DESK, Desk, show
from triage.console.drafts import LONGEST_KEY
from triage.console.moves import FIELDS, LISTS, StaleFormError, Typed, check_version, perform
from triage.console.next_moves import view_choices
from triage.console.outgoing import outgoing_text
from triage.console.reporter import TO_REPORTER, find_shared, list_offers, put_in, view_ways
from triage.console.views.case import show_case_page, show_found
from triage.console.words import Words
from triage.outgoing import LeakFoundError
from triage.workflow import Move

INSERT = "insert:"
"""How the step of a button begins that puts in a phrase; its id follows."""


async def make_move(request: web.Request, staff: Staff) -> web.StreamResponse:
    """One move, as the button says: kept for later, edited again, previewed or made."""
    desk, form = request.app[DESK], get_form(request)
    move, number = read_move(request.match_info["move"]), request.match_info["number"]
    typed, step = read_typed(form, move), form.get("step")
    if step == "keep":
        await _keep(desk, staff, number, move, typed)
        return see_other(f"/cases/{number}?done=draft_kept#done")
    if step.startswith(INSERT):
        return await _insert(request, staff, number, move, typed, step.removeprefix(INSERT))
    if step == "edit":
        return await _show_form(request, staff, number, move, typed, {}, status=200)
    return await _make(request, staff, number, move, typed, is_preview=step == "preview")


async def _insert(
    request: web.Request, staff: Staff, number: str, move: Move, typed: Typed, phrase: str
) -> web.StreamResponse:
    """Put the chosen phrase behind what was written, and keep it; one that lacks something changes nothing."""
    desk, words = request.app[DESK], Words(request.app[DESK].catalog, get_locale(request))
    async with desk.db.read() as session:
        file = await load_seen(session, desk, staff, number)
        offers = await list_offers(session, file, move, words, now=desk.now())
    offer = next((one for one in offers if one.id == phrase), None)
    if offer and offer.text:
        field = TO_REPORTER[move]
        typed = replace(typed, values={**typed.values, field: put_in(typed.get(field), offer.text)})
        await _keep(desk, staff, number, move, typed)
    return await _show_form(request, staff, number, move, typed, {}, status=200)


async def _make(
    request: web.Request, staff: Staff, number: str, move: Move, typed: Typed, *, is_preview: bool
) -> web.StreamResponse:
    """A move that was made leads back to the case with a banner; whatever went wrong keeps every word."""
    desk = request.app[DESK]
    try:
        if is_preview:
            await _keep(desk, staff, number, move, typed)
            return await _preview(request, staff, number, move, typed)
        await _perform(desk, staff, number, move, typed)
    except (StaleFormError, StaleDataError):
        await _keep(desk, staff, number, move, typed)
        return await _show_conflict(request, staff, number, move, typed)
    except LeakFoundError as found:
        await _keep(desk, staff, number, move, typed)
        return await show_found(request, staff, found, act=f"/cases/{number}/{move}", typed=typed)
    except MoveRefusedError as error:
        await _keep(desk, staff, number, move, typed)
        return await _refuse(request, staff, number, move, typed, error)
    return see_other(_after(staff, number, move))


async def _keep(desk: Desk, staff: Staff, number: str, move: Move, typed: Typed) -> None:
    """Whatever was not sent waits for its author; words that were sent meanwhile from the same page do not."""
    if FIELDS[move]:
        with contextlib.suppress(DraftSentError):
            await keeping.keep(desk, staff, number, move, typed)


def read_move(name: str) -> Move:
    """The move of an address. Raises Refusal 404."""
    try:
        return Move(name)
    except ValueError:
        raise Refusal(404, "status.404.body") from None


def read_typed(form: Form, move: Move) -> Typed:
    """What the form of a move brought. A version that is no number is as stale as can be."""
    version = form.get("version")
    names = [name for name in FIELDS[move] if name not in LISTS]
    return Typed(
        version=int(version[:9]) if version.isascii() and version.isdecimal() else -1,
        values={name: form.get(name).replace("\r\n", "\n") for name in names},
        page_key=form.get("page_key")[:LONGEST_KEY],
        **{name: tuple(dict.fromkeys(form.get_all(name))) for name in LISTS if name in FIELDS[move]},
    )


async def _perform(desk: Desk, staff: Staff, number: str, move: Move, typed: Typed) -> None:
    async with desk.db.begin() as session:
        case = await move_case(session, desk, staff, number, move, typed)
        await end_draft(session, case, staff, move.value, key=typed.page_key, now=desk.now())


async def move_case(
    session: AsyncSession, desk: Desk, staff: Staff, number: str, move: Move, typed: Typed
) -> Case:
    """One move on one case. Raises Refusal 404, StaleFormError, LeakFoundError, MoveRefusedError."""
    case = await get_case(session, staff, number)
    check_version(case, typed)
    if text := outgoing_text(move, typed):
        await outgoing.check(session, case, move.value, text, catalog=desk.catalog, keys=desk.keys)
    # The account as it is now: a role changed a second ago counts.
    by = await session.get_one(Staff, staff.id)
    await perform(session, case, move, typed, by=by, catalog=desk.catalog, now=desk.now())
    return case


def _after(staff: Staff, number: str, move: Move) -> str:
    """Where to go on: the next case of the desk, the list for a case that left the office, else the case itself."""
    if move in {Move.ACCEPT, Move.REFUSE, Move.TRANSFER_OUT} and staff.role is Role.INTAKE:
        return f"/desk?done={move}&number={number}#done"
    if move in {Move.RETURN, Move.RECUSE}:
        return f"/cases?done={move}&number={number}#done"
    return f"/cases/{number}?done={move}#done"


async def _show_form(
    request: web.Request,
    staff: Staff,
    number: str,
    move: Move,
    typed: Typed,
    errors: Mapping[str, str],
    *,
    status: int,
) -> web.Response:
    desk = request.app[DESK]
    async with desk.db.read() as session:
        file = await load_seen(session, desk, staff, number)
    return await show_case_page(
        request, staff, file, opened=move.value, typed=typed, errors=errors, status=status
    )


async def _preview(request: web.Request, staff: Staff, number: str, move: Move, typed: Typed) -> web.Response:
    """Show what will stand in the record or before the reporter's eyes. Raises as the move itself would."""
    desk, now = request.app[DESK], request.app[DESK].now()
    words = Words(desk.catalog, get_locale(request))
    await rehearse(desk, staff, number, move, typed)
    async with desk.db.read() as session:
        file = await load_seen(session, desk, staff, number)
    choices = view_choices(file, staff, words, catalog=desk.catalog, now=now)
    effects = next(choice.effects for choice in choices if choice.move is move)
    values = forms.preview(file, move, typed, words, now=now)
    if move in TO_REPORTER:
        async with desk.db.read() as session:
            body = typed.get(TO_REPORTER[move])
            values["warnings"] += await find_shared(session, file.case, body, words, keys=desk.keys)
            values["ways"] = await view_ways(session, file.case, desk.settings, words)
    return await show(
        request, staff, "preview.html", case=file.case, move=move.value, effects=effects, **values
    )


async def rehearse(desk: Desk, staff: Staff, number: str, move: Move, typed: Typed) -> None:
    """Make the move and take it back, so that a preview is refused for the same reasons as the move itself."""
    async with desk.db.begin() as session:
        await move_case(session, desk, staff, number, move, typed)
        await session.rollback()


async def _show_conflict(
    request: web.Request, staff: Staff, number: str, move: Move, typed: Typed
) -> web.Response:
    """Both versions side by side: what was typed, and what has happened meanwhile."""
    desk, now = request.app[DESK], request.app[DESK].now()
    words = Words(desk.catalog, get_locale(request))
    async with desk.db.read() as session:
        file = await load_seen(session, desk, staff, number)
    choices = view_choices(file, staff, words, catalog=desk.catalog, now=now)
    values = {
        "case": file.case,
        "move": move.value,
        "label": words(f"move.{move}.button"),
        "typed": forms.shown(typed),
        "page_key": typed.page_key,
        "said": forms.say_typed(typed, words),
        "labels": forms.labels(move, words),
        "news": case_page.view_timeline(file)[:5],
        "state": words.state("case", file.case.state),
        "may_go_on": any(choice.move is move and not choice.why_not for choice in choices),
        "words": words,
    }
    return await show(request, staff, "conflict.html", status=409, **values)


async def _refuse(
    request: web.Request, staff: Staff, number: str, move: Move, typed: Typed, error: MoveRefusedError
) -> web.Response:
    """A field to mend opens the form again with every word kept; a forbidden move says why."""
    words = Words(request.app[DESK].catalog, get_locale(request))
    sentence = forms.say_refusal(error.refusal, move, words)
    if field := forms.field_of(error.refusal, move):
        return await _show_form(request, staff, number, move, typed, {field: sentence}, status=422)
    values: dict[str, Any] = words.refusal_values(error.refusal)
    raise Refusal(409, words.refusal_key(error.refusal), **values) from error
