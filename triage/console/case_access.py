"""The case that an address names, if this person may see it."""

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from config.web import Refusal
from models.case import Case
from models.queries.cases import find_case
from models.staff import Staff
from triage.console.case_page import CaseFile, load_case_file
from triage.console.context import Desk
from triage.console.masking import as_masked, as_seen
from triage.permissions import reach_of

log = structlog.get_logger()


async def get_case(session: AsyncSession, staff: Staff, number: str) -> Case:
    """The case, if this person may see it. Raises Refusal 404, the same for "no such case" and "not yours"."""
    case = await find_case(session, number, scope=reach_of(staff))
    if case is None:
        log.warning("case_refused", staff_id=staff.id)
        raise Refusal(404, "console.no_case")
    return case


async def load_seen(session: AsyncSession, desk: Desk, staff: Staff, number: str) -> CaseFile:
    """All of the case, as this person sees it. Raises Refusal 404."""
    file = await load_case_file(session, await get_case(session, staff, number))
    return await as_seen(session, file, staff, keys=desk.keys, now=desk.now())


async def load_masked(session: AsyncSession, desk: Desk, staff: Staff, number: str) -> CaseFile:
    """All of the case without what tells who reported, whoever asks. Raises Refusal 404."""
    file = await load_case_file(session, await get_case(session, staff, number))
    return await as_masked(session, file, keys=desk.keys)
