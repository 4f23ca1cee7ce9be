"""Which moves may be next, whose they are, why one cannot be made, and what each does to the clocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from config.catalog import Catalog
from models.case import Case
from models.staff import Staff
from models.states import Role
from triage.clocks import is_running
from triage.console.case_page import CaseFile
from triage.console.effects import Running, tell_effects
from triage.console.moves import moves_of
from triage.console.words import Words
from triage.deadlines import compute_due
from triage.workflow import STEPS, Move, check_move


@dataclass(frozen=True, slots=True)
class Choice:
    """A move that may be next. `why_not`: empty, or the sentence why it cannot be made."""

    move: Move
    label: str
    why_not: str
    effects: Sequence[str]
    is_main: bool


SIDE_MOVES = frozenset(
    {Move.ADD_NOTE, Move.ASK_REPORTER, Move.RETURN, Move.REFUSE, Move.TRANSFER_OUT, Move.SEND_BACK}
)


def view_choices(
    file: CaseFile, staff: Staff, words: Words, *, catalog: Catalog, now: datetime
) -> list[Choice]:
    """Every move that leads on from this state, with its effect on the clocks; those of others say whose they are."""
    case = file.case
    choices = []
    for move, step in STEPS.items():
        if case.state not in step.origins:
            continue
        refusal = check_move(move, case.state, staff.role)
        why_not = _whose(move, words) if refusal else _own_result(case, staff, move, words)
        effects = () if why_not else _tell(file, move, words, catalog=catalog, now=now)
        choices.append(Choice(move, words(f"move.{move}.button"), why_not, effects, _is_main(move, case)))
    return sorted(choices, key=lambda choice: (bool(choice.why_not), not choice.is_main))


def _is_main(move: Move, case: Case) -> bool:
    """Whether the move leads on; assigning anew is a side step once the case is assigned."""
    return move not in SIDE_MOVES and not (move is Move.ASSIGN and case.assigned_at)


def _whose(move: Move, words: Words) -> str:
    """Who makes this move."""
    roles = words("case.or").join(words.state("role", role) for role in Role if role in STEPS[move].roles)
    return words("case.made_by", roles=roles)


def _own_result(case: Case, staff: Staff, move: Move, words: Words) -> str:
    """Nobody approves what he filed himself; he sees why before he tries."""
    return words.error("move.own_result") if move is Move.APPROVE and case.result_by == staff.id else ""


def _tell(file: CaseFile, move: Move, words: Words, *, catalog: Catalog, now: datetime) -> list[str]:
    running = [Running(row.rule_id, row.due_at) for row in file.deadlines if is_running(row)]

    def due_of(rule_id: str) -> datetime:
        return compute_due(catalog.deadline_in_force(rule_id, now), now, calendar=catalog.calendar).due_at

    return [
        words.effect(line, now=now) for line in tell_effects(moves_of(move), running, due_of=due_of, now=now)
    ]
