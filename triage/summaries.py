"""The desk's summary: the matter in other words than the citizen's, for whoever handles the case.

Takes the session of the caller's transaction and never commits. Whether the words give the reporter away is
looked at before (`triage.outgoing`).
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import record_event
from models.case import Case
from models.disclosure import CaseSummary
from models.queries.disclosures import find_summary
from models.staff import Staff

LONGEST = 5000


async def save_summary(session: AsyncSession, case: Case, text: str, *, by: Staff, now: datetime) -> None:
    """Keep the summary, or with no words take it back, so that the county sees the masked original again."""
    text = text.strip()
    found = await find_summary(session, case.id)
    if text == (found.text if found else ""):
        return
    if not text and found:
        await session.delete(found)
    elif found:
        found.text, found.staff_id, found.changed_at = text, by.id, now
    else:
        session.add(CaseSummary(case_id=case.id, text=text, staff_id=by.id, changed_at=now))
    kind = "summary_written" if text else "summary_removed"
    record_event(session, kind, at=now, by=by.id, case_id=case.id)
