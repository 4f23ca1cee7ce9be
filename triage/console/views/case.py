"""The page of one case and the moves made on it."""

from collections.abc import Mapping
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from config.web import Refusal, get_form, get_locale, get_query, see_other
from config.web.form import Form
from models.case import Case
from models.queries.cases import find_case
from models.staff import Staff
from models.states import Role, Track
from triage import actions, outgoing
from triage.actions import MoveRefusedError
from triage.console import case_page, forms
from triage.console.case_page import CaseFile, load_case_file
from triage.console.casework import Opened, view_casework
from triage.console.closed import DONE as CLOSED_DONE
from triage.console.closed import view_closed
from triage.console.context import DESK, Desk, show
from triage.console.likenesses import SAYINGS, view_likenesses
from triage.console.masking import as_seen
from triage.console.moves import FIELDS, LISTS, WITH_PREVIEW, StaleFormError, Typed, check_version, perform
from triage.console.next_moves import view_choices
from triage.console.outgoing import outgoing_text, view_stopped
from triage.console.paper_page import view_papers
from triage.console.words import Words
from triage.outgoing import LeakFoundError
from triage.permissions import reach_of
from triage.workflow import Move

log = structlog.get_logger()
_SAID = frozenset({"track", *(move.value for move in Move), *(f"likeness_{say}" for say in SAYINGS)})
DONE = _SAID | CLOSED_DONE


async def show_case(request: web.Request, staff: Staff) -> web.StreamResponse:
    """The case with the form that the address opens, if it may be made."""
    desk, query = request.app[DESK], get_query(request)
    number = request.match_info["number"]
    await _note_that_it_was_read(desk, staff, number)
    async with desk.db.read() as session:
        file = await load_seen(session, desk, staff, number)
    track = _read_opened(query.get("track"), query.get("step"))
    return await _show(request, staff, file, opened=query.get("do"), done=query.get("done"), track=track)


async def show_with_track(
    request: web.Request, staff: Staff, number: str, opened: Opened, *, status: int
) -> web.StreamResponse:
    """The case with the form of a side track open, every word kept."""
    desk = request.app[DESK]
    async with desk.db.read() as session:
        file = await load_seen(session, desk, staff, number)
    return await _show(request, staff, file, track=opened, status=status)


def _read_opened(track: str, step: str) -> Opened | None:
    known = {one.value: one for one in Track}
    return Opened(known[track], step) if track in known else None


async def make_move(request: web.Request, staff: Staff) -> web.StreamResponse:
    """One move: previewed, edited again, or made; then back to the case with a banner."""
    desk, form = request.app[DESK], get_form(request)
    move, number = _read_move(request.match_info["move"]), request.match_info["number"]
    typed, step = read_typed(form, move), form.get("step")
    if step == "edit":
        return await _show_form(request, staff, number, move, typed, {}, status=200)
    try:
        if step == "preview":
            return await _preview(request, staff, number, move, typed)
        await _perform(desk, staff, number, move, typed)
    except (StaleFormError, StaleDataError):
        return await _show_conflict(request, staff, number, move, typed)
    except LeakFoundError as found:
        return await _show_found(request, staff, found, act=f"/cases/{number}/{move}", typed=typed)
    except MoveRefusedError as error:
        return await _refuse(request, staff, number, move, typed, error)
    return see_other(_after(staff, number, move))


async def get_case(session: AsyncSession, staff: Staff, number: str) -> Case:
    """The case, if this person may see it. Raises Refusal 404, the same for "no such case" and "not yours"."""
    case = await find_case(session, number, scope=reach_of(staff))
    if case is None:
        log.warning("case_refused", staff_id=staff.id)
        raise Refusal(404, "console.no_case")
    return case


def _read_move(name: str) -> Move:
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
        **{name: tuple(dict.fromkeys(form.get_all(name))) for name in LISTS if name in FIELDS[move]},
    )


async def _perform(desk: Desk, staff: Staff, number: str, move: Move, typed: Typed) -> None:
    async with desk.db.begin() as session:
        await move_case(session, desk, staff, number, move, typed)


async def move_case(
    session: AsyncSession, desk: Desk, staff: Staff, number: str, move: Move, typed: Typed
) -> None:
    """One move on one case. Raises Refusal 404, StaleFormError, LeakFoundError, MoveRefusedError."""
    case = await get_case(session, staff, number)
    check_version(case, typed)
    if text := outgoing_text(move, typed):
        await outgoing.check(session, case, move.value, text, catalog=desk.catalog, keys=desk.keys)
    # The account as it is now: a role changed a second ago counts.
    by = await session.get_one(Staff, staff.id)
    await perform(session, case, move, typed, by=by, catalog=desk.catalog, now=desk.now())


def _after(staff: Staff, number: str, move: Move) -> str:
    """Where to go on: the next case of the desk, the list for a case that left the office, else the case itself."""
    if move in {Move.ACCEPT, Move.REFUSE, Move.TRANSFER_OUT} and staff.role is Role.INTAKE:
        return f"/desk?done={move}&number={number}#done"
    if move in {Move.RETURN, Move.RECUSE}:
        return f"/cases?done={move}&number={number}#done"
    return f"/cases/{number}?done={move}#done"


async def load_seen(session: AsyncSession, desk: Desk, staff: Staff, number: str) -> CaseFile:
    """All of the case, as this person sees it. Raises Refusal 404."""
    file = await load_case_file(session, await get_case(session, staff, number))
    return await as_seen(session, file, staff, keys=desk.keys, now=desk.now())


async def _note_that_it_was_read(desk: Desk, staff: Staff, number: str) -> None:
    """The reporter's messages count as read once somebody who handles the case has opened it."""
    async with desk.db.read() as session:
        case = await get_case(session, staff, number)
        if not case.has_unread or not may_answer(staff, case):
            return
    async with desk.db.begin() as session:
        case = await get_case(session, staff, number)
        file = await load_case_file(session, case)
        await actions.mark_read(session, case, case_page.list_unread(file), now=desk.now())


def may_answer(staff: Staff, case: Case) -> bool:
    """Whether this reader is the one for whom the message waits: his office has the case."""
    return staff.office_id == case.office_id and staff.role in {Role.OFFICER, Role.LEAD, Role.INTAKE}


async def _show(  # noqa: PLR0913 - one page, many ways to it
    request: web.Request,
    staff: Staff,
    file: CaseFile,
    *,
    opened: str = "",
    typed: Typed | None = None,
    errors: Mapping[str, str] | None = None,
    closed_typed: Mapping[str, str] | None = None,
    done: str = "",
    track: Opened | None = None,
    status: int = 200,
) -> web.Response:
    desk, now = request.app[DESK], request.app[DESK].now()
    words = Words(desk.catalog, get_locale(request))
    choices = view_choices(file, staff, words, catalog=desk.catalog, now=now)
    can = {choice.move.value for choice in choices if not choice.why_not}
    with_clockwork = get_query(request).get("events") == "all"
    async with desk.db.read() as session:
        likenesses = await view_likenesses(session, file.case, staff, words)
        closed = await view_closed(session, file.case, staff, words, now=now)
        papers = await view_papers(session, file.case, staff, words)
    values: dict[str, Any] = {
        **case_page.view_all(file, words, with_clockwork=with_clockwork, now=now),
        **await forms.options(desk, staff, file, opened if opened in can else "", typed, words),
        **closed,
        "closed_typed": closed_typed or {},
        **view_casework(file, staff, words, opened=track, now=now),
        "likenesses": likenesses,
        "papers": papers,
        "choices": choices,
        "opened": opened if opened in can else "",
        "errors": errors or {},
        "done": done if done in DONE else "",
        "all_events": with_clockwork,
        "previewed": [move.value for move in WITH_PREVIEW],
    }
    return await show(request, staff, "case.html", status=status, **values)


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
    return await _show(request, staff, file, opened=move.value, typed=typed, errors=errors, status=status)


async def show_with_errors(
    request: web.Request,
    staff: Staff,
    errors: Mapping[str, str],
    typed: Mapping[str, str],
    *,
    status: int = 422,
) -> web.Response:
    """The case again, with what was wrong in one of the small forms beside the moves, and what was typed there."""
    desk = request.app[DESK]
    async with desk.db.read() as session:
        file = await load_seen(session, desk, staff, request.match_info["number"])
    return await _show(request, staff, file, errors=errors, closed_typed=typed, status=status)


async def show_stopped(
    request: web.Request, staff: Staff, place: str, text: str, *, errors: Mapping[str, str]
) -> web.Response:
    """A text that was stopped before, again, as the check finds it now."""
    desk, number = request.app[DESK], request.match_info["number"]
    async with desk.db.read() as session:
        case = await get_case(session, staff, number)
        try:
            await outgoing.check(session, case, place, text, catalog=desk.catalog, keys=desk.keys)
        except LeakFoundError as found:
            return await _show_found(
                request, staff, found, act=f"/cases/{number}/{place}", typed=None, errors=errors
            )
    return see_other(f"/cases/{number}")


def _typed_again(place: str, text: str) -> dict[str, str]:
    """The fields of the form that a stopped text came from."""
    if place == Move.TRANSFER_OUT:
        to, _, answer = text.partition("\n")
        return {"to": to, "answer": answer}
    return {"summary": text} if place == "summary" else {"reason": text}


async def _show_found(
    request: web.Request,
    staff: Staff,
    found: LeakFoundError,
    *,
    act: str,
    typed: Typed | None,
    errors: Mapping[str, str] | None = None,
) -> web.Response:
    """What was stopped, marked, with why; one writes it anew, or stands by it."""
    desk, number = request.app[DESK], request.match_info["number"]
    words = Words(desk.catalog, get_locale(request))
    async with desk.db.read() as session:
        case = await get_case(session, staff, number)
    leaks = [(one.start, one.end, one.kind.value) for one in found.leaks]
    values: dict[str, Any] = {
        "case": case,
        "stopped": view_stopped(found.text, leaks, words),
        "text": found.text,
        "place": found.place,
        "act": act,
        "typed": forms.shown(typed) if typed else _typed_again(found.place, found.text),
        "version": typed.version if typed else None,
        "waits": found.waits,
        "is_refused": found.is_refused,
        "reason": get_form(request).get("reason") if errors else "",
        "errors": errors or {},
    }
    return await show(request, staff, "stopped.html", status=422, **values)


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
        "said": forms.say_typed(typed, words),
        "labels": forms.labels(move, words),
        "news": case_page.view_timeline(file, with_clockwork=False)[:5],
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
