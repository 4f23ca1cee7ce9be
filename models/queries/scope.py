"""Whose cases a reader may see: the condition that stands in every query that serves staff.

A scope is an office id, None for all offices (city staff), "" for no case at all, or a `Scope`, which also
says who the reader is: a bar (`models.case_bar`) may be for one person. Pages always say who.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, false, select, true

from models.case import Case
from models.case_bar import CaseBar

if TYPE_CHECKING:
    from sqlalchemy.orm.util import AliasedClass


@dataclass(frozen=True, slots=True)
class Scope:
    """The cases of an office (None: of all, "": none), but for those barred to it or to this person."""

    office_id: str | None
    staff_id: int | None = None


Reach = Scope | str | None


def office_of(scope: Reach) -> str | None:
    """The office that a scope is for."""
    return scope.office_id if isinstance(scope, Scope) else scope


def in_scope(scope: Reach, of: "type[Case] | AliasedClass[Case]" = Case) -> ColumnElement[bool]:
    """The condition that keeps offices apart, and cases from those who are party to them."""
    reach = scope if isinstance(scope, Scope) else Scope(scope)
    if reach.office_id == "":
        return false()
    conditions: list[ColumnElement[bool]] = []
    if reach.office_id is not None:
        conditions.append(of.office_id == reach.office_id)
        conditions.append(of.id.not_in(select(CaseBar.case_id).where(CaseBar.office_id == reach.office_id)))
    if reach.staff_id is not None:
        conditions.append(of.id.not_in(select(CaseBar.case_id).where(CaseBar.staff_id == reach.staff_id)))
    return and_(true(), *conditions)
