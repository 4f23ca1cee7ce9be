"""Moves of the city desk before a case is in hand: 受理, 不予受理, 移送, 补正."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from models.audit import record_event
from models.case import Case
from models.queries.staff import list_active_staff
from models.staff import Staff
from models.states import Role
from triage.actions.ground import (
    MoveRefusedError,
    check_words,
    end,
    id_of,
    move,
    tell_reporters,
    tell_staff,
    write_to_reporters,
)
from triage.actions.telling import owe_telling
from triage.clocks import (
    cancel_clocks,
    meet_clocks,
    pause_clocks,
    resume_clocks,
    start_clock,
    start_clock_in_force,
)
from triage.workflow import Move, Refusal

REFUSAL_CODES = ("R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9")
SUPPLEMENT_ENDS = ("reporter", "window", "desk")
"""How waiting for a supplement ended: the reporter wrote, the time was over, the desk goes on without."""


async def accept(
    session: AsyncSession, case: Case, *, by: Staff | None, catalog: Catalog, now: datetime
) -> None:
    """受理: the tip is ours. Ends the acceptance clock, starts that of verification (D10) and of assignment (D06)."""
    move(case, Move.ACCEPT, by=by)
    case.accepted_at, case.needs_review = now, False
    record_event(session, "accepted", at=now, by=id_of(by), case_id=case.id)
    # An urgent tip still waits for human eyes when the machine accepted it: its screening clock (D02) runs on.
    await meet_clocks(session, case, ("D03", "D02") if by else ("D03",), now=now)
    await cancel_clocks(session, case, ("D05",), now=now)
    await start_clock(session, case, "D10", event="accepted", started_at=now, catalog=catalog)
    await start_clock(session, case, "D06", event="accepted", started_at=now, catalog=catalog)
    await owe_telling(session, case, catalog=catalog, now=now)
    await tell_reporters(session, case, "tip_accepted", now=now)


async def refuse(
    session: AsyncSession,
    case: Case,
    *,
    code: str,
    answer: str,
    by: Staff,
    catalog: Catalog,
    now: datetime,
) -> None:
    """不予受理, with a coded reason and words for the reporter."""
    if code not in REFUSAL_CODES:
        raise MoveRefusedError(Refusal("move.unknown_code", {}))
    check_words(answer, "answer")
    move(case, Move.REFUSE, by=by)
    case.reason_code, case.answer, case.answered_at = code, answer, now
    record_event(session, "refused", at=now, by=by.id, case_id=case.id, code=code)
    await end(session, case, now=now, met=("D02", "D03"))
    await owe_telling(session, case, catalog=catalog, now=now)
    await start_clock_in_force(session, case, "D13a", event="refused", started_at=now, catalog=catalog)
    await tell_reporters(session, case, "tip_refused", now=now)


async def transfer_out(
    session: AsyncSession, case: Case, *, to: str, answer: str, by: Staff, catalog: Catalog, now: datetime
) -> None:
    """移送: another department is competent (安全生产法 arts. 69, 73); the reporter is told which."""
    check_words(to, "to", longest=200)
    check_words(answer, "answer")
    move(case, Move.TRANSFER_OUT, by=by)
    case.answer, case.answered_at = answer, now
    record_event(session, "transferred_out", at=now, by=by.id, case_id=case.id, reason=to)
    await end(session, case, now=now, met=("D02", "D03", "D05", "D06"))
    await owe_telling(session, case, catalog=catalog, now=now)
    await tell_reporters(session, case, "tip_transferred", now=now)


async def ask_supplement(
    session: AsyncSession, case: Case, *, words: str, by: Staff, catalog: Catalog, now: datetime
) -> None:
    """要求补充: before a tip is refused for want of facts, its reporter has ten days to add them (P01).

    Somebody has looked (D02 is met); the clock of acceptance stands meanwhile, as its rule allows.
    """
    check_words(words, "words")
    move(case, Move.ASK_SUPPLEMENT, by=by)
    case.pending = None
    record_event(session, "supplement_asked", at=now, by=by.id, case_id=case.id)
    await write_to_reporters(session, case, words, by=by, now=now)
    await meet_clocks(session, case, ("D02",), now=now)
    await pause_clocks(session, case, "supplement", catalog=catalog, now=now)
    await start_clock(session, case, "P01", event="supplement_asked", started_at=now, catalog=catalog)
    await tell_reporters(session, case, "question_waiting", now=now)


async def end_supplement(
    session: AsyncSession, case: Case, *, how: str, by: Staff | None, catalog: Catalog, now: datetime
) -> None:
    """Back to the decision on acceptance: the reporter wrote, the window ended, or the desk does not wait longer."""
    move(case, Move.END_SUPPLEMENT, by=by)
    case.needs_review = True
    record_event(session, "supplement_ended", at=now, by=id_of(by), case_id=case.id, how=how)
    stop = meet_clocks if how == "reporter" else cancel_clocks
    await stop(session, case, ("P01",), now=now)
    await resume_clocks(session, case, catalog=catalog, now=now)
    if by is None:
        people = await list_active_staff(session, Role.INTAKE)
        await tell_staff(session, case, people, "supplement_over", now=now)
