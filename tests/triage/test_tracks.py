"""Amounts and the table of side tracks: pure."""

from datetime import datetime
from decimal import Decimal

import pytest

from config.catalog import load_catalog
from config.text import LOCALES, has_text
from models.states import Track
from triage.clocks import SIDE_CLOCKS
from triage.tracks import ROWS, START, list_open_tracks, read_amount, reward_amount


@pytest.mark.parametrize(
    ("fine", "day", "is_employee", "amount"),
    [
        ("10000", "2026-01-01", False, "1500.00"),
        ("1000", "2026-01-01", False, "1000.00"),
        ("1000", "2024-01-01", False, "3000.00"),
        ("40000", "2024-01-01", True, "6600.00"),
        ("10000", "2026-01-01", True, "2500.00"),
        ("100000", "2026-01-01", True, "17250.00"),
        ("9000000", "2026-01-01", False, "300000.00"),
        ("9000000", "2026-01-01", True, "300000.00"),
    ],
)
def test_the_reward_is_fifteen_percent_between_the_least_and_the_most(
    fine: str, day: str, is_employee: bool, amount: str
) -> None:
    on = datetime.fromisoformat(day).date()
    assert reward_amount(Decimal(fine), decided_on=on, is_employee=is_employee) == Decimal(amount)


@pytest.mark.parametrize("typed", ["三千", "", "-1", "1.234", "NaN", "Infinity", "1e99"])
def test_what_is_no_amount_is_none(typed: str) -> None:
    assert read_amount(typed) is None


def test_every_step_can_be_reached_and_every_track_ends() -> None:
    for track in Track:
        rows = [row for row in ROWS if row.track is track]
        names = {row.step for row in rows}
        assert {before for row in rows for before in row.after} <= names | {START}
        for row in rows:
            follows = any(row.step in other.after for other in rows)
            assert row.is_last or follows, f"{track} {row.step} leads nowhere"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_step_and_field_has_words(locale: str) -> None:
    for row in ROWS:
        assert has_text(f"casework.step.{row.track}.{row.step}", locale)
        assert all(has_text(f"console.field.{name}", locale) for name in row.fields)
        told = [f"notices.{kind}.body" for kind in (row.tells_officer, row.tells_reporter) if kind]
        assert all(has_text(key, locale) for key in told)


def test_clocks_of_tracks_are_rules_and_outlive_the_case() -> None:
    started = {rule for row in ROWS for rule, _ in row.starts}
    # Two are started by the main way: what a reporter has to be told, and until when he may ask for a review.
    assert started | {"D04", "D13a"} == SIDE_CLOCKS
    rules = {rule.id: rule for rule in load_catalog().deadlines}
    assert all(event in rules[rule].start_events for row in ROWS for rule, event in row.starts)


def test_an_ended_track_is_not_open_and_urging_never_holds_a_file() -> None:
    assert list_open_tracks({"police": "sent", "penalty": "settled", "urge": "written"}) == ["police"]
