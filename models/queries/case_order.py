"""In which order a list of cases stands, and where its next page begins: by key, for every order alike."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from models.case import Case

ENDED_VIEWS = frozenset({"closed", "all"})
"""Lists in which most cases have no deadline any more: nobody sorts them by one."""


class Sort(StrEnum):
    """By what a list can be sorted."""

    DUE = "due"
    RECEIVED = "received"
    NUMBER = "number"
    ACTED = "acted"


_COLUMNS: Mapping[Sort, InstrumentedAttribute[Any]] = {
    Sort.DUE: Case.next_due_at,
    Sort.RECEIVED: Case.registered_at,
    Sort.NUMBER: Case.number,
    Sort.ACTED: Case.acted_at,
}


@dataclass(frozen=True, slots=True)
class Order:
    """An order of a list. In addresses `received` is oldest first and `-received` newest first."""

    sort: Sort
    is_descending: bool = False

    @classmethod
    def read(cls, written: str, *, view: str) -> Self:
        """The order that an address asks for, else that of the view: nearest deadline, or newest first."""
        word = written.removeprefix("-")
        is_known = word in set(Sort) and not (word == Sort.DUE and view in ENDED_VIEWS)
        if is_known:
            return cls(Sort(word), written.startswith("-"))
        return cls(Sort.RECEIVED, is_descending=True) if view in ENDED_VIEWS else cls(Sort.DUE)

    def __str__(self) -> str:
        return f"{'-' if self.is_descending else ''}{self.sort}"

    @property
    def turned(self) -> "Order":
        """The other way round."""
        return Order(self.sort, not self.is_descending)

    @property
    def clauses(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """What a query is ordered by. The id decides between equals, so that no row is lost between two pages."""
        columns = (_COLUMNS[self.sort], Case.id)
        first, second = (column.desc() if self.is_descending else column.asc() for column in columns)
        return first, second

    def start_after(self, statement: Select[Case, str], mark: str | None) -> Select[Case, str]:
        """The rows that follow a mark; a mark of another order, or none at all, begins with the first."""
        place = self._read_mark(mark)
        if place is None:
            return statement
        column = _COLUMNS[self.sort]
        here = tuple_(column, Case.id)
        there = tuple_(literal(place[0], column.type), literal(place[1], Case.id.type))
        return statement.where(here < there if self.is_descending else here > there)

    def make_mark(self, case: Case) -> str:
        """Where the next page begins when this was the last row."""
        value = getattr(case, _COLUMNS[self.sort].key)
        plain = value.isoformat() if isinstance(value, datetime) else value
        return base64.urlsafe_b64encode(json.dumps([str(self), plain, case.id]).encode()).decode()

    def _read_mark(self, mark: str | None) -> tuple[datetime | str, int] | None:
        """From an address that anybody may have changed."""
        try:
            order, value, case_id = json.loads(base64.urlsafe_b64decode((mark or "").encode()))
            if order != str(self):
                return None
            is_moment = self.sort is not Sort.NUMBER
            place = datetime.fromisoformat(value) if is_moment else str(value)
            is_naive = isinstance(place, datetime) and place.tzinfo is None
            return None if is_naive else (place, int(case_id))
        except (ValueError, TypeError, OverflowError):
            return None
