"""Wishes to see what is closed, and what was allowed of them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.case import Case
from models.disclosure import CaseSummary, Disclosure
from models.queries.scope import in_scope
from models.scope import Scope
from models.staff import Staff
from models.states import DisclosureKind
from models.tip import Identity, Tip


async def find_latest_disclosure(
    session: AsyncSession, case_id: int, asker_id: int, kind: DisclosureKind
) -> Disclosure | None:
    """What this person asked last of this case."""
    statement = (
        select(Disclosure)
        .where(Disclosure.case_id == case_id, Disclosure.asker_id == asker_id, Disclosure.kind == kind)
        .order_by(Disclosure.id.desc())
        .limit(1)
    )
    return await session.scalar(statement)


async def list_waiting(
    session: AsyncSession, decider: Staff, scope: Scope, *, since: datetime
) -> Sequence[tuple[Disclosure, Case, Staff]]:
    """What waits for this person's yes or no: asked by others in cases that he may see, oldest first."""
    asker = aliased(Staff)
    statement = (
        select(Disclosure, Case, asker)
        .join(Case, Case.id == Disclosure.case_id)
        .join(asker, asker.id == Disclosure.asker_id)
        .where(*_waits_for(decider, scope, asker, since=since))
        .order_by(Disclosure.id)
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(statement)]


async def count_waiting(session: AsyncSession, decider: Staff, scope: Scope, *, since: datetime) -> int:
    """How many `list_waiting` lists."""
    asker = aliased(Staff)
    statement = (
        select(func.count())
        .select_from(Disclosure)
        .join(Case, Case.id == Disclosure.case_id)
        .join(asker, asker.id == Disclosure.asker_id)
        .where(*_waits_for(decider, scope, asker, since=since))
    )
    return int(await session.scalar(statement) or 0)


async def find_waiting_to_change(
    session: AsyncSession, disclosure_id: int, decider: Staff, scope: Scope, *, since: datetime
) -> tuple[Disclosure, Case, Staff] | None:
    """One of what `list_waiting` lists, locked."""
    asker = aliased(Staff)
    statement = (
        select(Disclosure, Case, asker)
        .join(Case, Case.id == Disclosure.case_id)
        .join(asker, asker.id == Disclosure.asker_id)
        .where(Disclosure.id == disclosure_id, *_waits_for(decider, scope, asker, since=since))
        .with_for_update(of=Disclosure)
        .execution_options(populate_existing=True)
    )
    row = (await session.execute(statement)).first()
    return (row[0], row[1], row[2]) if row else None


def _waits_for(
    decider: Staff, scope: Scope, asker: type[Staff], *, since: datetime
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        Disclosure.kind == DisclosureKind.IDENTITY,
        Disclosure.decided_at.is_(None),
        Disclosure.asked_at > since,
        Disclosure.asker_id != decider.id,
        asker.is_active.is_(True),
        in_scope(scope),
    ]
    if scope.office_id is not None:  # a county's lead decides for his own people only
        conditions.append(asker.office_id == decider.office_id)
    return conditions


async def find_summary(session: AsyncSession, case_id: int) -> CaseSummary | None:
    """What the city desk wrote of the matter in other words."""
    return await session.scalar(select(CaseSummary).where(CaseSummary.case_id == case_id))


async def list_identities_of_case(session: AsyncSession, case_id: int) -> Sequence[tuple[Tip, Identity]]:
    """Who sent the tips of a case, still sealed, as far as name or phone were given; oldest tip first."""
    statement = (
        select(Tip, Identity)
        .join(Identity, Identity.tip_id == Tip.id)
        .where(Tip.case_id == case_id, or_(Identity.name.is_not(None), Identity.phone.is_not(None)))
        .order_by(Tip.received_at, Tip.id)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def has_identity(session: AsyncSession, case_id: int) -> bool:
    """Whether any reporter of the case left a name or a phone number."""
    return bool(await list_identities_of_case(session, case_id))
