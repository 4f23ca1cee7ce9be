"""A changed rule is tried: mistakes are named, and what would change is told tip by tip, without a word of the tip."""

import json

import pytest

from config.rulefile import CONFIG, CatalogError
from triage.rule_trial import try_rule

PLAIN = {"id": "t1", "text": "宏达培训学校考电工证，老师说蓝鲸计划，请查处。"}
WANTED = {
    "disposition": "in_scope", "clauses": ["3.1.4"], "patterns": ["pass_guarantee"], "subjects": [],
    "police_referral": False, "urgency": "normal", "jurisdiction": "unknown", "targets": [],
}  # fmt: skip


def draft(tmp_path, rule, change):
    path = tmp_path / f"{rule}.yaml"
    path.write_text(change((CONFIG / "patterns" / path.name).read_text(encoding="utf-8")), encoding="utf-8")
    return path


def test_the_same_file_changes_nothing(tmp_path):
    trial = try_rule(draft(tmp_path, "advertisement", str), [{**PLAIN, "labels": WANTED}], model=None)
    assert (trial.problems, trial.changed) == ([], [])
    assert trial.before == trial.after
    assert trial.before["tips"] == 1


def test_a_new_cue_changes_the_tips_that_have_it_and_says_which(tmp_path):
    def add(words):
        return words.replace("cues:\n", "cues:\n  - weight: 1.0\n    any:\n      - 蓝鲸计划\n", 1)

    tips = [{**PLAIN, "labels": WANTED}, {"id": "t2", "text": "厂里焊工没证，每天照样干活。"}]
    trial = try_rule(draft(tmp_path, "pass-guarantee", add), tips, model=None)
    assert [change["id"] for change in trial.changed] == ["t1"]
    assert "蓝鲸" not in json.dumps(trial.to_json(), ensure_ascii=False)
    changed = trial.changed[0]
    assert changed["clauses"] == {"before": [], "after": ["3.1.4"], "right": "after"}
    assert changed["patterns"]["right"] == "after"
    assert trial.after["clause_micro"]["r"] > trial.before["clause_micro"]["r"]


def test_a_rule_that_breaks_its_examples_or_its_shape_is_refused(tmp_path):
    def break_example(words):
        return words.replace(
            "counter_examples:\n",
            "counter_examples:\n  - 电工焊工登高证快速办理，包过，名额有限，欢迎咨询微信abc12345\n",
        )

    trial = try_rule(draft(tmp_path, "advertisement", break_example), [PLAIN], model=None)
    assert trial.problems
    assert not trial.changed
    with pytest.raises(CatalogError):
        try_rule(draft(tmp_path, "advertisement", lambda words: words + "surprise: 1\n"), [PLAIN], model=None)
