"""Which moves may be next, whose they are, why one cannot be made, and what each does to the clocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from config.catalog import Catalog
from models.case import Case, Deadline
from models.staff import Staff
from models.states import CaseState, Role
from triage.actions import belongs_elsewhere, gather_facts, review_until
from triage.clocks import find_rule, has_lapsed, is_paused, is_running, stretches_of
from triage.console.case_page import CaseFile
from triage.console.effects import LAST_CALL, RECUSAL_OF_OFFICER, Change, Counting, Running, tell_effects
from triage.console.moves import moves_of
from triage.console.words import Words
from triage.deadlines import compute_due
from triage.guards import FREE_RETURNS, MOST_CALLS, UNASKED
from triage.workflow import STEPS, Move, check_guards, check_move


@dataclass(frozen=True, slots=True)
class Choice:
    """A move that may be next. `why_not`: empty, or the sentence why it cannot be made."""

    move: Move
    label: str
    why_not: str
    effects: Sequence[str]
    is_main: bool


SIDE_MOVES = frozenset(
    {
        Move.ADD_NOTE,
        Move.ASK_REPORTER,
        Move.RETURN,
        Move.REFUSE,
        Move.TRANSFER_OUT,
        Move.SEND_BACK,
        Move.ASK_SUPPLEMENT,
        Move.VERIFY_DIRECTLY,
        Move.RECUSE,
        Move.ASK_EXTENSION,
        Move.DENY_EXTENSION,
        Move.ASK_SUSPENSION,
        Move.DENY_SUSPENSION,
        Move.ASK_TERMINATION,
        Move.DENY_TERMINATION,
        Move.NOTE_CALL,
        Move.REDO,
        Move.OPEN_REVIEW,
        Move.MERGE,
        Move.SPLIT,
    }
)


def view_choices(
    file: CaseFile, staff: Staff, words: Words, *, catalog: Catalog, now: datetime
) -> list[Choice]:
    """Every move that leads on from this state, with its effect on the clocks; those of others say whose they are."""
    case = file.case
    facts = gather_facts(
        case,
        staff,
        deadlines=file.deadlines,
        tips=file.tips,
        review_until=review_until(case, catalog),
        now=now,
    )
    choices = []
    for move, step in STEPS.items():
        if case.state not in step.origins:
            continue
        refusal = check_guards(move, facts)
        if refusal and refusal.reason in UNASKED:
            continue
        is_others = check_move(move, case.state, staff.role) is not None
        why_not = whose(move, words) if is_others else words.refusal(refusal) if refusal else ""
        effects = (
            ()
            if why_not
            else tell_clocks(
                case,
                file.deadlines,
                staff,
                move,
                words,
                catalog=catalog,
                now=now,
                must_be_called=file.must_be_called,
            )
        )
        choices.append(Choice(move, words(f"move.{move}.button"), why_not, effects, _is_main(move, case)))
    return sorted(choices, key=lambda choice: (bool(choice.why_not), not choice.is_main))


def _is_main(move: Move, case: Case) -> bool:
    """Whether the move leads on; assigning anew is a side step once the case is assigned."""
    return move not in SIDE_MOVES and not (move is Move.ASSIGN and case.assigned_at)


def whose(move: Move, words: Words) -> str:
    """Who makes this move."""
    *others, last = [words.state("role", role) for role in Role if role in STEPS[move].roles]
    roles = words("case.or").join([words.text("deadlines.joiner").join(others), last]) if others else last
    return words("case.made_by", roles=roles)


def tell_clocks(
    case: Case,
    deadlines: Sequence[Deadline],
    staff: Staff,
    move: Move,
    words: Words,
    *,
    catalog: Catalog,
    now: datetime,
    must_be_called: bool = False,
) -> list[str]:
    """What a move would do to the clocks of a case, in sentences."""
    running = [
        Running(row.rule_id, None if is_paused(row) else row.due_at)
        for row in deadlines
        if is_running(row) and not has_lapsed(row, now)
    ]
    lines = tell_effects(
        moves_of(move),
        running,
        counting=make_counting(case, deadlines, catalog=catalog, now=now),
        now=now,
        more=find_more(case, staff, move, deadlines, must_be_called=must_be_called),
    )
    return [words.effect(line, now=now) for line in lines]


def make_counting(case: Case, deadlines: Sequence[Deadline], *, catalog: Catalog, now: datetime) -> Counting:
    """How the due times of this case come about now."""
    by_rule = {row.rule_id: row for row in deadlines if is_running(row)}

    def due_of(rule_id: str) -> datetime:
        if rule_id == "D05":
            rule = catalog.deadline_in_force(rule_id, now)
            return compute_due(rule, case.registered_at, calendar=catalog.calendar).due_at
        if rule_id == "D11" and (limit := by_rule.get("D10")):
            return extended_due(limit, int((case.pending or {}).get("days") or 1), catalog, now=now)
        return compute_due(catalog.deadline_in_force(rule_id, now), now, calendar=catalog.calendar).due_at

    def resumed_due(rule_id: str) -> datetime | None:
        row = by_rule[rule_id]
        rule = find_rule(row, catalog)
        stretches = [*stretches_of(row), *((one.started_at, now) for one in row.pauses if not one.ended_at)]
        return (
            compute_due(
                rule,
                row.counted_from or row.started_at,
                calendar=catalog.calendar,
                days=row.granted_days,
                pauses=stretches,
            ).due_at
            if rule
            else None
        )

    def rests(rule_id: str, reason: str) -> bool:
        rule = find_rule(by_rule[rule_id], catalog)
        return rule is not None and reason in rule.pauses

    return Counting(due_of, resumed_due, rests)


def extended_due(limit: Deadline, days: int, catalog: Catalog, *, now: datetime) -> datetime:
    """Until when an extension of the first limit would run."""
    rule = catalog.deadline_in_force("D11", now)
    return compute_due(rule, limit.due_at, calendar=catalog.calendar, days=days).due_at


def find_more(  # noqa: PLR0911 - one case after the other
    case: Case, staff: Staff, move: Move, deadlines: Sequence[Deadline], *, must_be_called: bool = False
) -> Change:
    """What this very case adds to the table: a dispute that begins or ends, the last call, the officer who leaves."""
    running = {row.rule_id for row in deadlines if is_running(row)}
    match move:
        case Move.ACCEPT | Move.REFUSE | Move.TRANSFER_OUT if must_be_called and "D04" not in running:
            return Change(started=("D04",))
        case Move.RETURN:
            is_dispute = case.returns + 1 >= FREE_RETURNS and "D09" not in running
            goes_elsewhere = belongs_elsewhere(case) and "D05" not in running
            return Change(started=("D09",) * is_dispute + ("D05",) * goes_elsewhere)
        case Move.ASSIGN if _appoints(case, staff):
            return Change(met=frozenset({"D09"}), withheld=frozenset({"D08"}))
        case Move.ASSIGN if case.is_appointed:
            return Change(withheld=frozenset({"D08"}))
        case Move.RECUSE if case.officer_id == staff.id and case.state in {
            CaseState.ASSIGNED,
            CaseState.VERIFYING,
        }:
            return RECUSAL_OF_OFFICER.join(
                Change(withheld=frozenset({"D08"}) if case.is_appointed else frozenset())
            )
        case Move.GRANT_SUSPENSION:
            return Change(pauses=str((case.pending or {}).get("kind", "")))
        case Move.NOTE_CALL if case.calls + 1 >= MOST_CALLS:
            return LAST_CALL
        case _:
            return Change()


def _appoints(case: Case, staff: Staff) -> bool:
    """Whether an assignment settles a dispute, so that the office may not give the case back."""
    is_disputed = case.state is CaseState.ACCEPTED and case.returns >= FREE_RETURNS
    return is_disputed and staff.role is Role.SUPERVISOR
