"""Rows for `tipline bench console`: years of cases as they would lie in the database, made without living them."""

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from models.audit import FIRST_PREVIOUS, hash_event
from models.base import Base
from models.case import NO_CLOCK, Case, Deadline, Finding
from models.case_bar import CaseBar
from models.event import Event
from models.likeness import TipMark
from models.numbers import make_case_number
from models.queries.bulk import insert_rows
from models.session import Database
from models.staff import Staff
from models.states import (
    FINAL_STATES,
    BarReason,
    CaseState,
    Channel,
    CodeScheme,
    Disposition,
    FindingKind,
    FindingSource,
    MarkKind,
    Role,
    Urgency,
    Verdict,
)
from models.tip import Tip

SPAN = timedelta(days=900)
YOUNG = timedelta(days=70)
CHUNK = 1000
FORGOTTEN = 0.01
"""Share of old cases that are open all the same."""
BARRED = 0.02
"""Share of cases that are closed to one office, and as many to one person."""
RUNS_OF_TEXT = 8
_ENDS = (CaseState.CLOSED,) * 8 + (CaseState.REFUSED, CaseState.TRANSFERRED)
_OPEN = (
    (
        CaseState.REGISTERED,
        CaseState.ASSIGNED,
        CaseState.ANSWER_DUE,
        CaseState.RESULT_FILED,
        CaseState.ANSWERED,
    )
    + (CaseState.VERIFYING,) * 5
    + (CaseState.CLOSED,) * 6
)
_CLAUSES = ("3.1.1", "3.1.2", "3.1.3", "3.1.4", "3.3.3", "3.3.6", "3.4.1", "3.4.3", "3.4.5", "5.4")
_FIRST, _SECOND = "砺朔岑泓拓颍箬启岱霁砥渡澄衡允正", "禾桥舟砚衡溪硎桐平岚溟鹄石原沣岫"
_KINDS = (
    "职业培训学校",
    "安全培训中心",
    "考试点",
    "机械厂",
    "食品有限公司",
    "建材厂",
    "化工有限公司",
    "物业公司",
)

Rows = dict[type[Base], list[Mapping[str, Any]]]


@dataclass(slots=True)
class Filler:
    """Makes rows of case after case; ids count from one, the audit chain holds."""

    offices: Sequence[str]
    texts: Sequence[str]
    officers: Mapping[str, Sequence[int]]
    now: datetime
    rng: random.Random
    previous: bytes = FIRST_PREVIOUS
    position: int = 0
    numbers: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)

    def make_chunk(self, first: int, last: int, *, total: int) -> Rows:
        """Rows of the cases from `first` to `last`, oldest first."""
        rows: Rows = {Case: [], Tip: [], Finding: [], Deadline: [], Event: [], CaseBar: [], TipMark: []}
        for case_id in range(first, last + 1):
            at = self.now - SPAN + SPAN * (case_id - 1) / total
            self._add_case(rows, case_id, at)
        return rows

    def _add_case(self, rows: Rows, case_id: int, at: datetime) -> None:
        rng = self.rng
        is_young = at > self.now - YOUNG
        is_forgotten = not is_young and rng.random() < FORGOTTEN
        state = rng.choice(_OPEN) if is_young or is_forgotten else rng.choice(_ENDS)
        office = "city" if state is CaseState.REGISTERED else rng.choice(self.offices)
        target = rng.choice(_FIRST) + rng.choice(_SECOND) + rng.choice(_KINDS)
        number = make_case_number(at.year, case_id * 7_919_317)
        self.numbers.append(number)
        self.targets.append(target)
        case = self._case(case_id, number, state, office, target, at)
        rows[Case].append(case)
        rows[Tip].append(self._tip(case_id, number, at))
        rows[Finding] += _findings(case, at)
        rows[Deadline] += _deadlines(case, at)
        rows[Event] += self._events(case, at)
        rows[CaseBar] += self._bars(case, at)
        rows[TipMark] += make_marks(case_id, target, rng)

    def _bars(self, case: Mapping[str, Any], at: datetime) -> Iterator[dict[str, Any]]:
        """Nobody who has a case is barred from it."""
        office = self.rng.choice(self.offices)
        closed_to = (
            {"office_id": office, "staff_id": None},
            {"office_id": None, "staff_id": self.officers[office][0]},
        )
        for whom in closed_to:
            if self.rng.random() < BARRED and office != case["office_id"]:
                yield whom | {
                    "case_id": case["id"],
                    "reason": BarReason.OFFICE_NAMED,
                    "note": "",
                    "created_at": at,
                }

    def _case(
        self, case_id: int, number: str, state: CaseState, office: str, target: str, at: datetime
    ) -> dict[str, Any]:
        rng, is_open = self.rng, state not in FINAL_STATES
        is_begun = state is not CaseState.REGISTERED
        done = at + timedelta(days=rng.uniform(4, 55))
        due = at + timedelta(days=60)
        return {
            "id": case_id,
            "number": number,
            "state": state,
            "is_open": is_open,
            "office_id": office,
            "officer_id": rng.choice(self.officers[office]) if is_begun else None,
            "jurisdiction": office,
            "disposition": Disposition.IN_SCOPE,
            "urgency": rng.choice((Urgency.NORMAL,) * 8 + (Urgency.HIGH, Urgency.IMMEDIATE)),
            "is_police_matter": rng.random() < 0.1,
            "needs_review": not is_begun,
            "review_reasons": [],
            "clauses": [rng.choice(_CLAUSES)],
            "patterns": [],
            "target": target,
            "rules_version": "bench",
            "registered_at": at,
            "accepted_at": at + timedelta(hours=1) if is_begun else None,
            "assigned_at": at + timedelta(hours=2) if is_begun else None,
            "signed_at": at + timedelta(hours=7) if state is CaseState.CLOSED else None,
            "result_at": done if state is CaseState.CLOSED else None,
            "approved_at": done + timedelta(days=1) if state is CaseState.CLOSED else None,
            "answered_at": done + timedelta(days=3) if state is CaseState.CLOSED else None,
            "closed_at": None if is_open else min(done + timedelta(days=9), self.now),
            "next_due_at": due if is_open else NO_CLOCK,
            "next_due_rule": "D10" if is_open else None,
            "has_breach": is_open and due < self.now,
            "has_unread": is_open and rng.random() < 0.1,
            "verdict": rng.choice(tuple(Verdict)) if state is CaseState.CLOSED else None,
        }

    def _tip(self, case_id: int, number: str, at: datetime) -> dict[str, Any]:
        serial = case_id.to_bytes(32, "big")
        return {
            "id": case_id,
            "number": number,
            "code_scheme": CodeScheme.HMAC,
            "code_hash": serial.hex(),
            "submission_digest": serial,
            "body_digest": serial,
            "channel": self.rng.choice(tuple(Channel)),
            "locale": "zh-CN",
            "text": self.rng.choice(self.texts),
            "received_at": at,
            "case_id": case_id,
            "assessed_at": at,
        }

    def _events(self, case: Mapping[str, Any], at: datetime) -> Iterator[dict[str, Any]]:
        for kind in ("case_opened", "accepted", "assigned", "signed_for"):
            self.position += 1
            entry = Event(
                position=self.position,
                kind=kind,
                at=at,
                staff_id=None,
                tip_id=case["id"],
                case_id=case["id"],
                reason="",
                data={"office": case["office_id"]} if kind == "assigned" else {},
                previous=self.previous,
            )
            self.previous = entry.hash = hash_event(entry)
            yield {name: getattr(entry, name) for name in _EVENT_COLUMNS}


_EVENT_COLUMNS = tuple(column.key for column in Event.__mapper__.column_attrs if column.key != "id")


_CLOCKS = (("D03", 3, "accepted_at"), ("D07", 4, "signed_at"), ("D10", 60, "approved_at"))


def _findings(case: Mapping[str, Any], at: datetime) -> Iterator[dict[str, Any]]:
    said = {
        FindingKind.DISPOSITION: case["disposition"],
        FindingKind.URGENCY: case["urgency"],
        FindingKind.JURISDICTION: case["jurisdiction"],
        FindingKind.CLAUSE: case["clauses"][0],
    }
    for kind, value in said.items():
        yield {
            "case_id": case["id"],
            "tip_id": case["id"],
            "kind": kind,
            "value": str(value),
            "source": FindingSource.MACHINE,
            "staff_id": None,
            "confidence": 0.9,
            "evidence": [],
            "rules_version": "bench",
            "created_at": at,
        }


def _deadlines(case: Mapping[str, Any], at: datetime) -> Iterator[dict[str, Any]]:
    for rule, days, met_at in (
        ("D03", 3, case["accepted_at"]),
        ("D07", 4, case["signed_at"]),
        ("D10", 60, case["approved_at"]),
    ):
        is_left = met_at is None and case["is_open"]
        yield {
            "case_id": case["id"],
            "office_id": case["office_id"],
            "rule_id": rule,
            "rule_version": "1",
            "calendar_version": "bench",
            "start_event": "registered",
            "started_at": at,
            "due_at": at + timedelta(days=days),
            "sentence_zh": "压测数据",
            "sentence_en": "benchmark data",
            "wake_at": None,
            "breached_at": None,
            "met_at": met_at,
            "cancelled_at": None if is_left or met_at else case["closed_at"],
        }


def make_marks(tip_id: int, target: str, rng: random.Random) -> list[dict[str, Any]]:
    """A name that a hundred tips share, and runs of text of which some are common and some rare."""
    marks = {(MarkKind.BODY, hash_of(target)), (MarkKind.NEAR, hash_of(target[:2]))}
    marks |= {(MarkKind.TEXT, int(rng.expovariate(1 / 20_000))) for _ in range(RUNS_OF_TEXT)}
    return [{"kind": kind, "value": value, "tip_id": tip_id} for kind, value in marks]


def hash_of(words: str) -> int:
    """Stands for a keyed hash."""
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:7], "big")


async def add_people(db: Database, offices: Sequence[str], *, now: datetime) -> dict[tuple[Role, str], Staff]:
    """One of each role that reads cases, officers and leads in every office."""
    wanted = [(role, office) for office in offices for role in (Role.OFFICER, Role.LEAD)]
    wanted += [(Role.INTAKE, "city"), (Role.SUPERVISOR, "city")]
    people = {}
    async with db.begin() as session:
        for role, office in wanted:
            row = Staff(
                login=f"{role}.{office}",
                name="压测",
                role=role,
                office_id=office,
                password_hash="",
                created_at=now,
            )
            session.add(row)
            people[role, office] = row
        await session.flush()
    return people


async def write_rows(db: Database, rows: Rows) -> None:
    """One chunk in one transaction, parents first."""
    async with db.begin() as session:
        for table, content in rows.items():
            await insert_rows(session, table, content)
