"""The directory of bodies: any part, initials, other names; quick among fifty thousand."""

import pytest
from sqlalchemy import func, select, text

from config.catalog import load_catalog
from models.states import CaseState, FindingKind
from models.unit import Unit
from tests.factories import make_case, make_finding, make_tip
from triage.bodies import make_reader
from triage.units import learn_unit, learn_units, search_units

NAME = "漯河市宏达安全技术培训学校"


@pytest.fixture(scope="module")
def reader():
    return make_reader(load_catalog())


async def names(db, words: str) -> list[str]:
    async with db.read() as session:
        return [unit.name for unit in await search_units(session, words)]


@pytest.mark.parametrize(
    "words", ["宏达", "漯河", "学校", "达安全技术培训学", "hd", "HDAQ", "lhshdaqjspx", "ｈｄ", "宏達", NAME]
)
async def test_a_name_is_found_by_any_part_and_by_initials(db, reader, words):
    async with db.begin() as session:
        await learn_unit(session, NAME, reader=reader)
        await learn_unit(session, "舞阳县永固建材厂", reader=reader)
    assert await names(db, words) == [NAME]


@pytest.mark.parametrize("words", ["", " ", "%", "_", "大宏", "zz", "宏达安全技术培训学院"])
async def test_what_is_no_part_finds_nothing(db, reader, words):
    async with db.begin() as session:
        await learn_unit(session, NAME, reader=reader)
    assert await names(db, words) == []


async def test_a_character_with_two_readings_is_found_by_both(db, reader):
    async with db.begin() as session:
        await learn_unit(session, "重庆路培训点", reader=reader)
    assert await names(db, "cqlpx") == await names(db, "zqlpx") == ["重庆路培训点"]


async def test_names_come_from_cases_once_with_the_other_names_of_their_reporters(db, reader, now):
    async with db.begin() as session:
        tip = await make_tip(session)
        case = await make_case(session, CaseState.VERIFYING, "linying", tip=tip, target=NAME)
        await make_finding(session, case, tip, FindingKind.TARGET, "宏达安培")
        await make_finding(session, case, tip, FindingKind.TARGET, "永固建材厂")
        await make_case(session, target="张校长")
    for _twice in range(2):
        await learn_units(db, reader, now)
    async with db.read() as session:
        found = {unit.name: unit.main for unit in await search_units(session, "宏达")}
        assert found == {NAME: "", "宏达安培": NAME}
        assert await session.scalar(select(func.count()).select_from(Unit)) == 2
        assert await session.scalar(select(Unit.uses).where(Unit.name == NAME)) == 1


async def test_often_named_ones_come_first(db, reader):
    async with db.begin() as session:
        for name in ("宏达一校", "宏达二校", "宏达二校"):
            await learn_unit(session, name, reader=reader)
    assert await names(db, "宏达") == ["宏达二校", "宏达一校"]


async def test_a_search_reads_a_range_of_an_index_and_not_the_names(db, reader):
    """Measured among 50,000 names (`triage/README.md`); this keeps it from becoming a scan."""
    if not db.is_sqlite:
        return
    async with db.begin() as session:
        await learn_unit(session, NAME, reader=reader)
        plan = "EXPLAIN QUERY PLAN SELECT DISTINCT unit_id FROM unit_key WHERE key >= :a AND key < :b"
        steps = [row[3] for row in await session.execute(text(plan), {"a": b"a", "b": b"b"})]
    assert steps[0].startswith("SEARCH unit_key USING PRIMARY KEY")
