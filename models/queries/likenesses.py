"""Marks by which like tips are found, likenesses between cases, rises. Every look-up is a fixed number of statements.

Of each mark only the newest and the oldest tips are taken, straight from the index: a name that ten thousand tips
share costs no more than one that two share.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, func, or_, select, text, union_all
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.case import Case, Finding
from models.likeness import BodyRise, Likeness, TipMark
from models.queries.scope import in_scope
from models.scope import Reach
from models.staff import Staff
from models.states import FindingKind, LikenessState, MarkKind
from models.tip import Tip

CONTACTS = (MarkKind.PHONE, MarkKind.WECHAT, MarkKind.QQ, MarkKind.LINK)
NEWEST, OLDEST = 30, 10
MOST_TIPS = 40
LONGEST_TEXT = 4_000
_WEIGHTS = {MarkKind.BODY: 3, MarkKind.NEAR: 1, MarkKind.TEXT: 1}
_CONTACT_WEIGHT = 4
_LOOK_LOCK = 7216004

Mark = tuple[MarkKind, int]


@dataclass(frozen=True, slots=True)
class KnownCase:
    """The first case of a matter, as far as a new tip is compared with it."""

    id: int
    number: str
    is_open: bool
    office_id: str
    jurisdiction: str
    matter: tuple[str, ...]
    targets: tuple[str, ...]
    contacts: tuple[Mark, ...]
    text: str
    received_at: datetime


# ---------------------------------------------------------------- look for the same matter


async def lock_look(session: AsyncSession) -> None:
    """Let one transaction at a time look and write its marks: of two like tips the second one finds the first."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text(f"SELECT pg_advisory_xact_lock({_LOOK_LOCK})"))


async def list_known_cases(
    session: AsyncSession, marks: Sequence[Mark], *, apart_from: int
) -> list[KnownCase]:
    """First cases of the matters whose tips share marks with a new one. `apart_from`: the new tip."""
    tip_ids = await find_marked_tips(session, marks, apart_from=apart_from)
    first_ids = await _find_first_cases(session, tip_ids)
    return await _load_known_cases(session, first_ids)


async def find_marked_tips(session: AsyncSession, marks: Sequence[Mark], *, apart_from: int) -> list[int]:
    """Tips that share marks, those that share most first."""
    if not marks:
        return []
    shared: dict[int, int] = {}
    for kind, tip_id in set(await session.execute(make_mark_query(marks))):
        shared[tip_id] = shared.get(tip_id, 0) + _WEIGHTS.get(kind, _CONTACT_WEIGHT)
    shared.pop(apart_from, None)
    return sorted(shared, key=lambda tip_id: (-shared[tip_id], tip_id))[:MOST_TIPS]


def make_mark_query(marks: Iterable[Mark]) -> Select[MarkKind, int]:
    """Both ends of the index for each mark; of runs of text, which are many, the newest only."""
    parts = []
    for kind, value in marks:
        parts.append(_end_of(kind, value, is_newest=True, limit=NEWEST))
        if kind is not MarkKind.TEXT:
            parts.append(_end_of(kind, value, is_newest=False, limit=OLDEST))
    found = union_all(*parts).subquery()
    return select(found.c.kind, found.c.tip_id)


def _end_of(kind: MarkKind, value: int, *, is_newest: bool, limit: int) -> Select[MarkKind, int]:
    order = TipMark.tip_id.desc() if is_newest else TipMark.tip_id.asc()
    rows = select(TipMark.kind, TipMark.tip_id).where(TipMark.kind == kind, TipMark.value == value)
    end = rows.order_by(order).limit(limit).subquery()
    return select(end.c.kind, end.c.tip_id)


async def _find_first_cases(session: AsyncSession, tip_ids: Sequence[int]) -> list[int]:
    """Stars, not chains: in place of a case that is likely the same as an earlier one stands the earlier one."""
    if not tip_ids:
        return []
    # Whether people said no is looked at here, so that the database goes by the case and by nothing else.
    statement = (
        select(Tip.case_id, Likeness.first_case_id, Likeness.state)
        .select_from(Tip)
        .outerjoin(Likeness, Likeness.case_id == Tip.case_id)
        .where(Tip.id.in_(tip_ids), Tip.case_id.is_not(None))
    )
    firsts: dict[int, set[int]] = {}
    rows: Sequence[Any] = (await session.execute(statement)).all()
    for case_id, first_id, state in rows:
        is_live = first_id is not None and state is not LikenessState.REJECTED
        firsts.setdefault(case_id, set()).update([first_id] if is_live else [])
    return sorted({first for case_id, found in firsts.items() for first in found or {case_id}})


async def _load_known_cases(session: AsyncSession, case_ids: Sequence[int]) -> list[KnownCase]:
    if not case_ids:
        return []
    columns = (Case, Tip.id, func.substr(Tip.text, 1, LONGEST_TEXT), Tip.target, Tip.received_at)
    statement = select(*columns).join(Tip, Tip.case_id == Case.id).where(Case.id.in_(case_ids))
    rows = (await session.execute(statement.order_by(Tip.received_at.desc(), Tip.id.desc()))).all()
    firsts = {case.id: (case, tip_id, words, target, at) for case, tip_id, words, target, at in rows}
    names, contacts = await _load_names(session, case_ids), await _load_contacts(session, firsts.values())
    return [
        KnownCase(
            id=case.id,
            number=case.number,
            is_open=case.is_open,
            office_id=case.office_id,
            jurisdiction=case.jurisdiction,
            matter=(*case.clauses, *case.patterns),
            targets=tuple(name for name in (case.target, target, *names.get(case.id, ())) if name),
            contacts=tuple(contacts.get(tip_id, ())),
            text=words,
            received_at=at,
        )
        for case, tip_id, words, target, at in firsts.values()
    ]


async def _load_names(session: AsyncSession, case_ids: Sequence[int]) -> dict[int, list[str]]:
    statement = select(Finding.case_id, Finding.value).where(
        Finding.case_id.in_(case_ids), Finding.kind == FindingKind.TARGET
    )
    names: dict[int, list[str]] = {}
    for case_id, value in await session.execute(statement):
        names.setdefault(case_id, []).append(value)
    return names


async def _load_contacts(
    session: AsyncSession, firsts: Iterable[tuple[Case, int, str, str, datetime]]
) -> dict[int, list[Mark]]:
    statement = select(TipMark.tip_id, TipMark.kind, TipMark.value).where(
        TipMark.tip_id.in_([tip_id for _, tip_id, *_ in firsts]), TipMark.kind.in_(CONTACTS)
    )
    contacts: dict[int, list[Mark]] = {}
    for tip_id, kind, value in await session.execute(statement):
        contacts.setdefault(tip_id, []).append((kind, value))
    return contacts


async def insert_marks(session: AsyncSession, tip_id: int, marks: Iterable[Mark]) -> None:
    """Make a tip findable; a mark that it has already changes nothing."""
    rows = [{"kind": kind, "value": value, "tip_id": tip_id} for kind, value in marks]
    if rows:
        dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        await session.execute(dialect.insert(TipMark).on_conflict_do_nothing(), rows)


async def list_unmarked_tips(session: AsyncSession, *, limit: int) -> Sequence[tuple[Tip, Case]]:
    """Tips with a case and no marks, newest first: those that came before there were marks."""
    statement = (
        select(Tip, Case)
        .join(Case, Case.id == Tip.case_id)
        .where(~exists().where(TipMark.tip_id == Tip.id))
        .order_by(Tip.id.desc())
        .limit(limit)
    )
    return [(tip, case) for tip, case in await session.execute(statement)]


# ---------------------------------------------------------------- likenesses of a case


@dataclass(frozen=True, slots=True)
class LikeCase:
    """One likeness seen from one of its cases: the other case, and who said what of it."""

    likeness: Likeness
    other: Case
    said_by: str
    is_first: bool
    """Whether the other case is the first of the matter."""


async def list_like_cases(session: AsyncSession, case_id: int, *, scope: Reach) -> list[LikeCase]:
    """Cases that are likely the same matter, as far as the reader may see them: the first one, then later ones."""
    found = []
    for mine, others in (
        (Likeness.case_id, Likeness.first_case_id),
        (Likeness.first_case_id, Likeness.case_id),
    ):
        statement = (
            select(Likeness, Case, Staff.name)
            .join(Case, Case.id == others)
            .outerjoin(Staff, Staff.id == Likeness.staff_id)
            .where(mine == case_id, in_scope(scope))
            .order_by(Likeness.score.desc(), Likeness.id)
            .execution_options(populate_existing=True)
        )
        is_first = mine is Likeness.case_id
        found += [
            LikeCase(row[0], row[1], row[2] or "", is_first) for row in await session.execute(statement)
        ]
    return found


async def find_likeness_to_change(
    session: AsyncSession, likeness_id: int, *, scope: Reach
) -> tuple[Likeness, Case, Case] | None:
    """A likeness with its later and its first case, locked, if the reader may see both."""
    first = aliased(Case)
    statement = (
        select(Likeness, Case, first)
        .join(Case, Case.id == Likeness.case_id)
        .join(first, first.id == Likeness.first_case_id)
        .where(Likeness.id == likeness_id, in_scope(scope), in_scope(scope, first))
        .with_for_update(of=Likeness)
        .execution_options(populate_existing=True)
    )
    row = (await session.execute(statement)).first()
    return (row[0], row[1], row[2]) if row else None


async def is_first_of_others(session: AsyncSession, case_id: int) -> bool:
    """Whether later cases are likened to this one."""
    statement = select(Likeness.id).where(
        Likeness.first_case_id == case_id, Likeness.state != LikenessState.REJECTED
    )
    return await session.scalar(statement.limit(1)) is not None


async def is_likened(
    session: AsyncSession, case_id: int, *, apart_from: int, confirmed: bool = False
) -> bool:
    """Whether this case is likened to an earlier one by another likeness than `apart_from`."""
    states = {LikenessState.CONFIRMED} if confirmed else {LikenessState.CONFIRMED, LikenessState.SUGGESTED}
    statement = select(Likeness.id).where(
        Likeness.case_id == case_id, Likeness.state.in_(states), Likeness.id != apart_from
    )
    return await session.scalar(statement.limit(1)) is not None


async def find_liked_cases(
    session: AsyncSession, case_ids: Collection[int], *, scope: Reach
) -> frozenset[int]:
    """Which of these cases are likely the same matter as another that the reader may see, unless people said no."""
    later, first = aliased(Case), aliased(Case)
    statement = (
        select(Likeness.case_id, Likeness.first_case_id)
        .join(later, later.id == Likeness.case_id)
        .join(first, first.id == Likeness.first_case_id)
        .where(in_scope(scope, later), in_scope(scope, first))
    ).where(
        Likeness.state != LikenessState.REJECTED,
        or_(Likeness.case_id.in_(case_ids), Likeness.first_case_id.in_(case_ids)),
    )
    return frozenset(case_id for pair in await session.execute(statement) for case_id in pair).intersection(
        case_ids
    )


# ---------------------------------------------------------------- rises


@dataclass(frozen=True, slots=True)
class BodyCount:
    """How many tips named a body lately, and how many before."""

    value: int
    count: int
    before: int
    newest_tip_id: int


async def count_named_bodies(
    session: AsyncSession, *, since: datetime, history_from: datetime, least: int
) -> list[BodyCount]:
    """Bodies that at least so many tips named since a moment, with their history."""
    named = (
        select(TipMark.value, func.count(), func.max(Tip.id))
        .join(Tip, Tip.id == TipMark.tip_id)
        .where(Tip.received_at > since, TipMark.kind == MarkKind.BODY)
        .group_by(TipMark.value)
        .having(func.count() >= least)
    )
    rows = (await session.execute(named)).all()
    history = (
        select(TipMark.value, func.count())
        .join(Tip, Tip.id == TipMark.tip_id)
        .where(
            TipMark.kind == MarkKind.BODY,
            TipMark.value.in_([value for value, *_ in rows]),
            Tip.received_at > history_from,
            Tip.received_at <= since,
        )
        .group_by(TipMark.value)
    )
    before = dict((await session.execute(history)).all()) if rows else {}
    return [BodyCount(value, count, before.get(value, 0), newest) for value, count, newest in rows]


async def find_first_tip_at(session: AsyncSession) -> datetime | None:
    """When the first tip of all came."""
    return await session.scalar(select(Tip.received_at).order_by(Tip.received_at).limit(1))


async def find_risen_since(session: AsyncSession, values: Collection[int], *, since: datetime) -> set[int]:
    """Which of these bodies were noticed already."""
    statement = select(BodyRise.value).where(BodyRise.value.in_(values), BodyRise.noticed_at > since)
    return set(await session.scalars(statement)) if values else set()


async def insert_rise_once(
    session: AsyncSession, found: BodyCount, *, period: int, expected: float, now: datetime
) -> Case | None:
    """Note a rise; answers the newest case about the body, or None where the rise was noted already."""
    case = await session.scalar(
        select(Case).join(Tip, Tip.case_id == Case.id).where(Tip.id == found.newest_tip_id)
    )
    if case is None:
        return None
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(BodyRise).values(
        value=found.value,
        period=period,
        case_id=case.id,
        count=found.count,
        expected=expected,
        noticed_at=now,
    )
    statement = statement.on_conflict_do_nothing(index_elements=["value", "period"]).returning(BodyRise.id)
    return case if await session.scalar(statement) is not None else None


async def list_rises(
    session: AsyncSession, *, since: datetime, scope: Reach
) -> Sequence[tuple[BodyRise, Case]]:
    """Rises that were noticed since a moment, newest first, each with its newest case."""
    statement = (
        select(BodyRise, Case)
        .join(Case, Case.id == BodyRise.case_id)
        .where(BodyRise.noticed_at > since, in_scope(scope))
        .order_by(BodyRise.noticed_at.desc(), BodyRise.id.desc())
    )
    return (await session.execute(statement)).all()


async def list_numbers_of_body(
    session: AsyncSession, value: int, *, since: datetime, until: datetime, limit: int, scope: Reach
) -> Sequence[str]:
    """Numbers of the cases that name a body, newest first."""
    statement = (
        select(Case.number)
        .join(Tip, Tip.case_id == Case.id)
        .join(TipMark, TipMark.tip_id == Tip.id)
        .where(
            in_scope(scope),
            TipMark.kind == MarkKind.BODY,
            TipMark.value == value,
            Tip.received_at > since,
            Tip.received_at <= until,
        )
        .order_by(Tip.received_at.desc())
        .limit(limit)
    )
    return (await session.scalars(statement)).all()
