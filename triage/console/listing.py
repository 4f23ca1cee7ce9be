"""Rows of a list of cases: everything in words, nothing of what a tip says."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from models.case import Case
from models.states import CaseState, Urgency
from triage.console.words import Words


@dataclass(frozen=True, slots=True)
class Row:
    """One case as a list shows it."""

    number: str
    tick: str
    target: str
    clause: str
    place: str
    received: str
    acted: str
    tone: str
    left: str
    working: str
    due_at: datetime | None
    state: str
    officer: str
    marks: list[tuple[str, str]]
    is_unread: bool


def make_row(
    case: Case,
    officer: str | None,
    *,
    words: Words,
    with_files: Collection[int],
    liked: Collection[int] = (),
    now: datetime,
    is_hidden: bool = False,
) -> Row:
    """A case in words; `with_files`, `liked`: ids of cases that have files, or are likely the same as another.

    `is_hidden`: without the body's name and what it is accused of.
    """
    left, tone = words.left_of(case, now=now)
    marks = list_marks(case, words=words, has_files=case.id in with_files, is_liked=case.id in liked)
    return Row(
        number=case.number,
        tick=f"{case.number}-{case.version}",
        target="" if is_hidden else case.target or words("list.no_target"),
        clause="" if is_hidden else words.clauses(case.clauses),
        place=words.office(case.office_id),
        received=words.list_day(case.registered_at, now=now),
        acted=words.list_day(case.acted_at, now=now),
        tone=tone or "",
        left=left,
        working=words.working_days_of(case, now=now),
        due_at=case.next_due_at if tone else None,
        state=words.state("case", case.state),
        officer=officer or words("list.no_officer"),
        marks=[] if is_hidden else marks,
        is_unread=case.has_unread,
    )


@dataclass(frozen=True, slots=True)
class DeskRow:
    """One tip at the city desk: why a person must look, what the machine proposes, whether that can be followed."""

    row: Row
    reasons: list[str]
    place: str
    clauses: list[str]
    disposition: str
    version: int
    can_follow: bool
    office_id: str
    clause_ids: list[str]
    is_returned: bool


def make_desk_row(
    case: Case,
    *,
    words: Words,
    with_files: Collection[int],
    counties: Collection[str],
    liked: Collection[int] = (),
    now: datetime,
    is_hidden: bool = False,
) -> DeskRow:
    """A tip at the city desk in words. A proposal can be followed when it names a county and a clause."""
    is_new = case.state is CaseState.REGISTERED
    return DeskRow(
        row=make_row(
            case, None, words=words, with_files=with_files, liked=liked, now=now, is_hidden=is_hidden
        ),
        reasons=[words.review_reason(key) for key in case.review_reasons],
        place=words.place(case.jurisdiction),
        clauses=[words.clause(clause) for clause in case.clauses],
        disposition=words.state("disposition", case.disposition),
        version=case.version,
        can_follow=is_new and bool(case.clauses) and case.jurisdiction in counties,
        office_id=case.jurisdiction,
        clause_ids=case.clauses,
        is_returned=not is_new,
    )


def list_marks(case: Case, *, words: Words, has_files: bool, is_liked: bool = False) -> list[tuple[str, str]]:
    """What to notice at once: (word, kind of badge)."""
    urgency = words.state("urgency", case.urgency)
    marks = [
        (case.is_open and case.urgency is Urgency.IMMEDIATE, urgency, "urgent"),
        (case.has_unread, words("mark.unread"), "accent"),
        (case.is_police_matter, words("mark.police"), "late"),
        (case.is_open and case.urgency is Urgency.HIGH, urgency, "soon"),
        (is_liked, words("mark.liked"), "accent"),
        (has_files, words("mark.files"), ""),
    ]
    return [(word, kind) for is_so, word, kind in marks if is_so]
