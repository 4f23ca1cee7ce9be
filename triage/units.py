"""The directory of bodies on the desk: names from cases and calls, found by part, initials or another name."""

from datetime import datetime

from pypinyin import Style, lazy_pinyin
from sqlalchemy.ext.asyncio import AsyncSession

from models.queries.units import (
    FoundUnit,
    UnitName,
    find_last_case_read,
    find_units,
    insert_unit,
    list_named_cases,
    list_names_of_cases,
)
from models.session import Database
from triage.bodies import BodyLikeness, BodyReader, fold, same_body

LONGEST = 60
SHOWN = 8
CASES_AT_ONCE = 200
SAME = frozenset({
    BodyLikeness.EQUAL,
    BodyLikeness.ABBREVIATION,
    BodyLikeness.HOMOPHONE,
    BodyLikeness.TYPING_ERROR,
})  # fmt: skip
"""A branch is a body of its own to pick."""


def read_unit(name: str) -> UnitName | None:
    """A name as the directory keeps it; None where nothing of it can be searched for."""
    plain = " ".join(name.split())[:LONGEST]
    folded = fold(plain)
    return UnitName(plain, folded, list_initials(folded)) if folded else None


def list_initials(folded: str) -> str:
    """First letters of the syllables: as the words are read, and as the characters are, where that differs."""
    together = _initials(folded)
    apart = "".join(map(_initials, folded))
    return together if together == apart else f"{together} {apart}"


def _initials(words: str) -> str:
    return "".join(part[:1] for part in lazy_pinyin(words, style=Style.NORMAL, errors=lambda rest: rest))


async def search_units(session: AsyncSession, typed: str) -> list[FoundUnit]:
    """Names of which a part, or a part of the initials, was typed."""
    return await find_units(session, fold(typed)[:LONGEST], limit=SHOWN)


async def learn_unit(session: AsyncSession, name: str, *, reader: BodyReader) -> None:
    """Keep the name that an operator typed, so that the next call finds it; people are no units."""
    unit = read_unit(name)
    if unit and not reader.read(name).is_person:
        await insert_unit(session, unit)


async def learn_units(db: Database, reader: BodyReader, _now: datetime) -> int:
    """Keep the names of cases that were opened since the last time."""
    async with db.read() as session:
        after = await find_last_case_read(session)
    while True:
        async with db.read() as session:
            cases = await list_named_cases(session, after=after, limit=CASES_AT_ONCE)
            others = await list_names_of_cases(session, [case_id for case_id, _ in cases])
        if not cases:
            return 0
        async with db.begin() as session:
            for case_id, name in cases:
                await _learn_case(session, case_id, name, others.get(case_id, []), reader=reader)
        after = cases[-1][0]


async def _learn_case(
    session: AsyncSession, case_id: int, name: str, others: list[str], *, reader: BodyReader
) -> None:
    unit, body = read_unit(name), reader.read(name)
    if unit is None or body.is_person:
        return
    unit_id = await insert_unit(session, unit, case_id=case_id)
    for other in dict.fromkeys(others):
        alias = read_unit(other)
        if alias and alias.folded != unit.folded and same_body(body, reader.read(other)) in SAME:
            await insert_unit(session, alias, alias_of=unit_id)
