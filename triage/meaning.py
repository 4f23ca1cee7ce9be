"""The learned part: how much each label is meant, by the runs of characters that labelled tips taught it.

In: a folded text. Out: an `Opinion`: one probability for each label, what the rules said of it weighed in, and on
demand the stretch of text that speaks most for it. A linear model: every run adds its weight, so that a decision
can be taken apart into the words behind it. The model is one file without code in it; `triage/train.py` makes it.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import numpy as np
import numpy.typing as npt

from config.patterns import CLAUSES
from triage.grams import list_marks, list_places, list_runs
from triage.name_model import NameModel
from triage.normalise import HARD, SOFT

NAMES = "names_"
"""Before the arrays of the tagger of names, which share the file."""
SHIPPED = Path(__file__).parent / "model" / "model.npz"
PROMOTED = Path("triage") / "model.npz"
"""Where a promoted model lies inside the data folder."""
PATTERNS = (
    "pass_guarantee", "exam_cheating", "certificate_reselling", "collusion", "overcharging", "fake_certificate",
)  # fmt: skip
SUBJECTS = ("training_institution", "exam_institution", "exam_site", "business_unit")
DISPOSITIONS = ("in_scope", "other_safety", "other_department", "consultation", "not_actionable")
LABELS = (*CLAUSES, *PATTERNS, *SUBJECTS, "police_referral", "immediate", "pressing", *DISPOSITIONS)
"""What is learned, in the order of the model's columns. `pressing`: not normal, whether immediate or high."""

_BASE = "base"
_MOST_LOG_ODDS = 6.0
_LONGEST_QUOTE = 30
_SHORTEST_QUOTE = 4
Span = tuple[int, int]
Floats = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]


class ModelError(ValueError):
    """A model file cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Cue:
    """The stretch folded[start:end] speaks most for a label; `word` is its weightiest run."""

    start: int
    end: int
    word: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the learned part thinks of one text.

    `scores[i]` is the log-odds of LABELS[i] before the rules. `columns[j]` and `shares[j]` are the model's column of
    the j-th run of the text (`list_runs`) and what it counts for; runs that the model does not know count nothing.
    """

    folded: str
    scores: Floats
    columns: Whole
    shares: Floats


class Meaning:
    """A model, ready to weigh texts. Safe to share between threads."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]], *, version: str) -> None:
        """Use `load_meaning`."""
        names = {key.removeprefix(NAMES): array for key, array in arrays.items() if key.startswith(NAMES)}
        self.names = NameModel.from_arrays(names) if names else None
        words = str(arrays["words"].tobytes().decode("utf-8")).split("\n")
        self._column = {word: number for number, word in enumerate(words)}
        self._idf = arrays["idf"].astype(np.float32)
        self._weights = arrays["weights"].astype(np.float32)
        self._bias = arrays["bias"].astype(np.float32)
        self._mix = arrays["mix"].astype(np.float32)
        self.thresholds = dict(zip(LABELS, map(float, arrays["thresholds"]), strict=True))
        self.sureness = Sureness(*(arrays[f"sureness_{part}"] for part in ("weights", "bias", "threshold")))
        self.version = version

    def weigh(self, folded: str, channel: str) -> Opinion:
        """Log-odds of every label for a folded text; about a millisecond for 200 characters."""
        find = self._column.get
        runs = [find(run, -1) for run in list_runs(folded)]
        marks = [column for mark in list_marks(folded, channel) if (column := find(mark)) is not None]
        columns = np.array([*runs, *marks], dtype=np.int64)
        known, inverse, counts = np.unique(columns, return_inverse=True, return_counts=True)
        values = np.where(known >= 0, (1 + np.log(counts)) * self._idf[known], 0).astype(np.float32)
        values /= max(float(np.linalg.norm(values)), 1e-9)
        scores = values @ self._weights[known] + self._bias
        shares = (values / counts).astype(np.float32)[inverse][: len(runs)]
        return Opinion(folded, scores, columns[: len(runs)], shares)

    def mix(self, opinion: Opinion, ruled: Floats, grounds: Sequence[float]) -> dict[str, float]:
        """Calibrated probabilities; `ruled[i]` is 1 where the rules say LABELS[i], else 0.

        `grounds`: whether our matters are spoken of at all, and whether another exam is (`Scene.grounds`).
        """
        features = mix_features(opinion.scores, ruled, np.array(grounds, dtype=np.float32))
        odds = weigh(self._mix, features)
        return dict(zip(LABELS, map(float, 1 / (1 + np.exp(-odds))), strict=True))

    def find_cue(self, opinion: Opinion, label: str) -> Cue | None:
        """The stretch that speaks most for a label; None where nothing in the text does."""
        gains = self._weights[opinion.columns, LABELS.index(label)] * opinion.shares
        if not len(gains) or gains.max() <= 0:
            return None
        starts, ends = list_places(len(opinion.folded))
        start, end = _best_stretch(opinion.folded, _spread(gains, starts, ends, len(opinion.folded)))
        inside = [at for at in range(len(gains)) if start <= starts[at] and ends[at] <= end]
        best = max(inside, key=lambda at: (ends[at] - starts[at] > 1, float(gains[at])))
        return Cue(start, end, opinion.folded[starts[best] : ends[best]])


def weigh(mix: npt.NDArray[Any], features: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Log-odds of every label from `mix_features`: of one tip, or a row for each; `mix` has a row for each label."""
    said: npt.NDArray[Any] = features @ mix[:, :-1].T + mix[:, -1]
    return said


def mix_features(scores: Floats, ruled: Floats, grounds: Floats) -> npt.NDArray[Any]:
    """What every label is weighed by: scores and rules of all labels, since labels keep company."""
    bounded = np.clip(scores, -_MOST_LOG_ODDS, _MOST_LOG_ODDS)
    return np.concatenate([bounded / 2, 2 / (1 + np.exp(-scores)), ruled, grounds], axis=-1)


def _spread(gains: Floats, starts: Sequence[int], ends: Sequence[int], length: int) -> list[float]:
    """Each run's gain shared out among its characters; one figure for each character."""
    each = gains / (np.array(ends) - np.array(starts))
    steps = np.bincount(starts, each, length + 1) - np.bincount(ends, each, length + 1)
    return list(map(float, np.cumsum(steps)[:length]))


@dataclass(frozen=True, slots=True)
class Sureness:
    """How probable it is that a tip's whole route is right, from a few figures about its decision."""

    weights: npt.NDArray[Any]
    bias: npt.NDArray[Any]
    threshold: npt.NDArray[Any]

    def estimate(self, figures: Sequence[float]) -> float:
        """Probability that disposition, clauses, referral and place are all right."""
        return float(1 / (1 + np.exp(-(np.dot(self.weights, figures) + self.bias))))

    @property
    def needed(self) -> float:
        """Below this a person looks first."""
        return float(self.threshold)


def find_model(data: Path) -> Path:
    """The model in use: one that staff's corrections taught and that was promoted, else the one shipped.

    A promoted model was better than the model shipped in its day. Where the program brings another one since, that
    comparison no longer holds, and the promoted model stays aside until `tipline train --with-corrections` runs anew.
    """
    promoted = data / PROMOTED
    return promoted if _read_base(promoted) == digest_model(SHIPPED) else SHIPPED


def is_set_aside(data: Path) -> bool:
    """Whether a model was promoted beside a shipped model that has been replaced since."""
    return (data / PROMOTED).exists() and find_model(data) == SHIPPED


def mark_base() -> dict[str, npt.NDArray[Any]]:
    """What a candidate's file says of the shipped model beside which it was made."""
    return {_BASE: np.array(digest_model(SHIPPED))}


def digest_model(path: Path) -> str:
    """The version of a model file: the beginning of its SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _read_base(path: Path) -> str | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            return str(file[_BASE])
    except (OSError, ValueError, KeyError):
        return None


def load_meaning(path: Path = SHIPPED) -> Meaning:
    """Read a model file; raises ModelError. Nothing in the file is executed."""
    try:
        data = path.read_bytes()
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        labels = json.loads(str(arrays["labels"]))
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{path}: no usable model ({error}); run `tipline train` to make it anew") from error
    if tuple(labels) != LABELS or arrays["mix"].shape != (len(LABELS), 3 * len(LABELS) + 3):
        raise ModelError(f"{path}: made for other labels than this program's; run `tipline train`")
    return Meaning(arrays, version=hashlib.sha256(data).hexdigest()[:12])


def _best_stretch(text: str, gain: Sequence[float]) -> Span:
    """The stretch of one sentence with the largest sum of gains above the usual, long enough to be read."""
    usual = max(0.0, fmean(gain)) + 0.15 * pstdev(gain)
    best, best_span = -math.inf, (0, min(len(text), _SHORTEST_QUOTE))
    start, total = 0, 0.0
    for at, char in enumerate(text):
        if char in HARD:
            start, total = at + 1, 0.0
            continue
        if total <= 0 or at - start >= _LONGEST_QUOTE:
            start, total = at, 0.0
        total += gain[at] - usual
        if total > best:
            best, best_span = total, (start, at + 1)
    return _widened(text, _without_commas(text, best_span))


def _without_commas(text: str, span: Span) -> Span:
    start, end = span
    while start < end - 1 and text[start] in SOFT:
        start += 1
    while end > start + 1 and text[end - 1] in SOFT:
        end -= 1
    return start, end


def _widened(text: str, span: Span) -> Span:
    start, end = span
    while end - start < _SHORTEST_QUOTE and (start > 0 or end < len(text)):
        if end < len(text) and text[end] not in HARD:
            end += 1
        elif start > 0 and text[start - 1] not in HARD:
            start -= 1
        else:
            break
    return start, end
