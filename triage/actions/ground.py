"""What all moves share: the check against the procedure, ends, tellings, and the words that are required."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Case, Deadline
from models.message import Message
from models.queries.cases import list_deadlines
from models.queries.notices import queue_reporter_notice, queue_staff_notice
from models.queries.staff import find_staff, list_active_staff
from models.queries.tips import list_tips_of_case
from models.staff import Staff
from models.states import FINAL_STATES, MessageKind, Role
from models.tip import Tip
from triage.clocks import cancel_all_clocks, is_running, meet_clocks
from triage.permissions import may_act_on_case
from triage.tracks import list_open_tracks
from triage.workflow import Facts, Move, Refusal, check_guards, check_move, next_state

MAX_REASON = 500
MAX_WORDS = 20_000


class MoveRefusedError(Exception):
    """The procedure does not allow this move now."""

    def __init__(self, refusal: Refusal) -> None:
        """Keep the reason."""
        super().__init__(refusal.reason)
        self.refusal = refusal


def refuse_field(reason: str, field: str, **values: str) -> MoveRefusedError:
    """An error about one field of the form."""
    return MoveRefusedError(Refusal(reason, {"field": field, **values}))


def gather_facts(
    case: Case,
    by: Staff | None,
    *,
    deadlines: Sequence[Deadline] = (),
    tips: Sequence[Tip] = (),
    review_until: datetime | None = None,
    now: datetime | None = None,
) -> Facts:
    """What the guards look at. `deadlines` and `tips` matter to extension and follow-up only."""
    limit = next((row for row in deadlines if row.rule_id == "D10" and is_running(row)), None)
    return Facts(
        role=by.role if by else None,
        actor_id=by.id if by else None,
        actor_office=by.office_id if by else "",
        case_office=case.office_id,
        officer_id=case.officer_id,
        result_by=case.result_by,
        recused=frozenset(case.recused or ()),
        returns=case.returns or 0,
        is_appointed=bool(case.is_appointed),
        pending=case.pending or {},
        has_limit=limit is not None,
        is_late=limit is not None and now is not None and now > limit.due_at,
        was_extended=any(row.rule_id == "D11" for row in deadlines),
        can_be_called=any(tip.is_named for tip in tips),
        is_followed_up=case.satisfaction is not None,
        was_taken_up=case.accepted_at is not None,
        was_reviewed=case.reviewed_at is not None,
        review_until=review_until,
        now=now,
        open_tracks=tuple(list_open_tracks(case.tracks or {})),
    )


def move(case: Case, step: Move, *, by: Staff | None, facts: Facts | None = None) -> None:
    """Change the state, or raise MoveRefusedError with nothing changed. `facts`: where more than the case matters."""
    if by:
        check_scope(case, by)
    refusal = check_move(step, case.state, by.role if by else None) or check_guards(
        step, facts or gather_facts(case, by)
    )
    if refusal:
        raise MoveRefusedError(Refusal(f"move.{refusal.reason}", refusal.values))
    case.state = next_state(step, case.state)
    case.is_open = case.state not in FINAL_STATES


def check_scope(case: Case, by: Staff) -> None:
    """Raise MoveRefusedError for the case of another office."""
    if not may_act_on_case(by.role, by.office_id, case_office_id=case.office_id):
        raise MoveRefusedError(Refusal("move.other_office", {}))


async def end(session: AsyncSession, case: Case, *, now: datetime, met: Sequence[str] = ()) -> None:
    """The case has ended: what was owed until now is met, everything else of the main way falls away."""
    case.closed_at, case.needs_review, case.pending = now, False, None
    await meet_clocks(session, case, met, now=now)
    await cancel_all_clocks(session, case, now=now)


async def find_limit(session: AsyncSession, case: Case) -> Deadline | None:
    """The running first limit of verification."""
    rows = await list_deadlines(session, case.id)
    return next((row for row in rows if row.rule_id == "D10" and is_running(row)), None)


async def list_approvers(session: AsyncSession, case: Case) -> list[Staff]:
    """The leads of the office, or where it has none the supervisors."""
    leads = await list_active_staff(session, Role.LEAD, office_id=case.office_id)
    return [*leads] or [*await list_active_staff(session, Role.SUPERVISOR)]


async def tell_staff(
    session: AsyncSession,
    case: Case,
    people: Sequence[Staff],
    kind: str,
    *,
    now: datetime,
    dedup: str = "",
    **values: str,
) -> None:
    """One notice to each; the version of the case keeps two occasions apart."""
    for person in people:
        await queue_staff_notice(
            session,
            person,
            kind,
            case=case,
            dedup=dedup or f"{kind}:{case.id}:{case.version}",
            values={"number": case.number, **values},
            now=now,
        )


async def tell_officer(
    session: AsyncSession, case: Case, kind: str, *, now: datetime, dedup: str = ""
) -> None:
    """One notice to who handles the case, if anybody does."""
    if officer := await find_staff(session, case.officer_id):
        await tell_staff(session, case, [officer], kind, now=now, dedup=dedup)


async def tell_reporters(
    session: AsyncSession, case: Case, kind: str, *, now: datetime, **values: str
) -> None:
    """One notice to each reporter of the case, by the number of his own tip."""
    for tip in await list_tips_of_case(session, case.id):
        await queue_reporter_notice(
            session,
            tip,
            kind,
            dedup=f"{kind}:{tip.id}:{case.version}:{int(now.timestamp())}",
            values={"number": tip.number, **values},
            now=now,
        )


async def write_to_reporters(
    session: AsyncSession, case: Case, words: str, *, by: Staff, now: datetime
) -> None:
    """The same words to each reporter of the case; they appear with his tip."""
    for tip in await list_tips_of_case(session, case.id):
        session.add(
            Message(
                tip_id=tip.id,
                case_id=case.id,
                kind=MessageKind.TO_REPORTER,
                text=words,
                staff_id=by.id,
                created_at=now,
            )
        )


def check_words(words: str, field: str, *, longest: int = MAX_WORDS) -> None:
    """Raise MoveRefusedError for words that are missing or too long."""
    if not words.strip():
        raise refuse_field("field.empty", field)
    check_length(words, field, longest=longest)


def check_length(words: str, field: str, *, longest: int) -> None:
    """Raise MoveRefusedError for words that are too long."""
    if len(words) > longest:
        raise refuse_field("field.too_long", field, longest=str(longest))


def check_kind(kind: str, kinds: Sequence[str], field: str = "kind") -> None:
    """Raise MoveRefusedError for a choice that was not made."""
    if kind not in kinds:
        raise refuse_field("field.empty", field)


def id_of(by: Staff | None) -> int | None:
    """Staff id, or None for the system."""
    return by.id if by else None
