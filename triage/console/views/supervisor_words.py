"""Figures in words: durations, shares, the opening sentence, and the address of the list behind each figure."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from config.text import format_day, text
from models.queries.figures import FigureFilter, Month, Outcome, Period, Stage, Step
from triage.console.words import Words
from triage.reports import ClockFigure, Duration, Figures, StageFigure, find_slowest_signer

MINUTE, HOUR, DAY = 60, 3600, 86400
NONE = "–"


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of a table: what is shown, and the list behind it."""

    shown: str
    href: str = ""
    is_late: bool = False


def say_duration(duration: Duration | None, locale: str) -> str:
    """不到 1 分钟, 35 分钟, 7.5 小时, 12.3 天; 超过 12.3 天 where it is not known how much more."""
    if duration is None:
        return NONE
    words = _say_seconds(duration.seconds, locale)
    return words if duration.is_known else text("oversight.duration.more", locale, duration=words)


def _say_seconds(seconds: int, locale: str) -> str:
    if seconds < MINUTE:
        return text("oversight.duration.no_time", locale)
    if seconds < HOUR:
        return _say("minutes", str(seconds // MINUTE), locale)
    if seconds < 2 * DAY:
        return _say("hours", _one_place(seconds / HOUR), locale)
    return _say("days", _one_place(seconds / DAY), locale)


def _say(unit: str, number: str, locale: str) -> str:
    return text(f"oversight.duration.{unit}", locale, count=1 if number == "1" else 2, number=number)


def _one_place(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def say_share(share: float | None) -> str:
    """92 %, rounded down at the top so that 100 % is said of all only."""
    if share is None:
        return NONE
    rounded = round(share * 100)
    return f"{99 if rounded == 100 and share < 1 else rounded}%"


def say_month(month: Month, locale: str) -> str:
    """2026年3月, Mar 2026."""
    return text(
        "oversight.month", locale, year=month.year, month=text(f"oversight.month_name.{month.number}", locale)
    )


def say_period(period: Period, locale: str) -> str:
    """2026年1月至2026年3月, or a single month."""
    first, last = say_month(period.first, locale), say_month(period.last, locale)
    return first if period.first == period.last else text("oversight.period", locale, first=first, last=last)


def list_address(figure: FigureFilter | None = None, *, view: str = "all", office_id: str = "") -> str:
    """Address of the list that shows exactly the cases of a figure."""
    query = {"view": view, "office": office_id, **(figure.write() if figure else {})}
    return f"/cases?{urlencode({name: value for name, value in query.items() if value})}"


@dataclass(frozen=True, slots=True)
class Cells:
    """Makes the cells of one group: of these months, of this office or of all."""

    words: Words
    period: Period
    office_id: str = ""

    def registered(self, cases: int) -> Cell:
        """Cases that came in."""
        return self._cell(cases, FigureFilter(registered=self.period))

    def breached(self, cases: int) -> Cell:
        """Cases that came in and missed some deadline since."""
        return self._cell(cases, FigureFilter(registered=self.period, has_breach=True), is_late=True)

    def stage_cases(self, stage: Stage, figure: StageFigure, step: Step | None) -> Cell:
        """Cases of a stage: through it, waiting in it, or all."""
        cases = {None: figure.cases, Step.DONE: figure.done, Step.WAITING: figure.waiting}[step]
        return self._cell(cases, FigureFilter(self.period, stage, step))

    def median(self, stage: Stage, figure: StageFigure) -> Cell:
        """The median of a stage, leading to all its cases."""
        return self._measure(say_duration(figure.median, self.words.locale), FigureFilter(self.period, stage))

    def ninth(self, stage: Stage, figure: StageFigure) -> Cell:
        """The ninth tenth of a stage."""
        return self._measure(say_duration(figure.ninth, self.words.locale), FigureFilter(self.period, stage))

    def outcome(self, rule_id: str, figure: ClockFigure, outcome: Outcome) -> Cell:
        """Cases in time, or late, by a rule."""
        cases = figure.late if outcome is Outcome.LATE else figure.on_time
        wanted = FigureFilter(rule=rule_id, due=self.period, outcome=outcome)
        return self._cell(cases, wanted, is_late=outcome is Outcome.LATE)

    def share(self, rule_id: str, figure: ClockFigure) -> Cell:
        """Share in time, leading to all cases that it is a share of."""
        return self._measure(say_share(figure.share), FigureFilter(rule=rule_id, due=self.period))

    def _cell(self, cases: int, figure: FigureFilter, *, is_late: bool = False) -> Cell:
        href = list_address(figure, office_id=self.office_id) if cases else ""
        return Cell(str(cases), href, is_late=is_late and cases > 0)

    def _measure(self, shown: str, figure: FigureFilter) -> Cell:
        return Cell(shown, "" if shown == NONE else list_address(figure, office_id=self.office_id))


def say_lead(figures: Figures, words: Words) -> str:
    """The first sentence: what falls due today, what is late, who signs slowest."""

    def part(name: str, count: int) -> str:
        return text(f"oversight.lead.{name}", words.locale, count=count) if count else _none(name)

    def _none(name: str) -> str:
        return text(f"oversight.lead.no_{name}", words.locale)

    load = figures.load
    values = {"today": part("today", load.due_today), "overdue": part("overdue", load.overdue)}
    sentence = text("oversight.lead.sentence", words.locale, **values)
    slowest = find_slowest_signer(figures) if not figures.wanted.office_id else None
    if slowest is None:
        return sentence
    office, duration = words.office(slowest[0]), say_duration(slowest[1], words.locale)
    return sentence + text("oversight.lead.slowest", words.locale, office=office, duration=duration)


def describe_figure(figure: FigureFilter, words: Words) -> str:
    """Which cases a list shows that was opened from a figure."""
    locale = words.locale
    parts: dict[str, str | None] = {
        "registered": say_period(figure.registered, locale) if figure.registered else None,
        "stage": text(f"oversight.stage_of.{figure.stage}.{figure.step or 'all'}", locale)
        if figure.stage
        else None,
        "rule": _rule_name(figure.rule, words) if figure.rule else None,
        "due": say_period(figure.due, locale) if figure.due else None,
        "outcome": text(f"oversight.outcome.{figure.outcome}", locale) if figure.outcome else None,
        "breach": "" if figure.has_breach else None,
        "until": _say_day(figure.until, locale) if figure.until else None,
    }
    said = [
        text(f"oversight.filter.{name}", locale, value=value)
        for name, value in parts.items()
        if value is not None
    ]
    return text("oversight.filter.joiner", locale).join(said)


def _rule_name(rule_id: str, words: Words) -> str:
    rule = next((rule for rule in words.catalog.deadlines if rule.id == rule_id), None)
    return rule.name.say(words.locale) if rule else rule_id


def _say_day(day: date, locale: str) -> str:
    return format_day(day, locale)
