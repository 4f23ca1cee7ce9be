from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.triage.reader import knowledge
from triage.name_features import BUCKETS, PAIRS
from triage.name_model import TAGS, NameModel, choose_names, spans_of, tags_of
from triage.train import save_model
from triage.train_names import find_occurrences, train_names

SCHOOLS = ("金桥安培", "鼎睿安全培训学校", "众德技校", "漯河安信培训学校", "启明焊工学校", "豫力安培学校")
TOLD = (
    "我举报{}包过班，交钱就给证。",
    "{}的老师不讲课，只发题。",
    "在{}学电工，一节课没上。",
    "{}卖证，谁都知道。",
)


def read_clues(text):
    known = knowledge()
    normal = known.normaliser.normalise(text)
    places = [normal.original_span(start, end) for start, end in known.gazetteer.find_spans(normal.text)]
    return known.names.find_clues(text, places), places


def tips():
    named = [
        {"id": f"one-{number}", "text": told.format(school), "labels": {"targets": [school]}}
        for number, (school, told) in enumerate((s, t) for s in SCHOOLS for t in TOLD)
    ]
    plain = [
        {"id": f"two-{number}", "text": text, "labels": {"targets": []}}
        for number, text in enumerate(("请问焊工证怎么复审？", "一家培训学校包过。", "考点没人监考。") * 4)
    ]
    return [*named, *plain]


def find(model, text):
    return model.find(text, *read_clues(text))


@pytest.fixture(scope="module")
def model():
    pytest.importorskip("scipy")
    return train_names(tips(), read_clues)


def anything():
    draw = np.random.default_rng(7)
    return NameModel(
        np.arange(BUCKETS),
        draw.normal(size=(BUCKETS, TAGS)).astype(np.float32),
        draw.normal(size=(TAGS, TAGS)).astype(np.float32),
        np.zeros(PAIRS, np.uint8),
    )


WILD = anything()


def test_a_model_of_a_few_tips_finds_a_name_that_it_never_saw(model):
    assert find(model, "我举报博远安培包过班，交钱就给证。") == ("博远安培",)


@pytest.mark.parametrize("text", ["请问焊工证怎么复审？", "一家培训学校包过。", "", "   ", "。"])
def test_where_nobody_is_named_nobody_is_found(model, text):
    assert find(model, text) == ()


def test_the_same_tips_make_the_same_bytes_and_these_the_same_model(model, tmp_path):
    one, other = tmp_path / "one.npz", tmp_path / "other.npz"
    save_model(model.to_arrays(), one)
    save_model(train_names(tips(), read_clues).to_arrays(), other)
    assert one.read_bytes() == other.read_bytes()
    with np.load(one, allow_pickle=False) as file:
        loaded = NameModel.from_arrays({key: file[key] for key in file.files})
    for tip in tips():
        assert find(loaded, tip["text"]) == find(model, tip["text"])


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("金桥安培就是漯河金桥安培", ("金桥安培", "漯河金桥安培"), ("漯河金桥安培",)),
        ("某某学校和张某", ("某某学校", "张某"), ()),
        ("众德技校、众德技校", ("众德技校", "众德技校"), ("众德技校",)),
        ("临颍考点念答案", ("临颍考点",), ()),
        ("孟庙镇考点和郾城区考试点", ("孟庙镇考点", "郾城区考试点"), ()),
        ("临颍安鼎考点念答案", ("临颍安鼎考点",), ("临颍安鼎考点",)),
        ("厂", ("厂",), ()),
        ("郾城区恒达驾校不退钱", ("郾城区恒达驾校",), ("恒达驾校",)),
        ("舞阳县永固建材有限公司", ("舞阳县永固建材有限公司",), ("舞阳县永固建材有限公司",)),
        ("孙站长给答案，小周收钱", ("孙站长", "小周"), ()),
        ("郾城区黄河路的安泰安全培训学校", ("郾城区黄河路", "安泰安全培训学校"), ("安泰安全培训学校",)),
        ("人民路东段博学培训中心包过", ("人民路东段博学培训中心",), ("博学培训中心",)),
        ("建设路加油站没人有证", ("建设路加油站",), ("建设路加油站",)),
        ("中原路桥公司没证", ("中原路桥公司",), ("中原路桥公司",)),
    ],
)
def test_a_target_is_a_name_in_its_longest_form_once(text, names, expected):
    spans = [(text.index(name), text.index(name) + len(name)) for name in names]
    assert choose_names(text, spans, read_clues(text)[1]) == expected


@pytest.mark.parametrize(
    ("text", "names", "spans"),
    [
        ("金桥和金桥", ("金桥",), [(0, 2), (3, 5)]),
        ("漯河金桥安培，金桥安培", ("金桥安培", "漯河金桥安培"), [(0, 6), (7, 11)]),
        ("没有", ("金桥",), []),
        ("金桥", ("",), []),
    ],
)
def test_every_occurrence_of_a_target_is_taught_longer_ones_first(text, names, spans):
    assert find_occurrences(text, names) == spans
    assert spans_of(tags_of(spans, len(text))) == spans


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=80) | st.text("某×漯河孟庙镇金桥安培学校王建国，。“”（）\n考点", max_size=80))
def test_whatever_the_weights_and_the_text_every_target_stands_in_it_once(text):
    names = find(WILD, text)
    assert all(name in text for name in names)
    assert max(Counter(names).values(), default=1) == 1
    assert not any(one != other and one in other for one in names for other in names)
    assert not any("某" in name for name in names)
