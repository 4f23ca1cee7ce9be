"""Every change to a case: one function = one move of the procedure, its events, clocks and notices.

All take the session of the caller's transaction and never commit. `by` is the acting member of staff, or
None for the system. A move that the procedure forbids raises `MoveRefusedError`, whose reason is a text
key under `errors.`; nothing has been changed then.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from models.audit import record_event
from models.case import Case, Deadline, Finding
from models.message import Message
from models.queries.bars import is_barred, list_barred_people
from models.queries.notices import queue_group_notice, queue_reporter_notice, queue_staff_notice
from models.queries.staff import find_staff, list_active_staff, list_officers_with_load
from models.queries.tips import list_tips_of_case, mark_seen
from models.staff import Staff
from models.states import FINAL_STATES, FindingKind, FindingSource, MessageKind, Role, Verdict
from triage.clocks import cancel_all_clocks, cancel_clocks, meet_clocks, start_clock
from triage.permissions import CITY, may_act_on_case
from triage.routing import REVIEW_OF_FILE, choose_officer
from triage.workflow import Move, Refusal, check_move, next_state

REFUSAL_CODES = ("R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9")
MAX_REASON = 500
MAX_WORDS = 20_000


class MoveRefusedError(Exception):
    """The procedure does not allow this move now."""

    def __init__(self, refusal: Refusal) -> None:
        """Keep the reason."""
        super().__init__(refusal.reason)
        self.refusal = refusal


async def accept(
    session: AsyncSession, case: Case, *, by: Staff | None, catalog: Catalog, now: datetime
) -> None:
    """受理: the tip is ours. Ends the acceptance clock, starts that of verification (D10) and of assignment (D06)."""
    _move(case, Move.ACCEPT, by=by)
    case.accepted_at, case.needs_review = now, False
    record_event(session, "accepted", at=now, by=_id(by), case_id=case.id)
    # An urgent tip still waits for human eyes when the machine accepted it: its screening clock (D02) runs on.
    await meet_clocks(session, case, ("D03", "D02") if by else ("D03",), now=now)
    await start_clock(session, case, "D10", event="accepted", started_at=now, catalog=catalog)
    await start_clock(session, case, "D06", event="accepted", started_at=now, catalog=catalog)
    await _tell_reporters(session, case, "tip_accepted", now=now)


async def refuse(
    session: AsyncSession, case: Case, *, code: str, answer: str, by: Staff, now: datetime
) -> None:
    """不予受理, with a coded reason and words for the reporter."""
    _check_code(code)
    _check_words(answer, "answer")
    _move(case, Move.REFUSE, by=by)
    case.reason_code, case.answer, case.answered_at = code, answer, now
    record_event(session, "refused", at=now, by=by.id, case_id=case.id, code=code)
    await _end(session, case, now=now, met=("D02", "D03"))
    await _tell_reporters(session, case, "tip_refused", now=now)


async def transfer_out(
    session: AsyncSession, case: Case, *, to: str, answer: str, by: Staff, now: datetime
) -> None:
    """移送: another department is competent (安全生产法 arts. 69, 73); the reporter is told which."""
    _check_words(to, "to", longest=200)
    _check_words(answer, "answer")
    _move(case, Move.TRANSFER_OUT, by=by)
    case.answer, case.answered_at = answer, now
    record_event(session, "transferred_out", at=now, by=by.id, case_id=case.id, reason=to)
    await _end(session, case, now=now, met=("D02", "D03", "D06"))
    await _tell_reporters(session, case, "tip_transferred", now=now)


async def assign(
    session: AsyncSession,
    case: Case,
    *,
    office_id: str,
    officer_id: int | None = None,
    reason: str = "",
    by: Staff | None,
    catalog: Catalog,
    now: datetime,
) -> None:
    """交办 to an office and one of its officers (by load where none is named). Starts the signing clock (D07)."""
    if office_id not in catalog.offices:
        raise MoveRefusedError(Refusal("move.unknown_office", {}))
    if by and by.role is Role.LEAD and office_id != case.office_id:
        raise MoveRefusedError(Refusal("move.other_office", {}))
    officer = await _find_officer(session, case, office_id, officer_id)
    if await is_barred(session, case.id, office_id=office_id, staff_id=officer.id if officer else None):
        raise MoveRefusedError(Refusal("move.barred", {}))
    _move(case, Move.ASSIGN, by=by)
    case.office_id, case.officer_id = office_id, officer.id if officer else None
    case.assigned_at = now
    case.signed_at = None
    record_event(
        session,
        "assigned",
        at=now,
        by=_id(by),
        case_id=case.id,
        reason=reason[:MAX_REASON],
        office=office_id,
        officer=case.officer_id,
    )
    await meet_clocks(session, case, ("D06",), now=now)
    await cancel_clocks(session, case, ("D07",), now=now)
    deadline = await start_clock(session, case, "D07", event="assigned", started_at=now, catalog=catalog)
    await _tell_assigned(session, case, officer, deadline, now=now)


async def sign_for(session: AsyncSession, case: Case, *, by: Staff, now: datetime) -> None:
    """签收: the officer has it in hand; who signs becomes the officer where there was none."""
    _move(case, Move.SIGN_FOR, by=by)
    case.signed_at = now
    case.officer_id = case.officer_id or by.id
    record_event(session, "signed_for", at=now, by=by.id, case_id=case.id)
    await meet_clocks(session, case, ("D07", "D02"), now=now)
    await _tell_reporters(session, case, "verification_started", now=now)


async def return_case(
    session: AsyncSession, case: Case, *, reason: str, by: Staff, catalog: Catalog, now: datetime
) -> None:
    """退回 to the city desk with a reason. The verification clock runs on; the desk must assign anew in time (D06)."""
    _check_words(reason, "reason", longest=MAX_REASON)
    _move(case, Move.RETURN, by=by)
    record_event(session, "returned", at=now, by=by.id, case_id=case.id, reason=reason, office=case.office_id)
    case.office_id, case.officer_id, case.assigned_at, case.signed_at = CITY, None, None, None
    await cancel_clocks(session, case, ("D07",), now=now)
    clock = await start_clock(session, case, "D06", event="returned", started_at=now, catalog=catalog)
    for person in await list_active_staff(session, Role.INTAKE):
        await queue_staff_notice(
            session,
            person,
            "case_returned",
            case=case,
            dedup=f"returned:{case.id}:{clock.occasion}",
            values={"number": case.number},
            now=now,
        )


async def file_result(
    session: AsyncSession, case: Case, *, verdict: Verdict, result: str, by: Staff, now: datetime
) -> None:
    """提交核查结果: verdict and findings in writing (安全生产法 art. 73). The clock of verification runs on."""
    _check_words(result, "result")
    _move(case, Move.FILE_RESULT, by=by)
    case.verdict, case.result, case.result_at, case.result_by = verdict, result, now, by.id
    record_event(session, "result_filed", at=now, by=by.id, case_id=case.id, verdict=verdict)
    for person in await _approvers(session, case):
        await queue_staff_notice(
            session,
            person,
            "result_to_review",
            case=case,
            dedup=f"review:{case.id}:{case.version}",
            values={"number": case.number},
            now=now,
        )


async def send_back(session: AsyncSession, case: Case, *, reason: str, by: Staff, now: datetime) -> None:
    """The result does not stand as it is: back to verification, with a reason."""
    _check_words(reason, "reason", longest=MAX_REASON)
    _move(case, Move.SEND_BACK, by=by)
    record_event(session, "result_sent_back", at=now, by=by.id, case_id=case.id, reason=reason)
    if officer := await find_staff(session, case.officer_id):
        await queue_staff_notice(
            session,
            officer,
            "result_sent_back",
            case=case,
            dedup=f"sent-back:{case.id}:{case.version}",
            values={"number": case.number},
            now=now,
        )


async def approve(
    session: AsyncSession, case: Case, *, reason: str = "", by: Staff, catalog: Catalog, now: datetime
) -> None:
    """审核通过: verification ends (D10) and the answer falls due (D12). Nobody approves what he filed himself.

    `reason`: 审核意见, if there is one.
    """
    _check_length(reason, "reason", longest=MAX_REASON)
    if by.id == case.result_by:
        raise MoveRefusedError(Refusal("move.own_result", {}))
    _move(case, Move.APPROVE, by=by)
    case.approved_at = now
    record_event(session, "result_approved", at=now, by=by.id, case_id=case.id, reason=reason.strip())
    await meet_clocks(session, case, ("D10",), now=now)
    await start_clock(session, case, "D12", event="result_approved", started_at=now, catalog=catalog)


async def answer(session: AsyncSession, case: Case, *, words: str, by: Staff, now: datetime) -> None:
    """反馈: tell the reporter what was found and done."""
    _check_words(words, "answer")
    _move(case, Move.ANSWER, by=by)
    case.answer, case.answered_at, case.has_unread = words, now, False
    record_event(session, "answered", at=now, by=by.id, case_id=case.id)
    await meet_clocks(session, case, ("D12",), now=now)
    await _tell_reporters(session, case, "answer_ready", now=now)


async def close(session: AsyncSession, case: Case, *, by: Staff | None, now: datetime) -> None:
    """办结."""
    _move(case, Move.CLOSE, by=by)
    record_event(session, "closed", at=now, by=_id(by), case_id=case.id)
    await _end(session, case, now=now)


async def ask_reporter(session: AsyncSession, case: Case, *, words: str, by: Staff, now: datetime) -> None:
    """Put a question to all reporters of the case. The clocks run on."""
    _check_words(words, "words")
    _move(case, Move.ASK_REPORTER, by=by)
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
    record_event(session, "reporter_asked", at=now, by=by.id, case_id=case.id)
    await _tell_reporters(session, case, "question_waiting", now=now)


async def add_note(session: AsyncSession, case: Case, *, words: str, by: Staff, now: datetime) -> None:
    """A note among staff; the reporter never sees it."""
    _check_words(words, "words")
    _move(case, Move.ADD_NOTE, by=by)
    tips = await list_tips_of_case(session, case.id)
    session.add(
        Message(
            tip_id=tips[0].id,
            case_id=case.id,
            kind=MessageKind.NOTE,
            text=words,
            staff_id=by.id,
            created_at=now,
        )
    )
    record_event(session, "note_added", at=now, by=by.id, case_id=case.id)


async def mark_read(session: AsyncSession, case: Case, messages: Sequence[Message], *, now: datetime) -> None:
    """Somebody who handles the case has opened it: the reporter's messages count as read."""
    for message in messages:
        if message.kind is MessageKind.FROM_REPORTER and message.read_at is None:
            message.read_at = now
    await session.flush()
    await mark_seen(session, case.id)
    await session.refresh(case, ["has_unread"])


async def decide_finding(
    session: AsyncSession,
    case: Case,
    *,
    kind: FindingKind,
    values: Sequence[str],
    by: Staff,
    catalog: Catalog,
    now: datetime,
    changes_case: bool = True,
) -> None:
    """认定: a person says what the machine proposed otherwise; both stay side by side.

    `changes_case`: False keeps the case listed under what was reported, as where nothing of it was proven.
    """
    _check_scope(case, by)
    tips = await list_tips_of_case(session, case.id)
    for value in values:
        session.add(
            Finding(
                case_id=case.id,
                tip_id=tips[0].id,
                kind=kind,
                value=value,
                source=FindingSource.STAFF,
                staff_id=by.id,
                confidence=None,
                evidence=[],
                rules_version=catalog.version,
                created_at=now,
            )
        )
    before = _apply_finding(case, kind, list(values), changes_case=changes_case)
    if REVIEW_OF_FILE in case.review_reasons:  # whoever decides has looked
        case.review_reasons = [reason for reason in case.review_reasons if reason != REVIEW_OF_FILE]
        case.needs_review = case.needs_review and bool(case.review_reasons)
    record_event(
        session,
        "finding_decided",
        at=now,
        by=by.id,
        case_id=case.id,
        finding=kind,
        before=before,
        after=[] if kind is FindingKind.TARGET else list(values),
    )


def _apply_finding(case: Case, kind: FindingKind, values: list[str], *, changes_case: bool) -> Any:  # noqa: ANN401 - JSON value
    """Write a decision into the case; answers what stood there, except names."""
    columns = {
        FindingKind.CLAUSE: "clauses",
        FindingKind.PATTERN: "patterns",
        FindingKind.DISPOSITION: "disposition",
        FindingKind.URGENCY: "urgency",
        FindingKind.JURISDICTION: "jurisdiction",
        FindingKind.POLICE_REFERRAL: "is_police_matter",
        FindingKind.TARGET: "target",
    }
    column = columns.get(kind)
    if column is None:
        return None
    before = getattr(case, column)
    match kind:
        case FindingKind.CLAUSE | FindingKind.PATTERN:
            after: Any = values
        case FindingKind.POLICE_REFERRAL:
            after = values == ["true"]
        case _:
            after = values[0] if values else ""
    if changes_case:
        setattr(case, column, after)
    return None if kind is FindingKind.TARGET else before


def _move(case: Case, move: Move, *, by: Staff | None) -> None:
    """Change the state, or raise MoveRefusedError with nothing changed."""
    if by:
        _check_scope(case, by)
    if refusal := check_move(move, case.state, by.role if by else None):
        raise MoveRefusedError(Refusal(f"move.{refusal.reason}", refusal.values))
    case.state = next_state(move, case.state)
    case.is_open = case.state not in FINAL_STATES


def _check_scope(case: Case, by: Staff) -> None:
    if not may_act_on_case(by.role, by.office_id, case_office_id=case.office_id):
        raise MoveRefusedError(Refusal("move.other_office", {}))


async def _end(session: AsyncSession, case: Case, *, now: datetime, met: Sequence[str] = ()) -> None:
    case.closed_at, case.needs_review = now, False
    await meet_clocks(session, case, met, now=now)
    await cancel_all_clocks(session, case, now=now)


async def _find_officer(
    session: AsyncSession, case: Case, office_id: str, officer_id: int | None
) -> Staff | None:
    """The named officer of the office, or the one with the least load; None where the office has none."""
    if officer_id is None:
        barred = await list_barred_people(session, case.id)
        loads = await list_officers_with_load(session, office_id)
        officer_id = choose_officer([load for load in loads if load[0] not in barred])
        return await find_staff(session, officer_id)
    officer = await find_staff(session, officer_id)
    if officer is None or not officer.is_active or officer.office_id != office_id:
        raise MoveRefusedError(Refusal("move.unknown_officer", {}))
    return officer


async def _tell_assigned(
    session: AsyncSession, case: Case, officer: Staff | None, clock: Deadline, *, now: datetime
) -> None:
    """Tell the officer; without one the lead; in an office without either the city desk, so that it is not lost."""
    kind = "case_assigned"
    people = [officer] if officer else await list_active_staff(session, Role.LEAD, office_id=case.office_id)
    if not people:
        kind, people = "office_unstaffed", await list_active_staff(session, Role.INTAKE, Role.SUPERVISOR)
    values = {"number": case.number, "due": clock.due_at.isoformat()}
    dedup = f"assigned:{case.id}:{clock.occasion}"
    for person in people:
        await queue_staff_notice(session, person, kind, case=case, dedup=dedup, values=values, now=now)
    group_kind = "office_unstaffed" if kind == "office_unstaffed" else "case_assigned_group"
    await queue_group_notice(session, group_kind, case=case, dedup=dedup, values=values, now=now)


async def _approvers(session: AsyncSession, case: Case) -> list[Staff]:
    leads = await list_active_staff(session, Role.LEAD, office_id=case.office_id)
    return [*leads] or [*await list_active_staff(session, Role.SUPERVISOR)]


async def _tell_reporters(session: AsyncSession, case: Case, kind: str, *, now: datetime) -> None:
    for tip in await list_tips_of_case(session, case.id):
        await queue_reporter_notice(
            session,
            tip,
            kind,
            dedup=f"{kind}:{tip.id}:{case.version}:{int(now.timestamp())}",
            values={"number": tip.number},
            now=now,
        )


def _check_words(words: str, field: str, *, longest: int = MAX_WORDS) -> None:
    if not words.strip():
        raise MoveRefusedError(Refusal("field.empty", {"field": field}))
    _check_length(words, field, longest=longest)


def _check_length(words: str, field: str, *, longest: int) -> None:
    if len(words) > longest:
        raise MoveRefusedError(Refusal("field.too_long", {"field": field, "longest": str(longest)}))


def _check_code(code: str) -> None:
    if code not in REFUSAL_CODES:
        raise MoveRefusedError(Refusal("move.unknown_code", {}))


def _id(by: Staff | None) -> int | None:
    return by.id if by else None
