"""The questions of a report: pure, the same for web and chat."""

import pytest

from bot.questionnaire import (
    UNKNOWN_COUNTY,
    UnknownQuestionError,
    check_answer,
    collect_values,
    get_question,
    list_fields,
    list_missing,
    next_question,
    previous_question,
    summarise,
    take_answer,
)
from config.catalog import load_catalog
from config.text import LOCALES, text

TIP = load_catalog().questionnaires["tip"]
COUNTIES = frozenset(load_catalog().counties)


def flaws(question: str, **typed: str) -> dict[str, str]:
    found = check_answer(get_question(TIP, question), typed, counties=COUNTIES)
    return {name: flaw.key for name, flaw in found.items()}


def test_questions_come_in_the_order_of_the_file():
    answers: dict[str, dict[str, str]] = {}
    asked = []
    while question := next_question(TIP, answers):
        asked.append(question.id)
        answers[question.id] = {}
    assert asked == ["what", "where", "who", "when", "evidence", "contact"]


def test_a_skipped_question_is_not_asked_again_but_a_required_one_is_missing():
    answers = {"what": {}, "where": {}}
    assert next_question(TIP, answers).id == "who"
    assert [question.id for question in list_missing(TIP, answers)] == ["what", "contact"]


def test_one_can_go_back_and_on():
    assert next_question(TIP, {}, after="what").id == "where"
    assert next_question(TIP, {}, after="contact") is None
    assert previous_question(TIP, "where").id == "what"
    assert previous_question(TIP, "what") is None
    with pytest.raises(UnknownQuestionError):
        previous_question(TIP, "nonsense")


@pytest.mark.parametrize(
    ("question", "typed", "expected"),
    [
        ("what", {"text": "他们卖证。"}, {}),
        ("what", {"text": ""}, {"text": "empty"}),
        ("what", {"text": " \u3000\n"}, {"text": "empty"}),
        ("what", {"text": "字" * 20_000}, {}),
        ("what", {"text": "字" * 20_001}, {"text": "too_long"}),
        ("what", {"text": "坏\x00字"}, {"text": "bad_characters"}),
        ("what", {"text": "坏\ud800字"}, {"text": "bad_characters"}),
        ("where", {}, {}),
        ("where", {"county": "yancheng", "place": "龙塔街道"}, {}),
        ("where", {"county": UNKNOWN_COUNTY}, {}),
        ("where", {"county": "city"}, {"county": "choose"}),
        ("where", {"county": "beijing"}, {"county": "choose"}),
        ("who", {"target": "长" * 201}, {"target": "too_long"}),
        ("contact", {}, {"choice": "choose"}),
        ("contact", {"choice": "friend"}, {"choice": "choose"}),
        ("contact", {"choice": "anonymous"}, {}),
        ("contact", {"choice": "named"}, {"name": "contact_missing"}),
        ("contact", {"choice": "named", "name": "王某"}, {}),
        ("contact", {"choice": "named", "phone": "１３８ 0000-1234"}, {}),
        ("contact", {"choice": "named", "phone": "不告诉你"}, {"phone": "phone"}),
    ],
)
def test_what_will_do_as_an_answer(question: str, typed: dict[str, str], expected: dict[str, str]):
    assert flaws(question, **typed) == expected


@pytest.mark.parametrize("key", ["empty", "too_long", "bad_characters", "choose", "contact_missing", "phone"])
@pytest.mark.parametrize("locale", LOCALES)
def test_every_flaw_has_a_sentence(key: str, locale: str):
    assert text(f"errors.{key}", locale, longest="200", length="201")


def test_the_account_is_kept_byte_for_byte_and_other_inputs_are_tidied():
    assert take_answer(get_question(TIP, "what"), {"text": "  一\r\n二 "}) == {"text": "  一\r\n二 "}
    assert take_answer(get_question(TIP, "who"), {"target": " 宏达 ", "phone": "1"}) == {"target": "宏达"}
    named = take_answer(get_question(TIP, "contact"), {"choice": "named", "phone": "１３８", "name": " "})
    assert named == {"choice": "named", "phone": "138"}


def test_who_stays_anonymous_leaves_no_contact_even_when_he_typed_one():
    question = get_question(TIP, "contact")
    assert list_fields(question, "anonymous") == ()
    assert take_answer(question, {"choice": "anonymous", "phone": "13800001234"}) == {"choice": "anonymous"}


def test_the_summary_has_a_line_for_each_input_and_the_submission_its_values():
    answers = {
        "what": {"text": "卖证"},
        "where": {"county": UNKNOWN_COUNTY},
        "contact": {"choice": "anonymous"},
    }
    lines = [(line.question, line.field, line.value) for line in summarise(TIP, answers)]
    assert lines == [
        ("what", "text", "卖证"),
        ("where", "county", "unknown"),
        ("where", "place", ""),
        ("who", "target", ""),
        ("when", "occurred", ""),
        ("contact", "choice", "anonymous"),
    ]
    values = collect_values(TIP, answers)
    assert values == {"text": "卖证", "county": "", "place": "", "target": "", "occurred": ""}
