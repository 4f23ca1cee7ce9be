"""Which names mean one body: abbreviations, branches, typing errors and homophones, and nobody else's name."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.catalog import load_catalog
from triage.bodies import BodyLikeness, BodyReader, fold, is_one_slip, make_reader, same_body


@pytest.fixture(scope="module")
def reader() -> BodyReader:
    return make_reader(load_catalog())


SAME = [
    ("诚信安培", "漯河诚信安全技术培训学校", "abbreviation"),
    ("诚信", "漯河市诚信安全技术培训学校", "abbreviation"),
    ("诚信安全培训学校", "漯河诚信安全技术培训学校", "abbreviation"),
    ("宏达技培", "漯河市宏达职业技能培训学校", "abbreviation"),
    ("双汇", "漯河双汇食品有限公司", "abbreviation"),
    ("育才职校", "育才职业技能培训学校", "abbreviation"),
    ("宏达安全培训学校", "郾城区宏达安全培训学校", "equal"),
    ("宏達安全培訓學校", "宏达安全培训学校", "equal"),
    ("宏达安全培训学校", "“宏达”安全培训学校", "equal"),
    ("宏达(漯河)安全培训学校", "宏达安全培训学校", "equal"),
    ("ＡＢＣ安全培训学校", "abc安全培训学校", "equal"),
    ("宏达安全培训学校临颍分校", "宏达安全培训学校", "branch"),
    ("宏达安全培训学校第二分校", "宏达安全培训学校东校区", "branch"),
    ("临颍宏达安全培训学校", "宏达安全培训学校郾城分校", "branch"),
    ("成信安全培训学校", "诚信安全技术培训学校", "homophone"),
    ("鸿达安培", "宏达安全培训学校", "homophone"),
    ("金桥梁安全培训学校", "金桥粱安全培训学校", "homophone"),
    ("东方虹安全培训学校", "东方安全培训学校", None),
    ("东方红安全培训学校", "东方江安全培训学校", "typing_error"),
    ("中安华瑞安全培训中心", "中安瑞安全培训中心", "typing_error"),
    ("中安华瑞安全培训中心", "中华安瑞安全培训中心", "typing_error"),
    ("张建国", "张建国", "equal"),
    ("漯河市安全技术培训中心", "安全技术培训中心", "equal"),
]
DIFFERENT = [
    ("宏达安全培训学校", "宏运安全培训学校"),
    ("诚信安全技术培训学校", "华安安全技术培训学校"),
    ("漯河市职业技能培训学校", "漯河市安全技术培训中心"),
    ("安全培训学校", "技能培训学校"),
    ("培训学校", "培训学校"),  # says nothing
    ("宏达安全培训学校", "宏达化工有限公司"),
    ("宏达安全培训学校", "宏达考试点"),
    ("双汇食品有限公司", "双汇物流有限公司"),
    ("郾城宏达安全培训学校", "临颍县宏达安全培训学校"),
    ("张建国", "张建军"),
    ("张伟", "张强"),
    ("张校长", "张校长"),  # there are many
    ("李老板", "李经理"),
    ("郾城区安全技术培训中心", "舞阳县安全技术培训中心"),
    ("源汇区应急管理局", "召陵区应急管理局"),
    ("鸿达化工厂", "宏达安全培训学校"),
    ("周口鑫宏安培", "周口鑫途安全培训学校"),
    ("许昌宏达安全培训学校", "舞阳宏达安全培训学校"),
    ("", "宏达安全培训学校"),
]


@pytest.mark.parametrize(("a", "b", "how"), SAME)
def test_these_are_one_body(reader: BodyReader, a: str, b: str, how: str | None) -> None:
    assert same_body(reader.read(a), reader.read(b)) == (BodyLikeness(how) if how else None)


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_these_are_two(reader: BodyReader, a: str, b: str) -> None:
    assert same_body(reader.read(a), reader.read(b)) is None


@pytest.mark.parametrize(("a", "b", "how"), [row for row in SAME if row[2]])
def test_names_of_one_body_meet_in_a_key(reader: BodyReader, a: str, b: str, how: str) -> None:
    first, second = reader.read(a), reader.read(b)
    near = set(first.list_near_keys()) & set(second.list_near_keys())
    assert first.key == second.key or near, how


PARTS = (
    *("漯河", "郾城", "临颍县", "宏达", "鸿达", "诚信", "中安华瑞", "安全"),
    *("培训", "学校", "化工", "有限公司", "分校", "张", "建国"),
)
NAMES = st.lists(st.sampled_from(PARTS), max_size=6).map("".join)


@settings(deadline=None)
@given(NAMES, NAMES)
def test_the_order_does_not_count(a: str, b: str) -> None:
    reader = _reader()
    first, second = reader.read(a), reader.read(b)
    assert same_body(first, second) == same_body(second, first)


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_read(name: str) -> None:
    _reader().read(name)


@settings(deadline=None)
@given(st.text("安华瑞红", min_size=1, max_size=5), st.text("安华瑞红", min_size=1, max_size=5))
def test_a_slip_is_a_slip_both_ways_and_never_none(a: str, b: str) -> None:
    assert is_one_slip(a, b) == is_one_slip(b, a)
    assert not is_one_slip(a, a)
    assert abs(len(a) - len(b)) <= 1 or not is_one_slip(a, b)


def test_folding_undoes_width_script_and_signs() -> None:
    assert fold("宏達、ＡＢ-１ 校") == "宏达ab1校"


_READER: list[BodyReader] = []


def _reader() -> BodyReader:
    if not _READER:
        _READER.append(make_reader(load_catalog()))
    return _READER[0]
