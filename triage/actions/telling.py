"""Two duties that hang on what a case is: who must be called about the decision (D04), what must go elsewhere (D05)."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from models.audit import record_event
from models.case import Case
from models.queries.tips import has_reporter_to_call
from models.states import CaseState, Disposition
from triage.clocks import cancel_clocks, find_running, start_clock_in_force

OUTSIDE = "outside"
"""Jurisdiction of what lies outside Luohe."""
BEFORE_TRANSFER = frozenset({CaseState.REGISTERED, CaseState.NEEDS_SUPPLEMENT, CaseState.ACCEPTED})


async def owe_telling(session: AsyncSession, case: Case, *, catalog: Catalog, now: datetime) -> None:
    """The decision was made. Whoever left nothing but a telephone number is called within the time of D04.

    In a chat the decision itself is the telling, and who left no way reads it with his code.
    """
    await session.flush()
    if not await has_reporter_to_call(session, case.id) or await find_running(session, case, "D04"):
        return
    record_event(session, "telling_owed", at=now, case_id=case.id)
    await start_clock_in_force(session, case, "D04", event="decided", started_at=now, catalog=catalog)


async def watch_transfer(session: AsyncSession, case: Case, *, catalog: Catalog, now: datetime) -> None:
    """What belongs to another department or place has to get there (D05), counted from registration.

    Where it turns out to be ours after all, the duty falls away.
    """
    running = await find_running(session, case, "D05")
    is_owed = case.state in BEFORE_TRANSFER and belongs_elsewhere(case)
    if running and not is_owed:
        await cancel_clocks(session, case, ("D05",), now=now)
    elif is_owed and not running:
        record_event(session, "found_elsewhere", at=now, case_id=case.id)
        await start_clock_in_force(
            session,
            case,
            "D05",
            event="found_elsewhere",
            started_at=now,
            catalog=catalog,
            counted_from=case.registered_at,
        )


def belongs_elsewhere(case: Case) -> bool:
    """Whether somebody else is competent, by what was found until now."""
    return case.disposition is Disposition.OTHER_DEPARTMENT or case.jurisdiction == OUTSIDE
