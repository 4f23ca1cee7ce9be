"""Training: from labelled tips to the model file that `triage/meaning.py` reads (`tipline train`).

In: labelled tips with the hand that wrote each, and a classifier of rules alone. Out: the arrays of a model and the
figures of its making. Same tips and same rules give the same bytes. Hands that are held out are never learned from,
and everything that is tuned (how much the rules weigh, thresholds, how sure is sure) is tuned on tips of hands that
the model at hand had not seen: five times a fifth of the hands is left out.
"""

import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from config.patterns import CLAUSES
from triage.classify import get_result
from triage.grams import list_marks, list_runs
from triage.judge import Choice, choose, labels_of, rule_marks, sureness_figures
from triage.meaning import DISPOSITIONS, LABELS, mix_features, weigh
from triage.reading import Reading

Array = npt.NDArray[Any]
FOLDS = 5
_LEAST_TIPS = 2
"""A run of characters counts from so many tips on: what stands in one tip alone is chance."""
_STRENGTH = 30.0
_MIX_STRENGTH = 0.1
_WANTED = 0.88
"""Of the tips that the machine routes alone, so many shall be right in everything (on hands it had not seen)."""
_RECALL_OVER_PRECISION = {"police_referral": 1.6}
"""A crime that the police never hear of costs more than one that the city desk sends back: F1.6 instead of F1."""


class Reads(Protocol):
    """A classifier of rules alone."""

    def read(self, text: str, *, received_at: datetime | None = None, channel: str = "web") -> Reading:
        """Run the pipeline over one text."""


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled tip, read by the rules."""

    hand: str
    reading: Reading
    labels: Mapping[str, Any]


def read_examples(tips: Iterable[tuple[str, Mapping[str, Any]]], classifier: Reads) -> list[Example]:
    """Labelled tips as the rules see them; `tips` are pairs of hand and tip."""
    return [
        Example(
            hand,
            classifier.read(
                tip["text"],
                received_at=datetime.fromisoformat(tip["received_at"]) if tip.get("received_at") else None,
                channel=tip.get("channel") or "web",
            ),
            tip["labels"],
        )
        for hand, tip in tips
    ]


@dataclass(frozen=True, slots=True)
class Trained:
    """A model's arrays, and what models that had not seen the writer's hand said of each example, in order."""

    arrays: dict[str, Array]
    unseen: list[dict[str, Any]]


def train(examples: Sequence[Example]) -> Trained:
    """A model learned from these examples; raises ValueError for fewer than two hands."""
    if len({example.hand for example in examples}) < 2:
        raise ValueError("training needs tips of two hands at least: one to learn from, one to judge by")
    truth = np.array([labels_of(example.labels) for example in examples], dtype=np.float32)
    ruled = np.stack([rule_marks(get_result(example.reading)) for example in examples])
    grounds = np.array([example.reading.grounds for example in examples], dtype=np.float32)
    scores = _unseen_scores(examples, truth)
    table = mix_features(scores, ruled, grounds)
    odds = _unseen_odds(examples, table, truth)
    thresholds = _choose_thresholds(odds, truth)
    choices = [
        choose(_by_label(row), _by_label(thresholds), get_result(example.reading).disposition)
        for row, example in zip(odds, examples, strict=True)
    ]
    return Trained(
        _arrays(_fit(examples, truth), _learn_mix(table, truth), thresholds)
        | _learn_sureness(examples, odds, thresholds, choices),
        [_line(example, chosen) for example, chosen in zip(examples, choices, strict=True)],
    )


def _arrays(model: "_Linear", mix: Array, thresholds: Array) -> dict[str, Array]:
    return {
        "labels": np.array(json.dumps(LABELS)),
        "words": np.frombuffer("\n".join(model.words).encode(), dtype=np.uint8),
        "idf": model.idf.astype(np.float16),
        "weights": model.weights.astype(np.float16),
        "bias": model.bias.astype(np.float32),
        "mix": mix.astype(np.float32),
        "thresholds": thresholds.astype(np.float32),
    }


def _by_label(row: Array) -> dict[str, float]:
    return dict(zip(LABELS, map(float, row), strict=True))


def _line(example: Example, chosen: Choice) -> dict[str, Any]:
    """An answer as `tipline triage` gives it, without the words behind it."""
    ruled = get_result(example.reading)
    return {
        "disposition": chosen.disposition,
        "subjects": list(chosen.subjects),
        "clauses": list(chosen.clauses),
        "patterns": list(chosen.patterns),
        "police_referral": chosen.police_referral,
        "urgency": chosen.urgency,
        "jurisdiction": ruled.jurisdiction,
        "targets": list(ruled.targets),
    }


def save_model(arrays: Mapping[str, Array], path: Path) -> None:
    """Write a model file; the same arrays give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, buffer.getvalue(), compresslevel=9)


# ---------------------------------------------------------------- runs of characters to scores


@dataclass(frozen=True, slots=True)
class _Linear:
    words: list[str]
    idf: Array
    weights: Array
    bias: Array


def _fit(examples: Sequence[Example], truth: Array) -> _Linear:
    """One linear classifier for each label over all runs of characters."""
    from sklearn.linear_model import LogisticRegression

    counts = [_count(example.reading) for example in examples]
    documents = Counter(word for count in counts for word in count)
    words = sorted(word for word, number in documents.items() if number >= _LEAST_TIPS and "\n" not in word)
    idf = np.array([np.log((1 + len(examples)) / (1 + documents[word])) + 1 for word in words])
    features = _features(counts, words, idf)
    weights, bias = np.zeros((len(words), len(LABELS))), np.full(len(LABELS), -9.0)
    for column in range(len(LABELS)):
        wanted = truth[:, column]
        if 0 < wanted.sum() < len(wanted):
            fitted = LogisticRegression(
                C=_STRENGTH, class_weight="balanced", solver="liblinear", random_state=0
            ).fit(features, wanted)
            weights[:, column], bias[column] = fitted.coef_[0], fitted.intercept_[0]
    return _Linear(words, idf, weights, bias)


def _count(reading: Reading) -> Counter[str]:
    folded = reading.normal.text
    return Counter(list_runs(folded)) + Counter(list_marks(folded, reading.channel))


def _features(counts: Sequence[Mapping[str, int]], words: Sequence[str], idf: Array) -> Any:  # noqa: ANN401 - scipy has no types
    """Sparse rows of length one, as `Meaning.weigh` makes them."""
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    column = {word: number for number, word in enumerate(words)}
    rows, columns, values = [], [], []
    for row, count in enumerate(counts):
        for word, number in count.items():
            if (at := column.get(word)) is not None:
                rows.append(row)
                columns.append(at)
                values.append((1 + np.log(number)) * idf[at])
    return normalize(csr_matrix((values, (rows, columns)), shape=(len(counts), len(words))))


def _unseen_scores(examples: Sequence[Example], truth: Array) -> Array:
    """What a model says of each example that learned from other hands only."""
    scores = np.zeros_like(truth)
    for hands in _folds(examples):
        left_out = np.array([example.hand in hands for example in examples])
        seen = [example for example, out in zip(examples, left_out, strict=True) if not out]
        model = _fit(seen, truth[~left_out])
        counts = [_count(example.reading) for example, out in zip(examples, left_out, strict=True) if out]
        scores[left_out] = _features(counts, model.words, model.idf) @ model.weights + model.bias
    return scores


def _folds(examples: Sequence[Example]) -> list[set[str]]:
    """Hands in groups of about the same number of tips."""
    sizes = Counter(example.hand for example in examples)
    groups: list[set[str]] = [set() for _ in range(min(FOLDS, len(sizes)))]
    for hand in sorted(sizes, key=lambda name: (-sizes[name], name)):
        min(groups, key=lambda group: sum(sizes[name] for name in group)).add(hand)
    return groups


# ---------------------------------------------------------------- rules and scores together


def _learn_mix(table: Array, truth: Array) -> Array:
    """Per label how much each of `mix_features` weighs, so that the sum is a probability; last the bias."""
    from sklearn.linear_model import LogisticRegression

    mix = np.zeros((len(LABELS), table.shape[1] + 1))
    mix[:, -1] = -9.0
    for at in range(len(LABELS)):
        wanted = truth[:, at]
        if 0 < wanted.sum() < len(wanted):
            fitted = LogisticRegression(C=_MIX_STRENGTH, solver="newton-cholesky").fit(table, wanted)
            mix[at] = (*fitted.coef_[0], fitted.intercept_[0])
    return mix


def _unseen_odds(examples: Sequence[Example], table: Array, truth: Array) -> Array:
    """Probabilities of every label, weighed as learned from other hands only."""
    odds = np.zeros_like(truth)
    for hands in _folds(examples):
        left_out = np.array([example.hand in hands for example in examples])
        mix = _learn_mix(table[~left_out], truth[~left_out])
        odds[left_out] = 1 / (1 + np.exp(-weigh(mix, table[left_out])))
    return odds


def _choose_thresholds(odds: Array, truth: Array) -> Array:
    """Where a label is said: between its own best and the best for all clauses, since few tips mislead."""
    clauses = len(CLAUSES)
    common = _best_threshold(odds[:, :clauses].ravel(), truth[:, :clauses].ravel())
    thresholds = np.ones(len(LABELS))
    for at, label in enumerate(LABELS):
        if label in DISPOSITIONS:
            continue
        own = _best_threshold(odds[:, at], truth[:, at], _RECALL_OVER_PRECISION.get(label, 1.0))
        thresholds[at] = (own + common) / 2 if label in CLAUSES else own
    return thresholds


def _best_threshold(odds: Array, truth: Array, beta: float = 1.0) -> float:
    def value(threshold: float) -> float:
        said = odds >= threshold
        right = float((said & (truth > 0)).sum())
        return (1 + beta**2) * right / max(1.0, float(said.sum()) + beta**2 * float(truth.sum()))

    return max((float(t) for t in np.linspace(0.1, 0.8, 29)), key=value)


def _learn_sureness(
    examples: Sequence[Example], odds: Array, thresholds: Array, choices: Sequence[Choice]
) -> dict[str, Array]:
    """How the closeness of the calls tells whether the whole route is right, and from when on it is sure enough."""
    from sklearn.linear_model import LogisticRegression

    limits = _by_label(thresholds)
    figures, right = [], []
    for example, row, chosen in zip(examples, odds, choices, strict=True):
        ruled = get_result(example.reading)
        figures.append(sureness_figures(_by_label(row), limits, chosen, ruled, len(example.reading.text)))
        right.append(
            chosen.disposition == example.labels["disposition"]
            and set(chosen.clauses) == set(example.labels["clauses"])
            and chosen.police_referral == example.labels["police_referral"]
            and ruled.jurisdiction == example.labels["jurisdiction"]
        )
    table, wanted = np.array(figures), np.array(right)
    if wanted.all() or not wanted.any():
        weights, bias, sure = np.zeros(table.shape[1]), 0.0, np.full(len(wanted), 0.5)
    else:
        fitted = LogisticRegression(C=1.0, max_iter=5000).fit(table, wanted)
        weights, bias = fitted.coef_[0], float(fitted.intercept_[0])
        sure = fitted.predict_proba(table)[:, 1]
    return {
        "sureness_weights": weights,
        "sureness_bias": np.array(bias),
        "sureness_threshold": np.array(_sure_enough(sure, wanted)),
    }


def _sure_enough(sure: Array, right: Array) -> float:
    """The lowest sureness at which the surer tips are right often enough."""
    order = np.argsort(-sure, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(shares >= _WANTED)
    return float(sure[order[enough[-1]]]) if len(enough) else 1.0
