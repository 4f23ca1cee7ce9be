"""并案 and taking it back. Stars, never chains: what was merged into a case follows it, and nobody loses his place."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from models.audit import record_event
from models.case import Case
from models.queries.merging import find_case_to_join, list_joined, move_tip
from models.queries.tips import find_tip_by_number
from models.staff import Staff
from models.states import CaseState
from triage.actions.ground import (
    MAX_REASON,
    MoveRefusedError,
    check_words,
    end,
    move,
    tell_officer,
    tell_reporters,
)
from triage.clocks import cancel_clocks, start_clock
from triage.permissions import CITY
from triage.workflow import Move, Refusal


async def merge(
    session: AsyncSession, case: Case, *, into: str, reason: str, by: Staff, now: datetime
) -> None:
    """并案: the case is handled with another one. Its reporters keep number and code and read the other's answer."""
    check_words(reason, "reason", longest=MAX_REASON)
    target = await find_case_to_join(session, into)
    if target is None or target.id == case.id:
        raise MoveRefusedError(Refusal("move.unknown_case", {}))
    if target.state is CaseState.MERGED or not target.is_open:
        raise MoveRefusedError(Refusal("move.case_not_open", {}))
    await tell_reporters(session, case, "case_merged", now=now)
    move(case, Move.MERGE, by=by)
    case.merged_into_id = target.id
    target.has_unread, case.has_unread = target.has_unread or case.has_unread, False
    record_event(session, "merged", at=now, by=by.id, case_id=case.id, reason=reason, into=target.id)
    record_event(session, "joined", at=now, by=by.id, case_id=target.id, case=case.id)
    for one in (case, *await list_joined(session, case.id)):
        one.merged_into_id = target.id
        await _move_own_tip(session, one, target)
    await end(session, case, now=now, met=("D02", "D03"))
    # What its reporters are owed, they are owed on the case that they are with now.
    await cancel_clocks(session, case, ("D04",), now=now)
    await tell_officer(session, target, "case_joined", now=now)


async def split(
    session: AsyncSession, case: Case, *, reason: str, by: Staff, catalog: Catalog, now: datetime
) -> None:
    """拆案: it was another matter after all. The case stands at the desk again, with a clock of its own."""
    check_words(reason, "reason", longest=MAX_REASON)
    before = case.merged_into_id
    move(case, Move.SPLIT, by=by)
    case.merged_into_id, case.closed_at = None, None
    case.office_id, case.officer_id = CITY, None
    case.accepted_at, case.assigned_at, case.signed_at = None, None, None
    case.needs_review = True
    record_event(session, "split_off", at=now, by=by.id, case_id=case.id, reason=reason, out_of=before)
    record_event(session, "left", at=now, by=by.id, case_id=before, case=case.id)
    await _move_own_tip(session, case, case)
    await start_clock(session, case, "D03", event="split_off", started_at=now, catalog=catalog)


async def _move_own_tip(session: AsyncSession, case: Case, target: Case) -> None:
    """Every case was opened by one tip, which has its number: that one goes where the case goes."""
    if tip := await find_tip_by_number(session, case.number):
        await move_tip(session, tip.id, target.id)
