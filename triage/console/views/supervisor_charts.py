"""Geometry of the charts: numbers to places. Pure; the template draws, the style sheet colours."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.queries.reports import MonthCount
from triage.reports import Duration

WIDTH, HEIGHT = 272, 120
LEFT, RIGHT, TOP, BOTTOM = 26, 2, 10, 20
BAR_WIDTH = 100
NICE_TOPS = (4, 10, 15, 20, 30, 40, 60, 80, 100, 150, 200, 400, 500, 1000, 2000, 5000)


@dataclass(frozen=True, slots=True)
class Bar:
    """One month of a small chart."""

    month: str
    x: float
    width: float
    y: float
    height: float
    late_y: float
    late_height: float
    registered: int
    breached: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Cases by month of one office. All charts of a page share one scale, so that they may be compared."""

    bars: Sequence[Bar]
    top: int
    registered: int
    breached: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    base: int = HEIGHT - BOTTOM
    ceiling: int = TOP


def find_top(series: Sequence[Sequence[MonthCount]]) -> int:
    """A round number that no month of any chart exceeds."""
    most = max((row.registered for rows in series for row in rows), default=0)
    return next((top for top in NICE_TOPS if top >= most), -(-most // 5000) * 5000)


def make_chart(rows: Sequence[MonthCount], *, top: int) -> Chart:
    """Places of the bars of one office."""
    step = (WIDTH - LEFT - RIGHT) / max(len(rows), 1)
    reach = HEIGHT - BOTTOM - TOP
    bars = []
    for index, row in enumerate(rows):
        full, late = reach * row.registered / top, reach * row.breached / top
        bars.append(
            Bar(
                month=row.month,
                x=round(LEFT + index * step + step * 0.15, 1),
                width=round(step * 0.7, 1),
                y=round(HEIGHT - BOTTOM - full, 1),
                height=round(full, 1),
                late_y=round(HEIGHT - BOTTOM - late, 1),
                late_height=round(late, 1),
                registered=row.registered,
                breached=row.breached,
            )
        )
    return Chart(bars, top, sum(row.registered for row in rows), sum(row.breached for row in rows))


@dataclass(frozen=True, slots=True)
class Line:
    """A bar in a row of a table: a median, and from there to the ninth tenth."""

    median: float
    ninth: float
    is_open: bool


def make_line(median: Duration | None, ninth: Duration | None, *, longest: int) -> Line | None:
    """Lengths out of `BAR_WIDTH`; an open end where a time is not known."""
    if median is None or not longest:
        return None
    end = ninth or median
    return Line(
        median=max(round(BAR_WIDTH * median.seconds / longest, 1), 1),
        ninth=max(round(BAR_WIDTH * end.seconds / longest, 1), 1),
        is_open=not (median.is_known and end.is_known),
    )


def find_longest(pairs: Sequence[tuple[Duration | None, Duration | None]]) -> int:
    """The longest time among these."""
    return max((duration.seconds for pair in pairs for duration in pair if duration), default=0)
