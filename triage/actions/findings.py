"""认定: what a person decides of what the machine proposed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from models.audit import record_event
from models.case import Case, Finding
from models.queries.tips import list_tips_of_case
from models.staff import Staff
from models.states import FindingKind, FindingSource
from triage.actions.ground import check_scope
from triage.actions.telling import watch_transfer
from triage.routing import REVIEW_OF_FILE


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
    check_scope(case, by)
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
    if kind in {FindingKind.DISPOSITION, FindingKind.JURISDICTION}:
        await watch_transfer(session, case, catalog=catalog, now=now)
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
