"""Phrases for reporters: files that are read strictly, with variables from a short list."""

import pytest

from config.catalog import load_catalog
from config.check import check_catalog
from config.phrases import VARIABLES, load_phrases
from config.rulefile import CONFIG, CatalogError
from config.text import has_text

GOOD = """
id: sample
why: Because.
moves: [answer]
name: {zh: 样例, en: Sample}
text: {zh: 编号 {number}。, en: Number {number}.}
"""


def write(root, content: str, name: str = "sample.yaml") -> None:
    (root / "phrases").mkdir()
    (root / "phrases" / name).write_text(content, encoding="utf-8")


def test_our_own_are_whole_and_every_variable_has_a_name():
    assert len(load_phrases()) >= 8
    assert all(has_text(f"case.phrase.variable.{name}") for name in VARIABLES)
    assert not check_catalog()


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("{number}", "{reporter}", "nobody fills in reporter"),
        ("Number {number}.", "Number.", "the two languages ask for different variables"),
        ("Number {number}.", "Number {number} {Due}.", "a brace begins a variable"),
        ("[answer]", "[add_note]", "moves"),
        ("id: sample", "id: other", "write sample, or rename the file"),
    ],
)
def test_what_is_wrong_is_said_with_its_file(tmp_path, before, after, says):
    content = GOOD.replace(
        "text: {zh: 编号 {number}。, en: Number {number}.}",
        "text:\n  zh: 编号 {number}。\n  en: Number {number}.",
    )
    write(tmp_path, content.replace(before, after))
    with pytest.raises(CatalogError) as wrong:
        load_phrases.__wrapped__(tmp_path)
    assert "phrases/sample.yaml" in str(wrong.value)
    assert says in str(wrong.value)


def test_wording_is_no_rule_of_triage(tmp_path):
    """A changed phrase must not make the machine's past decisions look as if made by other rules."""
    import shutil

    root = tmp_path / "config"
    shutil.copytree(CONFIG, root, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (root / "phrases" / "ask-place.yaml").unlink()
    assert load_catalog(root).version == load_catalog().version
