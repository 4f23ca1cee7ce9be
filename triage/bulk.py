"""What can be done to many cases at once, and whether one case can take part. Pure.

Only acts that need no reading of the single case: nobody refuses, judges or answers fifty tips with one click. Each
case goes through its own move all the same, with all guards.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from models.case import Case
from models.states import FINAL_STATES, CaseState, Role, Track
from triage.guards import Facts, Refusal
from triage.tracks import URGE_LADDER, Standing, TrackRow, check_row, find_row
from triage.workflow import STEPS, Move, check_guards, check_move

MOST = 50
"""Cases in one go: one page of a list."""


@dataclass(frozen=True, slots=True)
class BulkAct:
    """A move, or a step of urging. `fields`: what is asked once for all of them."""

    key: str
    move: Move | None = None
    step: str = ""
    fields: tuple[str, ...] = ()

    @property
    def row(self) -> TrackRow | None:
        """The step of urging that it is."""
        return find_row(Track.URGE, self.step) if self.step else None

    @property
    def roles(self) -> frozenset[Role]:
        """Whose it is."""
        row = self.row
        return STEPS[self.move].roles if self.move else row.roles if row else frozenset()

    @property
    def origins(self) -> frozenset[CaseState]:
        """States of cases that can take part."""
        return STEPS[self.move].origins if self.move else frozenset(CaseState) - FINAL_STATES


ACTS: Mapping[str, BulkAct] = {
    act.key: act
    for act in (
        BulkAct("sign_for", Move.SIGN_FOR),
        BulkAct("accept", Move.ACCEPT, fields=("reason",)),
        BulkAct("assign", Move.ASSIGN, fields=("office_id", "officer_id", "reason")),
        BulkAct("close", Move.CLOSE),
        BulkAct("archive", Move.ARCHIVE),
        *(BulkAct(f"urge_{step}", step=step, fields=("reason",)) for step in URGE_LADDER),
    )
}
NEEDED = frozenset({f"urge_{step}" for step in URGE_LADDER})
"""Acts that cannot go without a reason. What comes after a written 督办 (挂牌, 约谈) is for one case at a time."""
_OF_VIEW: Mapping[str, frozenset[CaseState]] = {
    "closed": FINAL_STATES,
    "all": frozenset(CaseState),
    "desk": frozenset({CaseState.REGISTERED, CaseState.ACCEPTED}),
    **{state.value: frozenset({state}) for state in CaseState if state is not CaseState.CLOSED},
}


_FIRST: Mapping[str, str] = {"overdue": "urge_reminded", "unassigned": "assign"}


def list_acts(role: Role, view: str) -> list[BulkAct]:
    """What this role can do to cases as they stand in this list, the likeliest first."""
    states = _OF_VIEW.get(view, frozenset(CaseState) - FINAL_STATES)
    able = [act for act in ACTS.values() if role in act.roles and act.origins & states]
    return sorted(able, key=lambda act: act.key != _FIRST.get(view))


def check_case(
    act: BulkAct, case: Case, facts: Facts, standing: Standing, *, counties: Collection[str]
) -> Refusal | None:
    """None when this case can take part, as far as it can be told before; the move itself has the last word."""
    if act.move is None:
        return check_row(act.row, standing) if act.row else Refusal("unknown_step", {})
    role = facts.role
    refusal = check_move(act.move, case.state, role) or check_guards(act.move, facts)
    if refusal or act.move is not Move.ACCEPT:
        return refusal
    is_clear = bool(case.clauses) and case.jurisdiction in counties
    return None if is_clear else Refusal("bulk.no_proposal", {})


Numbered = Sequence[tuple[str, int]]
"""Case numbers with the versions that somebody saw when he ticked them."""


def read_ticked(values: Sequence[str], *, is_number: Callable[[str], bool]) -> Numbered:
    """Ticked boxes, each once; what is no case number is left out, what is no version is as stale as can be."""
    ticked: dict[str, int] = {}
    for value in values:
        number, _, version = value.partition("-")
        if is_number(number):
            is_version = version.isascii() and version.isdecimal()
            ticked.setdefault(number, int(version[:9]) if is_version else -1)
    return list(ticked.items())
