"""What a reporter answered beside his text is read with it, and his no reaches the desk."""

from datetime import datetime

import pytest

from config.catalog import Catalog, load_catalog
from config.keys import Keys
from models.queries.cases import list_findings
from models.queries.tips import find_case_of_tip, get_tip
from models.session import Database
from models.tip import Tip
from tests.factories import make_tip
from triage.assess import assess_waiting, open_case
from triage.language import Classifier, load_classifier
from triage.matters import Matters
from triage.told import (
    join_words,
    keep_own_evidence,
    list_still_missing,
    merge_lines,
    view_answers,
    view_meant,
)

TEXT = "郾城区孟庙镇的“宏达安全培训学校”开包过班，交三千八保证拿电工证，不用上课。"
CLEAR = {
    "disposition": "in_scope",
    "subjects": ["training_institution"],
    "clauses": ["3.1.4"],
    "patterns": ["pass_guarantee"],
    "police_referral": False,
    "urgency": "normal",
    "jurisdiction": "yancheng",
    "targets": ["宏达安全培训学校"],
    "evidence": [],
    "confidence": {},
    "review": False,
    "review_reasons": [],
    "rules_version": "r1",
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="module")
def matters(catalog: Catalog, keys: Keys) -> Matters:
    return Matters(catalog, keys)


@pytest.fixture(scope="module")
def classifier(catalog: Catalog) -> Classifier:
    return load_classifier(catalog)


def a_tip(**changes) -> Tip:
    values = {
        "text": TEXT,
        "answers": {},
        "meant": {},
        "place": "",
        "county": "",
        "target": "",
        "occurred": "",
    }
    return Tip(**(values | changes))


def test_answers_stand_behind_the_text_and_choices_in_words():
    tip = a_tip(answers={"paid": "3800 元", "still_so": "now"}, meant={"choice": "else", "words": "卖假证"})
    assert join_words(tip) == f"{TEXT}\n3800 元\n现在正在发生\n卖假证"
    assert join_words(a_tip()) == TEXT


def test_only_passages_of_the_text_itself_are_evidence():
    inside, beyond = {"start": 0, "end": len(TEXT)}, {"start": len(TEXT), "end": len(TEXT) + 3}
    assert keep_own_evidence({"evidence": [inside, beyond]}, a_tip())["evidence"] == [inside]


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({}, ["place", "body", "exam_day", "amount", "still_so"]),
        ({"county": "wuyang", "target": "某校"}, ["exam_day", "amount", "still_so"]),
        ({"occurred": "上周六"}, ["place", "body", "amount"]),
        ({"answers": {"paid": "3800"}}, ["place", "body", "exam_day", "still_so"]),
        ({"answers": {"still_so": "past"}}, ["place", "body", "exam_day", "amount"]),
    ],
)
def test_staff_are_not_told_to_ask_what_was_answered(given, left):
    asked = ["place", "body", "exam_day", "amount", "still_so"]
    assert list_still_missing(asked, a_tip(**given)) == left


def test_answers_are_shown_in_words_also_of_questions_asked_no_more():
    tip = a_tip(answers={"paid": "3800 元", "still_so": "now", "long_gone": "有"})
    assert view_answers(tip, "zh-CN") == [
        ("交钱的情况", "3800 元"),
        ("现在的情况", "现在正在发生"),
        ("long_gone", "有"),
    ]


def test_a_correction_is_shown_beside_what_he_had_been_told():
    meant = {"told": ["pass_sold", "cheating"], "choice": "fake_certificate", "words": ""}
    told, says = view_meant(a_tip(meant=meant), "zh-CN")
    assert told == "有人承诺交钱包过；考试有人作弊"
    assert says.startswith("有人造假证")
    assert view_meant(a_tip(), "zh-CN") is None


def a_line(**changes):
    facts = {"phones": [], "amounts": []}
    return CLEAR | {"facts": facts, "missing": ["amount"], "confidence": {"jurisdiction": 0.9}} | changes


def test_answers_add_what_they_were_asked_for_and_never_a_clause():
    whole = a_line(
        clauses=["3.1.4", "3.1.3"],
        police_referral=True,
        facts={"phones": ["13900001111"], "amounts": [800.0]},
        missing=[],
        targets=["鑫盛学校"],
        urgency="immediate",
    )
    merged = merge_lines(a_line(), whole)
    assert (merged["clauses"], merged["police_referral"]) == (["3.1.4"], False)
    assert merged["facts"]["phones"] == ["13900001111"]
    assert merged["targets"] == ["宏达安全培训学校", "鑫盛学校"]
    assert (merged["missing"], merged["urgency"]) == ([], "immediate")


def test_answers_tell_the_county_that_the_words_left_out_and_overrule_none():
    nowhere = a_line(jurisdiction="unknown", review=True, review_reasons=["no_place"])
    merged = merge_lines(nowhere, a_line(jurisdiction="wuyang"))
    assert (merged["jurisdiction"], merged["review"], merged["review_reasons"]) == ("wuyang", False, [])
    assert merge_lines(a_line(), a_line(jurisdiction="wuyang"))["jurisdiction"] == "yancheng"


def test_where_the_words_leave_open_what_is_alleged_the_whole_decides():
    unclear = a_line(clauses=[], review=True, review_reasons=["no_clause"])
    assert merge_lines(unclear, a_line(clauses=["3.4.3"]))["clauses"] == ["3.4.3"]


async def test_a_correction_asks_for_a_person(
    db: Database, catalog: Catalog, matters: Matters, now: datetime
):
    async with db.begin() as session:
        meant = {"told": ["pass_sold"], "choice": "cheating", "words": ""}
        tip = await make_tip(session, TEXT, received_at=now, meant=meant)
        case = await open_case(session, tip.id, dict(CLEAR), catalog=catalog, matters=matters, now=now)
        assert case is not None
        assert case.needs_review
        assert "reporter_disagrees" in case.review_reasons
        silent = await make_tip(session, TEXT, received_at=now)
        case = await open_case(session, silent.id, dict(CLEAR), catalog=catalog, matters=matters, now=now)
        assert case is not None
        assert not case.needs_review


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_was_answered_is_read(
    db: Database, catalog: Catalog, classifier: Classifier, matters: Matters, now: datetime
):
    async with db.begin() as session:
        words = "孟庙镇有人卖电工证，不用考试，花钱就行。"
        tip = await make_tip(
            session, words, received_at=now, answers={"paid": "3800 元，微信转账", "seller": "13900001111"}
        )
    assert await assess_waiting(db, classifier, catalog=catalog, matters=matters, now=now) == 1
    async with db.read() as session:
        tip = await get_tip(session, tip.id)
        case = await find_case_of_tip(session, tip)
        assert case is not None
        assert not {"amount", "seller_contact"} & set(case.missing)
        evidence = [entry for row in await list_findings(session, case.id) for entry in row.evidence]
    assert evidence
    assert all(words[entry["start"] : entry["end"]] == entry["text"] for entry in evidence)
