"""Cases for staff. Every function takes the scope of the reader (`models.queries.scope`): offices are kept apart."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, cast, func, or_, select, true
from sqlalchemy import case as sql_case
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from models.case import Case, Deadline, Finding
from models.event import Event
from models.message import Message
from models.numbers import read_digits
from models.queries.case_order import ENDED_VIEWS, Order
from models.queries.figures import FigureFilter
from models.queries.scope import in_scope
from models.scope import Reach
from models.staff import Staff
from models.states import CaseState, FindingKind
from models.tip import Attachment, Tip

PAGE = 50
_CLAUSE = re.compile(r"§?\s*(\d{1,2}(?:\.\d{1,2}){1,3})")
"""How a clause of the directive is named: 3.1.4"""


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What a list shows; empty fields do not narrow it."""

    view: str = "open"  # open, todo, mine, unassigned, overdue, unread, desk, closed, all or a state
    officer_id: int | None = None
    office_id: str = ""
    words: str = ""
    clause: str = ""
    sort: str = ""  # as `Order` is written in addresses; empty: the order of the view
    due_before: datetime | None = None
    figure: FigureFilter = field(default_factory=FigureFilter)  # what a figure of oversight counted

    @property
    def order(self) -> Order:
        """The order in which the list stands."""
        return Order.read(self.sort, view=self.view)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `after` opens the next one."""

    rows: Sequence[tuple[Case, str | None]]
    after: str | None


async def find_case(session: AsyncSession, number: str, *, scope: Reach) -> Case | None:
    """The case with this number, if it exists and the reader may see it: both failures look alike."""
    return await session.scalar(select(Case).where(Case.number == number, in_scope(scope)))


async def list_cases(
    session: AsyncSession, wanted: CaseFilter, *, scope: Reach, now: datetime, after: str | None = None
) -> Page:
    """Cases in the order that is asked for, one page, with the officer's name."""
    order = wanted.order
    statement = (
        select(Case, Staff.name)
        .outerjoin(Staff, Staff.id == Case.officer_id)
        .where(in_scope(scope), *_conditions(wanted, now=now))
        .order_by(*order.clauses)
        .limit(PAGE + 1)
    )
    rows = [(row[0], row[1]) for row in await session.execute(order.start_after(statement, after))]
    return Page(rows[:PAGE], order.make_mark(rows[PAGE - 1][0]) if len(rows) > PAGE else None)


async def count_cases(session: AsyncSession, wanted: CaseFilter, *, scope: Reach, now: datetime) -> int:
    """How many cases `list_cases` would show in all."""
    statement = select(func.count()).select_from(Case).where(in_scope(scope), *_conditions(wanted, now=now))
    return int(await session.scalar(statement) or 0)


async def count_views(
    session: AsyncSession, views: Sequence[str], *, scope: Reach, officer_id: int | None, now: datetime
) -> dict[str, int]:
    """Exact size of each view, as `count_cases` would give it; the open ones in one pass over open cases."""
    of_open = [view for view in views if view not in ENDED_VIEWS]
    conditions = [_view(CaseFilter(view, officer_id), now=now) for view in of_open]
    counts = [func.sum(sql_case((condition, 1), else_=0)) for condition in conditions]
    row = (await session.execute(select(*counts).where(in_scope(scope), Case.is_open.is_(True)))).one()
    sizes = {view: int(count or 0) for view, count in zip(of_open, row, strict=True)}
    for view in views:
        if view not in sizes:
            sizes[view] = await count_cases(session, CaseFilter(view), scope=scope, now=now)
    return sizes


def _conditions(wanted: CaseFilter, *, now: datetime) -> list[ColumnElement[bool]]:
    conditions = [_view(wanted, now=now)]
    if wanted.office_id:
        conditions.append(Case.office_id == wanted.office_id)
    if wanted.due_before:
        conditions.append(Case.next_due_at < wanted.due_before)
    if wanted.clause:
        conditions.append(_is_about(wanted.clause))
    if wanted.words:
        conditions.append(_matches(wanted.words))
    conditions += wanted.figure.conditions(now=now)
    return conditions


def _view(wanted: CaseFilter, *, now: datetime) -> ColumnElement[bool]:
    is_open = Case.is_open.is_(True)
    views: dict[str, ColumnElement[bool]] = {
        **{state: Case.state == state for state in CaseState},
        "all": true(),
        "closed": Case.is_open.is_(False),
        "todo": and_(is_open, or_(Case.officer_id == wanted.officer_id, Case.officer_id.is_(None))),
        "mine": and_(is_open, Case.officer_id == wanted.officer_id),
        "unassigned": and_(is_open, Case.officer_id.is_(None)),
        "overdue": and_(is_open, Case.next_due_at <= now),
        "desk": and_(is_open, Case.state.in_([CaseState.REGISTERED, CaseState.ACCEPTED])),
        "unread": and_(is_open, Case.has_unread.is_(True)),
    }
    return views.get(wanted.view, is_open)


def _matches(words: str) -> ColumnElement[bool]:
    """By number where nothing but digits was typed (a range, so that the index finds it), by clause, else by name."""
    digits = read_digits(words)
    if digits and all(ch.isdecimal() or ch.isspace() or ch == "-" for ch in words):
        return and_(Case.number >= digits, Case.number < f"{digits}:")  # ":" follows "9"
    if clause := _CLAUSE.fullmatch(unicodedata.normalize("NFKC", words).replace("。", ".").strip()):
        return _is_about(clause[1])
    return Case.target.contains(words, autoescape=True)


def _is_about(clause: str) -> ColumnElement[bool]:
    """Of the cases of which somebody ever said this clause, found by index, those of which it still is said."""
    said = select(Finding.case_id).where(Finding.kind == FindingKind.CLAUSE, Finding.value == clause)
    return and_(Case.id.in_(said), cast(Case.clauses, String).contains(f'"{clause}"', autoescape=True))


async def list_numbered(session: AsyncSession, numbers: Sequence[str], *, scope: Reach) -> Sequence[Case]:
    """Those of these cases that the reader may see."""
    return (await session.scalars(select(Case).where(Case.number.in_(numbers), in_scope(scope)))).all()


async def list_deadlines_of(session: AsyncSession, case_ids: Sequence[int]) -> dict[int, list[Deadline]]:
    """All clocks of several cases with their pauses, by case and due time."""
    statement = (
        select(Deadline)
        .where(Deadline.case_id.in_(case_ids))
        .options(selectinload(Deadline.pauses))
        .order_by(Deadline.due_at, Deadline.id)
    )
    found: dict[int, list[Deadline]] = {case_id: [] for case_id in case_ids}
    for row in await session.scalars(statement):
        found[row.case_id].append(row)
    return found


async def find_cases_with_files(session: AsyncSession, case_ids: Sequence[int]) -> frozenset[int]:
    """Which of these cases have a file, on a tip or on a later message."""
    of_tips = (
        select(Tip.case_id).join(Attachment, Attachment.tip_id == Tip.id).where(Tip.case_id.in_(case_ids))
    )
    of_messages = (
        select(Message.case_id)
        .join(Attachment, Attachment.message_id == Message.id)
        .where(Message.case_id.in_(case_ids))
    )
    return frozenset(case_id for case_id in await session.scalars(of_tips.union(of_messages)) if case_id)


async def list_findings(session: AsyncSession, case_id: int) -> Sequence[Finding]:
    """What machine and staff said about a case, oldest first."""
    return (
        await session.scalars(select(Finding).where(Finding.case_id == case_id).order_by(Finding.id))
    ).all()


async def list_deadlines(session: AsyncSession, case_id: int) -> Sequence[Deadline]:
    """All clocks of a case with their pauses, by due time."""
    statement = (
        select(Deadline)
        .where(Deadline.case_id == case_id)
        .options(selectinload(Deadline.pauses))
        .order_by(Deadline.due_at, Deadline.id)
    )
    return (await session.scalars(statement)).all()


async def list_messages(session: AsyncSession, case_id: int) -> Sequence[Message]:
    """Messages and notes of a case, oldest first; those written before there was a case included."""
    tips = select(Tip.id).where(Tip.case_id == case_id)
    statement = (
        select(Message)
        .where(or_(Message.case_id == case_id, and_(Message.case_id.is_(None), Message.tip_id.in_(tips))))
        .options(selectinload(Message.attachments).selectinload(Attachment.texts))
        .order_by(Message.id)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def list_events(session: AsyncSession, case_id: int) -> Sequence[tuple[Event, str | None]]:
    """The history of a case with the names of those who acted, oldest first; the arrival of its tips included."""
    tips = select(Tip.id).where(Tip.case_id == case_id)
    statement = (
        select(Event, Staff.name)
        .outerjoin(Staff, Staff.id == Event.staff_id)
        .where(or_(Event.case_id == case_id, and_(Event.case_id.is_(None), Event.tip_id.in_(tips))))
        .order_by(Event.position)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]
