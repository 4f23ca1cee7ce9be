"""The monthly workbook: read back as a stranger would, and compared with what the page says."""

import random
from datetime import timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert, select, update

from config.catalog import load_catalog
from config.clock import LOCAL
from models.case import Case, Deadline
from models.event import Event
from models.queries.figures import Month, Period, Stage
from models.states import Role
from tests.factories import make_staff, make_tip
from tests.triage.test_reports import NOW, SOON_ENDS, TODAY_ENDS, make_rows
from triage.reports import RULES, Wanted, collect_figures, suppress
from triage.workbook import WORKBOOK_TYPE, export_monthly_workbook, make_monthly_workbook
from triage.workbook_sheets import Number, Sheet, Table, clean_text, write_workbook

MONTH = Month(2026, 2)


@pytest.fixture(scope="session")
def catalog():
    return load_catalog()


@pytest.fixture
async def filled(db):
    cases, clocks = make_rows(3, 350, 0.3)
    chance = random.Random(5)
    for case in cases:
        case["clauses"] = chance.choice([["3.1.4"], ["3.1.4", "5.4"], ["3.4.3"], []])
    cases[0] |= {"clauses": ["3.2.4"], "registered_at": NOW - timedelta(days=30)}  # the only one of its kind
    async with db.begin() as session:
        await session.execute(insert(Case), cases)
        await session.execute(insert(Deadline), clocks)
        await make_tip(session, received_at=NOW - timedelta(days=30), text='=HYPERLINK("http://example.org")')
    return db


async def make(db, catalog, *, scope=None, by=None, locale="zh-CN", purpose="routine"):
    async with db.read() as session:
        return await make_monthly_workbook(
            session, MONTH, catalog, scope=scope, purpose=purpose, by=by, locale=locale, now=NOW
        )


def read_sheets(content):
    book = load_workbook(BytesIO(content))
    return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book}


def find_row(rows, name):
    return next(row for row in rows if row[0] == name)


async def test_its_figures_are_those_of_the_page(filled, catalog):
    sheets = read_sheets(await make(filled, catalog))
    async with filled.read() as session:
        figures = await collect_figures(
            session,
            Wanted(Period(MONTH, MONTH)),
            scope=None,
            offices=list(catalog.offices),
            now=NOW,
            today_ends=TODAY_ENDS,
            soon_ends=SOON_ENDS,
        )
    assert list(sheets) == ["概况", "各阶段用时", "时限履行", "各承办单位", "条款和渠道", "指标说明"]
    assert find_row(sheets["概况"], "新登记")[1:3] == [figures.now.registered, figures.before.registered]
    stage = figures.now.stages[Stage.SIGNING]
    row = find_row(sheets["各阶段用时"], "交办到签收")
    assert row[1:3] == [stage.done, stage.waiting]
    assert row[3] == pytest.approx(stage.median.seconds / 86_400)
    for rule in RULES:
        clock = figures.now.clocks[rule]
        name = catalog.deadline_in_force(rule, NOW).name.say("zh-CN")
        row = find_row(sheets["时限履行"], name)
        assert row[1:3] == [clock.on_time, clock.late]
        assert row[3] == ("–" if clock.share is None else pytest.approx(clock.share))
    row = find_row(sheets["各承办单位"], "召陵区")
    assert row[1:3] == [figures.by_office["shaoling"].registered, figures.by_office["shaoling"].breached]
    for office, load in figures.loads.items():
        name = catalog.offices[office].short_name["zh-CN"]
        assert find_row(sheets["概况"], name)[1:7] == list(load[1:])


async def test_a_single_case_cannot_be_told_from_a_breakdown(filled, catalog):
    rows = read_sheets(await make(filled, catalog))["条款和渠道"]
    only = next(row for row in rows if str(row[0]).startswith("3.2.4"))
    assert set(only[1:11]) <= {"*", None}
    async with filled.read() as session:
        cases = (await session.scalars(select(Case))).all()
    within = [case for case in cases if Month.of(case.registered_at) == MONTH]
    for row in rows:
        if str(row[0])[:1] == "3":
            shown = [value for value in row[1:11] if isinstance(value, int)]
            assert not [value for value in shown if 0 < value < 3]
    known = next(row for row in rows if str(row[0]).startswith("3.4.3"))
    assert known[10] == sum("3.4.3" in case.clauses for case in within)


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ([5, 6, 11], [5, 6, 11]),
        ([0, 0, 0], [0, 0, 0]),
        ([1, 9, 4, 14], [None, 9, None, 14]),
        ([1, 2, 8, 11], [None, None, None, 11]),
        ([1, 0, 0, 1], [None, None, None, None]),
        ([2, 2, 0, 4], [None, None, 0, None]),
        ([2], [None]),
        ([7], [7]),
    ],
)
def test_small_counts_are_hidden_with_whatever_would_betray_them(row, shown):
    assert suppress([row]) == [shown]


def test_no_hidden_count_can_be_computed_from_its_row():
    chance = random.Random(1)
    for _ in range(3000):
        counts = [chance.choice([0, 0, 1, 2, 3, 5, 20]) for _ in range(chance.randint(1, 6))]
        row = suppress([[*counts, sum(counts)]])[0]
        hidden = [place for place, count in enumerate(row) if count is None]
        if hidden and row[-1] is not None:
            rest = row[-1] - sum(count for count in row[:-1] if count is not None)
            assert len(hidden) > 1
            assert rest > len(hidden)  # each could be one of several numbers
        assert all(count is None or count == 0 or count >= 3 for count in row)


async def test_a_county_gets_its_own_figures_only(filled, catalog):
    sheets = read_sheets(await make(filled, catalog, scope="shaoling"))
    everything = str([rows for name, rows in sheets.items() if name != "指标说明"])
    assert "召陵区" in everything
    for office in catalog.offices.values():
        if office.id != "shaoling":
            assert office.short_name["zh-CN"] not in everything
    assert "网页" not in everything  # channels are counted for the whole city only


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
async def test_it_is_ready_to_print_and_says_who_made_it(filled, catalog, locale):
    async with filled.begin() as session:
        staff = await make_staff(session, Role.SUPERVISOR, "city", name="=1+1 & 阎正平")
    book = load_workbook(BytesIO(await make(filled, catalog, by=staff, locale=locale)))
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape"
        assert int(sheet.page_setup.paperSize) == 9
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.freeze_panes
        assert sheet.print_title_rows
        assert "阎正平" in sheet.oddFooter.left.text
        assert "阎正平" in sheet["A2"].value
        assert all(dimension.width >= 9 for dimension in sheet.column_dimensions.values())


async def test_no_cell_is_a_formula_and_no_word_of_a_tip_is_there(filled, catalog):
    async with filled.begin() as session:
        staff = await make_staff(session, Role.SUPERVISOR, "city", name='=HYPERLINK("http://example.org")')
        await session.execute(
            update(Case).values(target="=cmd|' /C calc'!A0", answer="答复内容", result="核查内容")
        )
    content = await make(filled, catalog, by=staff)
    book = load_workbook(BytesIO(content))
    everything = ""
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                everything += str(cell.value)
    assert "calc" not in everything
    assert "答复内容" not in everything
    assert "核查内容" not in everything


def test_cells_hold_what_a_workbook_may_hold():
    assert clean_text("a\x00b\x0bc\x1f") == "abc"
    assert len(clean_text("字" * 40_000)) == 32_000
    table = Table(
        "表", ["名称", "数"], [("=1+1", Number(1)), ("+1", Number(2)), ("@x\x00", Number(0.5, "0%"))]
    )
    content = write_workbook([Sheet("一", "题", "谁", "脚 & 注", [table])], made_at=NOW)
    sheet = load_workbook(BytesIO(content))["一"]
    assert [sheet.cell(row, 1).value for row in (6, 7, 8)] == ["=1+1", "+1", "@x"]
    assert {sheet.cell(row, 1).data_type for row in (6, 7, 8)} == {"s"}
    assert sheet.cell(8, 2).number_format == "0%"


async def test_the_same_data_gives_the_same_fingerprint(filled, catalog):
    def fingerprint(content):
        return find_row(read_sheets(content)["指标说明"], "数据指纹")[1]

    first = fingerprint(await make(filled, catalog))
    assert first == fingerprint(await make(filled, catalog))
    async with filled.begin() as session:
        await session.execute(update(Case).values(has_breach=True))
    assert first != fingerprint(await make(filled, catalog))


@pytest.mark.parametrize("by_staff", [True, False])
async def test_every_export_is_an_event_with_its_purpose(filled, catalog, by_staff):
    async with filled.begin() as session:
        staff = await make_staff(session, Role.SUPERVISOR, "city") if by_staff else None
    content = await export_monthly_workbook(
        filled, MONTH, catalog, scope=None, purpose="asked", by=staff, locale="zh-CN", now=NOW
    )
    assert load_workbook(BytesIO(content))
    assert WORKBOOK_TYPE.endswith(".sheet")
    async with filled.read() as session:
        event = await session.scalar(select(Event))
    assert (event.kind, event.staff_id) == ("report_exported", staff.id if staff else None)
    assert (event.data["month"], event.data["purpose"], event.data["scope"]) == ("2026-02", "asked", "all")


async def test_a_month_of_nothing_still_opens(db, catalog):
    sheets = read_sheets(await make(db, catalog))
    assert find_row(sheets["概况"], "新登记")[1] == 0
    assert NOW.astimezone(LOCAL).strftime("%Y年") in sheets["概况"][1][0]
