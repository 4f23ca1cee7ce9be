import io
import json

import pytest

from tests.triage.reader import classifier
from triage.evaluate import compare, evaluate, read_gold
from triage.lines import run_triage

LABELS = {
    "disposition": "in_scope",
    "subjects": ["exam_site"],
    "clauses": ["3.3.6"],
    "patterns": ["exam_cheating"],
    "police_referral": True,
    "urgency": "high",
    "jurisdiction": "city",
    "targets": ["漯河安泰培训学校"],
}
GOLD = [
    {"id": "a", "text": "监考念答案", "labels": LABELS},
    {"id": "b", "text": "监考念答案", "labels": LABELS},
]


def said(tip_id, **changes):
    span = {"for": "3.3.6", "start": 0, "end": 5, "text": "监考念答案"}
    return {"id": tip_id, **LABELS, "evidence": [span], "review": False, **changes}


def test_right_answers_count_full():
    figures = compare(GOLD, [said("a"), said("b")])
    assert figures["disposition_accuracy"] == figures["route_ready"] == figures["clause_micro"]["f1"] == 1
    assert figures["bad_evidence_spans"] == "0/2"
    assert figures["routed_alone"] == figures["routed_alone_right"] == 1


def test_a_tip_without_an_answer_is_wrong_everywhere():
    figures = compare(GOLD, [said("a")])
    assert figures["answered"] == 1
    assert (
        figures["disposition_accuracy"]
        == figures["clause_micro"]["r"]
        == figures["jurisdiction_accuracy"]
        == 0.5
    )


def test_wrong_and_missed_labels_are_told_apart():
    figures = compare(GOLD, [said("a", clauses=["3.1.4"]), said("b")])
    assert figures["clause_micro"] == {"p": 0.5, "r": 0.5, "f1": 0.5, "n": 2}
    assert figures["clauses"]["3.1.4"]["p"] == 0
    assert figures["route_ready"] == 0.5


@pytest.mark.parametrize(
    ("name", "counts"),
    [("安泰培训学校", True), ("漯河安泰培训学校 ", True), ("安泰", False), ("某学校", False)],
)
def test_a_name_counts_when_most_of_it_is_there(name, counts):
    assert (compare(GOLD[:1], [said("a", targets=[name])])["targets"]["r"] == 1) is counts


@pytest.mark.parametrize(
    "span",
    [
        {"for": "3.3.6", "start": 1, "end": 5, "text": "监考念答案"},
        {"for": "3.3.6", "start": 0, "end": 99, "text": "监考念答案"},
        {"for": 1, "start": 0, "end": 5, "text": "监考念答案"},
        "words",
    ],
)
def test_evidence_that_is_not_quoted_exactly_is_bad(span):
    figures = compare(GOLD[:1], [said("a", evidence=[span])])
    assert figures["bad_evidence_spans"] == "1/1"
    assert figures["clauses_with_evidence"] == 0


def test_a_file_of_tips_is_classified_and_compared(tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_text("\n".join(json.dumps(tip) for tip in GOLD), encoding="utf-8")
    assert evaluate(path, classifier())["tips"] == 2


def test_a_line_that_is_no_labelled_tip_is_named(tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_text('{"id": "a"}', encoding="utf-8")
    with pytest.raises(ValueError, match="line 1"):
        read_gold(path)


# The least that shipped rules must reach on our own tips; raise it when they do better.
FLOOR = {"disposition_accuracy": 0.88, "jurisdiction_accuracy": 0.95}


def test_our_own_tips_are_read_well_enough(request):
    figures = evaluate(request.config.rootpath / "tests" / "data" / "own.jsonl", classifier())
    assert figures["clause_micro"]["f1"] >= 0.8
    assert figures["police_referral"]["r"] >= 0.7
    assert figures["clauses_with_evidence"] >= 0.97
    assert figures["bad_evidence_spans"].startswith("0/")
    assert all(figures[name] >= least for name, least in FLOOR.items())


BAD_LINES = [
    "not json",
    "[]",
    '{"id": "x"}',
    '{"id": "x", "text": 3}',
    '{"id": "x", "text": "a", "received_at": "soon"}',
    "[" * 100_000,
]


def test_bad_lines_are_answered_and_the_rest_goes_on():
    out = io.StringIO()
    good = json.dumps({"id": "z", "text": "焊工包过班"})
    assert not run_triage(classifier(), [*BAD_LINES, good], out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(lines) == len(BAD_LINES) + 1
    assert all(line["error"] for line in lines[:-1])
    assert lines[-1]["id"] == "z"
    assert lines[-1]["disposition"] == "in_scope"


def test_lines_are_answered_in_order_and_with_reasons():
    out = io.StringIO()
    tips = [json.dumps({"id": str(n), "text": "\ud800焊工包过班"}) for n in range(3)]
    assert run_triage(classifier(), tips, out, explain=True)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["id"] for line in lines] == ["0", "1", "2"]
    assert lines[0]["explain"][0]["rule"]
    out.getvalue().encode()
