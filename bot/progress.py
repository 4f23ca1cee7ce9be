"""Where a tip stands, as its reporter reads it: on the web, in the API, in the chat. Keys of texts, no words.

Every internal state has a public face of its own; names of staff, notes and reasons among staff have none.
Days only, never hours: whoever looks over a shoulder learns little.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Case, Deadline
from models.message import Message
from models.queries.tips import find_case_of_tip
from models.queries.visits import list_clocks, list_letters
from models.queries.way_back import list_decided_clauses
from models.states import CaseState, Verdict
from models.tip import Tip

PUBLIC_CLOCKS = ("D03", "D10", "D11", "P02", "D12", "D13")
"""Acceptance, verification (extended, or once more), answer, review: the promises made to the reporter.

Others are the bureau's own business.
"""


CITY_OFFICE = "city"
"""Office id of the city desk. Others are told as the county's, without name: a glance over the shoulder tells less."""


PROVEN = frozenset({Verdict.PROVEN, Verdict.PARTLY_PROVEN})


class Stage(StrEnum):
    """The way of a tip in five steps that everybody understands."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    VERIFYING = "verifying"
    ANSWERED = "answered"
    CLOSED = "closed"


STAGES = tuple(Stage)
STAGE_NOW: dict[CaseState, Stage] = {
    CaseState.NEEDS_SUPPLEMENT: Stage.RECEIVED,
    CaseState.REGISTERED: Stage.RECEIVED,
    CaseState.ACCEPTED: Stage.ACCEPTED,
    CaseState.ASSIGNED: Stage.ACCEPTED,
    CaseState.VERIFYING: Stage.VERIFYING,
    CaseState.SUSPENDED: Stage.VERIFYING,
    CaseState.EXTENSION_PENDING: Stage.VERIFYING,
    CaseState.RESULT_FILED: Stage.VERIFYING,
    CaseState.IN_REVIEW: Stage.VERIFYING,
    CaseState.ANSWER_DUE: Stage.ANSWERED,
    CaseState.ANSWERED: Stage.ANSWERED,
    CaseState.CLOSED: Stage.CLOSED,
    CaseState.ARCHIVED: Stage.CLOSED,
    CaseState.REFUSED: Stage.CLOSED,
    CaseState.TRANSFERRED: Stage.CLOSED,
    CaseState.TERMINATED: Stage.CLOSED,
    CaseState.MERGED: Stage.CLOSED,
}
ENDED_EARLY = frozenset({CaseState.REFUSED, CaseState.TRANSFERRED, CaseState.TERMINATED, CaseState.MERGED})
"""These end without the steps between; the step line shows only what happened."""
_TIME = re.compile(r" ?\d{2}:\d{2}")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `state` is done, now or next; `on` the moment it was reached."""

    stage: Stage
    state: str
    on: datetime | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """The clock that runs for the reporter now. `key`: text below public.status.clock."""

    key: str
    due_at: datetime
    is_late: bool
    is_estimate: bool
    sentence_zh: str
    sentence_en: str

    def sentence(self, locale: str) -> str:
        """The law or promise behind it, with days only: who looks over a shoulder learns no hour."""
        return _TIME.sub("", self.sentence_en if locale == "en" else self.sentence_zh)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a tip stands. `state` names the texts below public.status.state."""

    number: str
    state: str
    steps: tuple[Step, ...]
    received_at: datetime
    updated_at: datetime
    promise: Promise | None
    verdict: Verdict | None
    answer: str
    letters: tuple[Message, ...]
    is_open: bool
    handler: str
    """Who has it, by level only: city or county. Text key below public.status.handler_."""
    refusal: str
    """Why it was refused, R1 to R9, or empty. Text key below way_back.refusal."""
    clauses: tuple[str, ...]
    """Ids of the clauses that people found it to fall under, once it is answered."""
    answered_at: datetime | None


async def load_progress(session: AsyncSession, tip: Tip, *, now: datetime) -> Progress:
    """Everything its reporter may know about a tip."""
    case = await find_case_of_tip(session, tip)
    is_answered = case is not None and case.answered_at is not None
    clocks = await list_clocks(session, case.id, PUBLIC_CLOCKS) if case and case.is_open else []
    letters = tuple(await list_letters(session, tip.id))
    moments = [*_milestones(case).values(), *(letter.created_at for letter in letters)]
    return Progress(
        number=tip.number,
        state=case.state.value if case else "received",
        steps=make_steps(case, received_at=tip.received_at),
        received_at=tip.received_at,
        updated_at=max([tip.received_at, *(moment for moment in moments if moment)]),
        promise=make_promise(clocks[0], now=now) if clocks else None,
        verdict=case.verdict if case and is_answered else None,
        answer=case.answer if case and is_answered else "",
        letters=letters,
        is_open=case is None or case.is_open,
        handler="county" if case and case.office_id != CITY_OFFICE else "city",
        refusal=(case.reason_code or "") if case and case.state is CaseState.REFUSED else "",
        clauses=await _load_clauses(session, case),
        answered_at=case.answered_at if case else None,
    )


async def _load_clauses(session: AsyncSession, case: Case | None) -> tuple[str, ...]:
    """What a case was found to be, as decided by people; nothing before the answer, or where nothing was proven."""
    if case is None or case.answered_at is None or case.verdict not in PROVEN:
        return ()
    return tuple(await list_decided_clauses(session, case))


def make_steps(case: Case | None, *, received_at: datetime) -> tuple[Step, ...]:
    """The step line: what is done with its day, what is in hand, what comes."""
    current = STAGE_NOW[case.state] if case else Stage.RECEIVED
    reached = {Stage.RECEIVED: received_at, **_milestones(case)}
    place = STAGES.index(current)
    steps = []
    for index, stage in enumerate(STAGES):
        if case and case.state in ENDED_EARLY and 0 < index < place and not reached.get(stage):
            continue
        state = "now" if index == place else ("done" if index < place else "next")
        steps.append(Step(stage, state, reached.get(stage) if index <= place else None))
    return tuple(steps)


def make_promise(deadline: Deadline, *, now: datetime) -> Promise:
    """What a running deadline promises the reporter, honest when it is missed."""
    return Promise(
        key=deadline.rule_id,
        due_at=deadline.due_at,
        is_late=deadline.due_at < now,
        is_estimate=deadline.is_estimate,
        sentence_zh=deadline.sentence_zh,
        sentence_en=deadline.sentence_en,
    )


def _milestones(case: Case | None) -> dict[Stage, datetime | None]:
    if case is None:
        return {}
    return {
        Stage.ACCEPTED: case.accepted_at,
        Stage.VERIFYING: case.signed_at,
        Stage.ANSWERED: case.answered_at,
        Stage.CLOSED: case.closed_at,
    }
