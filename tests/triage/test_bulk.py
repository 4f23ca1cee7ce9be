"""What can be done to many cases at once: a table."""

from models.states import Role
from triage.bulk import ACTS, list_acts
from triage.workflow import STEPS


def test_only_what_needs_no_reading_is_offered_and_to_those_whose_it_is():
    assert set(ACTS) == {
        *("sign_for", "accept", "assign", "close", "archive"),
        *("urge_reminded", "urge_written"),
    }
    for act in ACTS.values():
        if act.move:
            assert act.roles == STEPS[act.move].roles
    offered = {role: [act.key for act in list_acts(role, "open")] for role in Role}
    assert offered[Role.OFFICER] == ["sign_for", "close"]
    assert offered[Role.LEAD] == ["sign_for", "assign", "close"]
    assert offered[Role.INTAKE] == ["accept", "assign", "close"]
    assert offered[Role.SUPERVISOR] == ["accept", "assign", "close", "urge_reminded", "urge_written"]
    assert not any(offered[role] for role in (Role.OPERATOR, Role.AUDITOR, Role.ADMINISTRATOR))
    assert [act.key for act in list_acts(Role.LEAD, "closed")] == ["archive"]
    assert [act.key for act in list_acts(Role.OFFICER, "assigned")] == ["sign_for"]
    assert list_acts(Role.SUPERVISOR, "overdue")[0].key == "urge_reminded"
