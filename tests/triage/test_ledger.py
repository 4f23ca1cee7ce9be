"""Whose time it was; and who came first, through every merging and splitting."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from config.catalog import load_catalog
from config.clock import LOCAL
from triage.ledger import stage_shares, sum_shares, working_time
from triage.order import first_effective, order_reporters, replay_groups

CALENDAR = load_catalog().calendar
START = datetime(2026, 3, 2, 9, 0, tzinfo=LOCAL)


@dataclass
class Told:
    """An event of the chain."""

    kind: str
    at: datetime
    tip_id: int | None = None
    case_id: int | None = None
    position: int = 0
    data: dict[str, Any] = field(default_factory=dict)


def tell(*acts: tuple[str, float, dict[str, Any]]) -> list[Told]:
    return [
        Told(kind, START + timedelta(days=day), tip_id=1, case_id=1, data=data) for kind, day, data in acts
    ]


def test_five_returns_are_each_offices_own_time_and_the_sum_is_all_of_it() -> None:
    acts = [("tip_received", 0, {}), ("case_opened", 0.1, {}), ("accepted", 0.5, {})]
    day = 1.0
    for number in range(5):
        acts += [("assigned", day, {"office": f"office{number}"}), ("returned", day + 2, {})]
        day += 3
    acts.append(("assigned", day, {"office": "last"}))
    until = START + timedelta(days=day + 4)
    stretches = stage_shares(tell(*acts), until=until)
    by_office: dict[str, timedelta] = {}
    for one in stretches:
        by_office[one.office_id] = by_office.get(one.office_id, timedelta()) + one.end - one.start
    assert all(by_office[f"office{number}"] == timedelta(days=2) for number in range(5))
    assert by_office["last"] == timedelta(days=4)
    assert by_office["city"] == timedelta(days=1 + 5)
    assert sum(by_office.values(), timedelta()) == until - START


KINDS = st.sampled_from(
    ["accepted", "assigned", "signed_for", "returned", "supplement_asked", "supplement_ended", "extension_asked",
     "extension_denied", "suspended", "resumed", "result_filed", "result_approved", "answered", "closed",
     "review_opened", "review_reopened", "note_added"]
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(KINDS, st.floats(0, 5)), max_size=25))
def test_shares_add_up_to_the_time_for_which_the_case_was_open(acts: list[tuple[str, float]]) -> None:
    events, now = [Told("case_opened", START, tip_id=1)], START
    open_time, is_open = timedelta(), True
    for kind, days in acts:
        step = timedelta(days=days)
        now += step
        open_time += step if is_open else timedelta()
        is_open = is_open if kind == "note_added" else kind != "closed"
        events.append(Told(kind, now, data={"office": "yancheng"}))
    stretches = stage_shares(events, until=now)
    assert sum((one.end - one.start for one in stretches), timedelta()) == open_time
    shares = sum_shares(stretches, CALENDAR)
    assert sum((one.time for one in shares), timedelta()) == open_time
    worked = sum((working_time(one.start, one.end, CALENDAR) for one in stretches), timedelta())
    assert sum((one.working for one in shares), timedelta()) == worked


def test_working_time_is_office_hours_of_working_days() -> None:
    friday = datetime(2026, 3, 6, 16, 0, tzinfo=LOCAL)
    assert working_time(friday, friday + timedelta(days=3), CALENDAR) == timedelta(hours=1.5 + 7)
    holiday = datetime(2026, 2, 16, 8, 0, tzinfo=LOCAL)
    assert working_time(holiday, holiday + timedelta(days=5), CALENDAR) == timedelta()


# ---------------------------------------------------------------- who came first


@settings(max_examples=200, deadline=None)
@given(st.integers(2, 8), st.integers(0, 30), st.randoms(use_true_random=False))
def test_the_order_of_arrival_outlives_every_merge_and_split(
    cases: int, acts: int, rng: random.Random
) -> None:
    """An independent book of groups; the order in each is that of arrival, whoever was merged into whom."""
    events: list[Told] = []

    def add(kind: str, case: int, **data: Any) -> None:
        moment = START + timedelta(minutes=len(events))
        events.append(Told(kind, moment, tip_id=case, case_id=case, position=len(events) + 1, data=data))

    arrivals = list(range(1, cases + 1))
    rng.shuffle(arrivals)
    for case in arrivals:
        add("tip_received", case, named=case % 2 == 0)
    for case in arrivals:
        add("case_opened", case)
    groups = {case: {case} for case in arrivals}  # the case that goes on → everybody in it
    for _ in range(acts):
        heads = list(groups)
        if len(heads) > 1 and rng.random() < 0.6:
            case, into = rng.sample(heads, 2)
            add("merged", case, into=into)
            groups[into] |= groups.pop(case)
        else:
            joined = [(head, case) for head, group in groups.items() for case in group if case != head]
            if joined:
                head, case = rng.choice(joined)
                add("split_off", case)
                groups[head].discard(case)
                groups[case] = {case}
    told = replay_groups(events)
    assert {head: set(group) for head, group in told.items()} == groups
    for head, group in groups.items():
        places = order_reporters(events, head)
        assert [place.tip_id for place in places] == [case for case in arrivals if case in group]
        named = [case for case in arrivals if case in group and case % 2 == 0]
        first = first_effective(places)
        assert (first.tip_id if first else None) == (named[0] if named else None)
        proof = {place.tip_id: place.position for place in places}
        assert all(events[position - 1].kind == "tip_received" for position in proof.values())
