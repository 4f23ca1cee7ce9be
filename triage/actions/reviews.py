"""复查: the reporter asks for a second look at the conclusion, the superior decides."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from models.audit import record_event
from models.case import Case
from models.queries.staff import list_active_staff
from models.staff import Staff
from models.states import Role
from triage.actions.answers import start_again
from triage.actions.ground import (
    MAX_REASON,
    check_words,
    end,
    gather_facts,
    id_of,
    move,
    tell_reporters,
    tell_staff,
    write_to_reporters,
)
from triage.clocks import cancel_clocks, meet_clocks, start_clock
from triage.deadlines import compute_due
from triage.workflow import Move


def review_until(case: Case, catalog: Catalog) -> datetime | None:
    """Last moment to ask (D13a); None where there is no answer yet, or no rule was in force when it was given."""
    if case.answered_at is None:
        return None
    try:
        rule = catalog.deadline_in_force("D13a", case.answered_at)
    except LookupError:
        return None
    return compute_due(rule, case.answered_at, calendar=catalog.calendar).due_at


async def open_review(
    session: AsyncSession,
    case: Case,
    *,
    reason: str,
    asked_at: datetime | None = None,
    by: Staff | None,
    catalog: Catalog,
    now: datetime,
) -> None:
    """The request is in the house: thirty days for the decision (D13), from the moment it was made.

    `asked_at`: when the reporter asked, where he did so by himself; else now. `reason`: what he objects to.
    """
    if by:
        check_words(reason, "reason", longest=MAX_REASON)
    asked_at = asked_at or now
    facts = gather_facts(case, by, review_until=review_until(case, catalog), now=asked_at)
    move(case, Move.OPEN_REVIEW, by=by, facts=facts)
    case.closed_at = None
    record_event(session, "review_opened", at=now, by=id_of(by), case_id=case.id, reason=reason)
    await meet_clocks(session, case, ("D13a",), now=now)
    await cancel_clocks(session, case, ("P03",), now=now)
    await start_clock(session, case, "D13", event="review_asked", started_at=asked_at, catalog=catalog)
    people = await list_active_staff(session, Role.SUPERVISOR)
    await tell_staff(session, case, people, "review_to_decide", now=now)
    await tell_reporters(session, case, "review_opened", now=now)


async def uphold(session: AsyncSession, case: Case, *, answer: str, by: Staff, now: datetime) -> None:
    """维持: the conclusion stands; the reporter reads why."""
    await _decide(session, case, Move.UPHOLD, "review_upheld", answer=answer, by=by, now=now)
    await end(session, case, now=now)


async def reopen(
    session: AsyncSession, case: Case, *, answer: str, by: Staff, catalog: Catalog, now: datetime
) -> None:
    """重新核查: what was found does not stand."""
    await _decide(session, case, Move.REOPEN, "review_reopened", answer=answer, by=by, now=now)
    await start_again(session, case, event="reopened", catalog=catalog, now=now)


async def take_up(
    session: AsyncSession, case: Case, *, answer: str, by: Staff, catalog: Catalog, now: datetime
) -> None:
    """改为受理: the refusal does not stand."""
    await _decide(session, case, Move.TAKE_UP, "review_accepted", answer=answer, by=by, now=now)
    case.accepted_at, case.reason_code, case.closed_at = now, None, None
    await start_clock(session, case, "D10", event="accepted", started_at=now, catalog=catalog)
    await start_clock(session, case, "D06", event="accepted", started_at=now, catalog=catalog)


async def _decide(
    session: AsyncSession, case: Case, step: Move, event: str, *, answer: str, by: Staff, now: datetime
) -> None:
    check_words(answer, "answer")
    move(case, step, by=by)
    case.reviewed_at = now
    record_event(session, event, at=now, by=by.id, case_id=case.id)
    await write_to_reporters(session, case, answer, by=by, now=now)
    await meet_clocks(session, case, ("D13",), now=now)
    await tell_reporters(session, case, "review_decided", now=now)
