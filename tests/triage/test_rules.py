import dataclasses

import pytest

from config.patterns import CLAUSES, FOLDER, PatternError, load_patterns, parse_cue
from tests.triage.reader import catalog, classifier
from triage.examples import check_examples


def test_every_rule_lives_up_to_its_examples():
    assert [str(found) for found in check_examples(catalog().cues, classifier())] == []


def test_every_clause_and_pattern_has_a_rule():
    said = [says for rule in catalog().cues.rules for says in rule.says]
    assert {says.clause for says in said} >= set(CLAUSES)
    assert {says.pattern for says in said if says.pattern} == set(catalog().patterns)


def test_a_cue_asks_for_order_and_distance():
    cue = parse_cue("监考|@staff ~4 念 & 答案", weight=1.0, vocabulary={"staff": ("考官",)})
    (first, second), (third,) = cue.groups
    assert first.words == ("监考", "考官")
    assert second.gap == 4
    assert third.words == ("答案",)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("@nobody", "not a list"),
        ("包过|", "empty word"),
        ("& 包过", "words are missing"),
        ("包过 ~x 班", "number"),
        ("包过 ~99 班", "number"),
    ],
)
def test_a_wrong_cue_is_named(line, complaint):
    with pytest.raises(PatternError, match=complaint):
        parse_cue(line, weight=1.0, vocabulary={})


RULE = """id: {id}
kind: allegation
why: A test.
sentence: {{zh: 测试。, en: A test.}}
says: [{{clause: "{clause}"}}]
cues: [{{weight: 1, any: [{cue}]}}]
examples: [一, 二, 三]
counter_examples: [四, 五]
"""


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("right", RULE.format(id="wrong", clause="3.1.4", cue="包过"), "same word"),
        ("odd", RULE.format(id="odd", clause="9.9.9", cue="包过"), "no clause"),
        ("odd", RULE.format(id="odd", clause="3.1.4", cue="'@nothing'"), "@nothing"),
        ("odd", "id: [", "YAML"),
        (
            "odd",
            RULE.format(id="odd", clause="3.1.4", cue="包过").replace("[一, 二, 三]", "[一]"),
            "examples",
        ),
    ],
)
def test_a_wrong_rule_file_stops_with_its_name(tmp_path, name, text, complaint):
    (tmp_path / "patterns").mkdir()
    for shared in ("vocabulary.yaml", "spelling.yaml", "names.yaml", "around_places.yaml"):
        (tmp_path / shared).write_text((FOLDER / shared).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "patterns" / f"{name}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PatternError, match=complaint) as caught:
        load_patterns(tmp_path)
    assert f"{name}.yaml" in str(caught.value)


def test_the_version_changes_with_the_rules(tmp_path):
    book = load_patterns()
    assert book.version == load_patterns().version
    assert dataclasses.is_dataclass(classifier().classify("包过"))
    assert classifier().classify("包过").rules_version == catalog().version
