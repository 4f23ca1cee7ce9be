"""Reading while the citizen waits: soon, or not at all."""

import ast
import asyncio
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.catalog import load_catalog
from triage import preview as module
from triage.language import load_classifier
from triage.meaning import ModelError
from triage.preview import LONGEST, MOST_WAITING, Preview, understand

CATALOG = load_catalog()
CHEATING = "3月8日上午召陵区技校考点低压电工考试，监考老师给大家念答案，整个考场都在抄。"


@pytest.fixture(scope="module")
def classifier():
    return load_classifier(CATALOG)


class Stub:
    """A classifier that takes its time, or fails."""

    def __init__(self, classifier, *, seconds=0.0, fails=False):
        self.classifier, self.seconds, self.fails, self.read_lengths = classifier, seconds, fails, []

    def read(self, text, *, received_at=None, channel="web"):
        time.sleep(self.seconds)
        self.read_lengths.append(len(text))
        if self.fails:
            raise RuntimeError
        return self.classifier.read(text, received_at=received_at, channel=channel)


async def make(stub, *, seconds=20.0):
    async def load():
        return stub

    preview = Preview(load, seconds=seconds)
    await preview.warm()
    return preview


async def test_a_text_is_read_for_what_questions_depend_on(classifier, now):
    preview = await make(Stub(classifier))
    said = await preview.read(CHEATING, now=now)
    assert said.disposition == "in_scope"
    assert "exam_cheating" in said.patterns
    assert said.county == "shaoling"
    assert {"county", "date", "site"} <= said.facts


async def test_nobody_waits_for_a_slow_reader_and_the_next_is_served(classifier, now):
    stub = Stub(classifier, seconds=0.5)
    preview = await make(stub, seconds=0.1)
    began = time.monotonic()
    assert await preview.read(CHEATING, now=now) is None
    assert time.monotonic() - began < 0.45
    stub.seconds = 0
    await asyncio.sleep(0.6)
    preview._seconds = 20
    assert await preview.read(CHEATING, now=now) is not None


async def test_a_reader_that_fails_leaves_the_fixed_questions(classifier, now):
    assert await (await make(Stub(classifier, fails=True))).read(CHEATING, now=now) is None


async def test_before_the_model_is_loaded_and_where_it_cannot_be_the_fixed_questions_are_asked(now):
    async def load():
        raise ModelError("damaged")

    preview = Preview(load)
    assert await preview.read(CHEATING, now=now) is None
    await preview.warm()  # the process lives on
    assert await preview.read(CHEATING, now=now) is None


async def test_a_crowd_is_not_queued_and_a_book_is_read_at_its_beginning(classifier, now):
    stub = Stub(classifier, seconds=0.05)
    preview = await make(stub)
    said = await asyncio.gather(*(preview.read("漯" * 10_000, now=now) for _ in range(MOST_WAITING + 5)))
    assert said.count(None) == 5
    assert set(stub.read_lengths) == {LONGEST}


async def test_an_empty_text_is_not_read(classifier, now):
    assert await (await make(Stub(classifier))).read(" \n", now=now) is None


@pytest.mark.parametrize("text", ["", "嗯", "哈哈哈哈", "\ud800", "a" * 5000, "🙂" * 50, "\x00"])
async def test_any_text_is_survived(classifier, now, text):
    said = await (await make(Stub(classifier))).read(text, now=now)
    assert said is None or said.disposition == "unsure"


def test_nobody_is_sent_elsewhere_when_rules_and_model_disagree(classifier, now):
    reading = classifier.read("工地上欠我们三个月工资不给，老板跑了。", received_at=now)
    assert understand(reading).disposition == "other_department"
    reading.ruled = SimpleNamespace(disposition="in_scope")
    assert understand(reading).disposition == "unsure"


def test_what_is_read_comes_from_the_text_alone():
    """No answer to a citizen may depend on what others have told: the reader has no way to the database."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert not [name for name in imported if name.split(".")[0] in {"models", "sqlalchemy"}]
