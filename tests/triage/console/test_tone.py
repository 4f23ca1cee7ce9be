"""How pressing a due time is: a table."""

from datetime import UTC, datetime, timedelta

import pytest

from config.calendar_file import load_calendar
from config.deadlines import Unit
from triage.console.tone import Tone, tell_tone

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)  # Wednesday, ten in the morning
W, D, H = Unit.WORKING_DAYS, Unit.NATURAL_DAYS, Unit.HOURS


@pytest.mark.parametrize(
    ("delta", "unit", "tone"),
    [
        (timedelta(seconds=-1), W, Tone.LATE),
        (timedelta(days=-30), H, Tone.LATE),
        (timedelta(hours=7), W, Tone.SOON),
        (timedelta(days=1), W, Tone.SOON),
        (timedelta(days=2), W, Tone.FINE),
        (timedelta(days=3), D, Tone.SOON),
        (timedelta(days=4), D, Tone.FINE),
        (timedelta(hours=1), H, Tone.SOON),
        (timedelta(hours=12), H, Tone.FINE),
    ],
)
def test_tone_of_a_due_time(delta, unit, tone):
    assert tell_tone(NOW + delta, unit=unit, calendar=load_calendar(), now=NOW) is tone


def test_friday_to_monday_is_one_working_day():
    friday = NOW + timedelta(days=2)
    assert tell_tone(friday + timedelta(days=3), unit=W, calendar=load_calendar(), now=friday) is Tone.SOON
