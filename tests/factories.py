"""Makers of rows with sensible defaults; each takes what the test cares about.

They add to the session and flush, so that ids exist; the caller commits.
"""

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Case, Deadline, Finding
from models.message import Message
from models.numbers import make_case_number
from models.staff import Staff
from models.states import (
    FINAL_STATES,
    CaseState,
    Channel,
    CodeScheme,
    Disposition,
    FindingKind,
    FindingSource,
    MessageKind,
    Role,
    Urgency,
    Verdict,
)
from models.tip import Tip

if TYPE_CHECKING:
    from triage.actions import Verification

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
_PASSWORD_HASH: list[str] = []
_serial = itertools.count(1)


def password_hash() -> str:
    """Hash of PASSWORD, made once a process: hashing is slow on purpose."""
    from triage.accounts import hash_password

    if not _PASSWORD_HASH:
        _PASSWORD_HASH.append(hash_password(PASSWORD))
    return _PASSWORD_HASH[0]


async def act_as_owner(session: AsyncSession) -> None:
    """Take away what keeps events as written, as only the owner of the database can."""
    if session.get_bind().dialect.name == "sqlite":
        for act in ("update", "delete"):
            await session.execute(text(f"DROP TRIGGER IF EXISTS event_no_{act}"))
    else:
        await session.execute(text("ALTER TABLE event DISABLE TRIGGER ALL"))


async def make_staff(
    session: AsyncSession, role: Role = Role.OFFICER, office_id: str = "yancheng", **changes: Any
) -> Staff:
    """An account whose password is PASSWORD."""
    serial = next(_serial)
    values = {
        "login": f"{role}{serial}",
        "name": f"王工{serial}",
        "role": role,
        "office_id": office_id,
        "password_hash": password_hash(),
        "created_at": NOW,
    }
    staff = Staff(**(values | changes))
    session.add(staff)
    await session.flush()
    return staff


async def make_tip(
    session: AsyncSession,
    text: str = "孟庙镇宏达安全培训学校交八百块包过，不用上课。",
    *,
    case: Case | None = None,
    **changes: Any,
) -> Tip:
    """A stored tip, without a usable return code."""
    serial = next(_serial)
    values = {
        "number": make_case_number(2026, serial),
        "code_scheme": CodeScheme.HMAC,
        "code_hash": "0" * 64,
        "submission_digest": serial.to_bytes(32, "big"),
        "body_digest": bytes(32),
        "channel": Channel.WEB,
        "locale": "zh-CN",
        "text": text,
        "received_at": NOW - timedelta(days=2),
        "case_id": case.id if case else None,
        "assessed_at": NOW - timedelta(days=2) if case else None,
    }
    tip = Tip(**(values | changes))
    session.add(tip)
    await session.flush()
    return tip


async def make_case(
    session: AsyncSession,
    state: CaseState = CaseState.VERIFYING,
    office_id: str = "yancheng",
    *,
    text: str = "孟庙镇宏达安全培训学校交八百块包过，不用上课。",
    tip: Tip | None = None,
    due_in: timedelta | None = timedelta(days=3),
    due_rule: str = "D10",
    **changes: Any,
) -> Case:
    """A case with one tip and, unless `due_in` is None, one running clock."""
    tip = tip or await make_tip(session, text)
    values: dict[str, Any] = {
        "number": tip.number,
        "state": state,
        "is_open": state not in FINAL_STATES,
        "office_id": office_id,
        "jurisdiction": office_id,
        "disposition": Disposition.IN_SCOPE,
        "urgency": Urgency.NORMAL,
        "review_reasons": [],
        "clauses": ["3.1.4"],
        "patterns": ["pass_guarantee"],
        "target": "宏达安全培训学校",
        "rules_version": "test",
        "registered_at": tip.received_at,
    }
    case = Case(**(values | changes))
    session.add(case)
    await session.flush()
    tip.case_id, tip.assessed_at = case.id, tip.received_at
    if due_in is not None:
        await make_deadline(session, case, due_rule, due_at=NOW + due_in)
        case.next_due_at, case.next_due_rule = NOW + due_in, due_rule
    await session.flush()
    return case


async def make_deadline(
    session: AsyncSession, case: Case, rule_id: str = "D10", *, due_at: datetime, **changes: Any
) -> Deadline:
    """A running clock."""
    values: dict[str, Any] = {
        "case_id": case.id,
        "office_id": case.office_id,
        "rule_id": rule_id,
        "rule_version": "test",
        "calendar_version": "test",
        "start_event": "accepted",
        "started_at": case.registered_at,
        "due_at": due_at,
        "sentence_zh": f"{rule_id} 的时限。",
        "sentence_en": f"Limit {rule_id}.",
    }
    deadline = Deadline(**(values | changes))
    session.add(deadline)
    await session.flush()
    return deadline


async def make_finding(
    session: AsyncSession,
    case: Case,
    tip: Tip,
    kind: FindingKind = FindingKind.CLAUSE,
    value: str = "3.1.4",
    **changes: Any,
) -> Finding:
    """A proposal of the machine."""
    values: dict[str, Any] = {
        "case_id": case.id,
        "tip_id": tip.id,
        "kind": kind,
        "value": value,
        "source": FindingSource.MACHINE,
        "confidence": 0.9,
        "evidence": [],
        "rules_version": "test",
        "created_at": NOW,
    }
    finding = Finding(**(values | changes))
    session.add(finding)
    await session.flush()
    return finding


async def make_message(
    session: AsyncSession, case: Case, tip: Tip, text: str = "我还有照片。", **changes: Any
) -> Message:
    """A message of the reporter, unread."""
    values: dict[str, Any] = {
        "case_id": case.id,
        "tip_id": tip.id,
        "kind": MessageKind.FROM_REPORTER,
        "text": text,
        "channel": Channel.WEB,
        "created_at": NOW,
    }
    message = Message(**(values | changes))
    session.add(message)
    await session.flush()
    return message


def verified(case: Case, verdict: Verdict = Verdict.PROVEN) -> "Verification":
    """A second officer, one piece of evidence, and the same verdict on every allegation."""
    from triage.actions import Verification, list_allegations

    return Verification("赵工", dict.fromkeys(list_allegations(case), verdict), ("培训签到表",))
