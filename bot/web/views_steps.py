"""What a reporter may do on the return visit besides reading and writing: one page for each step.

Every step shows what it does before it does it, works without scripts, and answers on /status.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.intake import SubmissionError
from bot.limits import MESSAGES_OF_TIP
from bot.promises import REVIEW_RULE, count_days
from bot.way_back import (
    Standing,
    ask_review,
    change_contact,
    hide_read_letters,
    load_standing,
    rate_outcome,
    remove_contact,
    withdraw_tip,
)
from bot.web.context import DESK, Desk, count
from bot.web.visits import Visit, extend_visit, find_visit
from config.text import text
from config.web import Form, Refusal, get_form, get_locale, render, see_other
from models.queries.tips import find_case_of_tip
from models.states import Channel, Solved
from models.tip import Tip

Found = tuple[Visit, Tip]
Act = Callable[[AsyncSession, Desk, Tip, Form], Awaitable[object]]
SCORES = (5, 4, 3, 2, 1)


async def show_withdraw(request: web.Request) -> web.Response:
    """GET /status/withdraw."""
    return await _show(request, "status_withdraw.html", lambda standing: standing.may_withdraw)


async def withdraw(request: web.Request) -> web.Response:
    """POST /status/withdraw."""

    async def act(session: AsyncSession, desk: Desk, tip: Tip, form: Form) -> object:
        return await withdraw_tip(
            session, tip, form.get("text"), channel=Channel.WEB, keys=desk.keys, now=desk.now()
        )

    return await _act(request, act, page="status_withdraw.html", done="withdrawn")


async def show_review(request: web.Request) -> web.Response:
    """GET /status/review."""
    return await _show(request, "status_review.html", lambda standing: standing.may_ask_review)


async def review(request: web.Request) -> web.Response:
    """POST /status/review."""

    async def act(session: AsyncSession, desk: Desk, tip: Tip, form: Form) -> object:
        return await ask_review(
            session,
            tip,
            form.get("text"),
            channel=Channel.WEB,
            keys=desk.keys,
            catalog=desk.catalog,
            now=desk.now(),
        )

    return await _act(request, act, page="status_review.html", done="review")


async def show_rate(request: web.Request) -> web.Response:
    """GET /status/rate."""
    return await _show(request, "status_rate.html", lambda standing: standing.may_rate)


async def rate(request: web.Request) -> web.Response:
    """POST /status/rate."""

    async def act(session: AsyncSession, desk: Desk, tip: Tip, form: Form) -> object:
        score = form.get("score")
        return await rate_outcome(
            session,
            tip,
            solved=form.get("solved"),
            score=int(score) if score in {str(known) for known in SCORES} else 0,
            words=form.get("text"),
            channel=Channel.WEB,
            keys=desk.keys,
            now=desk.now(),
        )

    return await _act(request, act, page="status_rate.html", done="rated")


async def show_contact(request: web.Request) -> web.Response:
    """GET /status/contact: what is kept is named, never shown."""
    return await _show(request, "status_contact.html")


async def keep_contact(request: web.Request) -> web.Response:
    """POST /status/contact."""

    async def act(session: AsyncSession, desk: Desk, tip: Tip, form: Form) -> None:
        name, phone = form.get("name"), form.get("phone")
        await change_contact(session, tip, name=name, phone=phone, keys=desk.keys, now=desk.now())

    return await _act(request, act, page="status_contact.html", done="contact")


async def show_remove_contact(request: web.Request) -> web.Response:
    """GET /status/contact/remove: what goes, what stays, and a button."""
    return await _show(
        request,
        "status_confirm.html",
        lambda standing: standing.has_name or standing.has_phone,
        step="contact_remove",
        action="/status/contact/remove",
    )


async def drop_contact(request: web.Request) -> web.Response:
    """POST /status/contact/remove."""

    async def act(session: AsyncSession, desk: Desk, tip: Tip, _form: Form) -> object:
        return await remove_contact(session, tip, now=desk.now())

    return await _act(request, act, done="contact_removed")


async def show_delete(request: web.Request) -> web.Response:
    """GET /status/delete: what goes, what stays, and a button."""
    return await _show(request, "status_confirm.html", step="delete", action="/status/delete")


async def delete_letters(request: web.Request) -> web.Response:
    """POST /status/delete."""

    async def act(session: AsyncSession, desk: Desk, tip: Tip, _form: Form) -> object:
        return await hide_read_letters(session, tip, now=desk.now())

    return await _act(request, act, done="deleted")


async def show_original(request: web.Request) -> web.Response:
    """POST /status/original: what was told, only when asked for. A POST: no address of the history leads here."""
    visit, tip = await _found(request)
    response = render(request, "status_original.html", tip=tip)
    extend_visit(request, response, visit)
    return response


async def _found(request: web.Request) -> Found:
    """The visit of this browser. Raises Refusal 403 when it is over."""
    found = await find_visit(request)
    if found is None:
        raise Refusal(403, "visit_over")
    return found


async def _show(
    request: web.Request,
    page: str,
    is_open: Callable[[Standing], bool] = lambda _standing: True,
    **values: Any,  # noqa: ANN401 - values of a template
) -> web.Response:
    """The page of a step; without a visit to the entrance, and back to the tip where the step is not open now."""
    found = await find_visit(request)
    if found is None:
        return see_other("/status")
    visit, tip = found
    response = await _render(request, tip, page, is_open=is_open, **values)
    extend_visit(request, response, visit)
    return response


async def _render(
    request: web.Request,
    tip: Tip,
    page: str,
    *,
    is_open: Callable[[Standing], bool] = lambda _standing: True,
    form: Form | None = None,
    errors: dict[str, str] | None = None,
    **values: Any,  # noqa: ANN401 - values of a template
) -> web.Response:
    desk = request.app[DESK]
    async with desk.db.read() as session:
        standing = await load_standing(session, tip, catalog=desk.catalog, now=desk.now())
        case = await find_case_of_tip(session, tip)
    if not is_open(standing) and not errors:
        return see_other("/status")
    typed = {name: form.get(name) for name in form} if form else {}
    rating = standing.rating
    return render(
        request,
        page,
        status=422 if errors else 200,
        errors=errors or {},
        standing=standing,
        typed={
            "text": "",
            "name": "",
            "phone": "",
            "solved": rating.solved if rating else "",
            "score": str(rating.score) if rating else "",
            **typed,
        },
        solutions=tuple(Solved),
        scores=SCORES,
        days=count_days(desk.catalog, REVIEW_RULE, (case.answered_at if case else None) or desk.now()),
        **values,
    )


async def _act(request: web.Request, act: Act, *, done: str, page: str = "") -> web.Response:
    """Do a step in one transaction; what will not do comes back with its sentence and what was typed."""
    visit, tip = await _found(request)
    desk, form = request.app[DESK], get_form(request)
    try:
        async with desk.db.begin() as session:
            source = desk.keys.digest("source", "tip", str(tip.id))
            await count(session, MESSAGES_OF_TIP, source, now=desk.now())
            await act(session, desk, tip, form)
    except SubmissionError as error:
        sentence = text(f"errors.{error.problem}", get_locale(request), **error.values)
        response = await _render(request, tip, page, form=form, errors={error.field: sentence})
    else:
        response = see_other(f"/status?done={done}")
    extend_visit(request, response, visit)
    return response
