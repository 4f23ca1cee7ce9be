"""Time left, in words: a table of moments."""

from datetime import UTC, date, datetime, timedelta

import pytest

from triage.console.remaining import Counting, Remaining, Tone, tell_remaining

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)  # Wednesday, ten in the morning
END_OF_TODAY = datetime(2026, 3, 4, 16, 0, tzinfo=UTC)  # midnight in Luohe belongs to the next day
W, D, H = Counting.WORKING_DAYS, Counting.DAYS, Counting.HOURS


def is_weekday(day: date) -> bool:
    return day.weekday() < 5


@pytest.mark.parametrize(
    ("delta", "counting", "expected"),
    [
        (timedelta(hours=7), W, Remaining(Tone.SOON, "today")),
        (timedelta(days=1), W, Remaining(Tone.SOON, "working_days", 1)),
        (timedelta(days=2), W, Remaining(Tone.FINE, "working_days", 2)),
        (timedelta(days=6), W, Remaining(Tone.FINE, "working_days", 4)),  # over a weekend
        (timedelta(days=3), D, Remaining(Tone.SOON, "days", 3)),
        (timedelta(days=60), D, Remaining(Tone.FINE, "days", 60)),
        (timedelta(minutes=40), H, Remaining(Tone.SOON, "minutes", 40)),
        (timedelta(seconds=20), H, Remaining(Tone.SOON, "minutes", 1)),
        (timedelta(hours=2), H, Remaining(Tone.SOON, "hours", 2)),
        (timedelta(hours=30), H, Remaining(Tone.FINE, "hours", 30)),
        (timedelta(days=5), H, Remaining(Tone.FINE, "days", 5)),
        (-timedelta(minutes=5), W, Remaining(Tone.LATE, "late_hours", 1)),
        (-timedelta(hours=5), D, Remaining(Tone.LATE, "late_hours", 5)),
        (-timedelta(days=3), D, Remaining(Tone.LATE, "late_days", 3)),
        (-timedelta(days=3), W, Remaining(Tone.LATE, "late_working_days", 3)),
        (-timedelta(days=30), H, Remaining(Tone.LATE, "late_days", 30)),
    ],
)
def test_words_for_what_is_left(delta, counting, expected):
    assert tell_remaining(NOW + delta, counting=counting, is_working_day=is_weekday, now=NOW) == expected


def test_late_since_friday_is_not_yet_a_working_day_on_sunday():
    sunday = datetime(2026, 3, 8, 2, 0, tzinfo=UTC)
    friday_evening = datetime(2026, 3, 6, 10, 0, tzinfo=UTC)
    left = tell_remaining(friday_evening, counting=W, is_working_day=is_weekday, now=sunday)
    assert left == Remaining(Tone.LATE, "late_days", 2)
