"""The gazetteer: nothing of the statistical tables got lost, and names say how much they prove."""

from collections import Counter
from datetime import date

import pytest

from config.places import find_ambiguous_villages, list_place_names, strip_ending

TOWNS = {"yuanhui": 8, "yancheng": 10, "shaoling": 8, "wuyang": 14, "linying": 16, "jingkai": 2}
VILLAGES = {"yuanhui": 129, "yancheng": 198, "shaoling": 189, "wuyang": 398, "linying": 367, "jingkai": 53}


def test_all_towns_and_villages_of_the_tables_are_there(catalog):
    assert {key: len(office.towns) for key, office in catalog.offices.items() if office.towns} == TOWNS
    villages = {
        key: sum(len(town.villages) for town in office.towns) for key, office in catalog.offices.items()
    }
    assert {key: number for key, number in villages.items() if number} == VILLAGES
    assert (sum(TOWNS.values()), sum(VILLAGES.values())) == (58, 1334)


def test_town_codes_lie_in_their_office(catalog):
    for office in catalog.offices.values():
        assert all(town.code.startswith(office.code) for town in office.towns)


def test_115_village_names_belong_to_several_offices(catalog):
    assert len(catalog.ambiguous_villages) == 115
    assert len(catalog.ambiguous_villages["刘庄"]) == 7
    assert "贾湖" not in catalog.ambiguous_villages


def test_no_two_offices_share_a_name_that_decides(catalog):
    sure = {(name.name, name.office_id) for name in catalog.place_names if not name.is_weak}
    assert [name for name, count in Counter(name for name, _ in sure).items() if count > 1] == []


@pytest.mark.parametrize(
    ("name", "office", "is_weak", "unless_elsewhere"),
    [
        ("孟庙镇", "yancheng", False, False),
        ("临颖", "linying", False, False),
        ("汇源区", "yuanhui", False, False),
        ("汇源", "yuanhui", True, False),
        ("郾城", "yancheng", True, False),
        ("示范区", "shifanqu", False, True),
        ("西城区", "xichengqu", False, True),
        ("开发区", "jingkai", True, True),
        ("贾湖村", "wuyang", False, False),
        ("南街村", "linying", False, False),
        ("南街村", "yancheng", True, False),
        ("后谢村", "shaoling", True, False),
        ("青年", "shaoling", True, False),
        ("青年镇", "shaoling", False, False),
        ("城关镇", "yancheng", True, False),
        ("双汇", "jingkai", True, False),
    ],
)
def test_what_a_name_proves(catalog, name, office, is_weak, unless_elsewhere):
    found = [place for place in catalog.place_names if (place.name, place.office_id) == (name, office)]
    assert any((place.is_weak, place.unless_elsewhere) == (is_weak, unless_elsewhere) for place in found), (
        found
    )


@pytest.mark.parametrize(
    ("code", "day", "office"),
    [
        ("411171102", date(2021, 10, 30), "shaoling"),
        ("411171102", date(2021, 10, 31), "jingkai"),
        ("411104101", date(2020, 1, 1), "shaoling"),
        ("411104101", date(2026, 1, 1), "jingkai"),
        ("411103101", date(2021, 1, 1), "yancheng"),
    ],
)
def test_dengxiang_moved_in_2021(catalog, code, day, office):
    assert catalog.office_of_town(code, on=day) == office


def test_an_unknown_town_has_no_office(catalog):
    with pytest.raises(LookupError):
        catalog.office_of_town("999999999", on=date(2026, 1, 1))


def test_towns_that_a_zone_is_only_said_to_manage_are_switched_off(catalog):
    unconfirmed = [town for office in catalog.offices.values() for town in office.unconfirmed_towns]
    assert len(unconfirmed) == 5
    assert not any(town.is_active for town in unconfirmed)


@pytest.mark.parametrize("is_part_only", [False, True])
def test_a_zone_gets_its_town_once_the_bureau_confirms_it(catalog, is_part_only):
    zone = catalog.offices["xichengqu"]
    confirmed = zone.unconfirmed_towns[0].model_copy(update={"is_active": True, "is_part_only": is_part_only})
    offices = {**catalog.offices, zone.id: zone.model_copy(update={"unconfirmed_towns": (confirmed,)})}
    [name] = [place for place in list_place_names(offices.values()) if place.name == "阴阳赵镇"]
    assert (name.office_id, name.is_weak) == (("yuanhui", True) if is_part_only else ("xichengqu", False))


@pytest.mark.parametrize(
    ("name", "short"), [("南街村", "南街"), ("开源社区", "开源"), ("商南", "商南"), ("村", "村")]
)
def test_a_village_without_its_ending(name, short):
    assert strip_ending(name) == short


def test_ambiguity_needs_two_offices_not_two_towns(catalog):
    assert find_ambiguous_villages([catalog.offices["wuyang"]]) == {}


def test_no_place_outside_bears_a_name_that_decides_for_us(catalog):
    ours = {place.name for place in catalog.place_names if not place.is_weak and not place.unless_elsewhere}
    outside = {word for place in catalog.outside for word in (place.name, *place.parts)}
    assert ours & outside == set()
    assert {"许昌", "周口", "北京"} <= {place.name for place in catalog.outside if place.zones}
