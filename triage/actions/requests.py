"""What an officer may only ask for and a superior decides: 延期, 挂起, 终止."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from models.audit import record_event
from models.case import Case
from models.queries.cases import list_deadlines
from models.queries.staff import find_staff, list_active_staff
from models.staff import Staff
from models.states import Role
from triage.actions.ground import (
    MAX_REASON,
    MoveRefusedError,
    check_kind,
    check_length,
    check_words,
    end,
    find_limit,
    gather_facts,
    id_of,
    list_approvers,
    move,
    refuse_field,
    tell_reporters,
    tell_staff,
)
from triage.clocks import cancel_clocks, pause_clocks, resume_clocks, start_clock
from triage.workflow import Move, Refusal

SUSPENSION_KINDS = ("expert", "police", "court", "reporter")
"""What a suspended case waits for: an expert's examination, the police, a court, more from the reporter."""
TERMINATION_KINDS = ("withdrawn", "impossible", "target_gone", "other_procedure")


async def ask_extension(
    session: AsyncSession, case: Case, *, days: str, reason: str, by: Staff, catalog: Catalog, now: datetime
) -> None:
    """申请延期: once, before the limit, thirty days at most. The clock runs on while the superior decides."""
    check_words(reason, "reason", longest=MAX_REASON)
    count = read_days(days, longest=catalog.deadline_in_force("D11", now).limit.amount)
    rows = await list_deadlines(session, case.id)
    move(case, Move.ASK_EXTENSION, by=by, facts=gather_facts(case, by, deadlines=rows, now=now))
    case.pending = {"asks": "extension", "by": by.id, "days": count}
    record_event(session, "extension_asked", at=now, by=by.id, case_id=case.id, reason=reason, days=count)
    people = await list_active_staff(session, Role.SUPERVISOR)
    await tell_staff(session, case, people, "request_to_decide", now=now)


def read_days(typed: str, *, longest: int) -> int:
    """A count of days as typed. Raises MoveRefusedError."""
    if not (typed.isascii() and typed.isdecimal() and 1 <= int(typed[:9]) <= longest):
        raise refuse_field("field.days", "days", longest=str(longest))
    return int(typed)


async def grant_extension(
    session: AsyncSession, case: Case, *, reason: str = "", by: Staff, catalog: Catalog, now: datetime
) -> None:
    """准予延期: D11 takes the place of D10 and counts from its end; the reporter is told until when."""
    check_length(reason, "reason", longest=MAX_REASON)
    limit, days = await find_limit(session, case), int((case.pending or {}).get("days", 0))
    if limit is None or not days:
        raise MoveRefusedError(Refusal("move.no_limit", {}))
    move(case, Move.GRANT_EXTENSION, by=by)
    record_event(
        session, "extension_granted", at=now, by=by.id, case_id=case.id, reason=reason.strip(), days=days
    )
    await _tell_asker(session, case, now=now)
    case.pending = None
    await cancel_clocks(session, case, ("D10",), now=now)
    clock = await start_clock(
        session,
        case,
        "D11",
        event="extension_granted",
        started_at=now,
        catalog=catalog,
        counted_from=limit.due_at,
        days=days,
    )
    await tell_reporters(session, case, "case_extended", now=now, due=clock.due_at.isoformat())


async def deny_extension(session: AsyncSession, case: Case, *, reason: str, by: Staff, now: datetime) -> None:
    """不准延期: the first limit stands as it is."""
    await _deny(session, case, Move.DENY_EXTENSION, "extension_denied", reason=reason, by=by, now=now)


async def ask_suspension(
    session: AsyncSession, case: Case, *, kind: str, reason: str, by: Staff, now: datetime
) -> None:
    """申请挂起: verification waits for somebody else."""
    check_kind(kind, SUSPENSION_KINDS)
    check_words(reason, "reason", longest=MAX_REASON)
    move(case, Move.ASK_SUSPENSION, by=by)
    case.pending = {"asks": "suspension", "by": by.id, "kind": kind}
    record_event(session, "suspension_asked", at=now, by=by.id, case_id=case.id, reason=reason, why=kind)
    people = [person for person in await list_approvers(session, case) if person.id != by.id]
    people = people or [*await list_active_staff(session, Role.SUPERVISOR)]
    await tell_staff(session, case, people, "request_to_decide", now=now)


async def grant_suspension(
    session: AsyncSession, case: Case, *, reason: str = "", by: Staff, catalog: Catalog, now: datetime
) -> None:
    """准予挂起. A clock stands only where its rule says so; otherwise it runs on and everybody can see that."""
    check_length(reason, "reason", longest=MAX_REASON)
    move(case, Move.GRANT_SUSPENSION, by=by)
    kind = str((case.pending or {}).get("kind", ""))
    record_event(session, "suspended", at=now, by=by.id, case_id=case.id, reason=reason.strip(), why=kind)
    await _tell_asker(session, case, now=now)
    case.pending = None
    await pause_clocks(session, case, kind, catalog=catalog, now=now)


async def deny_suspension(
    session: AsyncSession, case: Case, *, reason: str, by: Staff, now: datetime
) -> None:
    """不准挂起."""
    await _deny(session, case, Move.DENY_SUSPENSION, "suspension_denied", reason=reason, by=by, now=now)


async def resume(
    session: AsyncSession, case: Case, *, reason: str = "", by: Staff | None, catalog: Catalog, now: datetime
) -> None:
    """恢复核查: what was waited for is there, or is waited for no longer."""
    check_length(reason, "reason", longest=MAX_REASON)
    move(case, Move.RESUME, by=by)
    record_event(session, "resumed", at=now, by=id_of(by), case_id=case.id, reason=reason.strip())
    await resume_clocks(session, case, catalog=catalog, now=now)


async def ask_termination(
    session: AsyncSession, case: Case, *, kind: str, reason: str, by: Staff, now: datetime
) -> None:
    """申请终止: the reporter withdrew, or going on has become impossible. All clocks run on until it is decided."""
    check_kind(kind, TERMINATION_KINDS)
    check_words(reason, "reason", longest=MAX_REASON)
    move(case, Move.ASK_TERMINATION, by=by)
    case.pending = {"asks": "termination", "by": by.id, "kind": kind}
    record_event(session, "termination_asked", at=now, by=by.id, case_id=case.id, reason=reason, why=kind)
    people = [person for person in await list_active_staff(session, Role.SUPERVISOR) if person.id != by.id]
    await tell_staff(session, case, people, "request_to_decide", now=now)


async def grant_termination(
    session: AsyncSession, case: Case, *, answer: str, by: Staff, now: datetime
) -> None:
    """终止办理; the reporter is told why."""
    check_words(answer, "answer")
    move(case, Move.GRANT_TERMINATION, by=by)
    kind = str((case.pending or {}).get("kind", ""))
    case.answer, case.answered_at = answer, now
    record_event(session, "terminated", at=now, by=by.id, case_id=case.id, why=kind)
    await _tell_asker(session, case, now=now)
    await end(session, case, now=now)
    await tell_reporters(session, case, "case_terminated", now=now)


async def deny_termination(
    session: AsyncSession, case: Case, *, reason: str, by: Staff, now: datetime
) -> None:
    """不准终止: the case goes on."""
    await _deny(session, case, Move.DENY_TERMINATION, "termination_denied", reason=reason, by=by, now=now)


async def _deny(
    session: AsyncSession, case: Case, step: Move, event: str, *, reason: str, by: Staff, now: datetime
) -> None:
    check_words(reason, "reason", longest=MAX_REASON)
    move(case, step, by=by)
    record_event(session, event, at=now, by=by.id, case_id=case.id, reason=reason)
    await _tell_asker(session, case, now=now)
    case.pending = None


async def _tell_asker(session: AsyncSession, case: Case, *, now: datetime) -> None:
    if asker := await find_staff(session, (case.pending or {}).get("by")):
        await tell_staff(session, case, [asker], "request_decided", now=now)
