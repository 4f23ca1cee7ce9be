"""A list of bodies: every row that is wrong is named with its line, and a right list is imported once and whole."""

import time

import pytest
from sqlalchemy import func, select

from config.catalog import load_catalog
from models.queries.units import find_units
from models.unit import Unit, UnitKey
from triage.bodies import fold, make_reader
from triage.register import TableError, check_table, compare, import_rows, read_pasted, read_table
from triage.units import learn_unit, search_units

HEAD = "单位名称\t别名\t主体类别\t属地\n"
GOOD = (
    HEAD
    + "漯河市宏达职业培训学校\t宏达学校；宏达培训\t培训机构\t郾城区\n漯河安泰考试中心\t\texam_institution\tShaoling\n"
)


@pytest.fixture(scope="module")
def catalog():
    return load_catalog()


@pytest.fixture(scope="module")
def reader(catalog):
    return make_reader(catalog)


def check(words, catalog, reader):
    return check_table(read_pasted(words), catalog, reader)


def test_a_right_list_is_read_in_either_language(catalog, reader):
    checked = check(GOOD, catalog, reader)
    assert not checked.problems
    first, second = checked.rows
    assert [alias.name for alias in first.aliases] == ["宏达学校", "宏达培训"]
    assert (first.kind, first.county) == ("training_institution", "yancheng")
    assert (second.kind, second.county) == ("exam_institution", "shaoling")
    english = "name,aliases,kind,county\n漯河市宏达职业培训学校,宏达学校,Training institution,yancheng\n"
    assert check(english, catalog, reader).rows[0].kind == "training_institution"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("\t安泰考试", "name_missing"),
        ("漯" * 61, "name_too_long"),
        ("···", "name_unreadable"),
        ("张三", "name_is_person"),
        ("漯河安泰考试中心\t张三", "name_is_person"),
        ("漯河市宏达职业培训学校", "name_twice"),
        ("漯河安泰考试中心\t漯河市宏达职业培训学校", "alias_is_name"),
        ("漯河安泰考试中心\t宏达学校", "alias_twice"),
        ("漯河安泰考试中心\t" + "；".join(f"安泰{n}校" for n in range(11)), "too_many_aliases"),
        ("漯河安泰考试中心\t\t幼儿园", "kind_unknown"),
        ("漯河安泰考试中心\t\t\t月球", "county_unknown"),
    ],
)
def test_each_mistake_is_named_with_its_line(catalog, reader, row, problem):
    words = HEAD + "漯河市宏达职业培训学校\t宏达学校\t\t\n\n" + row + "\n"
    found = check(words, catalog, reader).problems
    assert [(one.line, one.problem) for one in found] == [(4, problem)]
    for locale in ("zh-CN", "en"):
        assert found[0].say(locale)


def test_a_table_without_heads_and_one_with_strange_ones_are_told_apart(catalog, reader):
    assert [one.problem for one in check("漯河市宏达职业培训学校\n", catalog, reader).problems] == [
        "no_name_column"
    ]
    strange = check("单位名称,法定代表人\n漯河安泰考试中心,某\n", catalog, reader).problems
    assert [(one.problem, one.value) for one in strange] == [("unknown_column", "法定代表人")]
    assert check("", catalog, reader).problems[0].problem == "no_name_column"


def test_files_as_offices_write_them(catalog, reader, tmp_path):
    for encoding in ("utf-8-sig", "utf-8", "gb18030"):
        file = tmp_path / f"{encoding}.csv"
        file.write_bytes(GOOD.replace("\t", ",").encode(encoding))
        assert len(check_table(read_table(file), catalog, reader).rows) == 2
    for content in (b"PK\x03\x04 no workbook", b'name\n"open'):
        broken = tmp_path / "broken"
        broken.write_bytes(content)
        with pytest.raises(TableError):
            read_table(broken)


async def test_importing_twice_changes_nothing_and_counts_nobody(db, catalog, reader, now):
    rows = check(GOOD, catalog, reader).rows
    done = await import_rows(db, rows, by=None, now=now)
    assert (done.added, done.changed, done.same) == (2, 0, 0)
    done = await import_rows(db, rows, by=None, now=now)
    assert (done.added, done.changed, done.same) == (0, 0, 2)
    async with db.read() as session:
        assert await session.scalar(select(func.sum(Unit.uses))) == 0
        assert await session.scalar(select(func.count()).select_from(Unit)) == 4
        for typed in ("宏达培", "hdxx", "安泰"):
            assert await search_units(session, typed), typed
        found = (await find_units(session, fold("宏达培训"), limit=1))[0]
    assert (found.main, found.kind, found.county) == (
        "漯河市宏达职业培训学校", "training_institution", "yancheng",
    )  # fmt: skip


async def test_what_calls_taught_joins_the_register_and_empty_cells_leave_what_is_known(
    db, catalog, reader, now
):
    async with db.begin() as session:
        await learn_unit(session, "宏达学校", reader=reader)
    await import_rows(db, check(GOOD, catalog, reader).rows, by=None, now=now)
    again = check(HEAD + "漯河市宏达职业培训学校\t\t\t\n", catalog, reader).rows
    assert (await compare(db, again)).same == 1
    await import_rows(db, again, by=None, now=now)
    # A body gets a new name: its old name and all that pointed to it follow.
    renamed = HEAD + "漯河宏达安全技术学校\t漯河市宏达职业培训学校\t培训机构\t郾城区\n"
    await import_rows(db, check(renamed, catalog, reader).rows, by=None, now=now)
    async with db.read() as session:
        rows = {unit.id: unit for unit in await session.scalars(select(Unit))}
    mains = {unit.name: rows[unit.alias_of].name for unit in rows.values() if unit.alias_of}
    assert set(mains) == {"漯河市宏达职业培训学校", "宏达学校", "宏达培训"}
    assert set(mains.values()) == {"漯河宏达安全技术学校"}
    uses = {unit.name: unit.uses for unit in rows.values()}
    assert uses["宏达学校"] == 1
    assert next(unit for unit in rows.values() if unit.name == "漯河市宏达职业培训学校").county == "yancheng"


async def test_two_thousand_names_are_one_quick_transaction(db, catalog, reader, now):
    words = HEAD + "".join(
        f"漯河市第{n}安全技术培训学校\t第{n}培训校\t培训机构\t郾城区\n" for n in range(2000)
    )
    rows = check(words, catalog, reader).rows
    assert len(rows) == 2000
    begun = time.monotonic()
    await import_rows(db, rows, by=None, now=now)
    assert time.monotonic() - begun < 60
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(UnitKey)) > 20_000
