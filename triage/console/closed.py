"""What of a case is closed, and how far it is open to one reader: identity, words, bars. For the page of the case."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Case
from models.disclosure import Disclosure
from models.queries.bars import list_bars
from models.queries.disclosures import find_latest_disclosure, has_identity
from models.queries.keeping import find_hold
from models.queries.staff import find_staff, list_active_staff
from models.staff import Staff
from models.states import DisclosureKind, Role
from triage import disclosure
from triage.console.words import Words
from triage.holds import HOLDERS
from triage.permissions import CITY

DONE = frozenset({"identity_asked", "barred", "unbarred", "summary", "release_asked"})
"""What an address may say was just done."""


@dataclass(frozen=True, slots=True)
class IdentityView:
    """Where this reader stands with the identity: a text key under `access.identity.state.`, and what was said."""

    state: str  # none, closed, waiting, refused, open
    reason: str = ""
    decision: str = ""
    by: str = ""
    until: datetime | None = None

    @property
    def may_ask(self) -> bool:
        """Whether a new wish can be put."""
        return self.state in {"closed", "refused"}


async def view_closed(
    session: AsyncSession, case: Case, staff: Staff, words: Words, *, now: datetime
) -> dict[str, Any]:
    """Everything of this that the page shows, by the names that the template uses."""
    is_desk = staff.office_id == CITY
    return {
        "identity": await view_identity(session, case, staff, now=now),
        **(await view_bars(session, case, staff, words) if is_desk else {"bars": None}),
        "hold": await find_hold(session, case.id) if staff.role in HOLDERS else None,
    }


async def view_bars(session: AsyncSession, case: Case, staff: Staff, words: Words) -> dict[str, Any]:
    """To whom the case is closed, and to whom the city desk may close it."""
    rows = await list_bars(session, case.id)
    closed = {row.office_id for row, _ in rows}
    people = [
        *await list_active_staff(session, Role.OFFICER, Role.LEAD, office_id=case.office_id),
        *await list_active_staff(session, Role.INTAKE, Role.SUPERVISOR),
    ]
    barred = {row.staff_id for row, _ in rows}
    nobody = [{"value": "", "label": words.text("access.bars.nobody")}]
    return {
        "bars": [
            {
                "id": row.id,
                "whom": person.name if person else words.office(row.office_id or ""),
                "why": words.state("bar", row.reason),
                "note": row.note,
            }
            for row, person in rows
        ],
        "bar_offices": nobody + [one for one in words.county_options() if one["value"] not in closed],
        "bar_people": nobody
        + [
            {
                "value": str(one.id),
                "label": words.text(
                    "access.bars.person_line", name=one.name, office=words.office(one.office_id)
                ),
            }
            for one in people
            if one.id not in barred
        ],
        "may_lift": staff.role is Role.SUPERVISOR,
    }


async def view_identity(session: AsyncSession, case: Case, staff: Staff, *, now: datetime) -> IdentityView:
    """What this reader may do about the identity now."""
    if not await has_identity(session, case.id):
        return IdentityView("none")
    latest = await find_latest_disclosure(session, case.id, staff.id, DisclosureKind.IDENTITY)
    if latest is None:
        return IdentityView("closed")
    decider = await find_staff(session, latest.decided_by)
    return IdentityView(
        _state_of(latest, now=now),
        reason=latest.reason,
        decision=latest.decision,
        by=decider.name if decider else "",
        until=latest.until,
    )


def _state_of(latest: Disclosure, *, now: datetime) -> str:
    if disclosure.is_waiting(latest, now=now):
        return "waiting"
    if disclosure.is_open(latest, now=now):
        return "open"
    is_refused = latest.decided_at is not None and not latest.is_allowed
    return "refused" if is_refused else "closed"
