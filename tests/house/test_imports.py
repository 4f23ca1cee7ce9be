"""Who may import whom."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import ROOT, imports_of, module_name, python_files

PURE = {
    "bot.questionnaire",
    "bot.limits",
    "triage.classify",
    "triage.bodies",
    "triage.duplicates",
    "triage.routing",
    "triage.deadlines",
    "triage.workflow",
    "triage.permissions",
    "config.calendars",
}
NOT_PURE = (
    "sqlalchemy",
    "aiohttp",
    "telegram",
    "config.clock",
    "config.settings",
    "models.session",
    "models.queries",
)
SESSION_TYPES = {
    "sqlalchemy.ext.asyncio": {"AsyncSession"},
    "sqlalchemy.exc": {"IntegrityError"},
    "sqlalchemy.orm.exc": {"StaleDataError"},
}


def test_the_layers_hold():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", sorted(PURE))
def test_decisions_are_pure(name: str):
    path = ROOT.joinpath(*name.split(".")).with_suffix(".py")
    folder = path.with_suffix("")
    files = [path] if path.exists() else sorted(folder.rglob("*.py"))
    for file in files:
        impure = [module for module, _names in imports_of(file) if module.startswith(NOT_PURE)]
        assert not impure, f"{file}: {impure}"


def test_sql_is_written_in_models_only():
    for path in python_files("bot", "triage", "config"):
        for module, names in imports_of(path):
            if module.split(".")[0] != "sqlalchemy":
                continue
            strange = set(names) - SESSION_TYPES.get(module, set())
            assert not strange, f"{path}: {module}: {sorted(strange)} belongs into models/"


def test_only_settings_reads_the_environment():
    for path in python_files("bot", "triage", "models", "config"):
        if module_name(path) == "config.settings":
            continue
        words = path.read_text(encoding="utf-8")
        assert "os.environ[" not in words, path
        assert "getenv(" not in words, path


def test_only_the_command_line_knows_both_sides():
    for path in python_files("bot"):
        assert not [m for m, _ in imports_of(path) if m.split(".")[0] in {"triage", "tipline", "commands"}], (
            path
        )
    for path in python_files("triage"):
        assert not [m for m, _ in imports_of(path) if m.split(".")[0] in {"bot", "tipline", "commands"}], path
    for path in python_files("models", "config"):
        assert not [m for m, _ in imports_of(path) if m.split(".")[0] in {"tipline", "commands"}], path
    for path in python_files("bot", "triage", "models", "config", "commands"):
        assert not [m for m, _ in imports_of(path) if m.split(".")[0] == "tests"], path
