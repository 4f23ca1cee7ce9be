"""The monthly report as a workbook: the figures of the supervisor's page, laid out to be printed and passed on.

It leaves the house, so it says less than the page: no case numbers, no words of anybody, and in breakdowns
no cell from which one could tell a single case (`suppress`). Every export is an audit event with its
purpose; who made it and when stands on every printed sheet.
"""

import asyncio
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from config.clock import LOCAL
from config.text import format_date, text
from models.audit import record_event
from models.queries.figures import Month, Period, Stage, end_of_day
from models.queries.reports import CaseFacts, count_tips_by_channel, list_case_facts
from models.session import Database
from models.staff import Staff
from models.states import CaseState, Channel, Verdict
from triage.reports import (
    ENOUGH,
    OFFICE_RULES,
    RULES,
    Duration,
    Figures,
    Group,
    Wanted,
    collect_figures,
    suppress,
)
from triage.workbook_sheets import (
    DAYS,
    HIDDEN,
    MORE_DAYS,
    NONE,
    SHARE,
    Number,
    Sheet,
    Table,
    write_workbook,
)

WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAKERS_PURPOSES = ("routine", "asked", "research")
"""What a workbook is wanted for: words in `oversight.workbook.purposes`."""
SOON_WORKING_DAYS = 3
DAY_SECONDS = 86400


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that goes into the workbook."""

    month: Month
    figures: Figures
    facts: Sequence[CaseFacts]
    channels: Mapping[str, int]
    made_by: str
    purpose: str


async def export_monthly_workbook(
    db: Database,
    month: Month,
    catalog: Catalog,
    *,
    scope: str | None,
    purpose: str,
    by: Staff | None,
    locale: str,
    now: datetime,
) -> bytes:
    """The workbook, and the audit event that says who took it and what for. `by=None`: from the command line."""
    async with db.read() as session:
        content = await make_monthly_workbook(
            session, month, catalog, scope=scope, purpose=purpose, by=by, locale=locale, now=now
        )
    async with db.begin() as session:
        record_event(
            session,
            "report_exported",
            at=now,
            by=by.id if by else None,
            month=str(month),
            purpose=purpose,
            scope="all" if scope is None else scope,
            digest=hashlib.sha256(content).hexdigest(),
        )
    return content


async def make_monthly_workbook(
    session: AsyncSession,
    month: Month,
    catalog: Catalog,
    *,
    scope: str | None,
    purpose: str,
    by: Staff | None,
    locale: str,
    now: datetime,
) -> bytes:
    """The bytes of the workbook of a month, as far as `scope` reaches."""
    today = now.astimezone(LOCAL).date()
    offices = [office for office in catalog.offices if scope in {None, office}]
    period = Period(month, month)
    figures = await collect_figures(
        session,
        Wanted(period),
        scope=scope,
        offices=offices,
        now=now,
        today_ends=end_of_day(today),
        soon_ends=end_of_day(catalog.calendar.add_working_days(today, SOON_WORKING_DAYS)),
    )
    facts = await list_case_facts(session, period, offices=offices)
    channels = await count_tips_by_channel(session, period) if scope is None else {}
    made_by = by.name if by else text("oversight.workbook.command_line", locale)
    report = Report(month, figures, facts, channels, made_by, purpose)
    return await asyncio.to_thread(_build, report, catalog, locale)


def _build(report: Report, catalog: Catalog, locale: str) -> bytes:
    say = _Say(catalog, locale)
    sheets = {
        "overview": [_overview(report, say), _load(report, say)],
        "stages": [_stages(report, say)],
        "clocks": [_clocks(report, say)],
        "offices": [_offices(report, say), _handling(report, say)],
        "clauses": [_clauses(report, say), *([_channels(report, say)] if report.channels else [])],
    }
    sheets["meaning"] = [_meaning(say, _fingerprint(sheets))]
    when = format_date(report.figures.as_of, locale)
    purpose = text(f"oversight.workbook.purposes.{report.purpose}", locale)
    made, foot = (
        say("made", when=when, who=report.made_by, purpose=purpose),
        say("footer", when=when, who=report.made_by),
    )
    written = []
    for key, tables in sheets.items():
        name = say(f"sheet.{key}")
        title = say("title", month=say.month(report.month), sheet=name)
        written.append(Sheet(name, title, made, foot, tables))
    return write_workbook(written, made_at=report.figures.as_of)


# ---------------------------------------------------------------- tables


@dataclass(frozen=True, slots=True)
class _Say:
    """Words of the workbook in one language."""

    catalog: Catalog
    locale: str

    def __call__(self, key: str, **values: object) -> str:
        return text(f"oversight.workbook.{key}", self.locale, **values)

    def word(self, key: str) -> str:
        return text(key, self.locale)

    def month(self, month: Month) -> str:
        name = text(f"oversight.month_name.{month.number}", self.locale)
        return text("oversight.month", self.locale, year=month.year, month=name)

    def office(self, office_id: str) -> str:
        office = self.catalog.offices.get(office_id)
        return office.short_name[self.locale] if office else office_id

    def rule(self, rule_id: str, at: datetime) -> str:
        try:
            return self.catalog.deadline_in_force(rule_id, at).name.say(self.locale)
        except LookupError:
            return rule_id


def _days(duration: Duration | None) -> str | Number:
    if duration is None:
        return NONE
    return Number(duration.seconds / DAY_SECONDS, DAYS if duration.is_known else MORE_DAYS)


def _share(share: float | None) -> str | Number:
    return NONE if share is None else Number(share, SHARE)


def _rate(part: int, whole: int) -> str | Number:
    return Number(part / whole, SHARE) if whole >= ENOUGH else NONE


def _overview(report: Report, say: _Say) -> Table:
    figures = report.figures
    table = Table(say("table.overview"), [say("head.item"), say("head.this_month"), say("head.month_before")])
    table.rows += [
        (say("row.registered"), Number(figures.now.registered), Number(figures.before.registered)),
        (say("row.breached"), Number(figures.now.breached), Number(figures.before.breached)),
    ]
    for stage in (Stage.SIGNING, Stage.RESULT, Stage.WHOLE):
        name = say("row.median", stage=say.word(f"oversight.stage.{stage}"))
        table.rows.append(
            (name, _days(figures.now.stages[stage].median), _days(figures.before.stages[stage].median))
        )
    for rule in OFFICE_RULES:
        name = say("row.share", clock=say.rule(rule, figures.as_of))
        table.rows.append(
            (name, _share(figures.now.clocks[rule].share), _share(figures.before.clocks[rule].share))
        )
    return table


def _load(report: Report, say: _Say) -> Table:
    names = ("open", "overdue", "due_today", "due_soon", "to_approve", "breached")
    table = Table(
        say("table.load"), [say("head.office"), *(say.word(f"oversight.load.{name}") for name in names)]
    )
    for office, load in report.figures.loads.items():
        table.rows.append((say.office(office), *(Number(getattr(load, name)) for name in names)))
    table.rows.append((say("row.together"), *(Number(getattr(report.figures.load, name)) for name in names)))
    return table


def _stages(report: Report, say: _Say) -> Table:
    heads = ("stage", "done", "waiting", "median", "ninth", "median_before")
    table = Table(say("table.stages"), [say(f"head.{name}") for name in heads], remark=say("remark.stages"))
    for stage in Stage:
        now, before = report.figures.now.stages[stage], report.figures.before.stages[stage]
        name = say.word(f"oversight.stage.{stage}")
        numbers = (
            Number(now.done),
            Number(now.waiting),
            _days(now.median),
            _days(now.ninth),
            _days(before.median),
        )
        table.rows.append((name, *numbers))
    return table


def _clocks(report: Report, say: _Say) -> Table:
    heads = ("clock", "on_time", "late", "share", "share_before")
    table = Table(say("table.clocks"), [say(f"head.{name}") for name in heads], remark=say("remark.clocks"))
    for rule in RULES:
        now, before = report.figures.now.clocks[rule], report.figures.before.clocks[rule]
        name = say.rule(rule, report.figures.as_of)
        table.rows.append(
            (name, Number(now.on_time), Number(now.late), _share(now.share), _share(before.share))
        )
    return table


def _offices(report: Report, say: _Say) -> Table:
    rules = [say("row.share", clock=say.rule(rule, report.figures.as_of)) for rule in OFFICE_RULES]
    stages = [say("row.median", stage=say.word(f"oversight.stage.{stage}")) for stage in _OFFICE_STAGES]
    heads = [say("head.office"), say("row.registered"), say("row.breached"), *stages, *rules]
    table = Table(say("table.offices"), heads, remark=say("remark.offices"))
    groups = {**report.figures.by_office, "": report.figures.now}
    for office, group in groups.items():
        table.rows.append((say.office(office) if office else say("row.together"), *_group_numbers(group)))
    return table


_OFFICE_STAGES = (Stage.SIGNING, Stage.RESULT, Stage.WHOLE)


def _group_numbers(group: Group) -> list[str | Number]:
    medians = [_days(group.stages[stage].median) for stage in _OFFICE_STAGES]
    shares = [_share(group.clocks[rule].share) for rule in OFFICE_RULES]
    return [Number(group.registered), Number(group.breached), *medians, *shares]


def _handling(report: Report, say: _Say) -> Table:
    """How the cases of the month stand: accepted, refused, verified and with what result."""
    heads = ("office", "accepted", "refused", "transferred", "answered", "verified", "proven_rate")
    table = Table(
        say("table.handling"), [say(f"head.{name}") for name in heads], remark=say("remark.handling")
    )
    for office in [*report.figures.by_office, ""]:
        facts = [fact for fact in report.facts if office in {"", fact.office_id}]
        table.rows.append((say.office(office) if office else say("row.together"), *_handling_numbers(facts)))
    return table


def _handling_numbers(facts: Sequence[CaseFacts]) -> list[str | Number]:
    verified = [fact for fact in facts if fact.verdict and fact.is_approved]
    proven = [fact for fact in verified if fact.verdict in {Verdict.PROVEN, Verdict.PARTLY_PROVEN}]
    counts = (
        sum(fact.is_accepted for fact in facts),
        sum(fact.state == CaseState.REFUSED for fact in facts),
        sum(fact.state == CaseState.TRANSFERRED for fact in facts),
        sum(fact.is_answered for fact in facts),
        len(verified),
    )
    return [*map(Number, counts), _rate(len(proven), len(verified))]


def _clauses(report: Report, say: _Say) -> Table:
    """Cases by clause and office; what could tell a single case is hidden, together with what would betray it."""
    offices = list(report.figures.by_office)
    clauses = [
        clause for clause in say.catalog.clauses if any(clause in fact.clauses for fact in report.facts)
    ]
    counts = [
        [
            sum(clause in fact.clauses and fact.office_id == office for fact in report.facts)
            for office in offices
        ]
        for clause in clauses
    ]
    shown = suppress([[*row, sum(row)] for row in counts])
    heads = [say("head.clause"), *(say.office(office) for office in offices), say("row.together")]
    table = Table(say("table.clauses"), heads, remark=say("remark.clauses"))
    for clause, row in zip(clauses, shown, strict=True):
        name = f"{clause} {say.catalog.clauses[clause].short(say.locale)}"
        table.rows.append((name, *(HIDDEN if count is None else Number(count) for count in row)))
    return table


def _channels(report: Report, say: _Say) -> Table:
    table = Table(say("table.channels"), [say("head.channel"), say("head.tips")])
    shown = suppress([[report.channels.get(channel, 0)] for channel in Channel])
    for channel, (count,) in zip(Channel, shown, strict=True):
        table.rows.append((say.word(f"states.channel.{channel}"), HIDDEN if count is None else Number(count)))
    return table


def _meaning(say: _Say, fingerprint: str) -> Table:
    table = Table(say("table.meaning"), [say("head.term"), say("head.meaning")])
    for stage in Stage:
        table.rows.append(
            (say.word(f"oversight.stage.{stage}"), say.word(f"oversight.stage_meaning.{stage}"))
        )
    for name in ("period", "median", "ninth", "waiting", "clocks", "few", "office", "hidden"):
        table.rows.append(
            (say.word(f"oversight.meaning.{name}.term"), say.word(f"oversight.meaning.{name}.words"))
        )
    table.rows.append((say("row.fingerprint"), say("row.fingerprint_meaning", fingerprint=fingerprint)))
    return table


def _fingerprint(sheets: Mapping[str, Iterable[Table]]) -> str:
    """Tells whether two workbooks show the same figures."""
    values = [
        [cell.value if isinstance(cell, Number) else cell for cell in row]
        for tables in sheets.values()
        for table in tables
        for row in table.rows
    ]
    return hashlib.sha256(json.dumps(values, ensure_ascii=True).encode()).hexdigest()[:16]
