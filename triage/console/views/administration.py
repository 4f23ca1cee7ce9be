"""The table of pages on which an installation is kept in order: calendar, periods of keeping, consent, record."""

from models.states import Role
from triage.console.access import Route
from triage.console.views import admin_calendar, consent, keeping, record
from triage.holds import HOLDERS
from triage.protected_changes import DECIDERS

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
RECORD_READERS = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
CHANGE = r"/changes/{change_id:\d{1,18}}"


def administration_routes() -> tuple[Route, ...]:
    """Pages behind the sign-in, each with the roles that may come."""
    return (
        Route("GET", "/admin/calendar", admin_calendar.show_calendar, ADMINISTRATORS),
        Route("POST", "/admin/calendar", admin_calendar.apply, ADMINISTRATORS),
        Route("POST", "/admin/calendar/preview", admin_calendar.preview, ADMINISTRATORS),
        Route("GET", "/keeping", keeping.show_keeping, DECIDERS),
        Route("GET", "/keeping/{name:[a-z_]+}", keeping.show_period, ADMINISTRATORS),
        Route("POST", "/keeping/{name:[a-z_]+}", keeping.ask_period, ADMINISTRATORS),
        Route("POST", "/erasures", keeping.ask_erasure, ADMINISTRATORS),
        Route("POST", "/holds", keeping.hold, HOLDERS),
        Route("POST", "/holds/lift", keeping.ask_lift, HOLDERS),
        Route("GET", "/changes", consent.show_changes, DECIDERS),
        Route("POST", CHANGE, consent.decide, DECIDERS),
        Route("POST", f"{CHANGE}/withdraw", consent.withdraw, DECIDERS),
        Route("GET", "/record", record.show_record, RECORD_READERS),
    )
