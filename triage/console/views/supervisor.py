"""The supervisor's page: a sentence, figures that lead to their cases, charts; and the monthly workbook."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from aiohttp import hdrs, web

from config.catalog import Catalog
from config.clock import LOCAL
from config.web import Refusal, get_form, get_locale, get_query
from models.queries.figures import FigureFilter, Month, Outcome, Period, Stage, Step, end_of_day
from models.scope import Reach
from models.staff import Staff
from models.states import Role
from triage.console.context import DESK, Desk, show
from triage.console.rises import list_rise_rows
from triage.console.views.supervisor_charts import find_longest, find_top, make_chart, make_line
from triage.console.views.supervisor_words import (
    Cell,
    Cells,
    list_address,
    say_duration,
    say_lead,
    say_month,
    say_period,
    say_share,
)
from triage.console.words import Words
from triage.permissions import reach_of, scope_of
from triage.reports import OFFICE_RULES, RULES, Figures, Group, Wanted, collect_figures, read_wanted
from triage.workbook import MAKERS_PURPOSES, WORKBOOK_TYPE, export_monthly_workbook

SOON_WORKING_DAYS = 3
MONTHS_TO_CHOOSE = 36


async def show_figures(request: web.Request, staff: Staff) -> web.StreamResponse:
    """The figures of the months and the office that the address names."""
    desk, query, now = request.app[DESK], get_query(request), request.app[DESK].now()
    words = Words(desk.catalog, get_locale(request))
    scope = scope_of(staff.role, staff.office_id)
    offices = [office for office in desk.catalog.offices if scope in {None, office}]
    wanted = read_wanted({name: query.get(name) for name in query}, offices=offices, now=now)
    figures = await read_figures(desk, wanted, scope=reach_of(staff), now=now)
    return await show(
        request,
        staff,
        "oversight/supervisor.html",
        **make_page(figures, words, scope=scope, now=now),
        rises=await list_rise_rows(desk, words, scope=reach_of(staff), now=now) if scope is None else None,
        rise_days=desk.catalog.duplicates.rise.days,
    )


async def read_figures(desk: Desk, wanted: Wanted, *, scope: Reach, now: datetime) -> Figures:
    """All figures of the page."""
    today = now.astimezone(LOCAL).date()
    async with desk.db.read() as session:
        return await collect_figures(
            session,
            wanted,
            scope=scope,
            offices=list(desk.catalog.offices),
            now=now,
            today_ends=end_of_day(today),
            soon_ends=end_of_day(soon_day(desk.catalog, today)),
        )


def soon_day(catalog: Catalog, today: date) -> date:
    """The last of the days that count as soon."""
    return catalog.calendar.add_working_days(today, SOON_WORKING_DAYS)


async def download_workbook(request: web.Request, staff: Staff) -> web.StreamResponse:
    """The figures of a month as a workbook. Asks what for; the export is an event."""
    desk, form, now = request.app[DESK], get_form(request), request.app[DESK].now()
    month = Month.find(form.get("month"))
    if month is None or month > Month.of(now):
        raise Refusal(422, "oversight.month")
    if form.get("purpose") not in MAKERS_PURPOSES:
        raise Refusal(422, "oversight.purpose")
    content = await export_monthly_workbook(
        desk.db,
        month,
        desk.catalog,
        scope=scope_of(staff.role, staff.office_id),
        purpose=form.get("purpose"),
        by=staff,
        locale=get_locale(request),
        now=now,
    )
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="tipline-{month}.xlsx"'}
    return web.Response(body=content, content_type=WORKBOOK_TYPE, headers=headers)


# ---------------------------------------------------------------- what the template shows


def make_page(figures: Figures, words: Words, *, scope: str | None, now: datetime) -> dict[str, Any]:
    """Values of the template."""
    locale, wanted = words.locale, figures.wanted
    cells = Cells(words, wanted.period, wanted.office_id)
    return {
        "lead": say_lead(figures, words),
        "as_of": words.moment(now),
        "period": say_period(wanted.period, locale),
        "before": say_period(wanted.period.previous, locale),
        "wanted": {
            "from": str(wanted.period.first),
            "to": str(wanted.period.last),
            "office": wanted.office_id,
        },
        "months": _month_options(now, locale),
        "choices": _quick_choices(wanted, now, words),
        "offices": []
        if scope is not None
        else [{"value": "", "label": words("list.all_offices")}, *words.office_options()],
        "load": _load_figures(figures, words),
        "next_due": _next_due(figures, words, now=now),
        "stages": _stage_rows(figures, cells),
        "clocks": _clock_rows(figures, cells, now=now),
        "office_rows": _office_rows(figures, words) if not wanted.office_id else [],
        "office_rules": [words.clock(rule, now=now) for rule in OFFICE_RULES],
        "month_rows": _month_rows(figures, words),
        "charts": _charts(figures, words),
        "stage_words": [
            (words.text(f"oversight.stage.{stage}"), words.text(f"oversight.stage_meaning.{stage}"))
            for stage in Stage
        ],
        "purposes": [
            {"value": name, "label": words.text(f"oversight.workbook.purposes.{name}")}
            for name in MAKERS_PURPOSES
        ],
        "workbook_month": str(min(wanted.period.last, Month.of(now))),
    }


def _month_options(now: datetime, locale: str) -> list[dict[str, str]]:
    months = [Month.of(now).plus(-back) for back in range(MONTHS_TO_CHOOSE)]
    return [{"value": str(month), "label": say_month(month, locale)} for month in months]


def _quick_choices(wanted: Wanted, now: datetime, words: Words) -> list[dict[str, Any]]:
    this = Month.of(now)
    periods = {
        "this_month": Period(this, this),
        "last_month": Period(this.plus(-1), this.plus(-1)),
        "three_months": Period(this.plus(-2), this),
        "this_year": Period(Month(this.year, 1), this),
    }
    office = f"&office={wanted.office_id}" if wanted.office_id else ""
    return [
        {
            "label": words.text(f"oversight.choice.{name}"),
            "href": f"/supervisor?from={period.first}&to={period.last}{office}",
            "is_current": period == wanted.period,
        }
        for name, period in periods.items()
    ]


def _load_figures(figures: Figures, words: Words) -> list[dict[str, Any]]:
    load, office = figures.load, figures.wanted.office_id
    today, soon = (
        moment.astimezone(LOCAL).date()
        for moment in (figures.as_of, figures.soon_ends - timedelta(seconds=1))
    )
    rows = (
        ("open", load.open, list_address(view="open", office_id=office), ""),
        ("overdue", load.overdue, list_address(view="overdue", office_id=office), "late"),
        (
            "due_today",
            load.due_today,
            list_address(FigureFilter(until=today), view="open", office_id=office),
            "soon",
        ),
        (
            "due_soon",
            load.due_soon,
            list_address(FigureFilter(until=soon), view="open", office_id=office),
            "",
        ),
        ("to_approve", load.to_approve, list_address(view="result_filed", office_id=office), ""),
        (
            "breached",
            load.breached,
            list_address(FigureFilter(has_breach=True), view="open", office_id=office),
            "",
        ),
    )
    return [
        {
            "label": words.text(f"oversight.load.{name}"),
            "value": value,
            "href": href,
            "kind": kind if value else "",
        }
        for name, value, href, kind in rows
    ]


def _next_due(figures: Figures, words: Words, *, now: datetime) -> list[dict[str, Any]]:
    rows = []
    for row in figures.next_due:
        left, tone = words.left(row.rule_id, row.due_at, now=now)
        rows.append(
            {
                "number": row.number,
                "office": words.office(row.office_id),
                "clock": words.clock(row.rule_id, now=now),
                "due": words.due(row.due_at),
                "left": left,
                "tone": tone,
            }
        )
    return rows


def _stage_rows(figures: Figures, cells: Cells) -> list[dict[str, Any]]:
    now, locale = figures.now.stages, cells.words.locale
    longest = find_longest([(now[stage].median, now[stage].ninth) for stage in Stage])
    return [
        {
            "name": cells.words.text(f"oversight.stage.{stage}"),
            "done": cells.stage_cases(stage, now[stage], Step.DONE),
            "waiting": cells.stage_cases(stage, now[stage], Step.WAITING),
            "median": cells.median(stage, now[stage]),
            "ninth": cells.ninth(stage, now[stage]),
            "before": say_duration(figures.before.stages[stage].median, locale),
            "line": make_line(now[stage].median, now[stage].ninth, longest=longest),
        }
        for stage in Stage
    ]


def _clock_rows(figures: Figures, cells: Cells, *, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "name": cells.words.clock(rule, now=now),
            "on_time": cells.outcome(rule, figures.now.clocks[rule], Outcome.ON_TIME),
            "late": cells.outcome(rule, figures.now.clocks[rule], Outcome.LATE),
            "share": cells.share(rule, figures.now.clocks[rule]),
            "before": say_share(figures.before.clocks[rule].share),
        }
        for rule in RULES
    ]


def _office_rows(figures: Figures, words: Words) -> list[dict[str, Any]]:
    groups = figures.by_office
    longest = find_longest([(group.stages[Stage.SIGNING].median, None) for group in groups.values()])
    return [
        {
            "name": words.office(office),
            "href": f"/supervisor?from={figures.wanted.period.first}&to={figures.wanted.period.last}&office={office}",
            "open": _load_cell(figures.loads[office].open, "open", office),
            "overdue": _load_cell(figures.loads[office].overdue, "overdue", office),
            "line": make_line(group.stages[Stage.SIGNING].median, None, longest=longest),
            **_group_cells(group, Cells(words, figures.wanted.period, office)),
        }
        for office, group in groups.items()
    ]


def _load_cell(cases: int, view: str, office_id: str) -> Cell:
    href = list_address(view=view, office_id=office_id) if cases else ""
    return Cell(str(cases), href, is_late=view == "overdue" and cases > 0)


def _month_rows(figures: Figures, words: Words) -> list[dict[str, Any]]:
    rows = []
    for written, group in reversed(list(figures.by_month.items())):
        month = Month.find(written) or figures.wanted.period.last
        cells = Cells(words, Period(month, month), figures.wanted.office_id)
        is_before = month < figures.wanted.period.first
        rows.append(
            {"name": say_month(month, words.locale), "is_before": is_before, **_group_cells(group, cells)}
        )
    return rows


def _group_cells(group: Group, cells: Cells) -> Mapping[str, Any]:
    signing, result, whole = (group.stages[stage] for stage in (Stage.SIGNING, Stage.RESULT, Stage.WHOLE))
    return {
        "registered": cells.registered(group.registered),
        "breached": cells.breached(group.breached),
        "signing": cells.median(Stage.SIGNING, signing),
        "result": cells.median(Stage.RESULT, result),
        "whole": cells.median(Stage.WHOLE, whole),
        "shares": [cells.share(rule, group.clocks[rule]) for rule in OFFICE_RULES],
    }


def _charts(figures: Figures, words: Words) -> list[dict[str, Any]]:
    shown = {
        office: rows
        for office, rows in figures.series.items()
        if not figures.wanted.office_id or office == figures.wanted.office_id
    }
    top = find_top(list(shown.values()))
    return [
        {
            "id": f"chart-{office}",
            "name": words.office(office),
            "chart": make_chart(rows, top=top),
            "months": [
                say_month(Month.find(row.month) or figures.wanted.period.last, words.locale) for row in rows
            ],
        }
        for office, rows in shown.items()
    ]


FIGURE_READERS = frozenset({Role.SUPERVISOR, Role.LEAD})
