"""Opening a reporter's identity: a reason, a second person, half an hour. Every step is an event without names.

Who has the case may ask. Another person says yes or no: the lead of the same county, or somebody of the
city desk; never who asked, and never administrators or auditors, who see no case. What was allowed holds
for the one who asked, for a short time, and each opening of it is an event of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from config.keys import Keys
from models.audit import record_event
from models.case import Case
from models.disclosure import Disclosure
from models.queries.bars import list_barred_people, without_barred
from models.queries.disclosures import (
    find_latest_disclosure,
    find_waiting_to_change,
    has_identity,
    list_identities_of_case,
)
from models.queries.staff import find_staff, list_active_staff
from models.staff import Staff
from models.states import Channel, DisclosureKind, Role
from triage.actions.ground import tell_staff
from triage.permissions import CITY, reach_of

GRANT_LASTS = timedelta(minutes=30)
WORDS_LAST = timedelta(hours=8)
REQUEST_LASTS = timedelta(days=3)
LEAST_REASON = 10
MAX_REASON = 500
DECIDERS = frozenset({Role.LEAD, Role.INTAKE, Role.SUPERVISOR})


class DisclosureProblem(StrEnum):
    """Why it cannot be as asked: text keys under `access.problem.`."""

    REASON_SHORT = "reason_short"
    REASON_LONG = "reason_long"
    NO_IDENTITY = "no_identity"
    WAITS_ALREADY = "waits_already"
    NOT_ALLOWED = "not_allowed"
    NOBODY_DECIDES = "nobody_decides"
    DECIDED_ALREADY = "decided_already"


class DisclosureRefusedError(ValueError):
    """What was asked cannot be; `problem` says why."""

    def __init__(self, problem: DisclosureProblem) -> None:
        """Keep what is wrong."""
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Opened:
    """What one reporter left of himself."""

    received_at: datetime
    channel: Channel
    name: str = field(repr=False)
    phone: str = field(repr=False)


def check_reason(reason: str, *, least: int = LEAST_REASON) -> str:
    """The reason without blanks around it. Raises DisclosureRefusedError."""
    cleaned = reason.strip()
    if len(cleaned) < least:
        raise DisclosureRefusedError(DisclosureProblem.REASON_SHORT)
    if len(cleaned) > MAX_REASON:
        raise DisclosureRefusedError(DisclosureProblem.REASON_LONG)
    return cleaned


async def list_deciders(session: AsyncSession, case: Case, asker: Staff) -> list[Staff]:
    """Who may say yes or no to what `asker` asks of this case."""
    people = [*await list_active_staff(session, Role.INTAKE, Role.SUPERVISOR)]
    if asker.office_id != CITY:
        people = [*await list_active_staff(session, Role.LEAD, office_id=asker.office_id), *people]
    barred = await list_barred_people(session, case.id)
    return [person for person in without_barred(people, barred) if person.id != asker.id]


async def ask_identity(
    session: AsyncSession, case: Case, *, reason: str, by: Staff, now: datetime
) -> Disclosure:
    """Ask to see who sent the tip. Raises DisclosureRefusedError."""
    reason = check_reason(reason)
    if not await has_identity(session, case.id):
        raise DisclosureRefusedError(DisclosureProblem.NO_IDENTITY)
    latest = await find_latest_disclosure(session, case.id, by.id, DisclosureKind.IDENTITY)
    if latest and (is_waiting(latest, now=now) or is_open(latest, now=now)):
        raise DisclosureRefusedError(DisclosureProblem.WAITS_ALREADY)
    deciders = await list_deciders(session, case, by)
    if not deciders:
        raise DisclosureRefusedError(DisclosureProblem.NOBODY_DECIDES)
    asked = Disclosure(
        kind=DisclosureKind.IDENTITY, case_id=case.id, asker_id=by.id, reason=reason, asked_at=now
    )
    session.add(asked)
    await session.flush()
    record_event(session, "identity_asked", at=now, by=by.id, case_id=case.id, reason=reason)
    await tell_staff(session, case, deciders, "approval_waiting", now=now, dedup=f"identity:{asked.id}")
    return asked


async def decide_identity(
    session: AsyncSession, disclosure_id: int, *, allow: bool, reason: str, by: Staff, now: datetime
) -> Disclosure:
    """Say yes or no to what somebody else asked. Raises DisclosureRefusedError."""
    reason = check_reason(reason, least=2)
    found = None
    if by.role in DECIDERS:
        since = now - REQUEST_LASTS
        found = await find_waiting_to_change(session, disclosure_id, by, reach_of(by), since=since)
    if found is None:
        raise DisclosureRefusedError(DisclosureProblem.DECIDED_ALREADY)
    asked, case, asker = found
    asked.is_allowed, asked.decided_by, asked.decided_at, asked.decision = allow, by.id, now, reason
    asked.until = now + GRANT_LASTS if allow else None
    kind = "identity_allowed" if allow else "identity_refused"
    record_event(session, kind, at=now, by=by.id, case_id=case.id, reason=reason, staff=asker.id)
    await tell_staff(
        session, case, [asker], "approval_decided", now=now, dedup=f"identity-decided:{asked.id}"
    )
    return asked


async def open_identity(
    session: AsyncSession, case: Case, *, by: Staff, keys: Keys, now: datetime
) -> Sequence[Opened]:
    """What was allowed, opened; each time an event. Raises DisclosureRefusedError."""
    latest = await find_latest_disclosure(session, case.id, by.id, DisclosureKind.IDENTITY)
    decider = await find_staff(session, latest.decided_by) if latest else None
    if latest is None or decider is None or decider.id == by.id or not is_open(latest, now=now):
        raise DisclosureRefusedError(DisclosureProblem.NOT_ALLOWED)
    record_event(
        session,
        "identity_opened",
        at=now,
        by=by.id,
        case_id=case.id,
        reason=latest.reason,
        allowed_by=decider.id,
    )
    return [
        Opened(
            tip.received_at,
            tip.channel,
            _open(identity.name, "identity.name", keys),
            _open(identity.phone, "identity.phone", keys),
        )
        for tip, identity in await list_identities_of_case(session, case.id)
    ]


def _open(sealed: bytes | None, place: str, keys: Keys) -> str:
    return keys.unseal("identity", sealed, place=place).decode() if sealed else ""


def is_waiting(asked: Disclosure, *, now: datetime) -> bool:
    """Whether nobody has said yes or no yet, and it is not too old."""
    return asked.decided_at is None and asked.asked_at > now - REQUEST_LASTS


def is_open(asked: Disclosure, *, now: datetime) -> bool:
    """Whether it was allowed and its time is not over."""
    return bool(asked.is_allowed) and asked.until is not None and asked.until > now


# ---------------------------------------------------------------- the original words


async def open_words(session: AsyncSession, case: Case, *, reason: str, by: Staff, now: datetime) -> None:
    """Show the citizen's own words to this person for the rest of the day's work; the reason stays. Raises as above."""
    reason = check_reason(reason, least=2)
    session.add(
        Disclosure(
            kind=DisclosureKind.WORDS,
            case_id=case.id,
            asker_id=by.id,
            reason=reason,
            asked_at=now,
            is_allowed=True,
            decided_at=now,
            until=now + WORDS_LAST,
        )
    )
    record_event(session, "words_opened", at=now, by=by.id, case_id=case.id, reason=reason)


async def sees_words(session: AsyncSession, case: Case, staff: Staff, *, now: datetime) -> bool:
    """Whether the original words are shown: the city desk reads them, a county opens them with a reason."""
    if staff.office_id == CITY:
        return True
    latest = await find_latest_disclosure(session, case.id, staff.id, DisclosureKind.WORDS)
    return latest is not None and is_open(latest, now=now)
