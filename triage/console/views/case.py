"""The page of one case."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from config.web import get_form, get_locale, get_query, see_other
from models.case import Case
from models.staff import Staff
from models.states import FindingKind, Role, Track
from triage import actions, at_work, outgoing
from triage.console import case_page, drafts, forms, keeping
from triage.console.case_access import get_case, load_seen
from triage.console.case_page import CaseFile, load_case_file
from triage.console.casework import Opened, view_casework
from triage.console.closed import DONE as CLOSED_DONE
from triage.console.closed import view_closed
from triage.console.context import DESK, Desk, show
from triage.console.finding_list import CorrectionForm, view_correction, view_findings, view_verified
from triage.console.likenesses import SAYINGS, view_likenesses
from triage.console.moves import FIELDS, WITH_PREVIEW, Typed
from triage.console.next_moves import view_choices
from triage.console.outgoing import view_stopped
from triage.console.paper_page import view_papers
from triage.console.reporter import TO_REPORTER, list_offers, view_ways
from triage.console.step_list import view_police, view_steps
from triage.console.timeline import Show, read_show
from triage.console.words import Words
from triage.outgoing import LeakFoundError
from triage.workflow import Move

_SAID = frozenset({*(move.value for move in Move), *(f"likeness_{say}" for say in SAYINGS)})
DONE = _SAID | CLOSED_DONE | {"track", "draft_kept", "draft_dropped", "corrected"}


async def show_case(request: web.Request, staff: Staff) -> web.StreamResponse:
    """The case with the form that the address opens, if it may be made."""
    desk, query = request.app[DESK], get_query(request)
    number = request.match_info["number"]
    await _note_that_it_was_read(desk, staff, number)
    await keeping.note(desk, staff, number, opens=True, writes=bool(query.get("do")))
    async with desk.db.read() as session:
        file = await load_seen(session, desk, staff, number)
    track = _read_opened(query.get("track"), query.get("step"))
    return await show_case_page(
        request, staff, file, opened=query.get("do"), done=query.get("done"), track=track
    )


async def show_with_track(
    request: web.Request, staff: Staff, number: str, opened: Opened, *, status: int
) -> web.StreamResponse:
    """The case with the form of a side track open, every word kept."""
    desk = request.app[DESK]
    async with desk.db.read() as session:
        file = await load_seen(session, desk, staff, number)
    return await show_case_page(request, staff, file, track=opened, status=status)


def _read_opened(track: str, step: str) -> Opened | None:
    known = {one.value: one for one in Track}
    return Opened(known[track], step) if track in known else None


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


async def show_case_page(  # noqa: PLR0913 - one page, many ways to it
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
    correction: CorrectionForm | None = None,
    status: int = 200,
) -> web.Response:
    """The whole page. `opened`: the move whose form stands open; `typed`: what was typed there, else what was kept."""
    desk, now = request.app[DESK], request.app[DESK].now()
    words = Words(desk.catalog, get_locale(request))
    choices = view_choices(file, staff, words, catalog=desk.catalog, now=now)
    can = {choice.move.value for choice in choices if not choice.why_not}
    opened = opened if opened in can else ""
    history = read_show(get_query(request).get("events"))
    async with desk.db.read() as session:
        likenesses = await view_likenesses(session, file.case, staff, words)
        closed = await view_closed(session, file.case, staff, words, now=now)
        papers = await view_papers(session, file.case, staff, words)
        waiting = await at_work.list_drafts(session, file.case, staff, keys=desk.keys)
        present = await at_work.list_present(session, file.case, staff, now=now)
        writes = Move(opened) if opened and Move(opened) in TO_REPORTER else None
        ways = await view_ways(session, file.case, desk.settings, words) if writes else []
        offers = await list_offers(session, file, writes, words, now=now) if writes else []
    kept = drafts.view_drafts(waiting, words, can=can, version=file.case.version, now=now)
    is_restored = typed is None and opened in kept
    if is_restored:
        draft = next(one for one in waiting if one.form == opened)
        typed = drafts.as_typed(draft, version=file.case.version)
    casework = view_casework(file, staff, words, opened=track, now=now)
    police = next(one for one in casework["tracks"] if one.track == Track.POLICE)
    police_next = [one.step for one in police.nexts if not one.why_not]
    values: dict[str, Any] = {
        **case_page.view_all(file, words, history=history, now=now),
        **await forms.options(desk, staff, file, opened, typed, words),
        **closed,
        "findings": view_findings(file, staff, words),
        "verified": view_verified(file, words),
        "correction": correction or _read_correction(request, file, staff, words),
        "addable": [kind.value for kind in (FindingKind.CLAUSE, FindingKind.PATTERN, FindingKind.SUBJECT)],
        "closed_typed": closed_typed or {},
        **casework,
        "steps": view_steps(file, choices, papers, words, now=now),
        "police_steps": view_police(file, police_next, words, now=now),
        "likenesses": likenesses,
        "papers": papers,
        "choices": choices,
        "opened": opened,
        "errors": errors or {},
        "done": done if done in DONE else "",
        "history": history.value,
        "histories": [show.value for show in Show],
        "previewed": [move.value for move in WITH_PREVIEW],
        "kept_forms": [move.value for move in Move if FIELDS[move]],
        "page_key": (typed.page_key if typed else "") or drafts.make_page_key(),
        "restored": kept[opened] if is_restored else None,
        "kept": [one for one in kept.values() if one.move != opened],
        "ways": ways,
        "offers": offers,
        "present": drafts.say_present(present, words, now=now),
    }
    return await show(request, staff, "case.html", status=status, **values)


def _read_correction(
    request: web.Request, file: CaseFile, staff: Staff, words: Words
) -> CorrectionForm | None:
    query = get_query(request)
    known = {kind.value: kind for kind in FindingKind}
    kind = known.get(query.get("correct"))
    return view_correction(file, staff, kind, query.get("value"), words) if kind else None


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
    return await show_case_page(request, staff, file, errors=errors, closed_typed=typed, status=status)


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
            return await show_found(
                request, staff, found, act=f"/cases/{number}/{place}", typed=None, errors=errors
            )
    return see_other(f"/cases/{number}")


def _typed_again(place: str, text: str) -> dict[str, str]:
    """The fields of the form that a stopped text came from."""
    if place == Move.TRANSFER_OUT:
        to, _, answer = text.partition("\n")
        return {"to": to, "answer": answer}
    return {"summary": text} if place == "summary" else {"reason": text}


async def show_found(
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
        "page_key": typed.page_key if typed else "",
        "waits": found.waits,
        "is_refused": found.is_refused,
        "reason": get_form(request).get("reason") if errors else "",
        "errors": errors or {},
    }
    return await show(request, staff, "stopped.html", status=422, **values)
