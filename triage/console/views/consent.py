"""Changes that take two people: what waits, one's yes or no with a reason, and how earlier ones went."""

from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from config.web import Refusal, get_form, get_locale, get_query, see_other
from models.administration import ProtectedChange
from models.queries.consent import list_past_changes
from models.staff import Staff
from triage.consent import (
    ASKED_LASTS,
    ConsentProblem,
    ConsentRefusedError,
    decide_change,
    list_waiting_for,
    withdraw_change,
)
from triage.console.consent_words import say_change, say_end, say_refusal
from triage.console.context import DESK, show
from triage.console.words import Words
from triage.disclosure import DisclosureRefusedError
from triage.protected_changes import CHANGES

DONE = frozenset({"asked", "allowed", "refused", "withdrawn"})
GONE = frozenset({ConsentProblem.OVER, ConsentProblem.OWN, ConsentProblem.NOT_YOURS})


async def show_changes(request: web.Request, staff: Staff) -> web.StreamResponse:
    """What waits for this person, what he asked, and what was decided."""
    done = get_query(request).get("done")
    return await _show(request, staff, {}, done=done if done in DONE else "")


async def decide(request: web.Request, staff: Staff) -> web.StreamResponse:
    """One yes or no. With the yes it is done."""
    desk, form, change_id = request.app[DESK], get_form(request), int(request.match_info["change_id"])
    says, locale = form.get("say"), get_locale(request)
    if says not in {"allow", "refuse"}:
        raise Refusal(400, "status.400.body")
    try:
        async with desk.db.begin() as session:
            by = await session.get_one(Staff, staff.id)
            await decide_change(
                session,
                change_id,
                kinds=CHANGES,
                allow=says == "allow",
                reason=form.get("reason"),
                by=by,
                now=desk.now(),
            )
    except ConsentRefusedError as error:
        if error.problem in GONE:
            raise Refusal(404, "access.decided_already") from error
        return await _show(request, staff, {f"reason-{change_id}": say_refusal(error, locale)}, status=409)
    except DisclosureRefusedError:
        words = Words(desk.catalog, locale)
        return await _show(
            request, staff, {f"reason-{change_id}": words.error("access.decision_short")}, status=422
        )
    return see_other(f"/changes?done={'allowed' if says == 'allow' else 'refused'}")


async def withdraw(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Take back what one asked."""
    desk = request.app[DESK]
    try:
        async with desk.db.begin() as session:
            by = await session.get_one(Staff, staff.id)
            await withdraw_change(session, int(request.match_info["change_id"]), by=by, now=desk.now())
    except ConsentRefusedError as error:
        raise Refusal(404, "access.decided_already") from error
    return see_other("/changes?done=withdrawn")


async def _show(
    request: web.Request, staff: Staff, errors: dict[str, str], *, done: str = "", status: int = 200
) -> web.StreamResponse:
    desk, words = request.app[DESK], Words(request.app[DESK].catalog, get_locale(request))
    async with desk.db.read() as session:
        waiting = await list_waiting_for(session, CHANGES, staff, now=desk.now())
        over = await list_past_changes(session, since=desk.now() - ASKED_LASTS)
        past = [row for row in over if await _may_know(session, row[0], staff)]
    rows = [
        {**_make_row(change, asker.name, words), "role": words.state("role", asker.role), "may_decide": may}
        for change, asker, may in waiting
    ]
    return await show(
        request,
        staff,
        "administration/changes.html",
        status=status,
        errors=errors,
        done=done,
        days=ASKED_LASTS.days,
        to_decide=[row for row in rows if row["may_decide"]],
        own=[row for row in rows if not row["may_decide"]],
        past=[_make_past(change, asker, decider, words) for change, asker, decider in past],
    )


async def _may_know(session: AsyncSession, change: ProtectedChange, staff: Staff) -> bool:
    kind = CHANGES.get(change.kind)
    return (
        kind is not None and kind.concerns(staff.role) and await kind.may_know(session, change.subject, staff)
    )


def _make_row(change: ProtectedChange, asker: str, words: Words) -> dict[str, Any]:
    return {
        "id": change.id,
        "asker": asker,
        "reason": change.reason,
        "asked_at": change.asked_at,
        "until": change.asked_at + ASKED_LASTS,
        **say_change(change, words.locale),
    }


def _make_past(change: ProtectedChange, asker: str, decider: str | None, words: Words) -> dict[str, Any]:
    end, kind = say_end(change, words.locale)
    is_decided = change.is_allowed is not None
    return {
        **_make_row(change, asker, words),
        "end": end,
        "kind": kind,
        "decider": decider if is_decided else "",
        "decision": change.decision,
        "at": change.decided_at or change.asked_at + ASKED_LASTS,
    }
