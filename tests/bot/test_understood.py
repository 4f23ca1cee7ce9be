"""What a citizen is told about his own words: plain, never more than we know, and nothing of anybody else."""

import re
from typing import Any

import pytest

from bot.follow_ups import ELSE, MEANT, MEANT_WORDS, make_note
from bot.understanding import NOTE, tells_of_danger
from bot.understood import find_in_words, make_remarks
from config.catalog import load_catalog
from config.follow_ups import Understanding
from config.text import LOCALES, load_texts

CATALOG = load_catalog()
PASS = Understanding(
    "in_scope",
    clauses=("3.1.4",),
    patterns=("pass_guarantee",),
    county="wuyang",
    bodies=("宏达培训学校",),
    facts=frozenset({"county", "body"}),
)


def draft(words: str, said: Understanding | None, **answers: Any) -> dict[str, Any]:
    note = make_note(words, said, CATALOG.follow_ups, answers={}) if said else None
    return {"what": {"text": words}, **answers, **({NOTE: note.to_json()} if note else {})}


def remarks(words: str, said: Understanding | None, **answers: Any):
    return make_remarks(draft(words, said, **answers), CATALOG, "zh-CN")


def test_the_sentence_says_what_who_and_where():
    told = remarks("宏达培训学校交钱包过，在舞阳", PASS)
    assert told.understood == "我们理解您说的是：有人承诺交钱包过。说的是“宏达培训学校”，在舞阳县。"


def test_what_he_answered_goes_before_what_we_read():
    told = remarks("交钱包过", PASS, who={"target": "鑫盛学校"}, where={"county": "linying"})
    assert "鑫盛学校" in told.understood
    assert "临颍县" in told.understood
    assert "宏达" not in told.understood


def test_what_the_story_says_is_not_shown_as_missing():
    answers = draft("宏达培训学校交钱包过，在舞阳", PASS)
    assert find_in_words(answers, "county", CATALOG, "zh-CN") == "舞阳县（您的话里写到了）"
    assert find_in_words(answers, "target", CATALOG, "zh-CN") == "宏达培训学校（您的话里写到了）"
    assert find_in_words(answers, "occurred", CATALOG, "zh-CN") == ""
    assert find_in_words({**answers, "what": {"text": "别的事"}}, "county", CATALOG, "zh-CN") == ""


def test_where_we_are_not_sure_we_say_so_and_where_nobody_read_we_say_nothing():
    assert remarks("说不清", Understanding("unsure")).understood == "我们还没完全看懂，会有人来看。"
    assert remarks("哈哈哈", Understanding("not_actionable")).understood == "我们还没完全看懂，会有人来看。"
    assert remarks("交钱包过", None).understood == ""


def test_a_sentence_about_older_words_is_not_shown():
    answers = draft("交钱包过", PASS)
    answers["what"] = {"text": "其实是替考"}
    assert make_remarks(answers, CATALOG, "zh-CN").understood == ""


def test_a_correction_is_repeated_in_his_words():
    picked = remarks("交钱包过", PASS, **{MEANT: {"choice": "cheating"}})
    assert "说的其实是：考试有人作弊" in picked.understood
    own = remarks("交钱包过", PASS, **{MEANT: {"choice": ELSE, MEANT_WORDS: "他们卖的是假证。"}})
    assert "他们卖的是假证。" in own.understood
    assert remarks("欠薪", Understanding("other_department"), **{MEANT: {"choice": "cheating"}}).notice == ""


def test_danger_is_told_first_with_and_without_a_reader():
    for said in (None, Understanding("unsure"), PASS):
        urgent = remarks("仓库着火了，有人被困", said).urgent
        assert all(number in urgent for number in ("119", "110", "12350"))
    soon = remarks("明天考试有人报答案", Understanding("in_scope", is_urgent=True)).urgent
    assert all(number in soon for number in ("12350", "110", "119"))
    assert remarks("交钱包过", PASS).urgent == ""
    assert tells_of_danger("There was an Explosion just now")


@pytest.mark.parametrize("said", [None, PASS, Understanding("unsure")])
def test_that_it_may_be_known_depends_on_the_words_alone(said):
    long, short = "漯" * 40, "漯" * 10
    assert remarks(long, said).known
    names_body = bool(said and said.bodies)
    assert bool(remarks(short, said).known) is names_body
    assert remarks(short, said, who={"target": "宏达"}).known


def test_what_may_be_known_is_told_to_everybody_in_the_same_words():
    firms = [remarks(f"{name}包过" + "。" * 40, PASS).known for name in ("宏达", "鑫盛", "不存在")]
    assert len(set(firms)) == 1
    assert "我们对谁都不说" in firms[0]
    assert "自己的举报编号" in firms[0]


@pytest.mark.parametrize("locale", LOCALES)
def test_no_inside_word_reaches_a_citizen(locale: str):
    texts = {
        key: words
        for key, words in load_texts(locale).items()
        if key.startswith("questions.") and not key.startswith("questions.staff.")
    }
    inside = re.compile(
        r"\d\.\d\.\d|条款|研判|属地|线索|置信|clause|triage|confidence|jurisdiction", re.IGNORECASE
    )
    assert not [key for key, words in texts.items() if inside.search(words)]


@pytest.mark.parametrize("locale", LOCALES)
def test_buttons_and_labels_are_short(locale: str):
    most = {"zh-CN": 10, "en": 16}[locale]
    texts = load_texts(locale)
    long = [
        key
        for key, words in texts.items()
        if re.search(r"^questions\.matter\..*\.pick$", key) and len(words) > most
    ]
    assert long == []
