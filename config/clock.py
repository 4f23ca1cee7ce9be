"""The one reader of the clock. Everywhere else the moment is an argument called `now`."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")
"""The time that people in Luohe live by: for showing moments and for counting days."""


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)
