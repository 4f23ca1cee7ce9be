"""Cases that wait: for a supplement that came or is over, for a review that their reporter asked for by himself.

Also rights that nobody used in time (to give a case back, to ask for a review): their clocks end.

The public side only records what a reporter did; what follows from it in the procedure is done here, once.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from models.case import Case, Deadline
from models.queries.deadlines import list_lapsed_windows, lock_case
from models.queries.waiting import Wait, list_asked_reviews, list_supplemented
from models.session import Database
from triage import actions
from triage.actions import MoveRefusedError
from triage.clocks import lapse_clock

AT_ONCE = 50

log = structlog.get_logger()
Step = Callable[[AsyncSession, Case, Wait], Awaitable[None]]


async def move_waiting_cases(db: Database, *, catalog: Catalog, now: datetime) -> int:
    """Answers how many cases went on."""

    async def end_supplement(session: AsyncSession, case: Case, wait: Wait) -> None:
        how = "reporter" if wait.asked_at else "window"
        await actions.end_supplement(session, case, how=how, by=None, catalog=catalog, now=now)

    async def open_review(session: AsyncSession, case: Case, wait: Wait) -> None:
        await actions.open_review(
            session, case, reason="", asked_at=wait.asked_at, by=None, catalog=catalog, now=now
        )

    async with db.read() as session:
        supplemented = await list_supplemented(session, now=now, limit=AT_ONCE)
        reviews = await list_asked_reviews(session, limit=AT_ONCE)
    moved = await _go_on(db, supplemented, end_supplement) + await _go_on(db, reviews, open_review)
    # Last: a review that was asked in time is opened before the right to ask for it ends.
    return moved + await _end_windows(db, now=now)


async def _end_windows(db: Database, *, now: datetime) -> int:
    async with db.read() as session:
        lapsed = await list_lapsed_windows(session, now=now, limit=AT_ONCE)
    for deadline_id, case_id in lapsed:
        async with db.begin() as session:
            await lock_case(session, case_id)
            row = await session.get_one(Deadline, deadline_id)
            await lapse_clock(session, await session.get_one(Case, case_id), row, now=now)
    return len(lapsed)


async def _go_on(db: Database, waits: Sequence[Wait], step: Step) -> int:
    """One small transaction each. A case that somebody moved meanwhile is left as he put it."""
    moved = 0
    for wait in waits:
        try:
            async with db.begin() as session:
                await lock_case(session, wait.case_id)
                await step(session, await session.get_one(Case, wait.case_id), wait)
            moved += 1
        except MoveRefusedError as error:
            log.info("waiting_case_not_moved", case_id=wait.case_id, reason=error.refusal.reason)
    return moved
