"""Who may see and do what on which case. Pure; `models.queries.scope` applies the same in SQL."""

from models.scope import Scope
from models.staff import Staff
from models.states import Role

CITY = "city"
READS_ALL = frozenset({Role.INTAKE, Role.SUPERVISOR})
READS_OWN_OFFICE = frozenset({Role.OFFICER, Role.LEAD})


def scope_of(role: Role, office_id: str) -> str | None:
    """The office whose cases somebody may see; None means all offices, "" means none at all."""
    if role in READS_ALL:
        return None
    return office_id if role in READS_OWN_OFFICE else ""


def reach_of(staff: Staff) -> Scope:
    """What somebody may see: the cases of his scope, but for those barred to his office or to him."""
    return Scope(scope_of(staff.role, staff.office_id), staff.id)


def may_see_case(role: Role, office_id: str, *, case_office_id: str) -> bool:
    """Whether a case of `case_office_id` may be seen."""
    scope = scope_of(role, office_id)
    return scope is None or scope == case_office_id


def may_act_on_case(role: Role, office_id: str, *, case_office_id: str) -> bool:
    """Whether a case may be changed: county staff their own, city staff those at the city desk and, to steer, all."""
    return may_see_case(role, office_id, case_office_id=case_office_id)
