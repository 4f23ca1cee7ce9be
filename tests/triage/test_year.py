"""A short simulated year keeps every promise, and the proof finds each kind of break."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.intake import receive_message, receive_tip
from config.calendars import day_of
from config.catalog import load_catalog
from config.clock import LOCAL
from config.rulefile import CONFIG
from models.queries.whole import Whole, read_whole
from models.session import Database
from triage.bench import BenchFailedError
from triage.language import load_classifier
from triage.year import Doors, Year, find_violations, proof, run_year_bench
from triage.year.life import Diary
from triage.year.oracle import Wall, count, read_rules

YEAR = Year(seed=3, since=datetime(2025, 11, 3, tzinfo=LOCAL), days=130)
"""The late notice of 2026, New Year with its make-up day, the long Spring Festival."""
CASES = 40


async def live(url: str, *, year: Year = YEAR, cases: int = CASES, **options: object) -> dict[str, object]:
    catalog = load_catalog()
    doors = Doors(
        receive_tip=receive_tip, receive_message=receive_message, classifier=load_classifier(catalog)
    )
    return await run_year_bench(catalog=catalog, doors=doors, year=year, cases=cases, database=url, **options)


@pytest.mark.timeout(600)
async def test_a_short_year_breaks_no_promise_and_each_break_would_be_found(tmp_path: Path) -> None:
    seen: list[int] = []
    url = f"sqlite+aiosqlite:///{tmp_path}/tipline.db"
    figures = await live(url, progress=lambda done, _total: seen.append(done))
    assert figures["first_violations"] == {}
    assert list(find_violations(figures)) == []
    assert figures["cases"] == CASES
    assert figures["clocks_shifted"] > 0
    assert figures["steps"]["deadline_escalated"] > 20
    assert figures["sweeps_killed"] > 0
    assert (seen[0] < 15, seen[-1]) == (True, YEAR.days)
    with pytest.raises(BenchFailedError):
        await live(url)
    db = Database(url)
    try:
        async with db.read() as session:
            whole = await read_whole(session)
    finally:
        await db.close()
    _check_breaks_are_found(whole)


@pytest.mark.timeout(600)
async def test_two_schedulers_at_once_on_postgresql_take_each_step_once(make_database) -> None:
    year = Year(seed=4, since=datetime(2025, 12, 8, tzinfo=LOCAL), days=40)
    figures = await live(make_database("postgresql"), year=year, cases=12)
    assert figures["first_violations"] == {}
    assert figures["steps"]["deadline_warned"] > 5


def _check_breaks_are_found(whole: Whole) -> None:
    """Each row is bent by hand, outside any session, and straightened again."""
    oracle, until = YEAR.oracle, YEAR.until

    def clocks() -> list[str]:
        return [*proof.check_clocks(proof.gather(whole, oracle))]

    def steps(changed: Whole) -> list[str]:
        return [*proof.check_steps(proof.gather(changed, oracle), oracle, until=until)]

    assert clocks() == steps(whole) == []
    row = next(one for one in whole.deadlines if one.rule_id == "D10")
    row.due_at += timedelta(days=1)
    assert len(clocks()) == 1
    row.due_at -= timedelta(days=1)
    step = next(one for one in whole.events if one.kind == "deadline_warned")
    without = replace(whole, events=[one for one in whole.events if one is not step])
    assert any("did not happen" in line for line in steps(without))
    twice = replace(whole, events=[*whole.events, step])
    assert any("not once more" in line for line in steps(twice))

    lives = proof.gather(whole, oracle)
    notice = next(one for one in whole.notices if one.staff_id and one.case_id)
    offices = {person.id: person.office_id for person in whole.staff}
    of_case = {case.id: case.office_id for case in whole.cases}
    strangers = [one for one, office in offices.items() if office not in {"city", of_case[notice.case_id]}]
    rightly, found = notice.staff_id, 0
    for notice.staff_id in strangers:  # an office that had the case before may have been told
        found += any("did not have the case" in line for line in proof.check_notices(whole, lives))
    assert found > len(strangers) / 2
    notice.staff_id = rightly
    told = [one for one in whole.notices if one.kind == "deadline_warning"][:4]
    before = [(one.staff_id, one.created_at, one.channel) for one in told]
    for one in told:
        one.staff_id, one.created_at, one.channel = before[0]
    assert any("4 notices" in line for line in proof.check_storms(whole, Diary()))

    diary = Diary(receipts=[(tip.number, tip.received_at) for tip in whole.tips])
    assert [*proof.check_tips(whole, lives, diary)] == []
    lost = replace(whole, tips=whole.tips[1:])
    assert any("exists 0 times" in line for line in proof.check_tips(lost, lives, diary))
    signed = next(one for one in whole.events if one.kind == "signed_for")
    jumped = replace(whole, events=[one for one in whole.events if one is not signed])
    assert [*proof.check_states(proof.gather(jumped, oracle))]


@pytest.mark.parametrize(
    ("rule_id", "start", "due"),
    [
        ("D10", "2021-12-01", "2022-01-30"),
        ("D10", "2021-12-03", "2022-02-07"),
        ("D03", "2022-01-28", "2022-02-07"),
        ("D15", "2022-03-04", "2022-03-07"),
    ],
)
def test_the_oracle_knows_the_golden_dates(rule_id: str, start: str, due: str) -> None:
    rules = {rule["id"]: rule for rule in read_rules(CONFIG / "deadlines.yaml")}
    wall = Wall(CONFIG / "calendars" / "cn.yaml", last_year=9999)
    begun = datetime.fromisoformat(start).replace(hour=10, tzinfo=LOCAL)
    assert str(day_of(count(rules[rule_id], begun, wall))) == due


def test_the_oracle_shares_no_code_with_what_it_judges() -> None:
    source = Path(proof.__file__).with_name("oracle.py").read_text(encoding="utf-8")
    assert not [line for line in source.splitlines() if line.startswith(("from triage", "from config"))]
