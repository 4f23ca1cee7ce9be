import pytest

from tests.triage.reader import catalog, knowledge


def office(text):
    known = knowledge()
    return known.gazetteer.locate(known.normaliser.normalise(text).text).jurisdiction


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("孟庙镇一个厂", "yancheng"),
        ("在临颖县城", "linying"),
        ("漯河经开区的厂", "jingkai"),
        ("西城区那个考点", "xichengqu"),
        ("示范区一家公司", "shifanqu"),
        ("漯河一家公司", "city"),
        ("源汇、召陵、临颍都有", "city"),
        ("许昌示范区一个学校", "outside"),
        ("北京西城区的学校", "outside"),
        ("电工没证", "unknown"),
        ("我家住临颍，报的是郾城区黑龙潭镇那家学校", "yancheng"),
        ("我是漯河人，在许昌腾跃学校报的名", "outside"),
        ("加微信lh_2026联系", "unknown"),
        ("舞阳县孟庙镇", "yancheng"),
    ],
)
def test_the_place_of_the_accused_decides(text, expected):
    assert office(text) == expected


def test_every_town_by_its_full_name_leads_to_its_office():
    wrong = [
        (town.name, office_.id, found)
        for office_ in catalog().counties.values()
        for town in office_.towns
        if (found := office(f"{town.name}有个培训学校包过")) != office_.id
    ]
    assert wrong == []
