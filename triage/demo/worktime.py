"""When things happen in the demo: tips mostly by day, the desk in office hours. Pure."""

import random
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from config.calendars import Calendar
from config.clock import LOCAL

OPENS = time(9, 0)
CLOSES = time(17, 30)
HOURS_A_DAY = 8.5
_DAY_OFF_WEIGHT = 0.35
_GROWTH = 0.7
"""How much busier the last day is than the first: the line becomes known."""
_BUSY_HOURS = ((8, 12, 0.45), (12, 15, 0.16), (15, 18, 0.24), (18, 22, 0.13), (22, 24, 0.02))


def add_work(moment: datetime, hours: float, *, calendar: Calendar) -> datetime:
    """The moment when so many office hours have passed."""
    local = next_open(moment, calendar=calendar).astimezone(LOCAL)
    left = timedelta(hours=hours)
    while (rest := datetime.combine(local.date(), CLOSES, LOCAL) - local) < left:
        left -= rest
        local = next_open(datetime.combine(local.date(), CLOSES, LOCAL), calendar=calendar).astimezone(LOCAL)
    return (local + left).astimezone(moment.tzinfo)


def next_open(moment: datetime, *, calendar: Calendar) -> datetime:
    """The moment itself in office hours, else when the office opens again."""
    local = moment.astimezone(LOCAL)
    if local.time() >= CLOSES or not calendar.is_working_day(local.date()):
        local = datetime.combine(local.date() + timedelta(days=1), OPENS, LOCAL)
        while not calendar.is_working_day(local.date()):
            local += timedelta(days=1)
    elif local.time() < OPENS:
        local = datetime.combine(local.date(), OPENS, LOCAL)
    return local.astimezone(moment.tzinfo)


def spread(
    count: int, *, since: datetime, until: datetime, calendar: Calendar, rng: random.Random
) -> Sequence[datetime]:
    """So many moments between two, in order: more on working days, more by day, more towards the end."""
    first, days = since.astimezone(LOCAL).date(), (until - since).days
    weights = []
    for number in range(days + 1):
        day = first + timedelta(days=number)
        weight = 1.0 if calendar.is_working_day(day) else _DAY_OFF_WEIGHT
        weights.append(weight * (1 + _GROWTH * number / days))
    total, moments = sum(weights), []
    for place in range(count):
        # Evenly spaced in busy time, a little shaken: no empty weeks, no heaps.
        mark, day_number = (place + rng.random()) / count * total, 0
        while day_number < days and mark > weights[day_number]:
            mark -= weights[day_number]
            day_number += 1
        moment = _in_day(datetime.combine(first + timedelta(days=day_number), time(), LOCAL), rng)
        is_past = moment < until
        moments.append(moment if is_past else until - timedelta(minutes=rng.randrange(4, 240)))
    return sorted(moment.astimezone(until.tzinfo) for moment in moments)


def _in_day(midnight: datetime, rng: random.Random) -> datetime:
    start, end, _ = rng.choices(_BUSY_HOURS, [weight for *_, weight in _BUSY_HOURS])[0]
    return midnight + timedelta(seconds=rng.randrange(start * 3600, end * 3600))
