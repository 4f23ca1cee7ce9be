"""How the tables of a workbook are written: text stays text, widths fit, A4 landscape, printed heads."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

LONGEST_CELL = 32_000
A4 = 9
LINE_HEIGHT = 15
ROWS_OF_A_PAGE = 45
FONT = "宋体"
HIDDEN = "*"
NONE = "–"
SHARE, DAYS, MORE_DAYS, WHOLE = "0%", "0.0", '"＞"0.0', "0"
_LINE = Side(style="thin", color="BFC5CC")
_GRID = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_HEAD = PatternFill("solid", start_color="E8EDF2")
_QUIET = Font(name=FONT, size=10, color="57606A")


@dataclass(frozen=True, slots=True)
class Number:
    """A figure with the format it is shown in."""

    value: float
    shown_as: str = WHOLE


@dataclass(slots=True)
class Table:
    """One table of a sheet: heads, rows, a remark below."""

    title: str
    heads: Sequence[str]
    rows: list[Sequence[str | Number]] = field(default_factory=list)
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name, its title, the line that says who made it, the foot of each printed page, its tables."""

    name: str
    title: str
    made: str
    foot: str
    tables: Sequence[Table]


def write_workbook(sheets: Sequence[Sheet], *, made_at: datetime) -> bytes:
    """The bytes of a workbook."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for sheet in sheets:
        _write_sheet(book.create_sheet(sheet.name), sheet)
    book.properties.creator = "Tipline"
    book.properties.created = book.properties.modified = made_at.replace(tzinfo=None)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def clean_text(value: str) -> str:
    """Without control characters, and no longer than a cell may be."""
    return ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST_CELL]


def _write_sheet(target: Worksheet, sheet: Sheet) -> None:
    _put(target, 1, 1, sheet.title).font = Font(name=FONT, size=16, bold=True)
    target.row_dimensions[1].height = 26
    _put(target, 2, 1, sheet.made).font = _QUIET
    row = 4
    for table in sheet.tables:
        row = _write_table(target, row, table) + 2
    _set_widths(target, sheet.tables)
    _set_heights(target)
    _set_print(target, sheet)


def _write_table(sheet: Worksheet, row: int, table: Table) -> int:
    """Write a table from a row on; answers the last row."""
    _put(sheet, row, 1, table.title).font = Font(name=FONT, size=12, bold=True)
    row += 1
    for column, head in enumerate(table.heads, 1):
        top = _put(sheet, row, column, head)
        top.font = Font(name=FONT, size=11, bold=True)
        top.fill, top.border = _HEAD, _GRID
        top.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    if sheet.freeze_panes is None:
        sheet.freeze_panes = f"B{row + 1}"
        sheet.print_title_rows = f"1:{row}"
    for values in table.rows:
        row += 1
        for column, value in enumerate(values, 1):
            _style_body(_put(sheet, row, column, value), is_name=column == 1, is_text=isinstance(value, str))
    if table.remark:
        row += 1
        _put(sheet, row, 1, table.remark).font = _QUIET
    return row


def _style_body(cell: Any, *, is_name: bool, is_text: bool) -> None:  # noqa: ANN401
    cell.font, cell.border = Font(name=FONT, size=11), _GRID
    is_words = is_text and cell.value not in {NONE, HIDDEN}
    cell.alignment = Alignment(
        horizontal="left" if is_name or is_words else "right", vertical="center", wrap_text=is_words
    )


def _put(sheet: Worksheet, row: int, column: int, value: str | Number) -> Any:  # noqa: ANN401 - a cell that is not merged
    """Write one cell. Text stays text whatever it begins with, and holds nothing that a workbook may not."""
    cell: Any = sheet.cell(row, column)
    if isinstance(value, Number):
        cell.value, cell.number_format = value.value, value.shown_as
        return cell
    cell.value = clean_text(value)
    cell.data_type = "s"
    cell.number_format = "@"
    return cell


def _set_widths(sheet: Worksheet, tables: Sequence[Table]) -> None:
    for column in range(max(len(table.heads) for table in tables)):
        shown = [
            str(row[column])
            for table in tables
            for row in table.rows
            if column < len(row) and isinstance(row[column], str)
        ]
        widest = max((_width(words) for words in shown), default=0)
        limits = (18, 34) if column == 0 else (12, 100 if len(tables[0].heads) == 2 else 18)
        sheet.column_dimensions[get_column_letter(column + 1)].width = min(
            max(widest + 2, limits[0]), limits[1]
        )


def _set_heights(sheet: Worksheet) -> None:
    """Rows as high as their wrapped text needs: not every program works that out when it opens the file."""
    for row in sheet.iter_rows(min_row=4):
        lines = 1
        for cell in row:
            if cell.alignment.wrap_text and cell.value:
                width = sheet.column_dimensions[get_column_letter(cell.column or 1)].width
                lines = max(lines, -(-_width(str(cell.value)) // max(int(width) - 1, 1)))
        sheet.row_dimensions[row[0].row or 1].height = LINE_HEIGHT * lines + 4


def _width(words: str) -> int:
    """Columns that a text fills: a Chinese character takes two."""
    return sum(2 if ord(character) > 0x2E80 else 1 for character in words)


def _set_print(target: Worksheet, sheet: Sheet) -> None:
    setup: Any = target.page_setup
    setup.orientation, setup.paperSize, setup.fitToWidth, setup.fitToHeight = "landscape", A4, 1, 1
    if target.max_row > ROWS_OF_A_PAGE:
        setup.fitToHeight = 0
    properties: Any = target.sheet_properties
    properties.pageSetUpPr.fitToPage = True
    columns = max(len(table.heads) for table in sheet.tables)
    target.print_area = f"A1:{get_column_letter(columns)}{target.max_row}"
    target.page_margins.left = target.page_margins.right = 0.5
    target.print_options.horizontalCentered = True
    footer: Any = target.oddFooter
    footer.left.text = clean_text(sheet.foot).replace("&", "&&")
    footer.right.text = "&P / &N"
