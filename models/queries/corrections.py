"""What staff decided about tips, beside what the machine proposed: labelled tips to learn from and to judge by.

Nothing about reporters is read: no identity, no answers but the text. Numbers, handles and addresses that stand
in the text itself are blanked, for no decision hangs on them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Case, Finding
from models.event import Event
from models.states import CaseState, Disposition, FindingKind, FindingSource, Verdict
from models.tip import Tip

PROMOTED = "model_promoted"
_NOT_TELLING = ("公安", "警", "纪委", "监委", "热线", "12345", "应急", "Police", "Discipline", "hotline")
"""Who also takes matters that are ours: a transfer there says nothing about what kind of matter it is."""
_NUMBER = re.compile(r"\d[\d\s-]{5,}\d")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+", re.ASCII)
_HANDLE = re.compile(r"(?<![\w-])(?=[\w-]*\d)[A-Za-z][\w-]{5,19}(?![\w-])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Correction:
    """A tip with its final labels: for each kind the staff's decision, else the machine's proposal.

    `decided`: the kinds that staff decided. `tip` has the shape of the corpus: id, channel, received_at, text, labels.
    """

    decided_at: datetime
    decided: frozenset[FindingKind]
    tip: Mapping[str, Any] = field(repr=False)


async def list_corrections(session: AsyncSession) -> list[Correction]:
    """Tips on which staff decided the clauses or the disposition, in order of decision. One query, read as it comes."""
    rows = await session.stream(_statement().execution_options(yield_per=1000))
    cases: dict[int, _Case] = {}
    async for row in rows:
        case = cases.get(row.case_id)
        if case is None:
            case = cases[row.case_id] = _Case(row)
        case.add(row)
    return sorted((case.close() for case in cases.values()), key=lambda one: (one.decided_at, one.tip["id"]))


async def count_corrections(session: AsyncSession) -> int:
    """How many `list_corrections` would answer."""
    statement = _statement().with_only_columns(func.count(Case.id.distinct())).order_by(None)
    return int(await session.scalar(statement) or 0)


async def count_learned(session: AsyncSession, model: str) -> int:
    """How many corrections the promoted model of this version learned from; none for one that was never promoted."""
    statement = select(Event.data).where(Event.kind == PROMOTED).order_by(Event.position.desc()).limit(1)
    data = await session.scalar(statement) or {}
    return int(data.get("learned", 0)) if data.get("after") == model else 0


# ---------------------------------------------------------------- which tips, and what was said of them


def _statement() -> Select[*tuple[Any, ...]]:
    first_tip = (
        select(Tip.id)
        .where(Tip.case_id == Case.id)
        .order_by(Tip.received_at, Tip.id)
        .limit(1)
        .correlate(Case)
        .scalar_subquery()
    )
    return (
        select(
            Case.id.label("case_id"),
            Case.disposition,
            Case.urgency,
            Case.jurisdiction,
            Case.answered_at,
            _accepted_at().label("accepted_at"),
            _is_refused().label("is_refused"),
            _is_transferred().label("is_transferred"),
            Tip.id.label("tip_id"),
            Tip.channel,
            Tip.received_at,
            Tip.text,
            Finding.kind,
            Finding.value,
            Finding.source,
            Finding.created_at,
            _counts().label("counts"),
        )
        .join(Tip, Tip.id == first_tip)
        .join(Finding, and_(Finding.case_id == Case.id, Finding.tip_id == Tip.id))
        .where(_is_decided())
        .order_by(Case.id, Finding.id)
    )


def _accepted_at() -> ColumnElement[datetime]:
    """When a member of staff accepted the case; the machine's own acceptance confirms nothing."""
    accepted = select(func.max(Event.at)).where(
        Event.case_id == Case.id, Event.kind == "accepted", Event.staff_id.is_not(None)
    )
    return accepted.correlate(Case).scalar_subquery()


def _counts() -> ColumnElement[bool]:
    """Whether a finding says something about the text.

    What was found on the spot does so only where everything was proven: a clause that could not be proven was
    alleged all the same, and the machine shall go on reading it.
    """
    filed = exists().where(
        Event.case_id == Case.id, Event.kind == "result_filed", Event.at == Finding.created_at
    )
    is_result = and_(Finding.source == FindingSource.STAFF, filed.correlate(Case, Finding))
    return or_(~is_result, and_(Case.verdict.is_not(None), Case.verdict == Verdict.PROVEN))


def _is_decided() -> ColumnElement[bool]:
    decided = exists().where(
        Finding.case_id == Case.id,
        Finding.source == FindingSource.STAFF,
        Finding.kind.in_([FindingKind.CLAUSE, FindingKind.DISPOSITION]),
        _counts(),
    )
    return or_(decided.correlate(Case), _accepted_at().is_not(None), _is_refused(), _is_transferred())


def _is_refused() -> ColumnElement[bool]:
    """Refused for a reason that says what kind of text it is. R1, R5 to R9 are about procedure, and say nothing."""
    agrees = {"R2": Disposition.NOT_ACTIONABLE, "R3": Disposition.CONSULTATION}
    ours = [Disposition.IN_SCOPE, Disposition.OTHER_SAFETY, Disposition.OTHER_DEPARTMENT]
    reasons = [
        and_(Case.reason_code == code, Case.disposition == disposition)
        for code, disposition in agrees.items()
    ]
    not_ours = and_(Case.reason_code == "R4", Case.disposition.in_(ours))
    return and_(Case.state == CaseState.REFUSED, or_(not_ours, *reasons))


def _is_transferred() -> ColumnElement[bool]:
    """Handed to a department that has no part in what is ours."""
    elsewhere = exists().where(
        Event.case_id == Case.id,
        Event.kind == "transferred_out",
        *(~Event.reason.contains(name, autoescape=True) for name in _NOT_TELLING),
    )
    return and_(Case.state == CaseState.TRANSFERRED, elsewhere.correlate(Case))


# ---------------------------------------------------------------- from rows to labels


class _Case:
    """The findings about one tip, gathered row by row."""

    def __init__(self, row: Row[Any]) -> None:
        self._row = row
        self._machine: dict[FindingKind, list[str]] = {}
        self._staff: dict[FindingKind, tuple[datetime, list[str]]] = {}

    def add(self, row: Row[Any]) -> None:
        if row.source is FindingSource.MACHINE:
            self._machine.setdefault(row.kind, []).append(row.value)
        elif row.source is FindingSource.STAFF and row.counts:
            moment, values = self._staff.get(row.kind, (row.created_at, []))
            kept = values if moment == row.created_at else []
            self._staff[row.kind] = (row.created_at, [*kept, row.value])

    def close(self) -> Correction:
        row, disposition = self._row, self._find_disposition()
        decided = set(self._staff) | ({FindingKind.DISPOSITION} if disposition else set())
        if row.accepted_at:
            decided.add(FindingKind.CLAUSE)
        moments = [moment for moment, _ in self._staff.values()]
        moments += [moment for moment in (row.accepted_at, self._ended_at()) if moment]
        tip = {
            "id": f"tip-{row.tip_id}",
            "channel": row.channel.value,
            "received_at": row.received_at.isoformat(),
            "text": blank_contacts(row.text),
            "labels": self._labels(disposition),
        }
        return Correction(max(moments), frozenset(decided), tip)

    def _ended_at(self) -> datetime | None:
        is_told = self._row.is_refused or self._row.is_transferred
        moment: datetime | None = self._row.answered_at if is_told else None
        return moment

    def _find_disposition(self) -> str:
        """What staff said or did about the kind of matter; empty where that is the machine's alone."""
        if said := self._staff.get(FindingKind.DISPOSITION):
            return said[1][0]
        if self._row.is_transferred:
            return Disposition.OTHER_DEPARTMENT.value
        if self._row.is_refused:
            agrees = {Disposition.NOT_ACTIONABLE, Disposition.CONSULTATION}
            machine = self._row.disposition
            return (machine if machine in agrees else Disposition.OTHER_DEPARTMENT).value
        if self._values(FindingKind.CLAUSE):
            return Disposition.IN_SCOPE.value
        return Disposition.OTHER_SAFETY.value if self._row.accepted_at else ""

    def _values(self, kind: FindingKind) -> list[str]:
        return self._staff[kind][1] if kind in self._staff else self._machine.get(kind, [])

    def _value(self, kind: FindingKind, default: str) -> str:
        return next(iter(self._values(kind)), default)

    def _labels(self, disposition: str) -> dict[str, Any]:
        row = self._row
        return {
            "disposition": disposition or self._value(FindingKind.DISPOSITION, row.disposition.value),
            "subjects": self._values(FindingKind.SUBJECT),
            "clauses": self._values(FindingKind.CLAUSE),
            "patterns": self._values(FindingKind.PATTERN),
            "police_referral": self._value(FindingKind.POLICE_REFERRAL, "false") == "true",
            "urgency": self._value(FindingKind.URGENCY, row.urgency.value),
            "jurisdiction": self._value(FindingKind.JURISDICTION, row.jurisdiction),
            "targets": [name for name in self._values(FindingKind.TARGET) if name in row.text],
        }


def blank_contacts(text: str) -> str:
    """The text without phone numbers, identity numbers, mail addresses and chat handles; as long as before."""
    text = _ADDRESS.sub(lambda found: "x" * len(found[0]), text)
    text = _HANDLE.sub(lambda found: "x" * len(found[0]), text)
    return _NUMBER.sub(lambda found: re.sub(r"\d", "0", found[0]), text)
