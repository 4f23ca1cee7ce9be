"""A scope: whose cases a reader may see, as a value. What it means in SQL is in `models.queries.scope`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """The cases of an office (None: of all, "": none), but for those barred to it or to this person."""

    office_id: str | None
    staff_id: int | None = None


Reach = Scope | str | None
"""A bare office id, None or "" where no person looks: the command line, jobs, figures."""


def office_of(scope: Reach) -> str | None:
    """The office that a scope is for."""
    return scope.office_id if isinstance(scope, Scope) else scope
