"""Taking in the notice of a year: what it moves is told before, done after, and known to every process."""

import asyncio
from datetime import date, datetime

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from config.calendar_notice import NoticeError
from config.calendars import LOCAL
from config.catalog import load_catalog
from models.audit import record_event
from models.calendar_news import follow_calendar, take_stored_calendar
from models.case import Deadline
from models.event import Event
from models.states import CaseState
from tests.config.test_calendar_notice import YAML_2027
from tests.factories import make_case
from triage.calendar_import import CalendarMovedError, apply_notice, preview_notice
from triage.clocks import start_clock
from triage.recounting import CalendarWatch

START = datetime(2027, 2, 3, 10, 0, tzinfo=LOCAL)
NOW = datetime(2027, 1, 4, 9, 0, tzinfo=LOCAL)


async def registered(db, catalog, *, started_at=START):
    """A case whose first clock counts working days over the Spring Festival of 2027."""
    async with db.begin() as session:
        case = await make_case(session, CaseState.REGISTERED, "city", due_in=None)
        record_event(session, "case_opened", at=started_at, case_id=case.id)
        await start_clock(session, case, "D03", event="registered", started_at=started_at, catalog=catalog)
    return case


async def due_of(db, case) -> Deadline:
    async with db.read() as session:
        return (await session.scalars(select(Deadline).where(Deadline.case_id == case.id))).one()


async def test_what_the_preview_tells_is_what_happens_and_nothing_else(db):
    catalog = load_catalog()
    moved = await registered(db, catalog)
    stays = await registered(db, catalog, started_at=datetime(2027, 1, 4, 10, 0, tzinfo=LOCAL))
    before = (await due_of(db, moved)).due_at
    watch = CalendarWatch(db, catalog)
    found = await preview_notice(db, YAML_2027, catalog=catalog, now=NOW)
    assert [(shift.number, shift.before) for shift in found.shifts] == [(moved.number, before)]
    assert found.settled == 1, "the other keeps its date, which is certain now"
    assert (await due_of(db, moved)).due_at == before, "a preview changes nothing"

    await apply_notice(db, found, source="国办发明电〔2026〕9号", by=None, catalog=catalog, now=NOW)
    await watch.look(NOW)
    await watch.look(NOW)
    row = await due_of(db, moved)
    assert row.due_at == found.shifts[0].after
    assert (row.is_estimate, (await due_of(db, stays)).is_estimate) == (False, False)
    async with db.read() as session:
        events = (await session.scalars(select(Event).order_by(Event.position))).all()
    told = [event for event in events if event.kind == "clock_shifted"]
    assert [(event.case_id, event.data["before"]) for event in told] == [(moved.id, before.isoformat())]
    (imported,) = [event for event in events if event.kind == "calendar_imported"]
    assert imported.reason == "国办发明电〔2026〕9号"
    assert (imported.data["years"], imported.data["clocks"]) == ([2027], 1)


async def test_every_process_counts_by_it_without_a_new_start(db):
    here, elsewhere = load_catalog(), load_catalog()
    following = asyncio.create_task(follow_calendar(db, elsewhere, seconds=0.01))
    found = await preview_notice(db, YAML_2027, catalog=here, now=NOW)
    await apply_notice(db, found, source="通知", by=None, catalog=here, now=NOW)
    async with asyncio.timeout(5):
        while not elsewhere.calendar.covers(2027):
            await asyncio.sleep(0.01)
    following.cancel()
    assert elsewhere.calendar.version == here.calendar.version
    later = load_catalog()
    await take_stored_calendar(db, later)
    assert later.calendar.version == here.calendar.version
    assert later.version == here.version, "by which rules tips are read has nothing to do with it"


async def test_the_last_of_two_notices_counts_and_what_is_known_is_not_taken_twice(db):
    catalog = load_catalog()
    first = await preview_notice(db, YAML_2027, catalog=catalog, now=NOW)
    await apply_notice(db, first, source="通知", by=None, catalog=catalog, now=NOW)
    with pytest.raises(NoticeError) as refusal:
        await preview_notice(db, YAML_2027, catalog=catalog, now=NOW)
    assert [problem.key for problem in refusal.value.problems] == ["nothing_new"]
    mended = YAML_2027.replace("[02-13, ", "[02-14, ")
    second = await preview_notice(db, mended, catalog=catalog, now=NOW)
    assert [change.day for change in second.changes] == [date(2027, 2, 13), date(2027, 2, 14)]
    await apply_notice(db, second, source="更正", by=None, catalog=catalog, now=NOW)
    assert catalog.calendar.is_working_day(date(2027, 2, 14))
    with pytest.raises(CalendarMovedError):
        await apply_notice(db, first, source="通知", by=None, catalog=catalog, now=NOW)


def test_the_command_line_tells_first_and_stores_on_demand(tmp_path, monkeypatch):
    from tipline import main

    file = tmp_path / "2027.yaml"
    file.write_text(YAML_2027, encoding="utf-8")
    monkeypatch.setenv("TIPLINE_DATA", str(tmp_path / "data"))
    run = CliRunner().invoke
    assert run(main, ["db", "upgrade"]).exit_code == 0
    trial = run(main, ["calendar", "import", str(file), "--dry-run"])
    assert (trial.exit_code, "Nothing was stored" in trial.output) == (0, True), trial.output
    assert "2027  " not in run(main, ["calendar", "show"]).output
    assert run(main, ["calendar", "import", str(file)]).exit_code == 1, "without the source it is not stored"
    assert run(main, ["calendar", "import", str(file), "--source", "国办发明电〔2026〕9号"]).exit_code == 0
    assert "2027  国办发明电〔2026〕9号" in run(main, ["calendar", "show"]).output
    monkeypatch.setattr("tipline.now", lambda: datetime(2026, 12, 5, 9, 0, tzinfo=LOCAL))
    assert "2027 is missing" not in run(main, ["check"]).output
    again = run(main, ["calendar", "import", str(file), "--source", "same"])
    assert (again.exit_code, "exactly what is known" in again.output) == (1, True)
