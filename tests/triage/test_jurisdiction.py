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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Luohe is only where the tip goes or where the reporter lives
        ("周口鑫宏安培包过，不知道你们漯河管不管", "outside"),
        ("我在许昌干活工钱没给，我人是漯河的", "outside"),
        ("驻马店西平有人做假证，麻烦漯河应急转过去", "outside"),
        # ... and here the accused bears its name
        ("我在郑州上班，漯河金桥安全考务中心没人监考", "city"),
        ("马小龙，漯河本地的，替一个在浙江打工的考试", "city"),
        # a zone beside a person who is elsewhere stays ours
        ("经开区这个油漆库，安全员是挂名的，人在深圳", "jingkai"),
        ("示范区的诚信安培，许可证是郑州一家学校的", "shifanqu"),
        ("周口示范区那家学校", "outside"),
        # the city has one examination centre
        ("市里那个考试中心没有监考", "city"),
        ("市考试中心实操没有考评员", "city"),
        ("焊工班没有老师", "unknown"),
        # several counties are the city's
        ("早上在源汇中午在郾城晚上到召陵", "city"),
        ("源汇和郾城都有点", "city"),
        ("漯河这几个区都有，召陵一个、源汇一个", "city"),
        # 召陵 says no more than the county; the town decides
        ("召陵区邓襄镇，俺们都说自己是召陵的", "jingkai"),
        ("漯河禾丰饮料有限公司，在临颍县产业集聚区", "linying"),
        # home, told closer and closer
        ("我家住郾城孟庙，骑车去经开区的春晖乳品上班", "jingkai"),
        ("俺是舞阳九街嘞 俺妮儿搁召陵翟庄街道上的班", "shaoling"),
        ("俺是后谢嘞 俺妮儿搁召陵万金街上报了个班", "shaoling"),
        ("平顶山一家驾校，因为我户口在舞阳所以来这里投诉", "outside"),
        # written by ear
        ("渡曲镇上有个培训部", "linying"),
        ("繁成那个考点", "linying"),
        ("北五渡那边考焊工的", "wuyang"),
        # short names and landmarks
        ("西城启明职业培训学校一台空调都没有", "xichengqu"),
        ("北京西城的学校", "outside"),
        ("漯河市翟庄福泰服装厂", "shaoling"),
        ("河上街那个滑索", "yuanhui"),
        ("归村有个养鸡场", "shaoling"),
        ("盐化工园里那家做双氧水的", "wuyang"),
        # words that only look like places
        ("签名表统一由班长代签", "unknown"),
        ("老街那个公厕，转到城管，城管又转到环卫", "yuanhui"),
        ("（郾城淞江路口那个）背题", "yancheng"),
    ],
)
def test_every_mended_cause_stays_mended(text, expected):
    assert office(text) == expected


def test_every_town_by_its_full_name_leads_to_its_office():
    wrong = [
        (town.name, office_.id, found)
        for office_ in catalog().counties.values()
        for town in office_.towns
        if (found := office(f"{town.name}有个培训学校包过")) != office_.id
    ]
    assert wrong == []
