"""Names of bodies: found by any part of the name or of its initials, and learned from cases and calls."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, insert, not_, or_, select, union, update
from sqlalchemy import case as sql_case
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.case import Case, Finding
from models.states import FindingKind
from models.unit import Unit, UnitKey

KEY_CHARACTERS = 8
"""Of each ending of a name so many characters are kept; what was typed beyond them is compared with the name."""
MOST_LOOKED_AT = 600


@dataclass(frozen=True, slots=True)
class UnitName:
    """A name as it is stored: plain, and by its initials."""

    name: str
    folded: str
    initials: str

    def list_keys(self) -> list[bytes]:
        """By which it is found: the start of each ending of the name and of each of its initials."""
        words = [self.folded, *self.initials.split()]
        keys = {word[at : at + KEY_CHARACTERS] for word in words for at in range(len(word))}
        return sorted(key.encode() for key in keys)


@dataclass(frozen=True, slots=True)
class FoundUnit:
    """A name to pick; `main`: the name under which its case is kept, where that is another one.

    `kind` and `county` as the register has them, or empty.
    """

    name: str
    main: str = ""
    kind: str = ""
    county: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """One body of the register. An empty kind or county leaves what is known."""

    unit: UnitName
    aliases: tuple[UnitName, ...] = ()
    kind: str = ""
    county: str = ""

    def is_like(self, known: "Registered") -> bool:
        """Whether importing it would change nothing."""
        names = {alias.name for alias in known.aliases}
        has_names = all(alias.name in names for alias in self.aliases)
        return has_names and self.kind in {"", known.kind} and self.county in {"", known.county}


async def find_units(session: AsyncSession, wanted: str, *, limit: int) -> list[FoundUnit]:
    """Names with the part `wanted` (plain characters or initials): those that begin with it, then often named ones."""
    if not wanted:
        return []
    is_long = len(wanted) > KEY_CHARACTERS
    # A long one is looked for by its start and by its end: one of them is seldom what many names share.
    near = [_near(wanted[:KEY_CHARACTERS])] + [_near(wanted[-KEY_CHARACTERS:])] * is_long
    main = aliased(Unit)
    statement = (
        select(
            Unit.name,
            Unit.folded,
            Unit.initials,
            Unit.uses,
            main.name,
            func.coalesce(main.kind, Unit.kind),
            func.coalesce(main.county, Unit.county),
        )
        .outerjoin(main, main.id == Unit.alias_of)
        .where(Unit.id.in_(union(*near)))
    )
    if is_long:
        columns = (Unit.folded, Unit.initials)
        statement = statement.where(or_(*(column.contains(wanted, autoescape=True) for column in columns)))
    rows = list((await session.execute(statement)).all())
    rows.sort(key=lambda row: (not _begins(row[1], row[2], wanted), -row[3], len(row[0]), row[0]))
    return [FoundUnit(name, other or "", kind, county) for name, _, _, _, other, kind, county in rows[:limit]]


def _near(part: str) -> Select[int]:
    """Names with a short part, in the order of the index: a part which all share is not read to its end."""
    begun = part.encode()
    in_range = (UnitKey.key >= begun, UnitKey.key < begun + b"\xff")
    ids = select(UnitKey.unit_id).where(*in_range).order_by(UnitKey.key, UnitKey.unit_id)
    return select(ids.limit(MOST_LOOKED_AT).subquery().c.unit_id)


def _begins(folded: str, initials: str, wanted: str) -> bool:
    return folded.startswith(wanted) or initials.startswith(wanted)


async def insert_unit(
    session: AsyncSession, unit: UnitName, *, alias_of: int | None = None, case_id: int = 0
) -> int:
    """Keep a name, or count it once more; answers its id."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    values = {"name": unit.name, "folded": unit.folded, "initials": unit.initials, "uses": 1}
    adding = dialect.insert(Unit).values(**values, alias_of=alias_of, case_id=case_id)
    newest = func.max(Unit.case_id, case_id) if dialect is sqlite else func.greatest(Unit.case_id, case_id)
    again = {"uses": Unit.uses + 1, "case_id": newest}
    adding = adding.on_conflict_do_update(index_elements=["name"], set_=again)
    unit_id: int = (await session.execute(adding.returning(Unit.id))).scalar_one()
    keys = [{"key": key, "unit_id": unit_id} for key in unit.list_keys()]
    await session.execute(dialect.insert(UnitKey).on_conflict_do_nothing(), keys)
    return unit_id


async def find_last_case_read(session: AsyncSession) -> int:
    """Up to which case the names were read."""
    return int(await session.scalar(select(func.max(Unit.case_id))) or 0)


async def list_named_cases(session: AsyncSession, *, after: int, limit: int) -> Sequence[tuple[int, str]]:
    """Cases that name a body, in the order in which they were opened."""
    statement = select(Case.id, Case.target).where(Case.id > after, Case.target != "").order_by(Case.id)
    return [(case_id, name) for case_id, name in await session.execute(statement.limit(limit))]


async def list_names_of_cases(session: AsyncSession, case_ids: Iterable[int]) -> dict[int, list[str]]:
    """Other names that their reporters used."""
    statement = select(Finding.case_id, Finding.value).where(
        Finding.case_id.in_(list(case_ids)), Finding.kind == FindingKind.TARGET
    )
    names: dict[int, list[str]] = {}
    for case_id, name in await session.execute(statement):
        names.setdefault(case_id, []).append(name)
    return names


# ---------------------------------------------------------------- the register

AT_ONCE = 300


async def find_registered(session: AsyncSession, names: Sequence[str]) -> dict[str, Registered]:
    """Those of these names that an import brought, with the other names that one did.

    What reporters named counts as unknown: whoever imports must not learn whom somebody reported.
    """
    found: dict[str, Registered] = {}
    other = aliased(Unit)
    for begin in range(0, len(names), AT_ONCE):
        some = names[begin : begin + AT_ONCE]
        known: dict[str, tuple[Unit, list[UnitName]]] = {}
        statement = (
            select(Unit, other)
            .outerjoin(other, and_(other.alias_of == Unit.id, other.is_registered))
            .where(Unit.name.in_(some), Unit.alias_of.is_(None), Unit.is_registered)
        )
        for row in await session.execute(statement):
            alias: Unit | None = row[1]
            known.setdefault(row[0].name, (row[0], []))[1].extend([] if alias is None else [_name_of(alias)])
        for name, (unit, aliases) in known.items():
            found[name] = Registered(_name_of(unit), tuple(aliases), unit.kind, unit.county)
    return found


async def count_register(session: AsyncSession) -> tuple[int, int, int]:
    """Of imported lists: how many bodies, how many other names, how many bodies with a county or a kind.

    Names that reporters brought are not counted: the count after an import would tell whether one was among them.
    """
    is_main = Unit.alias_of.is_(None)
    described = and_(is_main, or_(Unit.kind != "", Unit.county != ""))
    row = (
        await session.execute(
            select(_count(is_main), _count(not_(is_main)), _count(described)).where(Unit.is_registered)
        )
    ).one()
    bodies, aliases, registered = row
    return int(bodies or 0), int(aliases or 0), int(registered or 0)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(sql_case((condition, 1), else_=0))


async def register_units(session: AsyncSession, rows: Sequence[Registered]) -> None:
    """Keep bodies with their other names. How often each was named stays as it is: nobody named it by this."""
    mains = [_values(row.unit, kind=row.kind, county=row.county) for row in rows]
    ids = await _insert_names(session, mains)
    others = {
        alias.name: _values(alias, alias_of=ids[row.unit.name]) for row in rows for alias in row.aliases
    }
    alias_ids = list((await _insert_names(session, list(others.values()))).values())
    # Names that pointed to what is now another body's other name point to that body: chains lead nowhere.
    main = aliased(Unit)
    for begin in range(0, len(alias_ids), AT_ONCE):
        some = alias_ids[begin : begin + AT_ONCE]
        follow = select(main.alias_of).where(main.id == Unit.alias_of).scalar_subquery()
        await session.execute(
            update(Unit)
            .where(Unit.alias_of.in_(some))
            .values(alias_of=follow)
            .execution_options(synchronize_session=False)
        )


def _values(
    unit: UnitName, *, alias_of: int | None = None, kind: str = "", county: str = ""
) -> dict[str, Any]:
    names = {"name": unit.name, "folded": unit.folded, "initials": unit.initials}
    marks = {"is_registered": True, "uses": 0, "case_id": 0}
    return names | marks | {"alias_of": alias_of, "kind": kind, "county": county}


async def _insert_names(session: AsyncSession, values: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Insert names or describe them anew, with the keys by which they are found; answers their ids."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    ids: dict[str, int] = {}
    keys: list[dict[str, Any]] = []
    for begin in range(0, len(values), AT_ONCE):
        some = values[begin : begin + AT_ONCE]
        names = [row["name"] for row in some]
        known = set(await session.scalars(select(Unit.name).where(Unit.name.in_(names))))
        adding = dialect.insert(Unit.__table__)
        new = adding.excluded
        kept = {
            "alias_of": new.alias_of,
            "is_registered": True,
            "kind": sql_case((new.kind != "", new.kind), else_=Unit.kind),
            "county": sql_case((new.county != "", new.county), else_=Unit.county),
        }
        adding = adding.on_conflict_do_update(index_elements=["name"], set_=kept)
        for row in await session.execute(adding.returning(Unit.id, Unit.name), some):
            ids[row.name] = row.id
        keys += [
            {"key": key, "unit_id": ids[row["name"]]}
            for row in some
            if row["name"] not in known
            for key in UnitName(row["name"], row["folded"], row["initials"]).list_keys()
        ]
    if keys:
        keys.sort(key=lambda row: (row["key"], row["unit_id"]))  # in the order of the index: half the work
        await session.execute(insert(UnitKey.metadata.tables[UnitKey.__tablename__]), keys)
    return ids


def _name_of(unit: Unit) -> UnitName:
    return UnitName(unit.name, unit.folded, unit.initials)
