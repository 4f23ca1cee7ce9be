"""The changes that take two people. A new one is a row here, and its words under `administration.consent.kind.`."""

from models.states import Role
from triage.consent import ChangeKind, Kinds
from triage.holds import HOLDERS, apply_lift, check_lift, may_know_case
from triage.keeping import apply_contact, apply_period, check_contact, check_period

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
SUPERVISORS = frozenset({Role.SUPERVISOR})
AUDITORS = frozenset({Role.AUDITOR})

PERIOD = ChangeKind("period", ADMINISTRATORS, (ADMINISTRATORS, SUPERVISORS), check_period, apply_period)
"""How long something is kept: too long endangers reporters, too short loses what they may need."""
CONTACT = ChangeKind(
    "contact", ADMINISTRATORS, (ADMINISTRATORS, SUPERVISORS), check_contact, apply_contact, may_know_case
)
"""Erasing the contact of a case before its time, as a reporter may ask by phone: nobody can write to him after it."""
LIFT = ChangeKind("lift_hold", HOLDERS, (SUPERVISORS, AUDITORS), check_lift, apply_lift, may_know_case)
"""What a hold kept goes with the next purge."""

CHANGES: Kinds = {kind.name: kind for kind in (PERIOD, CONTACT, LIFT)}
DECIDERS = frozenset({Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR})
"""Everybody who may have something to decide or to take back."""
