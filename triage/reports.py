"""Figures for supervisors: what the narrow rows of `models.queries.reports` say. Pure but for `collect_figures`.

How each figure is defined:

* A response time runs from one milestone of a case to the next, in calendar time. Cases that were refused,
  transferred, merged or terminated left the way and have none.
* The median is the time within which half of the cases were through, the ninth tenth that of 90 %. Cases
  that still wait are not left out, or a slow office would look fast: each counts as "not yet through" for
  as long as it has waited (Kaplan–Meier). Where too many still wait to tell, the figure is "more than" the
  longest time seen.
* A clock counts in the month in which its time came, once it has come: in time or late. One that fell away
  in time is neither. Of one case a rule counts once: where its clock was started more than once, one late
  time makes it late.
* Fewer than `ENOUGH` cases make no percentage and no ninth tenth, fewer than `FEW` no median.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.queries.figures import Month, Period, Stage
from models.queries.reports import (
    ClockCount,
    MonthCount,
    NextDue,
    OfficeLoad,
    RepeatedClock,
    StageTimes,
    count_by_month,
    count_clocks,
    list_next_due,
    list_office_loads,
    list_repeated_clocks,
    list_stage_times,
)
from models.scope import Reach, office_of

ENOUGH = 10
FEW = 3
RULES = ("D02", "D03", "D06", "D07", "D10", "D11", "P02", "D12")
"""With the extension (D11) and the second round (P02): else a case that was extended would be in no figure."""
OFFICE_RULES = ("D07", "D10", "D12")
"""Clocks that every office must meet on nearly every case; they stand beside each other, office by office."""
SERIES_MONTHS = 12
NEXT_DUE_ROWS = 8
DEFAULT_MONTHS = 3
LONGEST_PERIOD = 36


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time; `is_known` false: more than this."""

    seconds: int
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class StageFigure:
    """How long one stage took."""

    done: int = 0
    waiting: int = 0
    median: Duration | None = None
    ninth: Duration | None = None

    @property
    def cases(self) -> int:
        """All cases that began the stage."""
        return self.done + self.waiting


@dataclass(frozen=True, slots=True)
class ClockFigure:
    """How many clocks of a rule were met in time."""

    on_time: int = 0
    late: int = 0

    @property
    def clocks(self) -> int:
        """All clocks whose time has come."""
        return self.on_time + self.late

    @property
    def share(self) -> float | None:
        """Share met in time, where there are enough to say."""
        return self.on_time / self.clocks if self.clocks >= ENOUGH else None


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one office or one month or of all together."""

    registered: int
    breached: int
    stages: Mapping[Stage, StageFigure]
    clocks: Mapping[str, ClockFigure]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the reader asked for in the address."""

    period: Period
    office_id: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything a supervisor's page or workbook shows, as of one moment."""

    wanted: Wanted
    as_of: datetime
    soon_ends: datetime
    loads: Mapping[str, OfficeLoad]
    load: OfficeLoad
    now: Group
    before: Group
    by_office: Mapping[str, Group]
    by_month: Mapping[str, Group]
    series: Mapping[str, Sequence[MonthCount]]
    next_due: Sequence[NextDue]


def read_wanted(query: Mapping[str, str], *, offices: Collection[str], now: datetime) -> Wanted:
    """From the query of an address: `from`, `to` (months) and `office`; nonsense falls back to the last months."""
    this_month = Month.of(now)
    last = Month.find(query.get("to", "")) or this_month
    first = Month.find(query.get("from", "")) or last.plus(1 - DEFAULT_MONTHS)
    if first > last:
        first, last = last, first
    first = max(first, last.plus(1 - LONGEST_PERIOD))
    office_id = query.get("office", "")
    return Wanted(Period(first, last), office_id if office_id in offices else "")


async def collect_figures(
    session: AsyncSession,
    wanted: Wanted,
    *,
    scope: Reach,
    offices: Sequence[str],
    now: datetime,
    today_ends: datetime,
    soon_ends: datetime,
) -> Figures:
    """All figures in six queries. `offices`: those to show, in order; the scope of the reader narrows them."""
    shown = [office for office in offices if office_of(scope) in {None, office}]
    both = Period(wanted.period.previous.first, wanted.period.last)
    months = Period(min(both.first, wanted.period.last.plus(1 - SERIES_MONTHS)), both.last)
    loads = await list_office_loads(session, scope=scope, now=now, today_ends=today_ends, soon_ends=soon_ends)
    rows = _Table(
        await list_stage_times(session, both, offices=shown, now=now),
        await count_clocks(session, both, RULES, offices=shown, now=now),
        await list_repeated_clocks(session, both, RULES, offices=shown, now=now),
        await count_by_month(session, months, offices=shown),
        {row.office_id: row for row in loads},
    )
    next_due = await list_next_due(
        session, scope=scope, office_id=wanted.office_id, now=now, limit=NEXT_DUE_ROWS
    )
    # Sorting some hundred thousand numbers would hold up everybody else's pages.
    return await asyncio.to_thread(_make_figures, wanted, rows, next_due, shown, now=now, soon_ends=soon_ends)


def _make_figures(
    wanted: Wanted,
    rows: "_Table",
    next_due: Sequence[NextDue],
    shown: Sequence[str],
    *,
    now: datetime,
    soon_ends: datetime,
) -> Figures:
    chosen = [wanted.office_id] if wanted.office_id in shown else shown
    period, previous = _names(wanted.period), _names(wanted.period.previous)
    year = _names(Period(wanted.period.last.plus(1 - SERIES_MONTHS), wanted.period.last))
    return Figures(
        wanted=wanted,
        as_of=now,
        soon_ends=soon_ends,
        loads={office: rows.loads.get(office, NOTHING._replace(office_id=office)) for office in shown},
        load=_add_loads(rows.loads[office] for office in chosen if office in rows.loads),
        now=rows.group(chosen, period),
        before=rows.group(chosen, previous),
        by_office={office: rows.group([office], period) for office in shown},
        by_month={month: rows.group(chosen, [month]) for month in [*previous, *period]},
        series={office: rows.series(office, year) for office in shown},
        next_due=next_due,
    )


class _Table:
    """The rows, sorted once into cells of office and month, from which every group is added up."""

    def __init__(
        self,
        times: Iterable[StageTimes],
        clocks: Iterable[ClockCount],
        repeated: Iterable[RepeatedClock],
        months: Iterable[MonthCount],
        loads: Mapping[str, OfficeLoad],
    ) -> None:
        self.loads = loads
        self._times: dict[tuple[str, str], list[StageTimes]] = defaultdict(list)
        for row in times:
            self._times[row.office_id, row.month].append(row)
        self._clocks: dict[tuple[str, str], list[ClockCount]] = defaultdict(list)
        for count in clocks:
            self._clocks[count.office_id, count.month].append(count)
        self._repeated: dict[tuple[str, str], list[RepeatedClock]] = defaultdict(list)
        for clock in repeated:
            self._repeated[clock.office_id, clock.month].append(clock)
        self._months = {(row.office_id, row.month): row for row in months}

    def group(self, offices: Sequence[str], months: Sequence[str]) -> Group:
        """The figures of these offices and months together."""
        cells = [(office, month) for office in offices for month in months]
        counts = [self._months[cell] for cell in cells if cell in self._months]
        return Group(
            registered=sum(row.registered for row in counts),
            breached=sum(row.breached for row in counts),
            stages=measure_stages(row for cell in cells for row in self._times.get(cell, ())),
            clocks=add_clocks(
                (row for cell in cells for row in self._clocks.get(cell, ())),
                (row for cell in cells for row in self._repeated.get(cell, ())),
            ),
        )

    def series(self, office_id: str, months: Sequence[str]) -> list[MonthCount]:
        """Month by month, gaps as zero."""
        return [self._months.get((office_id, month), MonthCount(office_id, month, 0, 0)) for month in months]


def _names(period: Period) -> list[str]:
    return [str(month) for month in period.months]


def _add_loads(rows: Iterable[OfficeLoad]) -> OfficeLoad:
    numbers = [row[1:] for row in rows]
    return OfficeLoad("", *(sum(column) for column in zip(*numbers, strict=True))) if numbers else NOTHING


NOTHING = OfficeLoad("", 0, 0, 0, 0, 0, 0)


# ---------------------------------------------------------------- response times


def measure_stages(rows: Iterable[StageTimes]) -> dict[Stage, StageFigure]:
    """Median and ninth tenth of every stage."""
    done: dict[Stage, list[int]] = {stage: [] for stage in Stage}
    waiting: dict[Stage, list[int]] = {stage: [] for stage in Stage}
    for row in rows:
        done[row.stage] += row.done
        waiting[row.stage] += row.waiting
    return {stage: measure_stage(done[stage], waiting[stage]) for stage in Stage}


def measure_stage(done: list[int], waiting: list[int]) -> StageFigure:
    """One stage: `done` are lengths, `waiting` how long unfinished ones have lasted so far."""
    cases = len(done) + len(waiting)
    median, ninth = find_quantiles(done, waiting, (0.5, 0.9))
    return StageFigure(
        len(done), len(waiting), median if cases >= FEW else None, ninth if cases >= ENOUGH else None
    )


def find_quantiles(done: list[int], waiting: list[int], shares: Sequence[float]) -> list[Duration | None]:
    """The shortest time in which each share (rising) of cases is through, by Kaplan and Meier; None without cases.

    Without waiting cases this is the plain quantile: the value at rank ceil(share × n).
    """
    if not done and not waiting:
        return [None for _ in shares]
    done, waiting = sorted(done), sorted(waiting)
    found: list[Duration | None] = []
    wanted = iter(sorted(shares))
    share = next(wanted, None)
    still, left = 1.0, 0
    for rank, seconds in enumerate(done):
        while left < len(waiting) and waiting[left] < seconds:
            left += 1
        still *= 1 - 1 / (len(done) - rank + len(waiting) - left)
        # The product of many fractions is off by a few units in the last place.
        while share is not None and still <= 1 - share + 1e-9:
            found.append(Duration(seconds))
            share = next(wanted, None)
    longest = max(done[-1:] + waiting[-1:])
    return found + [Duration(longest, is_known=False) for _ in range(len(shares) - len(found))]


def add_clocks(rows: Iterable[ClockCount], repeated: Iterable[RepeatedClock]) -> dict[str, ClockFigure]:
    """Cases in time and late by each rule; `repeated` are those of `rows` that stand for one case together."""
    on_time: dict[str, int] = defaultdict(int)
    late: dict[str, int] = defaultdict(int)
    for row in rows:
        on_time[row.rule_id] += row.on_time
        late[row.rule_id] += row.late
    together: dict[tuple[str, int], list[bool]] = defaultdict(list)
    for clock in repeated:
        together[clock.rule_id, clock.case_id].append(clock.is_late)
    for (rule_id, _), lateness in together.items():
        is_late = any(lateness)
        on_time[rule_id] += (not is_late) - lateness.count(False)
        late[rule_id] += is_late - lateness.count(True)
    return {rule: ClockFigure(on_time[rule], late[rule]) for rule in RULES}


def find_slowest_signer(figures: Figures) -> tuple[str, Duration] | None:
    """The office that signs slowest, among those with enough cases to say so; None where none stands out."""
    known = [
        (stage.median, office)
        for office, group in figures.by_office.items()
        if (stage := group.stages[Stage.SIGNING]).cases >= ENOUGH and stage.median
    ]
    ranked = sorted(known, key=lambda item: (item[0].seconds, not item[0].is_known), reverse=True)
    if len(ranked) < 2 or ranked[0][0].seconds == ranked[1][0].seconds:
        return None
    return ranked[0][1], ranked[0][0]


# ---------------------------------------------------------------- small cells


def suppress(rows: Sequence[Sequence[int]]) -> list[list[int | None]]:
    """Hide (None) what could tell a single case: counts under `FEW`, and others so that no row's sum betrays them.

    A row carries its total as its last cell. A row with a hidden cell hides at least two, one of them of
    `FEW` or more; a row of nothing but small counts is hidden whole.
    """
    return [_suppress_row(row) for row in rows]


def _suppress_row(row: Sequence[int]) -> list[int | None]:
    small = {place for place, count in enumerate(row) if 0 < count < FEW}
    if small and len(row) > 1:
        large = [place for place in range(len(row)) if row[place] >= FEW]
        # The total itself is the last to be given up: the smallest of the others goes with the small ones.
        ranked = sorted(large, key=lambda place: (place == len(row) - 1, row[place]))
        small |= set(ranked[:1]) if ranked else set(range(len(row)))
    return [None if place in small else count for place, count in enumerate(row)]
