"""Training of the learned tagger of names (triage/name_model.py) from labelled tips.

A conditional random field over characters, fitted by L-BFGS: no chance in it, so the same tips make the same model.
scipy comes with scikit-learn and is needed here alone.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from triage.name_features import (
    BUCKETS,
    PAIRS,
    Buckets,
    Bytes,
    Clues,
    Ints,
    Span,
    codes_of,
    make_features,
    pairs_of,
)
from triage.name_model import FOLLOWS, LONGEST_TEXT, OUTSIDE, TAGS, NameModel, tags_of
from triage.names import flatten

Doubles = npt.NDArray[np.float64]
ReadClues = Callable[[str], tuple[Clues, Sequence[Span]]]
Read = tuple[Mapping[str, Any], Clues, Sequence[Span]]
_RARE_STEPS = (1, 2, 4, 8, 16, 40, 100, 300)
_SENTENCE_ENDS = frozenset("。！？!?\n")
# A sentence without a name and without any of these teaches little; every third is enough.
_LOOKS = ("sure", "body", "person", "speech", "title")
_COPIES = 2
_FEWEST = 2
_FEWEST_OUTSIDE = 6
_L2 = 0.4
_STEPS = 40
# Added to “outside”: after so few steps the model is still shy; chosen on hands that it had not seen.
_BIAS = -0.2


@dataclass(frozen=True, slots=True)
class _Sample:
    """All characters of all tips, one below the other; sentences are chains, the longest first."""

    features: Buckets
    tags: Ints
    chains: list[Span]


def train_names(
    tips: Sequence[Mapping[str, Any]],
    read_clues: ReadClues,
    *,
    l2: float = _L2,
    bias: float = _BIAS,
    steps: int = _STEPS,
) -> NameModel:
    """Learn from tips with `text` and `labels.targets`; `read_clues` gives a text's clues and places."""
    read = [(tip, *read_clues(tip["text"][:LONGEST_TEXT])) for tip in tips if tip["text"]]
    counts = _count_pairs(tips)
    invented = [(tip, *read_clues(tip["text"])) for tip in _invent(read)]
    sample = _gather(read, counts, invented)
    keys = _choose_keys(sample)
    moves, weights = _fit(sample, keys, l2=l2, steps=steps)
    kept = np.abs(weights).max(axis=1) > 0.004
    return NameModel(
        keys[kept],
        weights[kept].astype(np.float16).astype(np.float32),
        moves.astype(np.float32),
        _steps(sum(counts.values())),
        bias,
    )


def find_occurrences(text: str, names: Sequence[str]) -> list[Span]:
    """Where the names stand in the text, longer ones first served."""
    taken: list[Span] = []
    for name in sorted({name for name in names if name}, key=lambda name: (-len(name), name)):
        at = text.find(name)
        while at >= 0:
            end = at + len(name)
            if all(end <= s or at >= e for s, e in taken):
                taken.append((at, end))
            at = text.find(name, end)
    return sorted(taken)


def _count_pairs(tips: Sequence[Mapping[str, Any]]) -> dict[str, Ints]:
    """For each author (the front of the id) how many of his tips hold each pair of characters."""
    counts: dict[str, Ints] = {}
    for tip in tips:
        author = _author(tip)
        found = counts.setdefault(author, np.zeros(PAIRS, np.int64))
        if tip["text"]:
            found[np.unique(pairs_of(codes_of(flatten(tip["text"]).lower())))] += 1
    return counts


def _author(tip: Mapping[str, Any]) -> str:
    return str(tip.get("id", "")).rsplit("-", 1)[0]


def _steps(counts: Ints | int) -> Bytes:
    """0 for none, then a step for each doubling or so."""
    return np.digitize(counts, _RARE_STEPS).astype(np.uint8)


def _invent(read: Sequence[Read]) -> list[dict[str, Any]]:
    """Tips told once more of names that nobody bears: what describes stays, what is a name's own is drawn anew."""
    draw = np.random.default_rng(0)
    own = [_own_characters(tip, clues, places) for tip, clues, places in read]
    pools = {
        is_person: sorted(
            char
            for found in own
            for name, places in found.items()
            if _is_person(name, places) == is_person
            for char in (name[at] for at in places)
        )
        for is_person in (False, True)
    }
    told = []
    for _ in range(_COPIES):
        for (tip, _clues, _places), found in zip(read, own, strict=True):
            new = {name: _rename(name, at, pools[_is_person(name, at)], draw) for name, at in found.items()}
            if new:
                told.append(_retell(tip, new))
    return told


def _own_characters(tip: Mapping[str, Any], clues: Clues, places: Sequence[Span]) -> dict[str, list[int]]:
    """For each name which of its characters are no ending, no place and no description."""
    spans = [*clues["ending"], *clues["generic"], *places]
    taken = {at for start, end in spans for at in range(start, end)}
    found = {}
    for start, end in find_occurrences(tip["text"][:LONGEST_TEXT], tip["labels"]["targets"]):
        found[tip["text"][start:end]] = [at - start for at in range(start, end) if at not in taken]
    return found


def _is_person(name: str, own: Sequence[int]) -> bool:
    return len(name) in {2, 3} and len(own) == len(name)


def _rename(name: str, own: Sequence[int], pool: Sequence[str], draw: np.random.Generator) -> str:
    chars = list(name)
    for at in own:
        if "\u4e00" <= chars[at] <= "\u9fff" and not (at == 0 and _is_person(name, own)):
            chars[at] = pool[int(draw.integers(len(pool)))]
    return "".join(chars)


def _retell(tip: Mapping[str, Any], new: Mapping[str, str]) -> dict[str, Any]:
    text, out, done = tip["text"][:LONGEST_TEXT], [], 0
    for start, end in find_occurrences(text, list(new)):
        out += [text[done:start], new[text[start:end]]]
        done = end
    return {
        "id": tip.get("id", ""),
        "text": "".join([*out, text[done:]]),
        "labels": {"targets": list(new.values())},
    }


def _gather(read: Sequence[Read], counts: Mapping[str, Ints], invented: Sequence[Read]) -> _Sample:
    features, tags, chains, offset = [], [], [], 0
    total = sum(counts.values())
    # An author's own tips do not make his inventions common.
    common = {author: _steps(total - own if len(counts) > 1 else total) for author, own in counts.items()}
    for number, (tip, clues, places) in enumerate([*read, *invented]):
        text = tip["text"][:LONGEST_TEXT]
        spans = find_occurrences(text, tip["labels"]["targets"])
        made = make_features(text, clues, places, common[_author(tip)])
        answers = np.array(tags_of(spans, len(text)), np.int64)
        for start, end in _sentences(text, spans):
            marks = (
                spans if number >= len(read) else [*spans, *(span for kind in _LOOKS for span in clues[kind])]
            )
            if not any(s < end and e > start for s, e in marks) and (number >= len(read) or start % 3):
                continue
            features.append(made[start:end])
            tags.append(answers[start:end])
            chains.append((offset, offset + end - start))
            offset += end - start
    chains.sort(key=lambda chain: (chain[0] - chain[1], chain[0]))
    return _Sample(np.concatenate(features), np.concatenate(tags), chains)


def _sentences(text: str, names: Sequence[Span]) -> list[Span]:
    inside = {at for start, end in names for at in range(start, end - 1)}
    cuts = [at + 1 for at, char in enumerate(text) if char in _SENTENCE_ENDS and at not in inside]
    edges = [0, *cuts, len(text)]
    return [(start, end) for start, end in itertools.pairwise(edges) if end > start]


def _choose_keys(sample: _Sample) -> Ints:
    """Buckets worth a weight: seen in a name and elsewhere, or often outside."""
    seen = np.bincount(sample.features.ravel(), minlength=BUCKETS)
    named = np.bincount(sample.features[sample.tags != OUTSIDE].ravel(), minlength=BUCKETS)
    return np.flatnonzero(((seen >= _FEWEST) & (named > 0)) | (seen >= _FEWEST_OUTSIDE))


def _fit(sample: _Sample, keys: Ints, *, l2: float, steps: int) -> tuple[Doubles, Doubles]:
    from scipy.optimize import minimize
    from scipy.sparse import csr_matrix

    rows = np.full(BUCKETS, -1, np.int64)
    rows[keys] = np.arange(len(keys))
    columns = rows[sample.features]
    known = columns >= 0
    lengths = known.sum(axis=1)
    matrix = csr_matrix(
        (np.ones(int(lengths.sum()), np.float32), columns[known], np.concatenate([[0], np.cumsum(lengths)])),
        shape=(len(columns), len(keys)),
    )
    turned = matrix.T.tocsr()
    gold = np.zeros((len(columns), TAGS))
    gold[np.arange(len(columns)), sample.tags] = 1
    chart = _Chart(sample)

    def loss(flat: Doubles) -> tuple[float, Doubles]:
        moves, weights = flat[: TAGS * TAGS].reshape(TAGS, TAGS), flat[TAGS * TAGS :].reshape(-1, TAGS)
        scores = np.asarray(matrix @ weights.astype(np.float32), np.float64)
        total, marginals, expected = chart.expect(scores, moves)
        value = total - float((scores * gold).sum()) - float((moves * chart.moved).sum())
        slope = np.asarray(turned @ (marginals - gold).astype(np.float32), np.float64)
        gradient = np.concatenate([(expected - chart.moved).ravel(), slope.ravel()])
        return value + 0.5 * l2 * float(flat @ flat), gradient + l2 * flat

    start = np.zeros(TAGS * TAGS + len(keys) * TAGS)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": steps, "maxcor": 6})
    best = np.asarray(found.x, np.float64)
    return best[: TAGS * TAGS].reshape(TAGS, TAGS), best[TAGS * TAGS :].reshape(-1, TAGS)


class _Chart:
    """Forward and backward sums over all chains at once, step by step."""

    def __init__(self, sample: _Sample) -> None:
        starts = np.array([start for start, _ in sample.chains])
        lengths = np.array([end - start for start, end in sample.chains])
        # The chains are sorted by length, so the first `alive[t]` of them reach step t.
        alive = [int((lengths > step).sum()) for step in range(int(lengths[0]))]
        self._at = [starts[:count] + step for step, count in enumerate(alive)]
        self._allowed = np.zeros((TAGS, TAGS))
        for tag, following in enumerate(FOLLOWS):
            self._allowed[tag, list(following)] = 1
        before = np.full(len(sample.tags), OUTSIDE)
        for start, end in sample.chains:
            before[start + 1 : end] = sample.tags[start : end - 1]
        self.moved = np.zeros((TAGS, TAGS))
        np.add.at(self.moved, (before, sample.tags), 1)

    def expect(self, scores: Doubles, moves: Doubles) -> tuple[float, Doubles, Doubles]:
        """The log of all sums, the share of each tag at each character, and how often each move is expected."""
        go = np.exp(moves) * self._allowed
        top = scores.max(axis=1, keepdims=True)
        weigh = np.exp(scores - top)
        ahead, scale = np.zeros_like(scores), np.ones(len(scores))
        for step, at in enumerate(self._at):
            came = np.broadcast_to(go[OUTSIDE], (len(at), TAGS)) if step == 0 else ahead[at - 1] @ go
            now = came * weigh[at]
            scale[at] = now.sum(axis=1)
            ahead[at] = now / scale[at, None]
        final = np.zeros(TAGS)
        final[[0, 3, 4]] = 1
        back = np.empty_like(scores)
        expected = np.zeros((TAGS, TAGS))
        lost = 0.0
        for step in reversed(range(len(self._at))):
            at = self._at[step]
            alive = len(self._at[step + 1]) if step + 1 < len(self._at) else 0
            ends = at[alive:]
            closing = ahead[ends] @ final
            lost += float(np.log(closing).sum())
            back[ends] = final / closing[:, None]
            going = at[:alive] + 1
            if alive:
                pull = back[going] * weigh[going] / scale[going, None]
                back[at[:alive]] = pull @ go.T
                expected += ahead[at[:alive]].T @ pull * go
        first = self._at[0]
        expected[OUTSIDE] += (ahead[first] * back[first]).sum(axis=0)
        return float(np.log(scale).sum() + top.sum()) + lost, ahead * back, expected
