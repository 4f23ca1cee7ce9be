"""How pressing a due time is. Pure. Its words are `triage.deadlines.describe_remaining`; both always go together."""

from datetime import datetime, timedelta
from enum import StrEnum

from config.calendars import Calendar
from config.clock import LOCAL
from config.deadlines import Unit

SOON_WORKING_DAYS = 1
SOON_DAYS = 3
SOON_HOURS = 6


class Tone(StrEnum):
    """Names of classes in the style sheet."""

    LATE = "late"
    SOON = "soon"
    FINE = "fine"


def tell_tone(due_at: datetime, *, unit: Unit, calendar: Calendar, now: datetime) -> Tone:
    """Late once it has passed; soon when the last day or hours have begun."""
    if now > due_at:
        return Tone.LATE
    if unit is Unit.HOURS:
        return Tone.SOON if due_at - now < timedelta(hours=SOON_HOURS) else Tone.FINE
    today, last = (moment.astimezone(LOCAL).date() for moment in (now, due_at))
    if unit is Unit.WORKING_DAYS:
        return Tone.SOON if calendar.count_working_days(today, last) <= SOON_WORKING_DAYS else Tone.FINE
    return Tone.SOON if (last - today).days <= SOON_DAYS else Tone.FINE
