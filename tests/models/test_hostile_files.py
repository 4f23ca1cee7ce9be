"""The corpus of hostile files: each is refused with the right sentence or sealed, within two seconds and 64 MB."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from config.text import LOCALES, text
from models.examination import examine_file
from models.refusal import FileRefusedError, Reason
from tests.hostile_files import CORPUS, MARK

SECONDS, MEGABYTES = 2.0, 64
ROOT = Path(__file__).parents[2]
MEASURE = """
import json, resource, sys, time
from tests.hostile_files import CORPUS
from models.examination import examine_file
from models.refusal import FileRefusedError
import models.photos
from PIL import Image, JpegImagePlugin, PngImagePlugin

def peak():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024

figures = {}
for name in json.loads(sys.argv[1]):
    called, make, _ = CORPUS[name]
    data = make()
    open("/proc/self/clear_refs", "w").write("5")
    before, started = peak(), time.process_time()
    try:
        examine_file(called, data)
    except FileRefusedError:
        pass
    figures[name] = (time.process_time() - started, peak() - before)
print(json.dumps(figures))
"""


def happens(name: str) -> tuple[str, bytes]:
    called, make, _ = CORPUS[name]
    try:
        examined = examine_file(called, make())
    except FileRefusedError as error:
        return error.reason, b""
    return ("sealed", b"") if examined.working is None else ("bare", examined.working)


@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_file_meets_its_fate(name):
    fate, copy = happens(name)
    assert fate == CORPUS[name][2]
    assert MARK not in copy


@pytest.fixture(scope="module")
def figures() -> dict[str, tuple[float, float]]:
    """Processor seconds and megabytes above what stood before, for each file, in a process of its own."""
    command = [sys.executable, "-c", MEASURE, json.dumps(list(CORPUS))]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if "Permission" in done.stderr or "No such file" in done.stderr:
        pytest.skip("this system does not let a process forget its peak of memory")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_file_costs_little(name, figures):
    seconds, megabytes = figures[name]
    assert seconds < SECONDS
    assert megabytes < MEGABYTES


@pytest.mark.parametrize("locale", LOCALES)
def test_every_reason_has_its_own_sentence_in_both_languages(locale):
    sentences = {reason: text(f"errors.file.{reason}", locale) for reason in Reason.__args__}
    assert len(set(sentences.values())) == len(sentences) >= 8
