"""What the pages of a case note while somebody works there: his words, and that he is there. Own transactions."""

from models.staff import Staff
from triage import at_work
from triage.console.case_access import get_case
from triage.console.context import Desk
from triage.console.drafts import as_draft
from triage.console.moves import Typed
from triage.workflow import Move


async def keep(desk: Desk, staff: Staff, number: str, move: Move, typed: Typed) -> None:
    """Keep a draft, and that its author writes. Raises DraftSentError."""
    now = desk.now()
    async with desk.db.begin() as session:
        case = await get_case(session, staff, number)
        await at_work.keep_draft(
            session,
            case,
            staff,
            move.value,
            as_draft(typed),
            key=typed.page_key,
            version=max(typed.version, 0),
            keys=desk.keys,
            now=now,
        )
        if await at_work.needs_note(session, case, staff, writes=True, now=now):
            await at_work.note_presence(session, case, staff, now=now, writes=True)


async def note(desk: Desk, staff: Staff, number: str, *, opens: bool = False, writes: bool = False) -> None:
    """That this person looks at the page. Raises Refusal 404."""
    now = desk.now()
    async with desk.db.read() as session:
        case = await get_case(session, staff, number)
        if not await at_work.needs_note(session, case, staff, writes=writes, now=now):
            return
    async with desk.db.begin() as session:
        case = await get_case(session, staff, number)
        await at_work.note_presence(session, case, staff, now=now, opens=opens, writes=writes)
