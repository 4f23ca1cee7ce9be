"""The one reader of the clock. Everywhere else the moment is an argument called `now`."""

from datetime import UTC, datetime

from config.calendars import LOCAL

__all__ = ["LOCAL", "now"]


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)
