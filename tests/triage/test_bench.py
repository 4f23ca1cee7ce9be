"""Our own benchmarks run and measure what they say, on small numbers."""

import random

import pytest
from sqlalchemy import select

from bot.intake import receive_tip
from bot.receipts import find_tip_by_receipt
from config.catalog import load_catalog
from models.audit import find_broken_event
from models.case import Case
from models.queries.bulk import count_rows
from models.tip import Tip
from triage import bench
from triage.bench_rows import Filler, add_people, write_rows

PAGES = {
    "list_open", "list_all", "list_overdue", "list_next_pages", "desk", "inbox_of_officer", "list_of_lead",
    "list_by_last_act", "list_of_clause",
    "search_name", "search_number", "search_clause", "search_nothing", "case", "supervisor", "like_tips",
}  # fmt: skip


def test_triage_figures():
    figures = bench.run_triage_bench(seconds=0.05, lengths=(50, 200))
    assert set(figures["tips_per_second"]) == {"50", "200"}
    assert all(speed > 0 for speed in figures["tips_per_second"].values())
    assert figures["load_seconds"] > 0
    assert figures["peak_memory_mb"] > 20


def test_texts_have_the_length_they_are_measured_at():
    for length in bench.LENGTHS:
        texts = bench._texts_of(length)
        assert {len(text) for text in texts} == {length}
        assert len(set(texts)) > 50


@pytest.mark.timeout(180)
async def test_console_figures():
    done = []
    figures = await bench.run_console_bench(
        catalog=load_catalog(),
        receive_tip=receive_tip,
        find_tip_by_receipt=find_tip_by_receipt,
        cases=120,
        turns=3,
        progress=lambda count, total: done.append((count, total)),
    )
    assert figures["cases"] == 120
    assert done == [(120, 120)]
    assert set(figures["ms"]) == PAGES
    assert all(0 < page["p50"] <= page["p95"] <= page["max"] for page in figures["ms"].values())


async def test_the_made_up_years_are_whole(db, now):
    """Rows made in bulk keep the promises of the tables: the chain holds, ids and numbers are different."""
    catalog = load_catalog()
    people = await add_people(db, list(catalog.offices), now=now)
    filler = Filler(
        offices=list(catalog.offices),
        texts=["一封举报"],
        officers={office: [next(iter(people.values())).id] for office in catalog.offices},
        now=now,
        rng=random.Random(1),
    )
    await write_rows(db, filler.make_chunk(1, 40, total=60))
    await write_rows(db, filler.make_chunk(41, 60, total=60))
    async with db.read() as session:
        assert await find_broken_event(session) is None
        assert await count_rows(session, Tip) == 60
        cases = list(await session.scalars(select(Case)))
    assert len({case.number for case in cases}) == 60
    assert any(case.is_open for case in cases)
    assert not all(case.is_open for case in cases)
