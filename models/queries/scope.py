"""Whose cases a reader may see: the condition that stands in every query that serves staff.

A scope is an office id, None for all offices (city staff), "" for no case at all, or a `models.scope.Scope`,
which also says who the reader is: a bar (`models.case_bar`) may be for one person. Pages always say who.
"""

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, false, select, true

from models.case import Case
from models.case_bar import CaseBar
from models.scope import Reach, Scope

if TYPE_CHECKING:
    from sqlalchemy.orm.util import AliasedClass


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
