"""How alike two tips are: what counts, what never decides alone, and that every reason is told."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.catalog import Catalog, load_catalog
from models.states import MarkKind
from triage.bodies import make_reader
from triage.duplicates import Likeness, Print, compare, list_contact_marks, list_marks, make_print

DAY = date(2026, 3, 4)
LONG = (
    "孟庙镇宏达安全培训学校交三千八百块钱保证拿电工证，不用上课，"
    "考试的时候有人把答案发到手机上，我们村十几个人都是这样拿的证。"
)
OTHER = (
    "他家的老师从来不点名，教室里面只有三张桌子，登记表上却写着四十个学员，"
    "实操的机器早就坏掉了，灭火器也没有一个能用。"
)
_KNOWN: list[Catalog] = []


def catalog() -> Catalog:
    if not _KNOWN:
        _KNOWN.append(load_catalog())
    return _KNOWN[0]


def tip(**changes: Any) -> Print:
    """A print: a tip about one school's sold passes, in Yancheng, of one day."""
    values: dict[str, Any] = {
        "targets": ["宏达安全培训学校"],
        "matter": ["3.1.4", "pass_guarantee"],
        "jurisdiction": "yancheng",
        "day": DAY,
        "text": LONG,
        "contacts": [],
    }
    return make_print(**(values | changes), reader=make_reader_once())


_READERS: list[Any] = []


def make_reader_once() -> Any:
    if not _READERS:
        _READERS.append(make_reader(catalog()))
    return _READERS[0]


def likeness(a: Print, b: Print) -> Likeness:
    return compare(a, b, catalog().duplicates)


def level(a: Print, b: Print) -> str:
    found = likeness(a, b)
    return "sure" if found.is_confirmed else "suggested" if found.is_suggested else "none"


PHONE = (MarkKind.PHONE, 7)
LINK = (MarkKind.LINK, 8)
CASES: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("the same text again", {}, {}, "sure"),
    (
        "a copy without a name or place",
        {"targets": [], "matter": [], "jurisdiction": "unknown"},
        {"targets": []},
        "sure",
    ),
    ("same body, same allegation, other words", {}, {"text": OTHER}, "suggested"),
    ("short form of the name", {"targets": ["宏达安培"]}, {"text": OTHER}, "suggested"),
    ("written by ear", {"targets": ["鸿达安全培训学校"]}, {"text": OTHER}, "suggested"),
    ("same body, another allegation", {"matter": ["3.3.6"]}, {"text": OTHER}, "none"),
    ("same body and allegation two years later", {"day": DAY + timedelta(days=730)}, {"text": OTHER}, "none"),
    ("same allegation, another body", {"targets": ["诚信安全培训学校"]}, {"text": OTHER}, "none"),
    ("same allegation and place, no body", {"targets": []}, {"text": OTHER}, "none"),
    (
        "same phone, nobody named",
        {"targets": [], "contacts": [PHONE]},
        {"text": OTHER, "contacts": [PHONE]},
        "suggested",
    ),
    ("same phone and body", {"contacts": [PHONE]}, {"text": OTHER, "contacts": [PHONE]}, "sure"),
    (
        "another phone",
        {"targets": [], "contacts": [(MarkKind.PHONE, 9)]},
        {"text": OTHER, "contacts": [PHONE]},
        "none",
    ),
    (
        "a link that many use",
        {"targets": [], "matter": [], "contacts": [LINK]},
        {"text": OTHER, "contacts": [LINK]},
        "none",
    ),
    (
        "the same few words about nobody",
        {"text": "宏达包过", "targets": []},
        {"text": "宏达包过", "targets": []},
        "none",
    ),
    (
        "the same few words about one body",
        {"text": "宏达包过不用上课"},
        {"text": "宏达包过不用上课"},
        "suggested",
    ),
    ("two towns", {"jurisdiction": "linying"}, {"text": OTHER}, "none"),
]


@pytest.mark.parametrize(("a", "b", "expected"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_what_makes_a_likeness(a: dict[str, Any], b: dict[str, Any], expected: str) -> None:
    assert level(tip(**a), tip(**b)) == expected, likeness(tip(**a), tip(**b))


def test_a_short_text_never_decides_alone() -> None:
    short = {"text": "宏达包过班", "targets": [], "matter": []}
    assert not likeness(tip(**short), tip(**short)).is_confirmed


def test_every_reason_is_a_value() -> None:
    new, known = (
        tip(targets=["诚信安培"], contacts=[PHONE]),
        tip(targets=["漯河诚信安全技术培训学校"], contacts=[PHONE]),
    )
    reasons = likeness(new, known).reasons
    assert [reason["kind"] for reason in reasons] == ["body", "contact", "text", "matter", "place", "time"]
    assert reasons[0] == {
        "kind": "body",
        "how": "abbreviation",
        "new": "诚信安培",
        "known": "漯河诚信安全技术培训学校",
    }
    assert reasons[2]["percent"] == 100
    assert reasons[3]["values"] == ["3.1.4", "pass_guarantee"]


def test_another_county_speaks_against_whatever_else_is_alike() -> None:
    here, there = tip(), tip(jurisdiction="linying")
    assert likeness(here, there).score < likeness(here, tip()).score


def test_contacts_are_kept_as_keyed_marks_and_common_numbers_not_at_all() -> None:
    seen: list[tuple[str, str]] = []

    def digest(kind: MarkKind, value: str) -> int:
        seen.append((kind, value))
        return hash((kind, value))

    facts = {
        "phones": ["138-1234-5678", "12350", "+86 13812345678"],
        "wechat": ["ABC_1"],
        "links": ["https://www.example.cn/a", "http://example.cn/a"],
    }
    marks = list_contact_marks(facts, catalog().duplicates, digest)
    assert seen == [("phone", "13812345678"), ("wechat", "abc1"), ("link", "examplecna")]
    assert len(marks) == 3


TARGETS = st.lists(
    st.sampled_from(
        ["宏达安全培训学校", "宏达安培", "鸿达安全培训学校", "诚信化工有限公司", "张建国", "临颍宏达培训学校"]
    ),
    max_size=3,
)
PRINTS = st.builds(
    tip,
    targets=TARGETS,
    matter=st.lists(st.sampled_from(["3.1.4", "3.3.6", "pass_guarantee"]), max_size=3),
    jurisdiction=st.sampled_from(["yancheng", "linying", "unknown", "city", "outside"]),
    day=st.dates(DAY - timedelta(days=500), DAY),
    text=st.sampled_from([LONG, OTHER, LONG[:50] + OTHER[:20], "宏达包过", ""]),
    contacts=st.lists(st.sampled_from([PHONE, LINK]), max_size=2),
)


@given(PRINTS, PRINTS)
@settings(deadline=None)
def test_likeness_has_no_direction_and_stays_between_nothing_and_certainty(a: Print, b: Print) -> None:
    there, back = likeness(a, b), likeness(b, a)
    assert (there.score, there.is_suggested, there.is_confirmed) == (
        back.score,
        back.is_suggested,
        back.is_confirmed,
    )
    assert 0 <= there.score <= 1
    assert there.is_suggested or not there.is_confirmed


@given(PRINTS, PRINTS)
@settings(deadline=None)
def test_what_is_suggested_shares_a_mark_so_that_it_is_found(a: Print, b: Print) -> None:
    kinds = {reason["kind"] for reason in likeness(a, b).reasons}
    if likeness(a, b).is_suggested and kinds & {"body", "contact"}:
        assert set(list_marks(a, _digest)) & set(list_marks(b, _digest))


def _digest(kind: MarkKind, value: str) -> int:
    return hash((kind, value))
