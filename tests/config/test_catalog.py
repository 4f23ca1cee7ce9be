"""The catalog as a whole: it loads, it is frozen, its version changes with the rules and with nothing else."""

import shutil
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from config.catalog import NoDeadlineError, digest_rules, load_catalog
from config.rulefile import CONFIG


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(
        CONFIG, tmp_path / "config", ignore=shutil.ignore_patterns("*.py", "ui", "__pycache__")
    )


def test_nothing_in_it_can_be_changed(catalog):
    with pytest.raises(FrozenInstanceError):
        catalog.version = "x"
    with pytest.raises(TypeError):
        catalog.offices["yuanhui"] = None
    with pytest.raises(ValidationError):
        catalog.offices["yuanhui"].code = "0"
    with pytest.raises(TypeError):
        catalog.offices["yuanhui"].name["en"] = "x"


def test_version_changes_with_a_rule_but_not_with_words(copy):
    before = digest_rules(copy)
    assert len(before) == 12
    assert before == load_catalog(copy).version == digest_rules(CONFIG)
    for name in ("locales/en/rules.yaml", "demo/people.yaml"):
        (copy / name).write_text((copy / name).read_text() + "\n# later\n")
    assert digest_rules(copy) == before
    (copy / "routing.yaml").write_text((copy / "routing.yaml").read_text() + "\n# later\n")
    assert digest_rules(copy) != before


def test_the_offices_stand_in_official_order_and_the_city_desk_last(catalog):
    assert list(catalog.offices) == [
        "yuanhui", "yancheng", "shaoling", "wuyang", "linying", "jingkai", "shifanqu", "xichengqu", "city",
    ]  # fmt: skip
    assert list(catalog.counties) == list(catalog.offices)[:-1]


@pytest.mark.parametrize(
    ("rule_id", "day", "version"),
    [
        ("D10", date(2018, 1, 4), "D10-1"),
        ("D10", datetime(2026, 3, 4, 2, tzinfo=UTC), "D10-1"),
        ("D15", date(2020, 8, 7), "D15-1"),
    ],
)
def test_a_deadline_is_chosen_by_day(catalog, rule_id, day, version):
    assert catalog.deadline_in_force(rule_id, day).stored_version == version


@pytest.mark.parametrize(
    ("rule_id", "day"), [("D10", date(2018, 1, 3)), ("D10h", date(2023, 1, 1)), ("D99", date(2026, 1, 1))]
)
def test_no_deadline_before_its_time_nor_one_that_is_switched_off(catalog, rule_id, day):
    with pytest.raises(NoDeadlineError):
        catalog.deadline_in_force(rule_id, day)


def test_henans_thirty_days_stand_in_once_they_are_switched_on(copy):
    path = copy / "deadlines.yaml"
    path.write_text(path.read_text().replace("is_on: false", "is_on: true"))
    switched = load_catalog(copy)
    assert switched.deadline_in_force("D10", date(2023, 5, 1)).limit.amount == 30
    assert switched.deadline_in_force("D10", date(2025, 5, 1)).limit.amount == 60


def test_the_steps_that_the_procedure_starts_are_there(catalog):
    for rule_id in ("D02", "D03", "D06", "D07", "D08", "D10", "D11", "D12"):
        assert catalog.deadline_in_force(rule_id, date(2026, 1, 1)).id == rule_id
