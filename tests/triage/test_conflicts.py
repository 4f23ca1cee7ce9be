"""Conflict of interest: every way to speak of an office or its people, and every way only to write to it."""

import pytest

from config.catalog import load_catalog
from models.states import BarReason
from triage.conflicts import Conflict, Member, find_conflicts
from triage.routing import Route, avoid_conflicts

CATALOG = load_catalog()
ROSTER = [
    Member(1, "卢海波", "linying"),
    Member(2, "田慧", "yancheng"),
    Member(3, "耿志远", "city"),
    Member(4, "Li", "wuyang"),
]
LINE = {"targets": [], "jurisdiction": "linying"}


def find(text: str, *, target: str = "", **line) -> list[Conflict]:
    said = {**LINE, "targets": [target] if target else [], **line}
    return find_conflicts(said, [text, target], ROSTER, CATALOG)


def offices(found) -> set[str | None]:
    return {one.office_id for one in found}


@pytest.mark.parametrize("office", list(CATALOG.counties))
def test_every_name_of_every_office_is_known(office):
    for name in CATALOG.offices[office].authority_names:
        assert office in offices(find(f"{name}收了学校的钱，没人管。", jurisdiction="unknown")), name


@pytest.mark.parametrize(
    "text",
    [
        "临颍县应急管理局的人提前通知学校。",
        "临 颍 县 应 急 局 包庇他们",
        "临颍县·应急·管理局和学校是亲戚",
        "临颍县\u200b应急局收红包",
        "临颖县应急局不管",
        "学校校长说县应急局局长是他哥。",
        "应急局的人打过招呼",
    ],
)
def test_an_office_that_is_spoken_of_is_kept_away(text):
    assert "linying" in offices(find(text))


@pytest.mark.parametrize(
    "text",
    [
        "请临颍县应急管理局来查一查这个学校。",
        "向临颍县应急管理局举报，某学校不上课就发证。",
        "尊敬的临颍县应急管理局领导：某学校包过。",
        "临颍县应急管理局：您好，我要举报。",
        "学校在临颍县城关镇，交钱就发证。",
    ],
)
def test_an_office_that_is_only_written_to_is_not(text):
    assert find(text) == []


def test_a_county_bureau_without_a_name_is_that_of_the_place():
    assert offices(find("县应急局收了钱", jurisdiction="wuyang")) == {"wuyang"}
    assert find("县应急局收了钱", jurisdiction="unknown") == []
    assert offices(find("临颍县应急局收了钱", jurisdiction="wuyang")) == {"linying"}


@pytest.mark.parametrize("text", ["找卢海波就能过", "卢 海 波 收钱", "卢·海·波", "校长说认识卢\u200b海波"])
def test_somebody_of_an_office_keeps_the_whole_office_away(text):
    assert find(text) == [Conflict(BarReason.STAFF_NAMED, office_id="linying")]


def test_names_count_in_every_field():
    assert offices(find("交钱就发证", target="卢海波")) == {"linying"}


def test_somebody_of_the_city_is_kept_away_alone():
    assert find("耿志远是股东") == [Conflict(BarReason.STAFF_NAMED, staff_id=3)]


def test_a_latin_name_is_a_word_of_its_own():
    assert find("Linying school") == []
    assert offices(find("ask for Li there")) == {"wuyang"}


@pytest.mark.parametrize(
    ("conflicts", "office", "reasons"),
    [
        ([], "linying", ()),
        ([Conflict(BarReason.OFFICE_NAMED, office_id="linying")], "city", ("conflict_of_interest",)),
        ([Conflict(BarReason.OFFICE_NAMED, office_id="wuyang")], "linying", ()),
        ([Conflict(BarReason.STAFF_NAMED, staff_id=3)], "city", ("conflict_of_staff",)),
    ],
)
def test_the_case_goes_one_level_up(conflicts, office, reasons):
    route = avoid_conflicts(Route("linying"), LINE, conflicts)
    assert (route.office_id, route.reasons) == (office, reasons)
