"""The return visit: number and code in, where the tip stands out; write, add files, leave."""

from typing import Any

from aiohttp import hdrs, web

from bot.intake import SubmissionError, receive_message
from bot.limits import MESSAGES_OF_TIP
from bot.progress import load_progress
from bot.way_back import load_standing
from bot.web.api import find_tip
from bot.web.context import DESK, count
from bot.web.drafts import describe_refusal
from bot.web.leaving import leave_no_trace
from bot.web.visits import COOKIE as VISIT_COOKIE
from bot.web.visits import close_visit, extend_visit, find_visit, open_visit
from config.text import text
from config.web import (
    Form,
    Refusal,
    delete_cookie,
    get_form,
    get_locale,
    get_query,
    render,
    see_other,
)
from models.files import ExaminedFile, FileRefusedError, examine_in_thread
from models.numbers import CODE_DIGITS, NUMBER_DIGITS, read_digits, split_receipt
from models.queries.visits import mark_letters_read
from models.states import Channel, MessageKind
from models.tip import Tip

DONE = frozenset({"sent", "withdrawn", "review", "rated", "contact", "contact_removed", "deleted"})
"""What the page thanks for; anything else in the address is passed over."""


NEVER_CITED = frozenset({"criminal"})
"""Whether it is a crime is for police and courts to say; an answer of the bureau does not suggest it."""


async def show_status(request: web.Request) -> web.Response:
    """GET /status: the tip of this visit, or the two fields that open one."""
    found = await find_visit(request)
    if found is None:
        return render(request, "status_enter.html", errors={}, number="")
    visit, tip = found
    response = await _render_tip(request, tip, done=get_query(request).get("done"))
    extend_visit(request, response, visit)
    return response


async def enter_status(request: web.Request) -> web.Response:
    """POST /status: try number and code, typed in two fields or pasted into one."""
    number, code = _read_receipt(get_form(request))
    if errors := _check_receipt(number, code, get_locale(request)):
        return render(request, "status_enter.html", status=422, errors=errors, number=number)
    try:
        tip = await find_tip(request, number, code)
    except Refusal as refusal:
        errors = {"case_number": refusal.sentence(get_locale(request))}
        response = render(request, "status_enter.html", status=refusal.status, errors=errors, number=number)
        response.headers.update(refusal.headers)
        return response
    response = see_other("/status")
    open_visit(request, response, tip)
    return response


async def send_message(request: web.Request) -> web.Response:
    """POST /status/message: words and files for the officer."""
    found = await find_visit(request)
    if found is None:
        raise Refusal(403, "visit_over")
    visit, tip = found
    form = get_form(request)
    files, refused = await _examine(request, form)
    errors = {"files": "\n".join(refused)} if refused else {}
    if not errors:
        try:
            await _store_message(request, tip, form.get("text"), files)
        except SubmissionError as error:
            errors["text"] = text(f"errors.{error.problem}", get_locale(request), **error.values)
    if errors and files:
        # Nothing of a refused message is kept, and no page may fill a file field: he must choose them again.
        again = text("errors.file.again", get_locale(request))
        errors["files"] = "\n".join([*filter(None, [errors.get("files")]), again])
    response = (
        await _render_tip(request, tip, errors=errors, typed=form.get("text"))
        if errors
        else see_other("/status?done=sent")
    )
    extend_visit(request, response, visit)
    return response


async def back_to_tip(_request: web.Request) -> web.Response:
    """GET of an address that only takes forms."""
    return see_other("/status")


async def stay(request: web.Request) -> web.Response:
    """POST /status/stay: another half hour, without leaving the page."""
    found = await find_visit(request)
    if found is None:
        raise Refusal(403, "visit_over")
    response = web.Response(status=204)
    extend_visit(request, response, found[0])
    return response


async def leave_status(request: web.Request) -> web.Response:
    """POST /status/leave: end the visit, forget everything in the browser."""
    await close_visit(request)
    return leave_no_trace(request, "/status/left")


async def show_lost(request: web.Request) -> web.Response:
    """GET /status/lost: what can be done without the code."""
    return render(request, "status_lost.html")


async def leave_quickly(request: web.Request) -> web.Response:
    """GET /leave: end the visit, and off to a page that anybody may see. What was typed stays where it was kept."""
    await close_visit(request)
    away = text("public.common.leave_to", get_locale(request))
    response = web.Response(status=303, headers={hdrs.LOCATION: away})
    delete_cookie(request, response, VISIT_COOKIE)
    return response


async def show_left(request: web.Request) -> web.Response:
    """GET /status/left: a neutral page after leaving."""
    return render(request, "status_left.html")


async def _store_message(request: web.Request, tip: Tip, words: str, files: list[ExaminedFile]) -> None:
    desk = request.app[DESK]
    now = desk.now()
    async with desk.db.begin() as session:
        await count(session, MESSAGES_OF_TIP, desk.keys.digest("source", "tip", str(tip.id)), now=now)
        await receive_message(
            session,
            tip,
            words,
            channel=Channel.WEB,
            keys=desk.keys,
            now=now,
            files=files,
            folder=desk.settings.files,
        )


async def _examine(request: web.Request, form: Form) -> tuple[list[ExaminedFile], list[str]]:
    locale, antivirus = get_locale(request), request.app[DESK].settings.antivirus
    taken, refused = [], ([text("errors.file.too_many", locale)] if form.left_out else [])
    for upload in form.files("files"):
        try:
            if upload.is_too_big:
                raise FileRefusedError("too_big")  # noqa: TRY301 - the same way out for all reasons
            taken.append(await examine_in_thread(upload.name, upload.read(), antivirus=antivirus))
        except FileRefusedError as error:
            refused.append(describe_refusal(upload.name, error, locale))
    return taken, refused


async def _render_tip(
    request: web.Request,
    tip: Tip,
    *,
    errors: dict[str, str] | None = None,
    typed: str = "",
    done: str = "",
) -> web.Response:
    desk = request.app[DESK]
    async with desk.db.read() as session:
        progress = await load_progress(session, tip, now=desk.now())
        standing = await load_standing(session, tip, catalog=desk.catalog, now=desk.now())
    response = render(
        request,
        "status.html",
        status=422 if errors else 200,
        progress=progress,
        errors=errors or {},
        typed=typed,
        done=done if done in DONE else "",
        standing=standing,
        clauses=_describe_clauses(request, progress.clauses),
    )
    if any(letter.read_at is None for letter in progress.letters if letter.kind is MessageKind.TO_REPORTER):
        async with desk.db.begin() as session:
            await mark_letters_read(session, tip.id, now=desk.now())
    return response


def _describe_clauses(request: web.Request, ids: tuple[str, ...]) -> list[dict[str, Any]]:
    """What people found, in words, with the law behind it; only places that somebody has read are shown."""
    catalog, locale = request.app[DESK].catalog, get_locale(request)
    known = [catalog.clauses[clause_id] for clause_id in ids if clause_id in catalog.clauses]
    return [
        {
            "title": clause.plain(locale),
            "laws": [
                f"《{catalog.laws[place.law].title}》{place.article}"
                for place in clause.basis
                if place.checked == "seen" and place.law not in NEVER_CITED
            ],
        }
        for clause in known
    ]


def _read_receipt(form: Form) -> tuple[str, str]:
    """Digits of both fields; a paste of both into one field is parted."""
    number, code = read_digits(form.get("case_number")), read_digits(form.get("code"))
    if not code and len(number) > NUMBER_DIGITS:
        return split_receipt(number)
    if not number and len(code) > CODE_DIGITS:
        return split_receipt(code)
    return number, code


def _check_receipt(number: str, code: str, locale: str) -> dict[str, str]:
    """Whether there is anything to try. Lengths are public; whether a number exists is not."""
    errors = {}
    if not number:
        errors["case_number"] = text("errors.number_missing", locale)
    if not code:
        errors["code"] = text("errors.code_missing", locale)
    return errors
