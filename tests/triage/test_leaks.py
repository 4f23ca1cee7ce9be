"""The leak check on outgoing texts, measured on sentences written for it; half of them were held out."""

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from config.catalog import load_catalog
from triage.leaks import LeakKind, Source, find_leaks, int_of

RULES = load_catalog().leaks
CASES = yaml.safe_load((Path(__file__).parent / "labelled" / "leaks.yaml").read_text(encoding="utf-8"))
RECALL, CLEAN = 0.9, 0.95
"""Bars for the half that was held out: leaks caught, clean sentences let through."""


def read(part: str, kind: str) -> list[tuple[str, Source]]:
    return [
        (sentence, Source([case["tip"]], case["names"], case["numbers"], case["known"]))
        for case in CASES
        if case["part"] == part
        for sentence in case[kind]
    ]


def rate(part: str, kind: str, *, stopped: bool) -> float:
    sentences = read(part, kind)
    return sum(bool(find_leaks(text, source, RULES)) is stopped for text, source in sentences) / len(
        sentences
    )


def test_the_set_is_large_enough_and_half_of_it_was_held_out():
    for kind in ("leaks", "clean"):
        tune, held = len(read("tune", kind)), len(read("held", kind))
        assert tune + held >= 60
        assert held >= 30


@pytest.mark.parametrize("part", ["tune", "held"])
def test_leaks_are_caught_and_clean_sentences_pass(part):
    recall, clean = rate(part, "leaks", stopped=True), rate(part, "clean", stopped=False)
    assert recall >= RECALL, f"{part}: {recall:.3f} of the leaks caught"
    assert clean >= CLEAN, f"{part}: {clean:.3f} of the clean sentences let through"


TIP = "我是该校的前台赵小满，3月12日上午九点半，校长让我把没上课的人全部补签，电话13839561234。"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("校长让我把没上课的人全部补签", LeakKind.QUOTE),
        ("校长，让我把没上课的人；全部补签", LeakKind.QUOTE),
        ("没上课的人由校长让全部补签了", LeakKind.NEAR_QUOTE),
        ("请联系１３８　３９５６　１２３４", LeakKind.NUMBER),
        ("赵女士反映", LeakKind.NAME),
        ("三月十二号发生", LeakKind.TIME),
        ("2026-03-12 检查", LeakKind.TIME),
        ("9:30左右", LeakKind.TIME),
        ("该校前台", LeakKind.ROLE),
        ("举报人是本地人", LeakKind.ROLE),
    ],
)
def test_each_kind_is_found_where_it_stands(text, kind):
    source = Source([TIP], ["赵小满"])
    found = [leak for leak in find_leaks(text, source, RULES) if leak.kind is kind]
    assert found, find_leaks(text, source, RULES)
    assert all(text[leak.start : leak.end].strip() for leak in found)


def test_what_everybody_may_know_is_no_quotation():
    tip = "漯河市宏达安全职业培训学校有限公司不上课"
    name = "漯河市宏达安全职业培训学校有限公司"
    assert find_leaks(f"请{name}说明", Source([tip], known=[name]), RULES) == []
    assert find_leaks(f"请{name}说明", Source([tip]), RULES)


@pytest.mark.parametrize(
    ("written", "number"), [("12", 12), ("十二", 12), ("二十三", 23), ("１２", 12), ("十", 10), ("三", 3)]
)
def test_numbers_are_read_as_people_write_them(written, number):
    assert int_of(written) == number


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_two_texts_can_be_compared(text, tip):
    for leak in find_leaks(text, Source([tip], [tip[:3]], [tip[3:9]]), RULES):
        assert 0 <= leak.start < leak.end <= len(text)


@pytest.mark.parametrize("unit", ["学员", "举报人", "提供", "1月", "一", "第1期", "我在我是", "3点"])
def test_no_text_takes_long(unit):
    text = unit * (20_000 // len(unit))
    started = time.process_time()
    find_leaks(text, Source([text, TIP]), RULES)
    assert time.process_time() - started < 4
