"""The deadline sweep: warn, note what was missed, escalate; each step once, however many schedulers run.

Planned from a read, then taken case by case in small transactions, so that no writer waits for a long
sweep. What makes a step happen once is the guarded change of the clock's stage.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog, NoDeadlineError
from models.audit import record_event
from models.case import Case, Deadline
from models.queries.deadlines import list_due_clocks, lock_case, mark_breach, move_clock
from models.queries.notices import queue_group_notice, queue_reporter_notice, queue_staff_notice
from models.queries.staff import find_staff, list_active_staff
from models.queries.tips import list_tips_of_case
from models.session import Database
from models.staff import Staff
from models.states import Role, Urgency
from triage.actions import urge_by_system
from triage.actions.results import LIMITS
from triage.deadlines import LadderStep, StepKind, ladder_of
from triage.escalation import (
    EVENT_KINDS,
    NEXT_IN_LINE,
    NOTICE_KINDS,
    Progress,
    Telling,
    advance,
    find_digests,
    most_severe,
    send_moment,
)
from triage.permissions import CITY

SWEEP_LIMIT = 500
REPORTER_IS_TOLD = frozenset({"D10", "D11", "P02"})
"""A reporter hears that verification takes longer, not of every promise within the bureau."""

STANDS_FOR = {"bureau_head": Role.SUPERVISOR}
"""Who hears of a duty whose bearer has no account of his own role."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Turn:
    """What this sweep does with one clock."""

    deadline: Deadline
    case: Case
    progress: Progress
    tellings: tuple[Telling, ...]

    @property
    def is_missed(self) -> bool:
        """Whether the limit itself passes with this turn."""
        return any(step.kind is StepKind.BREACH for step in self.progress.steps)


async def sweep_deadlines(db: Database, *, catalog: Catalog, now: datetime) -> int:
    """Look at every clock whose next step has come. Answers how many steps this call took."""
    async with db.read() as session:
        due = await list_due_clocks(session, now=now, limit=SWEEP_LIMIT)
        if not due:
            return 0
        readers = Readers(session)
        turns = [await _plan(readers, deadline, case, catalog=catalog, now=now) for deadline, case in due]
    sweep = Sweep(db, catalog, now, turns, readers.people)
    return await sweep.run()


async def _plan(
    readers: "Readers", deadline: Deadline, case: Case, *, catalog: Catalog, now: datetime
) -> Turn:
    ladder = _ladder(deadline, catalog)
    progress = advance(ladder, deadline.stage, now=now, urgency=case.urgency, calendar=catalog.calendar)
    tellings = [
        Telling(person.id, deadline.id, ladder.index(step), step)
        for step in progress.told
        for person in await readers.find(case, STANDS_FOR.get(step.role) or Role(step.role))
    ]
    return Turn(deadline, case, progress, tuple(tellings))


def _ladder(deadline: Deadline, catalog: Catalog) -> list[LadderStep]:
    """The steps of a clock; where its rule is gone, the limit itself still counts."""
    try:
        rule = catalog.deadline_in_force(deadline.rule_id, deadline.started_at)
    except NoDeadlineError:
        return [LadderStep(deadline.due_at, StepKind.BREACH, Role.LEAD)]
    return ladder_of(rule, started_at=deadline.started_at, due_at=deadline.due_at, calendar=catalog.calendar)


class Readers:
    """Who hears of a step; remembers everybody it found."""

    def __init__(self, session: AsyncSession) -> None:
        self.people: dict[int, Staff] = {}
        self._session = session
        self._of_role: dict[tuple[Role, str | None], Sequence[Staff]] = {}

    async def find(self, case: Case, role: Role) -> Sequence[Staff]:
        """The officer of the case, or everybody of a role; the next in line where there is nobody."""
        people = await (self._find_officer(case) if role is Role.OFFICER else self._find_role(case, role))
        if people or role not in NEXT_IN_LINE:
            return people
        # Nobody at the city desk is called an officer: its intake stands in for one.
        is_desk = role is Role.OFFICER and case.office_id == CITY
        return await self.find(case, Role.INTAKE if is_desk else NEXT_IN_LINE[role])

    async def _find_officer(self, case: Case) -> Sequence[Staff]:
        officer = await find_staff(self._session, case.officer_id)
        return self._remember([officer] if officer and officer.is_active else [])

    async def _find_role(self, case: Case, role: Role) -> Sequence[Staff]:
        key = (role, case.office_id if role is Role.LEAD else None)
        if key not in self._of_role:
            self._of_role[key] = self._remember(
                await list_active_staff(self._session, role, office_id=key[1])
            )
        return self._of_role[key]

    def _remember(self, people: Sequence[Staff]) -> Sequence[Staff]:
        self.people |= {person.id: person for person in people}
        return people


class Sweep:
    """Carries out what was planned."""

    def __init__(
        self, db: Database, catalog: Catalog, now: datetime, turns: Sequence[Turn], people: dict[int, Staff]
    ) -> None:
        self._db = db
        self._catalog = catalog
        self._now = now
        self._turns = turns
        self._people = people
        self._digests = find_digests(telling for turn in turns for telling in turn.tellings)

    async def run(self) -> int:
        """Take all turns; answers how many steps were ours to take."""
        if self._digests:
            # First, for a sweep that dies half-way must not leave steps taken that nobody hears of.
            async with self._db.begin() as session:
                await self._queue_digests(session)
        taken = 0
        for case_id, turns in groupby(self._turns, key=lambda turn: turn.case.id):
            async with self._db.begin() as session:
                await lock_case(session, case_id)
                for turn in turns:
                    taken += await self._take(session, turn)
        log.info("deadlines_swept", clocks=len(self._turns), steps=taken, digests=len(self._digests))
        return taken

    async def _take(self, session: AsyncSession, turn: Turn) -> int:
        """Move one clock, record its steps, queue its notices; 0 when somebody else was faster."""
        deadline = turn.deadline
        changes: dict[str, object] = {"stage": turn.progress.stage, "wake_at": turn.progress.wake_at}
        if any(step.kind is StepKind.WARN for step in turn.progress.steps) and deadline.warned_at is None:
            changes["warned_at"] = self._now
        if turn.is_missed:
            changes["breached_at"] = deadline.due_at
        if not await move_clock(session, deadline.id, from_stage=deadline.stage, **changes):
            return 0
        if turn.is_missed:
            await mark_breach(session, turn.case.id)
        for step in turn.progress.steps:
            self._record(session, turn, step)
        await self._tell(session, turn)
        await self._urge(session, turn)
        return len(turn.progress.steps)

    async def _urge(self, session: AsyncSession, turn: Turn) -> None:
        """A limit of verification that was missed is urged by itself, a level for each rung of its ladder."""
        if turn.deadline.rule_id not in LIMITS:
            return
        ladder = _ladder(turn.deadline, self._catalog)[: turn.progress.stage]
        rungs = sum(step.kind is StepKind.ESCALATE for step in ladder)
        if any(step.kind is StepKind.ESCALATE for step in turn.progress.steps):
            case = await session.get_one(Case, turn.case.id)
            await urge_by_system(session, case, rung=rungs, tells=not self._digests, now=self._now)

    def _record(self, session: AsyncSession, turn: Turn, step: LadderStep) -> None:
        deadline = turn.deadline
        told = sorted({telling.staff_id for telling in turn.tellings if telling.step == step})
        record_event(
            session,
            EVENT_KINDS[step.kind],
            at=self._now,
            case_id=turn.case.id,
            rule=deadline.rule_id,
            occasion=deadline.occasion,
            due=deadline.due_at.isoformat(),
            told=told,
        )
        if step in turn.progress.told and not told:
            log.warning(
                "deadline_without_reader", case_id=turn.case.id, rule=deadline.rule_id, role=step.role
            )

    async def _tell(self, session: AsyncSession, turn: Turn) -> None:
        deadline, case = turn.deadline, turn.case
        values = {"number": case.number, "due": deadline.due_at.isoformat(), "rule": deadline.rule_id}
        for telling in most_severe(turn.tellings):
            if telling.staff_id not in self._digests:
                await queue_staff_notice(
                    session,
                    self._people[telling.staff_id],
                    NOTICE_KINDS[telling.step.kind],
                    case=case,
                    dedup=f"deadline:{deadline.id}:{telling.stage}:{deadline.due_at:%Y%m%d%H%M}",
                    values=values,
                    now=self._now,
                    send_at=self._send_at(telling.step.kind, case.urgency),
                )
        if turn.is_missed and not self._digests:
            send_at = self._send_at(StepKind.BREACH, case.urgency)
            dedup = f"deadline:{deadline.id}"
            await queue_group_notice(
                session,
                "deadline_breached",
                case=case,
                dedup=dedup,
                values=values,
                now=self._now,
                send_at=send_at,
            )
        if turn.is_missed and deadline.rule_id in REPORTER_IS_TOLD:
            await self._tell_reporters(session, turn)

    async def _tell_reporters(self, session: AsyncSession, turn: Turn) -> None:
        for tip in await list_tips_of_case(session, turn.case.id):
            await queue_reporter_notice(
                session,
                tip,
                "case_delayed",
                dedup=f"deadline:{turn.deadline.id}",
                values={"number": tip.number},
                now=self._now,
                send_at=self._send_at(StepKind.BREACH, Urgency.NORMAL),
            )

    async def _queue_digests(self, session: AsyncSession) -> None:
        """One notice with the number of matters for each of those who have many, and one for the group."""
        matters: dict[int, list[str]] = defaultdict(list)
        urgency: dict[int, Urgency] = defaultdict(lambda: Urgency.NORMAL)
        for turn in self._turns:
            for telling in most_severe(turn.tellings):
                matters[telling.staff_id].append(f"{telling.deadline_id}:{telling.stage}")
                if turn.case.urgency is Urgency.IMMEDIATE:
                    urgency[telling.staff_id] = Urgency.IMMEDIATE
        for staff_id, count in self._digests.items():
            await queue_staff_notice(
                session,
                self._people[staff_id],
                "deadline_digest",
                case=None,
                dedup=f"digest:{_name_set(matters[staff_id])}",
                values={"count": count},
                now=self._now,
                send_at=self._send_at(StepKind.BREACH, urgency[staff_id]),
            )
        if missed := [str(turn.deadline.id) for turn in self._turns if turn.is_missed]:
            await queue_group_notice(
                session,
                "deadline_digest",
                case=None,
                dedup=f"digest:{_name_set(missed)}",
                values={"count": len(missed)},
                now=self._now,
                send_at=self._send_at(StepKind.BREACH, Urgency.NORMAL),
            )

    def _send_at(self, kind: StepKind, urgency: Urgency) -> datetime:
        return send_moment(kind, now=self._now, urgency=urgency, calendar=self._catalog.calendar)


def _name_set(items: Iterable[str]) -> str:
    """A short name for a set of steps: two schedulers that planned the same queue one digest."""
    return hashlib.sha256(" ".join(sorted(items)).encode()).hexdigest()[:16]
