"""Which questions fit which tip: few, worth asking, and none that was answered."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.steps import list_steps, step_after
from bot.follow_ups import (
    ELSE,
    MEANT,
    MEANT_WORDS,
    RIGHT,
    choose_follow_ups,
    collect_answers,
    collect_meant,
    make_note,
    make_plan,
)
from bot.questionnaire import check_answer, list_missing, must_answer, next_question, take_answer
from bot.understanding import NOTE, Note, find_note, is_fresh
from config.catalog import load_catalog
from config.follow_ups import Understanding
from config.questionnaires import Question

CATALOG = load_catalog()
RULES, TIP = CATALOG.follow_ups, CATALOG.questionnaires["tip"]
BY_ID = {item.id: item for item in RULES.follow_ups}
FACTS = ("county", "place", "body", "date", "period", "amount", "contact", "duration", "site")


def asked(disposition="in_scope", *, clauses=(), patterns=(), facts=(), answers=None, has_files=False):
    said = Understanding(disposition, clauses=clauses, patterns=patterns, facts=frozenset(facts))
    return choose_follow_ups(said, RULES, answers=answers or {}, has_files=has_files)


@pytest.mark.parametrize(
    ("said", "questions"),
    [
        # An exam: which, when, and the slip to photograph.
        ({"clauses": ("3.3.6",), "facts": ("county",)}, ("exam_when", "exam_site", "proof_of_exam")),
        ({"patterns": ("exam_cheating",), "facts": ("county", "body", "date")}, ("site", "proof_of_exam")),
        # A sale: who, how much, and the chat or receipt to photograph.
        ({"patterns": ("pass_guarantee",)}, ("county", "body", "proof_of_sale")),
        ({"patterns": ("pass_guarantee",), "facts": ("county", "body")}, ("paid", "when", "proof_of_sale")),
        (
            {"patterns": ("overcharging",), "facts": ("county", "body", "amount")},
            ("paid_to", "when", "proof_of_sale"),
        ),
        (
            {"patterns": ("fake_certificate",), "facts": ("county", "contact")},
            ("paid", "when", "proof_of_certificate"),
        ),
        # Work without papers, training for show, staff untrained.
        ({"clauses": ("3.4.3",), "facts": ("county", "body")}, ("who_works", "when", "proof_of_certificate")),
        ({"clauses": ("3.1.2",), "facts": ("county", "body")}, ("lessons", "when", "proof_of_training")),
        ({"clauses": ("3.4.5",), "facts": ("county", "body")}, ("how_many", "when", "proof_of_training")),
        # Not the notice's matter, or not understood: what anybody must be asked.
        ({"disposition": "other_safety"}, ("county", "body", "still_so")),
        ({"disposition": "other_department"}, ("county", "body", "proof")),
        ({"disposition": "unsure"}, ("county", "body", "when")),
        ({"disposition": "consultation"}, ()),
    ],
)
def test_the_questions_are_those_that_matter_for_this_tip(said: dict[str, Any], questions: tuple[str, ...]):
    assert asked(**said) == questions


def test_what_was_given_beside_the_text_is_not_asked_either():
    given = {"where": {"county": "wuyang"}, "who": {"target": "宏达学校"}}
    assert asked("unsure", answers=given) == ("when", "proof")
    assert asked("unsure", answers=given, has_files=True) == ("when",)


def test_questions_answered_before_the_story_was_changed_stay_and_count():
    said = Understanding("in_scope", patterns=("pass_guarantee",))
    kept = choose_follow_ups(said, RULES, answers={"lessons": {}}, before=("lessons", "how_many"))
    assert len(kept) == 3
    assert "lessons" in kept  # it was skipped: asked all the same
    assert "how_many" not in kept  # it was never reached


understandings = st.builds(
    Understanding,
    disposition=st.sampled_from(
        ["in_scope", "other_safety", "other_department", "consultation", "not_actionable", "unsure"]
    ),
    clauses=st.lists(st.sampled_from(sorted(CATALOG.clauses)), unique=True, max_size=6).map(tuple),
    patterns=st.lists(st.sampled_from(sorted(CATALOG.patterns)), unique=True, max_size=6).map(tuple),
    facts=st.frozensets(st.sampled_from(FACTS)),
    county=st.sampled_from(["", "wuyang"]),
    is_outside=st.booleans(),
    is_urgent=st.booleans(),
)
before = st.lists(st.sampled_from(sorted(BY_ID)), unique=True, max_size=8).map(tuple)
given_answers = st.fixed_dictionaries(
    {}, optional={name: st.just({}) for name in ("where", "who", "when", "evidence", "paid", "lessons")}
)


@given(understandings, before, given_answers, st.booleans())
def test_never_more_than_three_none_twice_none_whose_answer_is_there(said, asked_before, answers, has_files):
    chosen = choose_follow_ups(said, RULES, answers=answers, has_files=has_files, before=asked_before)
    assert len(chosen) <= 3
    kinds = [BY_ID[name].kind for name in chosen]
    places = [{"county": "where", "place": "where"}.get(kind, kind) for kind in kinds]
    assert all(places.count(kind) == 1 for kind in places if kind not in {"text", "choice"})
    for name in set(chosen) - set(asked_before):
        assert not set(BY_ID[name].when.lacks) & said.facts
    if "county" in said.facts and "county" not in asked_before:
        assert "county" not in chosen


@given(understandings, st.booleans(), st.data())
def test_every_way_through_ends_and_every_follow_up_may_be_skipped(said, is_by_message, data):
    note = make_note("话", said, RULES, answers={})
    plan = make_plan(TIP, note, RULES, is_by_message=is_by_message)
    answers: dict[str, Any] = {"what": {"text": "话"}}
    seen = []
    while question := next_question(plan.asked, answers):
        seen.append(question.id)
        assert len(seen) <= 4, "three and the question who he is"
        if question.id == "contact":
            answers["contact"] = {"choice": "anonymous"}
            continue
        assert not must_answer(question)
        typed = data.draw(st.sampled_from([{}, _some_answer(question)]))
        assert check_answer(question, typed, counties=CATALOG.counties) == {}
        answers[question.id] = take_answer(question, typed)
    assert seen[-1] == "contact"
    assert list_missing(plan.whole, answers) == ()


def _some_answer(question: Question) -> dict[str, str]:
    typed = {field.id: "wuyang" if field.kind == "county" else "三千" for field in question.fields}
    return {"choice": question.choices[0].id} if question.choices else typed


@given(understandings)
def test_the_chat_asks_a_message_for_each_and_ends(said):
    note = make_note("话", said, RULES, answers={})
    plan = make_plan(TIP, note, RULES, is_by_message=True)
    step, messages = list_steps(plan.asked, {})[0], 0
    while (step := step_after(plan.asked, {}, step)) and step.question.id != "contact":
        assert step.may_skip
        messages += 1
    assert messages <= 3


def test_nothing_of_the_fixed_questionnaire_is_lost_and_without_a_note_it_is_asked():
    assert make_plan(TIP, None, RULES).asked == TIP
    plan = make_plan(TIP, Note(of="", asked=("exam_when", "paid")), RULES)
    assert [question.id for question in plan.asked.questions] == ["what", "when", "paid", "contact"]
    whole = [question.id for question in plan.whole.questions]
    assert whole == ["what", MEANT, "where", "who", "when", "paid", "evidence", "contact"]


def test_a_question_that_the_rules_forgot_is_not_asked():
    plan = make_plan(TIP, Note(of="", asked=("long_gone", "paid")), RULES)
    assert [question.id for question in plan.asked.questions] == ["what", "paid", "contact"]


def test_a_note_survives_the_draft_and_is_stale_once_the_words_change():
    note = make_note("交钱包过", Understanding("in_scope", patterns=("pass_guarantee",)), RULES, answers={})
    answers = {"what": {"text": "交钱包过"}, NOTE: note.to_json()}
    assert find_note(answers) == note
    assert is_fresh(note, answers)
    assert not is_fresh(note, {**answers, "what": {"text": "交钱包过。"}})


def test_answers_and_correction_travel_as_they_were_given():
    note = Note(of="", asked=("paid", "still_so"), matters=("pass_sold",))
    plan = make_plan(TIP, note, RULES)
    answers = {"what": {"text": "话"}, "paid": {"paid": "3800"}, "still_so": {"choice": "now"}, "where": {}}
    assert collect_answers(plan, answers, TIP) == {"paid": "3800", "still_so": "now"}
    assert collect_meant(note, answers) == {}
    assert collect_meant(note, {MEANT: {"choice": RIGHT}}) == {}
    own = {MEANT: {"choice": ELSE, MEANT_WORDS: "是卖假证"}}
    assert collect_meant(note, own) == {"told": ["pass_sold"], "choice": ELSE, "words": "是卖假证"}
    assert collect_meant(note, {MEANT: {"choice": "cheating"}})["choice"] == "cheating"


def test_who_says_that_nothing_fits_must_say_what_does():
    [meant] = [q for q in make_plan(TIP, Note(of=""), RULES).whole.questions if q.id == MEANT]
    flaws = check_answer(meant, {"choice": ELSE}, counties=())
    assert flaws[MEANT_WORDS].key == "empty"
    assert check_answer(meant, {"choice": "cheating"}, counties=()) == {}


@pytest.mark.parametrize(
    ("words", "said", "notice"),
    [
        ("拖欠工资", Understanding("other_department"), "elsewhere.wages"),
        ("驾校收红包", Understanding("other_department"), "elsewhere.driving"),
        ("邻居太吵", Understanding("other_department"), "elsewhere.other"),
        ("拖欠工资", Understanding("in_scope"), ""),
        ("拖欠工资", Understanding("unsure"), ""),
        ("郑州卖证", Understanding("in_scope", is_outside=True), "notice.outside"),
        ("通道堵了", Understanding("other_safety"), "notice.other_safety"),
        ("在哪报名", Understanding("consultation"), "notice.consultation"),
    ],
)
def test_whom_else_to_call_is_said_only_when_we_are_sure(words: str, said: Understanding, notice: str):
    assert make_note(words, said, RULES, answers={}).notice == notice


def test_every_clause_and_pattern_has_plain_words():
    covered = {label for matter in RULES.matters for label in (*matter.clauses, *matter.patterns)}
    # 3.1.4 never comes without the pattern that makes it, which has words.
    assert {*CATALOG.clauses, *CATALOG.patterns} - covered == {"3.1.4"}


def test_a_county_is_asked_once_however_it_is_called():
    for facts in product([(), ("place",)], [(), ("county",)]):
        chosen = asked("in_scope", clauses=("3.3.6",), facts=(*facts[0], *facts[1]))
        assert len({"county", "site"} & set(chosen)) <= 1
