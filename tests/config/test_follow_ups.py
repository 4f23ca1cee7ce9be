"""The file of follow-up questions: strict, and never more than three."""

import shutil
from pathlib import Path

import pytest

from config.catalog import load_catalog
from config.rulefile import CONFIG, CatalogError
from config.settings import SettingsError, read_settings


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A copy of all rule files, to be spoilt."""
    root = tmp_path / "config"
    shutil.copytree(CONFIG, root, ignore=shutil.ignore_patterns("*.py", "__pycache__", "ui", "demo"))
    return root


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("most: 3", "most: 4", "most"),
        ("patterns: [pass_guarantee]}", "patterns: [luck]}", "luck is not known"),
        ("- id: exam_when", "- id: exam_site", "exam_site stands twice"),
        ("- id: paid\n", "- id: who\n", "a questionnaire has a question of this id"),
        ("choices: [now, often, past]", "choices: [now, never]", "choice.never: the words are missing"),
        ("kind: choice", "kind: text", "a question of kind choice has choices"),
        ("lacks: [county]", "lacks: [weather]", "lacks"),
        ("  - id: other\n", "  - id: other\n    words: [x]\n", "for everything else"),
    ],
)
def test_what_is_wrong_is_told_by_file_and_key(rules: Path, old: str, new: str, told: str):
    path = rules / "follow_ups.yaml"
    words = path.read_text(encoding="utf-8")
    assert old in words
    path.write_text(words.replace(old, new), encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        load_catalog(rules)
    assert told in str(caught.value)
    assert "questions.yaml" in str(caught.value) or "follow_ups.yaml" in str(caught.value)


def test_fitting_questions_can_be_switched_off_and_a_misspelling_is_told():
    assert read_settings({}).has_fitting_questions
    assert not read_settings({"TIPLINE_QUESTIONS": "fixed"}).has_fitting_questions
    with pytest.raises(SettingsError, match=r"fitting .* or fixed"):
        read_settings({"TIPLINE_QUESTIONS": "none"})
