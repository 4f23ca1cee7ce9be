"""After verification: 反馈, 回访, 重办, 办结, 归档."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from models.audit import record_event
from models.case import Case
from models.queries.tips import list_tips_of_case
from models.staff import Staff
from models.states import Satisfaction
from triage.actions.ground import (
    MAX_REASON,
    check_kind,
    check_length,
    check_words,
    end,
    gather_facts,
    id_of,
    move,
    tell_officer,
    tell_reporters,
)
from triage.clocks import cancel_clocks, meet_clocks, start_clock, start_clock_in_force
from triage.guards import MOST_CALLS
from triage.workflow import Move

SAID = (Satisfaction.SATISFIED, Satisfaction.PARTLY, Satisfaction.DISSATISFIED)


async def answer(
    session: AsyncSession, case: Case, *, words: str, by: Staff, catalog: Catalog, now: datetime
) -> None:
    """反馈: tell the reporter what was found and done. He may ask for a review now (D13a); he is to be asked (P03)."""
    check_words(words, "answer")
    move(case, Move.ANSWER, by=by)
    case.answer, case.answered_at, case.has_unread = words, now, False
    record_event(session, "answered", at=now, by=by.id, case_id=case.id)
    await meet_clocks(session, case, ("D12", "D04"), now=now)
    await start_clock(session, case, "P03", event="answered", started_at=now, catalog=catalog)
    await start_clock_in_force(session, case, "D13a", event="answered", started_at=now, catalog=catalog)
    await tell_reporters(session, case, "answer_ready", now=now)


async def follow_up(
    session: AsyncSession, case: Case, *, satisfaction: str, reason: str = "", by: Staff, now: datetime
) -> None:
    """回访: somebody who did not handle the case asked the reporter, who is content or not. The case closes."""
    check_kind(satisfaction, SAID, "satisfaction")
    check_length(reason, "reason", longest=MAX_REASON)
    move(case, Move.FOLLOW_UP, by=by)
    case.satisfaction = Satisfaction(satisfaction)
    record_event(
        session,
        "followed_up",
        at=now,
        by=by.id,
        case_id=case.id,
        reason=reason.strip(),
        satisfaction=satisfaction,
    )
    await end(session, case, now=now, met=("P03",))


async def note_call(session: AsyncSession, case: Case, *, by: Staff, now: datetime) -> None:
    """A try to reach the reporter failed; with the third the case closes as it is."""
    move(case, Move.NOTE_CALL, by=by)
    case.calls = (case.calls or 0) + 1
    record_event(session, "call_tried", at=now, by=by.id, case_id=case.id, count=case.calls)
    if case.calls >= MOST_CALLS:
        case.satisfaction = Satisfaction.UNREACHED
        await close(session, case, by=None, now=now)


async def redo(
    session: AsyncSession, case: Case, *, reason: str, by: Staff, catalog: Catalog, now: datetime
) -> None:
    """重办: the reporter is not content, and something was not done. A clock of its own starts (P02)."""
    check_words(reason, "reason", longest=MAX_REASON)
    move(case, Move.REDO, by=by)
    record_event(session, "redone", at=now, by=by.id, case_id=case.id, reason=reason)
    await start_again(session, case, event="redone", catalog=catalog, now=now)
    await tell_reporters(session, case, "case_redone", now=now)


async def start_again(
    session: AsyncSession, case: Case, *, event: str, catalog: Catalog, now: datetime
) -> None:
    """Verification goes on where it ended; what came after it is undone."""
    case.calls, case.satisfaction, case.approved_at, case.closed_at = 0, None, None, None
    await cancel_clocks(session, case, ("D12", "P03", "D13a"), now=now)
    await start_clock(session, case, "P02", event=event, started_at=now, catalog=catalog)
    await tell_officer(session, case, "case_to_redo", now=now)


async def close(session: AsyncSession, case: Case, *, by: Staff | None, now: datetime) -> None:
    """办结. Where the reporter left a way to be called, the follow-up comes first."""
    tips = await list_tips_of_case(session, case.id)
    move(case, Move.CLOSE, by=by, facts=gather_facts(case, by, tips=tips))
    record_event(session, "closed", at=now, by=id_of(by), case_id=case.id)
    await end(session, case, now=now, met=("P03",))


async def archive(session: AsyncSession, case: Case, *, by: Staff, now: datetime) -> None:
    """归档: every side track has ended."""
    move(case, Move.ARCHIVE, by=by)
    record_event(session, "archived", at=now, by=by.id, case_id=case.id)
