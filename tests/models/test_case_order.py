"""Lists of cases in every order: no row is lost or told twice between pages, and no page walks through all cases."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import event, text

from models.audit import record_event
from models.case import NO_CLOCK, Case
from models.numbers import make_case_number
from models.queries.bulk import insert_rows
from models.queries.case_order import Order
from models.queries.cases import CaseFilter, count_cases, list_cases
from models.session import Database, alembic_config
from models.states import CaseState
from tests.factories import NOW, make_case, make_tip

SORTS = ("due", "-due", "received", "-received", "number", "-number", "acted", "-acted")
MANY = 6000


async def fill(db: Database, *, count: int, open_share: float = 0.1) -> None:
    """Cases whose moments often fall together, most of them ended, as after years of work."""
    rng = random.Random(5)
    async with db.begin() as session:
        case = await make_case(session, due_in=None)
        plain = {column.name: getattr(case, column.name) for column in Case.__table__.columns}
        rows = []
        for serial in range(1, count + 1):
            is_open = rng.random() < open_share
            received = NOW - timedelta(days=rng.randrange(900))
            acted = received + timedelta(days=rng.randrange(30))
            rows.append(
                plain
                | {
                    "id": case.id + serial,
                    "number": make_case_number(2025, serial),
                    "is_open": is_open,
                    "state": CaseState.VERIFYING if is_open else CaseState.CLOSED,
                    "office_id": rng.choice(["yancheng", "linying", "wuyang", "city"]),
                    "registered_at": received,
                    "acted_at": acted,
                    "next_due_at": NOW + timedelta(days=rng.randrange(-9, 60)) if is_open else NO_CLOCK,
                }
            )
        await insert_rows(session, Case, rows)


async def walk(db: Database, wanted: CaseFilter, scope: str | None) -> list[Case]:
    """All pages of a list."""
    rows: list[Case] = []
    after = None
    async with db.read() as session:
        while True:
            page = await list_cases(session, wanted, scope=scope, now=NOW, after=after)
            rows += [case for case, _ in page.rows]
            after = page.after
            if after is None:
                return rows


async def test_pages_of_every_order_give_each_case_once_and_in_order(db):
    await fill(db, count=600, open_share=0.5)
    columns = {"due": "next_due_at", "received": "registered_at", "number": "number", "acted": "acted_at"}
    for scope in (None, "yancheng"):
        for view in ("open", "closed", "all"):
            for sort in SORTS:
                wanted = CaseFilter(view, sort=sort)
                rows = await walk(db, wanted, scope)
                async with db.read() as session:
                    assert len(rows) == await count_cases(session, wanted, scope=scope, now=NOW)
                assert len({case.id for case in rows}) == len(rows)
                order = wanted.order
                keys = [(getattr(case, columns[order.sort]), case.id) for case in rows]
                assert keys == sorted(keys, reverse=order.is_descending), (view, sort)


async def test_a_mark_of_another_order_or_nonsense_begins_with_the_first(db):
    await fill(db, count=120, open_share=1)
    async with db.read() as session:
        by_due = await list_cases(session, CaseFilter(), scope=None, now=NOW)
        first = await list_cases(session, CaseFilter(sort="received"), scope=None, now=NOW)
        for mark in (by_due.after, "nonsense", "W10=", "WyJyZWNlaXZlZCIsICJ4IiwgMV0="):
            page = await list_cases(session, CaseFilter(sort="received"), scope=None, now=NOW, after=mark)
            assert [case.id for case, _ in page.rows] == [case.id for case, _ in first.rows]


@pytest.mark.parametrize("written", ["", "what", "-", "--due", "due; DROP TABLE"])
def test_an_order_that_is_not_understood_is_that_of_the_view(written):
    assert str(Order.read(written, view="open")) == "due"
    assert str(Order.read(written, view="closed")) == "-received"
    assert str(Order.read("due", view="all")) == "-received"


async def test_no_order_sorts_or_scans_all_cases(db):
    """Every page, the first and a later one, is read along an index, on both databases."""
    await fill(db, count=MANY)
    async with db.write_engine.connect() as connection:
        vacuum = "ANALYZE" if db.is_sqlite else "VACUUM ANALYZE"
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text(vacuum))
    statements = []

    def keep(_connection, _cursor, statement, parameters, *_):
        if statement.startswith("SELECT"):
            statements.append((statement, parameters))

    event.listen(db.read_engine.sync_engine, "before_cursor_execute", keep)
    async with db.read() as session:
        for view in ("open", "closed", "all"):
            for sort in SORTS:
                page = await list_cases(session, CaseFilter(view, sort=sort), scope=None, now=NOW)
                await list_cases(session, CaseFilter(view, sort=sort), scope=None, now=NOW, after=page.after)
    event.remove(db.read_engine.sync_engine, "before_cursor_execute", keep)
    assert len(statements) == 3 * 2 * len(SORTS)
    async with db.read() as session:
        connection = await session.connection()
        if not db.is_sqlite:  # so few rows are gathered and sorted unless that is forbidden
            await connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        for statement, parameters in statements:
            explain = "EXPLAIN QUERY PLAN" if db.is_sqlite else "EXPLAIN"
            rows = await connection.exec_driver_sql(f"{explain} {statement}", parameters)
            plan = "\n".join(str(row[3] if db.is_sqlite else row[0]) for row in rows)
            if db.is_sqlite:
                assert "TEMP B-TREE" not in plan, f"{statement}\n{plan}"
                assert "SCAN case\n" not in f"{plan}\n", plan
            else:
                assert 'Seq Scan on "case"' not in plan, f"{statement}\n{plan}"
                assert "Sort  " not in plan.replace("Incremental Sort  ", ""), f"{statement}\n{plan}"


async def test_the_last_act_is_kept_by_the_audit_and_not_by_clocks_or_looking(db):
    async with db.begin() as session:
        case = await make_case(session)
    assert case.acted_at == case.registered_at
    later = NOW + timedelta(hours=1)
    for kind, at in (("signed_for", NOW), ("clock_started", later), ("words_opened", later)):
        async with db.begin() as session:
            record_event(session, kind, at=at, case_id=case.id)
    async with db.read() as session:
        stored = await session.get_one(Case, case.id)
        assert (stored.acted_at, stored.version) == (NOW, case.version)


async def test_cases_from_before_get_their_last_act_from_the_audit(db):
    """Down and up again: nothing is lost, and what the column holds is told by the events."""
    async with db.begin() as session:
        case = await make_case(session)
        quiet = await make_case(
            session, tip=await make_tip(session, received_at=datetime(2026, 1, 2, tzinfo=UTC))
        )
        record_event(session, "note_added", at=NOW, case_id=case.id)
        record_event(session, "clock_met", at=NOW + timedelta(days=1), case_id=case.id)
    for move in (
        lambda config: command.downgrade(config, "0011"),
        lambda config: command.upgrade(config, "head"),
    ):
        async with db.write_engine.begin() as connection:
            await connection.run_sync(lambda sync, move=move: move(alembic_config(sync)))
    async with db.read() as session:
        assert (await session.get_one(Case, case.id)).acted_at == NOW
        assert (await session.get_one(Case, quiet.id)).acted_at == quiet.registered_at
