"""Cases that a call may be about, while it is typed. Without the classifier: it works when triage is down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from config.clock import LOCAL
from models.queries.calls import list_states
from models.queries.likenesses import KnownCase, list_known_cases
from models.states import CaseState
from triage.duplicates import Likeness, compare, list_marks, make_print
from triage.matters import MOST_SHOWN, Matters, print_of

SHORTEST = 2
NO_TIP = 0


@dataclass(frozen=True, slots=True)
class LikeCase:
    """What a desk may see of a case: its number, whether it is open, and its state as the public hears it."""

    number: str
    state: CaseState
    is_open: bool
    reasons: tuple[str, ...]
    """Kinds of likeness only: no name and no word of the other tip."""


async def find_like_cases(
    session: AsyncSession, *, text: str, target: str, office_id: str, matters: Matters, now: datetime
) -> list[LikeCase]:
    """Cases like a call so far, likest first."""
    if len(text.strip()) + len(target.strip()) < SHORTEST:
        return []
    new = make_print(
        targets=[target] if target.strip() else [],
        matter=[],
        jurisdiction=office_id or "unknown",
        day=now.astimezone(LOCAL).date(),
        text=text,
        contacts=[],
        reader=matters.reader,
    )
    known = await list_known_cases(session, list_marks(new, matters.digest), apart_from=NO_TIP)
    compared = [(case, compare(new, print_of(case, matters), matters.rules)) for case in known]
    found = [(case, like) for case, like in compared if _is_worth_asking(like)]
    found.sort(key=lambda pair: (-pair[1].score, pair[0].received_at, pair[0].id))
    return await _show(
        session, [(case, [r["kind"] for r in like.reasons]) for case, like in found[:MOST_SHOWN]]
    )


def _is_worth_asking(like: Likeness) -> bool:
    """Nothing is classified yet; but the operator can ask the caller, so one body in one season is enough."""
    return like.is_suggested or {"body", "time"} <= {reason["kind"] for reason in like.reasons}


async def _show(session: AsyncSession, found: Sequence[tuple[KnownCase, list[str]]]) -> list[LikeCase]:
    states = await list_states(session, [case.id for case, _ in found])
    return [
        LikeCase(case.number, states[case.id], case.is_open, tuple(dict.fromkeys(kinds)))
        for case, kinds in found
        if case.id in states
    ]
