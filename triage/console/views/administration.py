"""The table of pages on which an installation is kept in order: calendar, periods of keeping, consent, settings."""

from models.states import Role
from triage.console.access import Route
from triage.console.views import admin_calendar

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})


def administration_routes() -> tuple[Route, ...]:
    """Pages behind the sign-in, each with the roles that may come."""
    return (
        Route("GET", "/admin/calendar", admin_calendar.show_calendar, ADMINISTRATORS),
        Route("POST", "/admin/calendar", admin_calendar.apply, ADMINISTRATORS),
        Route("POST", "/admin/calendar/preview", admin_calendar.preview, ADMINISTRATORS),
    )
