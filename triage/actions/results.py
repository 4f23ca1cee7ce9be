"""The result of verification: filed by two officers with a verdict on each allegation, sent back, approved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from models.audit import record_event
from models.case import Case
from models.staff import Staff
from models.states import Verdict
from triage.actions.ground import (
    MAX_REASON,
    MoveRefusedError,
    check_length,
    check_words,
    list_approvers,
    move,
    refuse_field,
    tell_officer,
    tell_staff,
)
from triage.clocks import cancel_clocks, meet_clocks, start_clock
from triage.workflow import Move, Refusal

MOST_EVIDENCE = 50
LIMITS = ("D10", "D11", "P02")
"""Clocks of verification: the first limit, the extended one, and that of doing it again."""


@dataclass(frozen=True, slots=True)
class Verification:
    """How it was found out: the second officer (行政处罚法 art. 42), a verdict on each allegation, the evidence."""

    second: str = ""
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    evidence: Sequence[str] = ()


def list_allegations(case: Case) -> list[str]:
    """The clauses that a result must answer: those in question now, and those that an earlier result answered."""
    before = [entry["clause"] for entry in (case.verification or {}).get("allegations", [])]
    return list(dict.fromkeys([*before, *case.clauses]))


def sum_up(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The verdict on the whole that follows from those on its parts; None where there are no parts."""
    if not verdicts:
        return None
    found = set(verdicts)
    if found == {Verdict.PROVEN}:
        return Verdict.PROVEN
    if found & {Verdict.PROVEN, Verdict.PARTLY_PROVEN}:
        return Verdict.PARTLY_PROVEN
    return Verdict.UNCLEAR if Verdict.UNCLEAR in found else Verdict.NOT_PROVEN


async def file_result(
    session: AsyncSession,
    case: Case,
    *,
    verdict: Verdict,
    result: str,
    verification: Verification,
    by: Staff,
    now: datetime,
) -> None:
    """提交核查结果: verdict and findings in writing (安全生产法 art. 73). The clock of verification runs on."""
    check_words(result, "result")
    _check_verification(case, verdict, verification, by=by)
    move(case, Move.FILE_RESULT, by=by)
    case.verdict, case.result, case.result_at, case.result_by = verdict, result, now, by.id
    case.pending = None
    case.verification = {
        "second": verification.second.strip(),
        "allegations": [
            {"clause": clause, "verdict": said.value} for clause, said in verification.verdicts.items()
        ],
        "evidence": [line.strip() for line in verification.evidence if line.strip()],
    }
    record_event(
        session,
        "result_filed",
        at=now,
        by=by.id,
        case_id=case.id,
        verdict=verdict,
        allegations={clause: said.value for clause, said in verification.verdicts.items()},
        evidence=len(case.verification["evidence"]),
    )
    people = [person for person in await list_approvers(session, case) if person.id != by.id]
    dedup = f"review:{case.id}:{case.version}"
    await tell_staff(session, case, people, "result_to_review", now=now, dedup=dedup)


def _check_verification(case: Case, verdict: Verdict, given: Verification, *, by: Staff) -> None:
    check_words(given.second, "second", longest=100)
    if given.second.strip() == by.name:
        raise MoveRefusedError(Refusal("move.same_officer", {"field": "second"}))
    allegations = list_allegations(case)
    if set(allegations) - set(given.verdicts):
        raise refuse_field("field.empty", "allegations")
    lines = [line for line in given.evidence if line.strip()]
    if not lines:
        raise refuse_field("field.empty", "evidence")
    if len(lines) > MOST_EVIDENCE or any(len(line) > MAX_REASON for line in lines):
        raise refuse_field("field.too_long", "evidence", longest=str(MAX_REASON))
    fitting = sum_up([given.verdicts[clause] for clause in allegations])
    if fitting not in {None, verdict}:
        raise MoveRefusedError(
            Refusal("move.verdict_mismatch", {"field": "verdict", "verdict": fitting or ""})
        )


async def send_back(session: AsyncSession, case: Case, *, reason: str, by: Staff, now: datetime) -> None:
    """The result does not stand as it is: back to verification, with a reason."""
    check_words(reason, "reason", longest=MAX_REASON)
    move(case, Move.SEND_BACK, by=by)
    record_event(session, "result_sent_back", at=now, by=by.id, case_id=case.id, reason=reason)
    await tell_officer(session, case, "result_sent_back", now=now)


async def approve(
    session: AsyncSession, case: Case, *, reason: str = "", by: Staff, catalog: Catalog, now: datetime
) -> None:
    """审核通过: verification ends (D10) and the answer falls due (D12). Nobody approves what he filed himself.

    `reason`: 审核意见, if there is one.
    """
    check_length(reason, "reason", longest=MAX_REASON)
    move(case, Move.APPROVE, by=by)
    case.approved_at = now
    record_event(session, "result_approved", at=now, by=by.id, case_id=case.id, reason=reason.strip())
    await meet_clocks(session, case, LIMITS, now=now)
    await cancel_clocks(session, case, ("D08",), now=now)
    await start_clock(session, case, "D12", event="result_approved", started_at=now, catalog=catalog)
