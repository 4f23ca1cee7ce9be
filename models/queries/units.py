"""Names of bodies: found by any part of the name or of its initials, and learned from cases and calls."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, or_, select, union
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
    """A name to pick; `main`: the name under which its case is kept, where that is another one."""

    name: str
    main: str = ""


async def find_units(session: AsyncSession, wanted: str, *, limit: int) -> list[FoundUnit]:
    """Names with the part `wanted` (plain characters or initials): those that begin with it, then often named ones."""
    if not wanted:
        return []
    is_long = len(wanted) > KEY_CHARACTERS
    # A long one is looked for by its start and by its end: one of them is seldom what many names share.
    near = [_near(wanted[:KEY_CHARACTERS])] + [_near(wanted[-KEY_CHARACTERS:])] * is_long
    main = aliased(Unit)
    statement = (
        select(Unit.name, Unit.folded, Unit.initials, Unit.uses, main.name)
        .outerjoin(main, main.id == Unit.alias_of)
        .where(Unit.id.in_(union(*near)))
    )
    if is_long:
        columns = (Unit.folded, Unit.initials)
        statement = statement.where(or_(*(column.contains(wanted, autoescape=True) for column in columns)))
    rows = list((await session.execute(statement)).all())
    rows.sort(key=lambda row: (not _begins(row[1], row[2], wanted), -row[3], len(row[0]), row[0]))
    return [FoundUnit(name, other or "") for name, _, _, _, other in rows[:limit]]


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
