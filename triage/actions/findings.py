"""认定: what a person decides of what the machine proposed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from config.patterns import Body
from models.audit import record_event
from models.case import Case, Finding
from models.queries.cases import list_findings
from models.queries.tips import list_tips_of_case
from models.staff import Staff
from models.states import Disposition, FindingKind, FindingSource, Role, Urgency
from triage.actions.ground import (
    MAX_REASON,
    MoveRefusedError,
    check_scope,
    check_words,
    gather_facts,
    refuse_field,
)
from triage.actions.telling import watch_transfer
from triage.guards import not_recused
from triage.routing import REVIEW_OF_FILE
from triage.workflow import Refusal

MANY = frozenset({FindingKind.CLAUSE, FindingKind.PATTERN, FindingKind.SUBJECT})
"""Of these a case may have several; each is corrected by itself."""
ONE = frozenset(
    {FindingKind.DISPOSITION, FindingKind.JURISDICTION, FindingKind.URGENCY, FindingKind.POLICE_REFERRAL}
)
CORRECTABLE = MANY | ONE
"""Not the body: whom a case is closed to hangs on its name, and that is decided when the case is opened."""
_DESK = frozenset({Role.INTAKE, Role.SUPERVISOR})
_OF_THE_DESK = frozenset({FindingKind.DISPOSITION, FindingKind.JURISDICTION})
_CHOICES: Mapping[FindingKind, Sequence[str]] = {
    FindingKind.SUBJECT: tuple(body for body in get_args(Body) if body != "seller"),
    FindingKind.DISPOSITION: tuple(Disposition),
    FindingKind.URGENCY: tuple(Urgency),
    FindingKind.POLICE_REFERRAL: ("true", "false"),
}


def list_values(kind: FindingKind, catalog: Catalog) -> Sequence[str]:
    """What can be said of a kind."""
    match kind:
        case FindingKind.CLAUSE:
            return tuple(catalog.clauses)
        case FindingKind.PATTERN:
            return tuple(catalog.patterns)
        case FindingKind.JURISDICTION:
            return (*catalog.counties, "city", "outside", "unknown")
        case _:
            return _CHOICES.get(kind, ())


def why_not_corrected(
    case: Case, by: Staff, kind: FindingKind, value: str = "", *, drops: bool
) -> Refusal | None:
    """Why this person cannot correct this finding; None when he can.

    Where a case goes is the desk's. What an office must answer in its result it does not strike itself: neither a
    clause nor the suspicion of a crime.
    """
    if not case.is_open:
        return Refusal("finding.over", {})
    if refusal := not_recused(gather_facts(case, by)):
        return Refusal(f"move.{refusal.reason}", refusal.values)
    if by.role in _DESK:
        return None
    if kind in _OF_THE_DESK:
        return Refusal("finding.of_the_desk", {})
    lowers = (kind is FindingKind.CLAUSE and drops) or (
        kind is FindingKind.POLICE_REFERRAL and value == "false"
    )
    return Refusal("finding.with_the_result", {}) if lowers else None


async def correct_finding(  # noqa: PLR0913 - all by name
    session: AsyncSession,
    case: Case,
    *,
    kind: FindingKind,
    value: str,
    drops: bool,
    reason: str,
    by: Staff,
    catalog: Catalog,
    now: datetime,
) -> None:
    """更正: one finding by itself, with a reason. `drops`: this value is not so. Raises MoveRefusedError."""
    check_scope(case, by)
    if kind not in CORRECTABLE or value not in list_values(kind, catalog):
        raise refuse_field("finding.unknown", "value")
    if refusal := why_not_corrected(case, by, kind, value, drops=drops):
        raise MoveRefusedError(refusal)
    check_words(reason, "reason", longest=MAX_REASON)
    others = [] if kind in ONE else [one for one in await list_present(session, case, kind) if one != value]
    values = others if drops else [*others, value]
    await decide_finding(
        session,
        case,
        kind=kind,
        values=values,
        by=by,
        catalog=catalog,
        now=now,
        reason=reason.strip(),
        only=value,
    )


async def list_present(session: AsyncSession, case: Case, kind: FindingKind) -> list[str]:
    """What counts of a kind now: what the case says, or of what no case has a column for, the newest that was said."""
    match kind:
        case FindingKind.CLAUSE:
            return list(case.clauses)
        case FindingKind.PATTERN:
            return list(case.patterns)
        case _:
            rows = [row for row in await list_findings(session, case.id) if row.kind is kind]
            staff = [row for row in rows if row.source is FindingSource.STAFF]
            newest = max((row.created_at for row in staff), default=None)
            return [
                row.value for row in (rows if newest is None else staff) if newest in {None, row.created_at}
            ]


async def decide_finding(  # noqa: PLR0913 - all by name
    session: AsyncSession,
    case: Case,
    *,
    kind: FindingKind,
    values: Sequence[str],
    by: Staff,
    catalog: Catalog,
    now: datetime,
    changes_case: bool = True,
    reason: str = "",
    only: str = "",
) -> None:
    """认定: a person says what the machine proposed otherwise; both stay side by side.

    `changes_case`: False keeps the case listed under what was reported, as where nothing of it was proven.
    `only`: the one value that was looked at; of the others nothing was decided, they stay as they are.
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
    data: dict[str, Any] = {
        "finding": kind,
        "before": before,
        "after": [] if kind is FindingKind.TARGET else list(values),
    } | ({"only": only} if only else {})
    record_event(session, "finding_decided", at=now, by=by.id, case_id=case.id, reason=reason, **data)


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
