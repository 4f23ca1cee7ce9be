"""The working calendar: what is known, and taking the notice of a new year in two steps, each without scripts."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from aiohttp import web

from config.calendar_notice import NoticeError
from config.calendars import DAY, Calendar, day_of
from config.text import format_month_day, text
from config.web import Form, get_form, get_locale, get_query, see_other
from models.administration import CalendarYear
from models.calendar_news import take_stored_calendar
from models.queries.calendars import list_notices
from models.staff import Staff
from triage.calendar_import import CalendarMovedError, Preview, apply_notice, preview_notice
from triage.calendar_words import say_change, say_problem, say_shift
from triage.console.context import DESK, Desk, show
from triage.console.words import Words

SHOWN_CLOCKS = 200
ENCODINGS = ("utf-8-sig", "gb18030")
"""As notices are saved by editors here."""


async def show_calendar(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Years that are known, and the form for a notice."""
    done = get_query(request).get("done")
    return await _show(request, staff, {}, done="applied" if done == "applied" else "")


async def preview(request: web.Request, staff: Staff) -> web.StreamResponse:
    """What the notice would change; nothing is stored yet."""
    desk, written = request.app[DESK], _read_written(get_form(request))
    try:
        found = await preview_notice(desk.db, written, catalog=desk.catalog, now=desk.now())
    except NoticeError as error:
        return await _refuse(request, staff, error, written)
    return await _show_preview(request, staff, found, written, {})


async def apply(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Store the notice as it was previewed."""
    desk, form = request.app[DESK], get_form(request)
    written, source = _read_written(form), form.get("source")
    try:
        found = await preview_notice(desk.db, written, catalog=desk.catalog, now=desk.now())
    except NoticeError as error:
        return await _refuse(request, staff, error, written)
    words = Words(desk.catalog, get_locale(request))
    if found.before != form.get("before"):
        banner = words.text("administration.calendar.moved_meanwhile")
        return await _show_preview(request, staff, found, written, {}, banner=banner, source=source)
    try:
        await apply_notice(desk.db, found, source=source, by=staff, catalog=desk.catalog, now=desk.now())
    except CalendarMovedError:
        banner = words.text("administration.calendar.moved_meanwhile")
        return await _show_preview(request, staff, found, written, {}, banner=banner, source=source)
    except NoticeError as error:
        errors = {"source": say_problem(error.problems[0], words.locale)}
        return await _show_preview(request, staff, found, written, errors, source=source)
    return see_other("/admin/calendar?done=applied")


def _read_written(form: Form) -> str:
    """The file if one was chosen, else what was pasted. A file in no encoding of ours is read as far as it goes."""
    for upload in form.files("file"):
        content = upload.read()
        for encoding in ENCODINGS:
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                continue
        return content.decode("utf-8", errors="replace")
    return form.get("notice")


async def _refuse(request: web.Request, staff: Staff, error: NoticeError, written: str) -> web.StreamResponse:
    locale = get_locale(request)
    problems = [say_problem(problem, locale) for problem in error.problems]
    return await _show(request, staff, {"notice": problems[0]}, problems=problems, written=written)


async def _show(
    request: web.Request,
    staff: Staff,
    errors: dict[str, str],
    *,
    problems: Sequence[str] = (),
    written: str = "",
    done: str = "",
) -> web.StreamResponse:
    desk, locale = request.app[DESK], get_locale(request)
    await take_stored_calendar(desk.db, desk.catalog)
    async with desk.db.read() as session:
        notices = await list_notices(session)
    calendar, today = desk.catalog.calendar, day_of(desk.now())
    return await show(
        request,
        staff,
        "administration/calendar.html",
        status=422 if errors else 200,
        errors=errors,
        problems=problems,
        written=written,
        done=done,
        known=(calendar.first_year, calendar.last_year),
        wanted=calendar.last_year + 1 if calendar.last_year <= today.year else 0,
        years=_say_years(calendar, notices, today.year, locale),
        notices=[_say_notice(row, name, locale) for row, name in notices],
    )


def _say_years(
    calendar: Calendar, notices: Sequence[tuple[CalendarYear, str | None]], since: int, locale: str
) -> list[dict[str, Any]]:
    stored = {row.year for row, _ in notices}
    return [
        {
            "year": year,
            "holidays": _say_holidays(calendar, year, locale),
            "made_up": [
                format_month_day(day, locale) for day in sorted(calendar.made_up) if day.year == year
            ],
            "is_stored": year in stored,
        }
        for year in range(calendar.last_year, since - 2, -1)
        if calendar.covers(year)
    ]


def _say_holidays(calendar: Calendar, year: int, locale: str) -> list[str]:
    """Days off, those of one holiday in a row together."""
    days = sorted((day, name) for day, name in calendar.days_off.items() if day.year == year)
    said = []
    for (name, _), group in groupby(
        enumerate(days), key=lambda pair: (pair[1][1], pair[1][0] - pair[0] * DAY)
    ):
        run = [day for _, (day, _) in group]
        ends = [format_month_day(day, locale) for day in (run[0], run[-1])]
        span = ends[0] if run[0] == run[-1] else text("deadlines.run", locale, first=ends[0], last=ends[1])
        said.append(
            text(
                "administration.calendar.holiday_line",
                locale,
                name=text(f"deadlines.holiday.{name}", locale),
                days=span,
            )
        )
    return said


def _say_notice(row: CalendarYear, name: str | None, locale: str) -> dict[str, Any]:
    who = name or text("administration.command_line", locale)
    return {"year": row.year, "source": row.source, "who": who, "at": row.stored_at}


async def _show_preview(
    request: web.Request,
    staff: Staff,
    found: Preview,
    written: str,
    errors: dict[str, str],
    *,
    banner: str = "",
    source: str = "",
) -> web.StreamResponse:
    desk, locale = request.app[DESK], get_locale(request)
    return await show(
        request,
        staff,
        "administration/calendar_preview.html",
        status=422 if errors else 409 if banner else 200,
        errors=errors,
        banner=banner,
        written=written,
        source=source,
        before=found.before,
        years=text("deadlines.joiner", locale).join(str(entry.year) for entry in found.years),
        changes=[say_change(change, locale) for change in found.changes],
        clocks=_say_clocks(desk, found, locale),
        clock_count=len(found.shifts),
        case_count=found.count_cases(),
        late_count=found.count_late(desk.now()),
        settled=found.settled,
    )


def _say_clocks(desk: Desk, found: Preview, locale: str) -> list[dict[str, str | bool]]:
    return [say_shift(shift, desk.catalog, locale, now=desk.now()) for shift in found.shifts[:SHOWN_CLOCKS]]
