"""The register of bodies: a table of names, other names, kind and county, read, checked row by row, and imported.

Everything that is wrong is said at once, with the line of the table; nothing is imported before all of it is right.
Then it is one transaction. Names only: no row leads to a case, and people are no bodies.
"""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config.catalog import Catalog
from config.text import LOCALES, text
from models.audit import record_event
from models.queries.units import Registered, find_registered, register_units
from models.session import Database
from models.staff import Staff
from triage.bodies import BodyReader
from triage.units import LONGEST, read_unit

MOST_ROWS = 5_000
"""One transaction of a few seconds: nobody else can write to an SQLite database meanwhile."""
MOST_ALIASES = 10
MOST_BYTES = 20 * 1024 * 1024
MOST_UNPACKED = 200 * 1024 * 1024
MOST_PROBLEMS = 200
KINDS = ("training_institution", "exam_institution", "exam_site", "business_unit")
HEADS = {
    "name": ("name", "单位名称", "名称", "单位"),
    "aliases": ("aliases", "别名", "其他名称", "简称", "曾用名"),
    "kind": ("kind", "主体类别", "类别"),
    "county": ("county", "属地", "县区", "所属县区"),
}
_BETWEEN_ALIASES = "；;、/|"

Table = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with a line: a text key below `installation.bodies.problem.`."""

    line: int
    problem: str
    value: str = ""
    other: int = 0
    """The line with which it clashes."""

    def say(self, locale: str) -> str:
        """In words, without the line."""
        key = f"installation.bodies.problem.{self.problem}"
        return text(key, locale, value=self.value[:LONGEST], other=self.other)


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows that are right, and all that is wrong with the others."""

    rows: Sequence[Registered]
    problems: Sequence[RowProblem]


class TableError(ValueError):
    """A table cannot be read at all; `problem` is a text key below `installation.bodies.problem.`."""

    def __init__(self, problem: str) -> None:
        """Keep what is wrong; the message is for the command line."""
        super().__init__(text(f"installation.bodies.problem.{problem}", "en", value=""))
        self.problem = problem


# ---------------------------------------------------------------- reading


def read_pasted(words: str) -> Table:
    """Rows as a spreadsheet copies them (parted by tabs), or as CSV has them."""
    first = words.lstrip("\ufeff").partition("\n")[0]
    delimiter = "\t" if "\t" in first else "；" if "；" in first and "," not in first else ","
    try:
        return list(
            csv.reader(io.StringIO(words.lstrip("\ufeff"), newline=""), delimiter=delimiter, strict=True)
        )
    except csv.Error as error:
        raise TableError("unreadable") from error


def read_table(path: Path) -> Table:
    """A CSV file (UTF-8, or GB18030 as spreadsheets write it), or the first sheet of an XLSX file.

    Raises TableError.
    """
    if path.stat().st_size > MOST_BYTES:
        raise TableError("too_big")
    content = path.read_bytes()
    if content.startswith(b"PK"):
        return _read_sheet(content)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return read_pasted(content.decode(encoding))
        except UnicodeDecodeError:
            continue
    raise TableError("unreadable")


def _read_sheet(content: bytes) -> Table:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
                raise TableError("too_big")
        sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
        rows = sheet.iter_rows(values_only=True, max_col=20, max_row=MOST_ROWS + 2)
        return [["" if cell is None else str(cell) for cell in row] for row in rows]
    except (zipfile.BadZipFile, KeyError, IndexError, ValueError) as error:
        if isinstance(error, TableError):
            raise
        raise TableError("unreadable") from error


# ---------------------------------------------------------------- checking


def check_table(table: Table, catalog: Catalog, reader: BodyReader) -> Checked:
    """All rows and all problems. Pure."""
    heads = [" ".join(cell.split()).casefold() for cell in table[0]] if table else []
    columns = {name: _find_column(heads, forms) for name, forms in HEADS.items()}
    unknown = [head for head in heads if head and not any(head in forms for forms in HEADS.values())]
    problems = [RowProblem(1, "unknown_column", head) for head in unknown]
    if columns["name"] is None:
        return Checked([], [RowProblem(1, "no_name_column")])
    if len(table) - 1 > MOST_ROWS:
        return Checked([], [RowProblem(MOST_ROWS + 2, "too_many_rows", f"{MOST_ROWS:,}")])
    check = _Check(columns, _words_of_kinds(), _words_of_counties(catalog), reader)
    rows = [
        row
        for line, cells in enumerate(table[1:], start=2)
        if any(cell.strip() for cell in cells) and (row := check.read(line, cells))
    ]
    return Checked(rows, [*problems, *check.problems, *check.compare()])


def _find_column(heads: Sequence[str], forms: Sequence[str]) -> int | None:
    return next((place for place, head in enumerate(heads) if head in forms), None)


def _words_of_kinds() -> Mapping[str, str]:
    words = {text(f"states.subject.{kind}", locale).casefold(): kind for kind in KINDS for locale in LOCALES}
    return words | {kind: kind for kind in KINDS}


def _words_of_counties(catalog: Catalog) -> Mapping[str, str]:
    words: dict[str, str] = {}
    for office_id, office in catalog.offices.items():
        names = [office_id, *office.aliases]
        names += [name[locale] for name in (office.name, office.short_name) for locale in LOCALES]
        words |= {name.casefold(): office_id for name in names}
    return words


class _Check:
    """One table: what was read so far, and what is wrong with it."""

    def __init__(
        self,
        columns: Mapping[str, int | None],
        kinds: Mapping[str, str],
        counties: Mapping[str, str],
        reader: BodyReader,
    ) -> None:
        self.problems: list[RowProblem] = []
        self._columns, self._kinds, self._counties, self._reader = columns, kinds, counties, reader
        self._names: dict[str, int] = {}
        self._aliases: list[tuple[int, str]] = []

    def read(self, line: int, cells: Sequence[str]) -> Registered | None:
        """A row that is right, or None: then what is wrong is kept."""
        before = len(self.problems)
        name = self._cell(cells, "name")
        if not name:
            self._blame(line, "name_missing")
        else:
            self._check_name(line, name)
            if first := self._names.get(name):
                self._blame(line, "name_twice", name, first)
            self._names.setdefault(name, line)
        aliases = self._read_aliases(line, name, self._cell(cells, "aliases"))
        kind = self._known(line, "kind_unknown", self._cell(cells, "kind"), self._kinds)
        county = self._known(line, "county_unknown", self._cell(cells, "county"), self._counties)
        if len(self.problems) > before:
            return None
        unit, others = read_unit(name), [read_unit(alias) for alias in aliases]
        if unit is None:
            return None
        return Registered(unit, tuple(other for other in others if other), kind, county)

    def compare(self) -> Iterable[RowProblem]:
        """Whether another name of one body is a name of its own, or belongs to two."""
        owners: dict[str, int] = {}
        for line, alias in self._aliases:
            if alias in self._names:
                yield RowProblem(line, "alias_is_name", alias, self._names[alias])
            elif owners.setdefault(alias, line) != line:
                yield RowProblem(line, "alias_twice", alias, owners[alias])

    def _cell(self, cells: Sequence[str], column: str) -> str:
        place = self._columns[column]
        return " ".join(cells[place].split()) if place is not None and place < len(cells) else ""

    def _check_name(self, line: int, name: str) -> None:
        if len(name) > LONGEST:
            self._blame(line, "name_too_long", name)
        elif not name.isprintable() or read_unit(name) is None:
            self._blame(line, "name_unreadable", name)
        elif self._reader.read(name).is_person:
            self._blame(line, "name_is_person", name)

    def _read_aliases(self, line: int, name: str, written: str) -> list[str]:
        for mark in _BETWEEN_ALIASES[1:]:
            written = written.replace(mark, _BETWEEN_ALIASES[0])
        parts = (part.strip() for part in written.split(_BETWEEN_ALIASES[0]))
        aliases = [alias for alias in dict.fromkeys(parts) if alias and alias != name]
        if len(aliases) > MOST_ALIASES:
            self._blame(line, "too_many_aliases", str(MOST_ALIASES))
        for alias in aliases:
            self._check_name(line, alias)
            self._aliases.append((line, alias))
        return aliases

    def _known(self, line: int, problem: str, written: str, words: Mapping[str, str]) -> str:
        found = words.get(written.casefold(), "") if written else ""
        if written and not found:
            self._blame(line, problem, written)
        return found

    def _blame(self, line: int, problem: str, value: str = "", other: int = 0) -> None:
        self.problems.append(RowProblem(line, problem, value, other))


# ---------------------------------------------------------------- taking it in


@dataclass(frozen=True, slots=True)
class Difference:
    """What an import would change, or changed."""

    added: int
    changed: int
    same: int


async def compare(db: Database, rows: Sequence[Registered]) -> Difference:
    """What an import of these rows would change."""
    async with db.read() as session:
        known = await find_registered(session, [row.unit.name for row in rows])
    added = sum(row.unit.name not in known for row in rows)
    same = sum(row.unit.name in known and row.is_like(known[row.unit.name]) for row in rows)
    return Difference(added, len(rows) - added - same, same)


async def import_rows(
    db: Database, rows: Sequence[Registered], *, by: Staff | None, source: str = "", now: datetime
) -> Difference:
    """Import all rows in one transaction with its entry in the audit."""
    done = await compare(db, rows)
    digest = hashlib.sha256(
        repr([(row.unit.name, row.kind, row.county) for row in rows]).encode()
    ).hexdigest()
    async with db.begin() as session:
        await register_units(session, rows)
        record_event(
            session,
            "bodies_imported",
            at=now,
            by=by.id if by else None,
            reason=source[:200],
            added=done.added,
            changed_names=done.changed,
            digest=digest,
        )
    return done
