"""The same matter: looking for it when a case is opened, and what people say of it. Nothing is merged or closed here.

A likeness says that a case is likely the same matter as an earlier one, the first of that matter. Stars, not chains:
while a case is likened to another it is nobody's first, and a first one is not likened to another.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from config.clock import LOCAL
from config.keys import Keys
from models.audit import record_event
from models.case import Case
from models.likeness import Likeness
from models.queries.likenesses import (
    KnownCase,
    find_likeness_to_change,
    insert_marks,
    is_first_of_others,
    is_likened,
    list_known_cases,
    list_unmarked_tips,
    lock_look,
)
from models.session import Database
from models.staff import Staff
from models.states import LikenessState, MarkKind
from models.tip import Tip
from triage import duplicates
from triage.actions import MoveRefusedError
from triage.bodies import make_reader
from triage.duplicates import Mark, Print, compare, list_contact_marks, list_marks, make_print
from triage.language import Classifier
from triage.permissions import reach_of
from triage.routing import Matter
from triage.told import read_tip
from triage.workflow import Refusal

MOST_SHOWN = 3
OLD_AT_ONCE = 20
_EVENTS = {
    LikenessState.CONFIRMED: "likeness_confirmed",
    LikenessState.REJECTED: "likeness_rejected",
    LikenessState.SUGGESTED: "likeness_undone",
}


class Matters:
    """What looking for the same matter needs: the rules, the reader of names, the key of the marks. Made once."""

    def __init__(self, catalog: Catalog, keys: Keys) -> None:
        self.rules = catalog.duplicates
        self.reader = make_reader(catalog)
        self._keys = keys

    def digest(self, kind: MarkKind, value: str) -> int:
        """Keyed mark of a value: who has the database alone cannot try numbers out."""
        return int.from_bytes(self._keys.digest("address", "mark", kind, value)[:8], "big", signed=True)


@dataclass(frozen=True, slots=True)
class Found:
    """The first case of a matter that a new tip is like."""

    known: KnownCase
    likeness: duplicates.Likeness


@dataclass(frozen=True, slots=True)
class Look:
    """What was found for a new tip, likest first, and the marks by which it will be found itself."""

    marks: Sequence[Mark]
    found: Sequence[Found]

    @property
    def sure(self) -> Matter | None:
        """The matter that may steer the route."""
        first = next((one.known for one in self.found if one.likeness.is_confirmed), None)
        return Matter(office_id=first.office_id, is_open=first.is_open) if first else None


async def look_for_same_matter(
    session: AsyncSession, tip: Tip, line: Mapping[str, Any], *, matters: Matters
) -> Look:
    """Compare a new tip with the first cases of all matters that share a mark with it."""
    await lock_look(session)
    new = _print_of_tip(tip, line, matters)
    marks = list_marks(new, matters.digest)
    known = await list_known_cases(session, marks, apart_from=tip.id)
    compared = [Found(case, compare(new, print_of(case, matters), matters.rules)) for case in known]
    found = [one for one in compared if one.likeness.is_suggested]
    found.sort(key=lambda one: (-one.likeness.score, one.known.received_at, one.known.id))
    return Look(marks, found[:MOST_SHOWN])


def _print_of_tip(tip: Tip, line: Mapping[str, Any], matters: Matters) -> Print:
    return make_print(
        targets=line["targets"],
        matter=[*line["clauses"], *line["patterns"]],
        jurisdiction=line["jurisdiction"],
        day=tip.received_at.astimezone(LOCAL).date(),
        text=tip.text,
        contacts=list_contact_marks(line.get("facts", {}), matters.rules, matters.digest),
        reader=matters.reader,
    )


def print_of(known: KnownCase, matters: Matters) -> Print:
    """What a stored case is compared by."""
    return make_print(
        targets=known.targets,
        matter=known.matter,
        jurisdiction=known.jurisdiction,
        day=known.received_at.astimezone(LOCAL).date(),
        text=known.text,
        contacts=known.contacts,
        reader=matters.reader,
    )


async def keep_look(session: AsyncSession, case: Case, tip: Tip, look: Look, *, now: datetime) -> None:
    """Make the tip findable, and store what its case is like."""
    await insert_marks(session, tip.id, look.marks)
    for one in look.found:
        session.add(
            Likeness(
                case_id=case.id,
                first_case_id=one.known.id,
                score=one.likeness.score,
                is_sure=one.likeness.is_confirmed,
                reasons=list(one.likeness.reasons),
                created_at=now,
            )
        )
        record_event(
            session,
            "likeness_found",
            at=now,
            case_id=case.id,
            first_case=one.known.id,
            score=one.likeness.score,
            sure=one.likeness.is_confirmed,
        )


async def mark_old_tips(db: Database, classifier: Classifier, *, matters: Matters) -> int:
    """Make tips findable that came before there were marks, a few at a time; answers how many."""
    async with db.read() as session:
        old = await list_unmarked_tips(session, limit=OLD_AT_ONCE)
    for tip, case in old:
        line = await asyncio.to_thread(read_tip, classifier, tip)
        line["targets"] = [name for name in (case.target, tip.target, *line["targets"]) if name]
        marks = list_marks(_print_of_tip(tip, line, matters), matters.digest)
        async with db.begin() as session:
            await insert_marks(session, tip.id, marks)
    return len(old)


async def find_likeness(
    session: AsyncSession, likeness_id: int, *, by: Staff
) -> tuple[Likeness, Case, Case] | None:
    """The likeness with both its cases, if this person may see both."""
    return await find_likeness_to_change(session, likeness_id, scope=reach_of(by))


async def say_of_likeness(
    session: AsyncSession, likeness: Likeness, state: LikenessState, *, by: Staff, now: datetime
) -> None:
    """是同一事项, 不是, or 撤销 (back to a suggestion). Saying the same again changes nothing."""
    if likeness.state is state:
        return
    if state is not LikenessState.REJECTED:
        await _check_star(session, likeness, state)
    before, likeness.state = likeness.state, state
    likeness.staff_id = None if state is LikenessState.SUGGESTED else by.id
    likeness.decided_at = None if state is LikenessState.SUGGESTED else now
    record_event(
        session,
        _EVENTS[state],
        at=now,
        by=by.id,
        case_id=likeness.case_id,
        first_case=likeness.first_case_id,
        before=before,
    )


async def _check_star(session: AsyncSession, likeness: Likeness, state: LikenessState) -> None:
    """Raise MoveRefusedError where a chain would arise, or two first cases of one matter."""
    if await is_first_of_others(session, likeness.case_id):
        raise MoveRefusedError(Refusal("likeness.is_first", {}))
    if await is_likened(session, likeness.first_case_id, apart_from=likeness.id):
        raise MoveRefusedError(Refusal("likeness.not_first", {}))
    is_confirming = state is LikenessState.CONFIRMED
    if is_confirming and await is_likened(session, likeness.case_id, apart_from=likeness.id, confirmed=True):
        raise MoveRefusedError(Refusal("likeness.has_first", {}))
