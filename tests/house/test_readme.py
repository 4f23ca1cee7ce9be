"""The README keeps its word."""

import re

from tests.house.sources import PACKAGES, ROOT, project_files

SETTING = re.compile(r"TIPLINE_[A-Z_]+")
TEXT = {".py", ".toml", ".md", ".yaml", ".yml", ".txt", ".html", ".css", ".js", ".svg", ".json", ""}


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_explained():
    source = (ROOT / "config" / "settings.py").read_text(encoding="utf-8")
    settings = {f"TIPLINE_{name}" for name in re.findall(r'get\("([A-Z_]+)"\)', source)}
    everything = readme() + "".join(
        (ROOT / package / "README.md").read_text(encoding="utf-8")
        for package in PACKAGES
        if (ROOT / package / "README.md").exists()
    )
    assert settings
    assert settings <= set(SETTING.findall(everything)), sorted(settings - set(SETTING.findall(everything)))


def test_no_setting_is_invented():
    source = (ROOT / "config" / "settings.py").read_text(encoding="utf-8")
    settings = {f"TIPLINE_{name}" for name in re.findall(r'"([A-Z_]+)"', source)} | set(
        SETTING.findall(source)
    )
    assert set(SETTING.findall(readme())) <= settings


def test_ci_runs_the_test_command_of_the_readme():
    lines = [line for line in readme().splitlines() if line.endswith(".venv/bin/python -m pytest")]
    assert len(lines) == 1, "the README holds the test command once, on one line"
    assert lines[0].startswith("python3 -m venv .venv && ")
    assert "--require-hashes -r requirements-test.txt" in lines[0]
    assert "requirements-test\\.txt" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_every_package_says_what_is_where():
    for package in PACKAGES:
        words = (ROOT / package / "README.md").read_text(encoding="utf-8")
        told, _, _ = words.partition("\n## What was promised")
        assert len(told.splitlines()) <= 60, package


def test_requirements_hold_hashes_and_no_address():
    for name in ("requirements.txt", "requirements-test.txt"):
        words = (ROOT / name).read_text(encoding="utf-8")
        assert "--hash=sha256:" in words
        assert "://" not in words
        assert "--index-url" not in words


def test_nothing_points_to_the_place_where_it_was_written():
    """Neither the folder it lies in, nor somebody's home, nor the hosts that packages come from."""
    homes = re.compile(r"(?<![\w.])/(?:root|home)/[\w.-]+")
    hosts = [
        ".".join(parts)
        for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"))
    ]
    for path in project_files():
        if path.suffix not in TEXT:
            continue
        words = path.read_text(encoding="utf-8", errors="replace")
        assert len(ROOT.parts) < 3 or f"{ROOT}/" not in words, path
        assert not homes.search(words), f"{path}: {homes.search(words)}"
        assert not [host for host in hosts if host in words], path
