"""Every past decision can be made again: rules and model are kept by version, and nothing else is taken for them."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from config.catalog import digest_rules, read_catalog
from config.rulefile import CONFIG
from triage.archive import VERSIONS, VersionError, keep_version, list_versions, load_version
from triage.language import Classifier, load_classifier
from triage.meaning import SHIPPED, digest_model, load_meaning

TEXT = "孟庙镇宏达安全培训学校，张三替李四把题刷完了，墙上的蓝风铃响了才算学时。"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Rule files of a bureau of its own, to be changed."""
    return shutil.copytree(
        CONFIG, tmp_path / "rules", ignore=shutil.ignore_patterns("*.py", "__pycache__", "ui")
    )


def teach_word(rules: Path, clause_rule: str, word: str) -> None:
    path = rules / "patterns" / f"{clause_rule}.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.strip().startswith("any:"))
    indent = len(lines[at + 1]) - len(lines[at + 1].lstrip())
    lines.insert(at + 1, f"{' ' * indent}- {word}")
    path.write_text("\n".join(lines), encoding="utf-8")


def answer(classifier: Classifier) -> dict[str, object]:
    return classifier.classify(TEXT).to_json("x")


def test_a_version_is_its_rules_and_its_model(tmp_path: Path) -> None:
    assert digest_model(SHIPPED) == load_meaning().version
    version = f"{digest_rules(CONFIG)}+{digest_model(SHIPPED)}"
    assert keep_version(tmp_path, version, model=SHIPPED)
    assert list_versions(tmp_path) == [version]
    kept = load_version(tmp_path, version)
    assert kept.rules_version == version
    assert answer(kept) == answer(load_classifier(read_catalog(CONFIG), model=SHIPPED))


def test_after_rules_and_model_changed_the_old_version_still_gives_the_old_answer(
    rules: Path, tmp_path: Path
) -> None:
    old = load_classifier(read_catalog(rules), model=SHIPPED)
    said = answer(old)
    keep_version(tmp_path, old.rules_version, model=SHIPPED, rules=rules)
    teach_word(rules, "syllabus-cut", "蓝风铃")
    new = load_classifier(read_catalog(rules), model=None)
    keep_version(tmp_path, new.rules_version, model=None, rules=rules)
    assert answer(new) != said
    assert old.rules_version != new.rules_version
    assert answer(load_version(tmp_path, old.rules_version)) == said
    assert answer(load_version(tmp_path, new.rules_version)) == answer(new)


def test_the_rules_alone_are_found_in_the_archive_of_any_model(tmp_path: Path) -> None:
    rules = digest_rules(CONFIG)
    keep_version(tmp_path, f"{rules}+{digest_model(SHIPPED)}", model=SHIPPED)
    alone = load_version(tmp_path, rules)
    assert alone.rules_version == rules
    assert answer(alone) == answer(load_classifier(read_catalog(CONFIG), model=None))


def test_a_version_is_written_once_and_always_with_the_same_bytes(tmp_path: Path) -> None:
    version = f"{digest_rules(CONFIG)}+{digest_model(SHIPPED)}"
    one, other = tmp_path / "one", tmp_path / "other"
    assert keep_version(one, version, model=SHIPPED)
    path = one / VERSIONS / f"{version}.zip"
    before = path.stat().st_mtime_ns
    assert not keep_version(one, version, model=SHIPPED)
    assert path.stat().st_mtime_ns == before
    keep_version(other, version, model=SHIPPED)
    assert (other / VERSIONS / path.name).read_bytes() == path.read_bytes()
    assert list(path.parent.iterdir()) == [path]


def test_nothing_is_kept_under_a_name_that_it_has_not(tmp_path: Path) -> None:
    with pytest.raises(VersionError, match="changed while"):
        keep_version(tmp_path, f"{'0' * 12}+{digest_model(SHIPPED)}", model=SHIPPED)
    assert list_versions(tmp_path) == []


@pytest.mark.parametrize("version", ["", "../../etc/passwd", "0" * 12, f"{'0' * 12}+{'1' * 12}", "x" * 400])
def test_an_unknown_version_is_named_as_such(tmp_path: Path, version: str) -> None:
    with pytest.raises(VersionError, match=r"is kept in .*: there are none yet"):
        load_version(tmp_path, version)


def write_outside(archive: zipfile.ZipFile) -> None:
    archive.writestr("../../outside.yaml", "x: 1")


def write_absolute(archive: zipfile.ZipFile) -> None:
    archive.writestr("/tmp/outside.yaml", "x: 1")


def write_between(archive: zipfile.ZipFile) -> None:
    archive.writestr("rules/a/../../../outside.yaml", "x: 1")


def write_backslash(archive: zipfile.ZipFile) -> None:
    archive.writestr("rules\\..\\outside.yaml", "x: 1")


def write_program(archive: zipfile.ZipFile) -> None:
    archive.writestr("rules/run.py", "x = 1")


def write_bomb(archive: zipfile.ZipFile) -> None:
    with archive.open("rules/big.yaml", "w", force_zip64=True) as file:
        for _ in range(257):
            file.write(bytes(1024 * 1024))


def write_other_rules(archive: zipfile.ZipFile) -> None:
    archive.writestr("rules/deadlines.yaml", "rules: []")


@pytest.mark.parametrize(
    "write",
    [
        write_outside, write_absolute, write_between, write_backslash, write_program, write_bomb, write_other_rules,
    ],
)  # fmt: skip
def test_an_archive_that_is_not_ours_is_refused_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[zipfile.ZipFile], None]
) -> None:
    scratch = tmp_path / "a" / "b" / "scratch"
    scratch.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    version = f"{'0' * 12}+{'1' * 12}"
    path = tmp_path / VERSIONS / f"{version}.zip"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        write(archive)
    with pytest.raises(VersionError):
        load_version(tmp_path, version)
    assert not list(tmp_path.rglob("outside*"))
    assert list(scratch.iterdir()) == []


def test_a_damaged_archive_says_so(tmp_path: Path) -> None:
    version = f"{digest_rules(CONFIG)}+{digest_model(SHIPPED)}"
    keep_version(tmp_path, version, model=SHIPPED)
    path = tmp_path / VERSIONS / f"{version}.zip"
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(VersionError, match="take it from a backup"):
        load_version(tmp_path, version)
