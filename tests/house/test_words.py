"""Every locale says everything, with the same blanks to fill in; Chinese is Chinese."""

import re
from pathlib import Path

import pytest
import yaml

from tests.house.sources import ROOT

LOCALES = ROOT / "config" / "locales"
BASE = "zh-CN"
AREAS = sorted(path.name for path in (LOCALES / BASE).glob("*.yaml"))
OTHERS = sorted(path.name for path in LOCALES.iterdir() if path.is_dir() and path.name != BASE)
BLANK = re.compile(r"(?<!\{)\{(\w+)[^{}]*\}(?!\})")
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:?!]|[,;?!][\u4e00-\u9fff]")


def flatten(value, prefix=""):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from flatten(item, f"{prefix}{key}.")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from flatten(item, f"{prefix}{index}.")
    else:
        yield prefix.rstrip("."), "" if value is None else str(value)


def read(path: Path) -> dict[str, str]:
    return dict(flatten(yaml.safe_load(path.read_text(encoding="utf-8")) or {}))


def one_form(texts: dict[str, str]) -> dict[str, str]:
    """Plural forms (.one, .other), which English has and Chinese has not, count as one text."""
    return {key.removesuffix(".one").removesuffix(".other"): words for key, words in texts.items()}


def blanks(sentence: str) -> set[str]:
    return set(BLANK.findall(sentence))


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("locale", OTHERS)
def test_both_languages_have_the_same_keys_and_blanks(area: str, locale: str):
    base, other = (one_form(read(LOCALES / name / area)) for name in (BASE, locale))
    assert base.keys() == other.keys(), sorted(base.keys() ^ other.keys())
    different = [key for key in base if blanks(base[key]) != blanks(other[key])]
    assert not different


@pytest.mark.parametrize("area", AREAS)
def test_nothing_is_left_empty(area: str):
    for locale in (BASE, *OTHERS):
        path = LOCALES / locale / area
        if path.exists():
            empty = [key for key, words in read(path).items() if not words.strip()]
            assert not empty, f"{path}: {empty}"


@pytest.mark.parametrize("area", AREAS)
def test_chinese_uses_its_own_punctuation(area: str):
    wrong = {key: words for key, words in read(LOCALES / BASE / area).items() if HALF_WIDTH.search(words)}
    assert not wrong


@pytest.mark.parametrize("locale", OTHERS)
def test_no_area_is_missing(locale: str):
    assert sorted(path.name for path in (LOCALES / locale).glob("*.yaml")) == AREAS
