"""How good triage is on labelled tips: the figures of `tipline evaluate`.

In: a file of labelled tips (one JSON object a line, with `labels`) and a classifier, or the answers themselves.
Out: one dictionary of figures. Precision, recall and F1 count over all tips; a tip without an answer is wrong
everywhere.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from triage.reading import Classification

Line = Mapping[str, Any]
HEADLINE = ("pass_guarantee", "exam_cheating", "certificate_reselling")
_LABEL_SETS = ("subjects", "clauses", "patterns")
_URGENT_KINDS = ("in_scope", "other_safety")
_BANDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.01)
_MUST_BE_RIGHT = ("disposition", "clauses", "police_referral", "jurisdiction")


class Classifies(Protocol):
    """Anything that classifies a text."""

    def classify(
        self, text: str, *, received_at: datetime | None = None, channel: str = "web"
    ) -> Classification:
        """What one tip alleges."""


def evaluate(gold_path: Path, classifier: Classifies) -> dict[str, Any]:
    """Classify every labelled tip of a file and compare. Raises ValueError for a line that is no labelled tip."""
    gold = read_gold(gold_path)
    answers = [answer(tip, classifier) for tip in gold]
    return compare(gold, answers)


def read_gold(path: Path) -> list[dict[str, Any]]:
    """The labelled tips of a file."""
    tips = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            tips.append(_labelled(line, f"{path.name}, line {number}"))
    return tips


def _labelled(line: str, where: str) -> dict[str, Any]:
    try:
        tip = json.loads(line)
    except ValueError as error:
        raise ValueError(f"{where}: not JSON; write one labelled tip a line") from error
    if not isinstance(tip, dict) or not {"id", "text", "labels"} <= tip.keys():
        raise ValueError(f"{where}: a labelled tip has id, text and labels")
    return tip


def answer(tip: Line, classifier: Classifies) -> dict[str, Any]:
    """The output line for one input line."""
    received = tip.get("received_at")
    result = classifier.classify(
        tip["text"],
        received_at=datetime.fromisoformat(received) if received else None,
        channel=tip.get("channel") or "web",
    )
    return result.to_json(str(tip["id"]))


def compare(gold: Sequence[Line], answers: Iterable[Line]) -> dict[str, Any]:
    """The figures for given answers, in any order."""
    by_id = {line["id"]: line for line in answers}
    pairs = [(tip, by_id.get(tip["id"], {})) for tip in gold]
    sets = {name: _count(pairs, _labels_of(name)) for name in _LABEL_SETS}
    dispositions = _count(pairs, lambda line: {line.get("disposition") or "(none)"})
    urgent = [(tip, line) for tip, line in pairs if tip["labels"]["disposition"] in _URGENT_KINDS]
    return {
        "tips": len(gold),
        "answered": sum(bool(line) for _, line in pairs),
        "disposition_accuracy": _micro(dispositions)["r"],
        "disposition_macro_f1": _macro_f1(dispositions),
        "in_scope": _rates(*dispositions.get("in_scope", _NOTHING)),
        "clause_micro": _micro(sets["clauses"]),
        "clause_macro_f1": _macro_f1(sets["clauses"]),
        "pattern_micro": _micro(sets["patterns"]),
        "headline_patterns": {name: _rates(*sets["patterns"].get(name, _NOTHING)) for name in HEADLINE},
        "subject_micro": _micro(sets["subjects"]),
        "police_referral": _flag(pairs, lambda line: bool(line.get("police_referral"))),
        "urgency_accuracy": _share(urgent, "urgency"),
        "urgency_immediate": _flag(urgent, lambda line: line.get("urgency") == "immediate"),
        "jurisdiction_accuracy": _share(pairs, "jurisdiction"),
        "targets": _target_rates(pairs),
        "route_ready": _mean([_is_route_ready(tip, line) for tip, line in pairs]),
        **_evidence_figures(pairs),
        **_review_figures(pairs),
        "reliability": {
            "disposition": _reliability(pairs, "disposition", _is_kind_right),
            "route": _reliability(pairs, "route", _is_route_ready),
        },
        "clauses": {name: _rates(*count) for name, count in sorted(sets["clauses"].items())},
        "dispositions": {name: _rates(*count) for name, count in sorted(dispositions.items())},
        "patterns": {name: _rates(*count) for name, count in sorted(sets["patterns"].items())},
    }


Pairs = Sequence[tuple[Line, Line]]
_Count = tuple[int, int, int]
_NOTHING: _Count = (0, 0, 0)


def _labels_of(name: str) -> Callable[[Line], set[str]]:
    return lambda line: set(line.get(name) or ())


def _count(pairs: Pairs, labels: Callable[[Line], set[str]]) -> dict[str, _Count]:
    """For each label: right ones, wrong ones, missed ones."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for tip, line in pairs:
        want, said = labels(tip["labels"]), labels(line)
        right.update(want & said)
        wrong.update(said - want)
        missed.update(want - said)
    return {name: (right[name], wrong[name], missed[name]) for name in {*right, *wrong, *missed}}


def _rates(right: int, wrong: int, missed: int) -> dict[str, float]:
    precision = right / (right + wrong) if right + wrong else float(not missed)
    recall = right / (right + missed) if right + missed else 1.0
    both = precision + recall
    return {
        "p": precision,
        "r": recall,
        "f1": 2 * precision * recall / both if both else 0.0,
        "n": right + missed,
    }


def _micro(counts: Mapping[str, _Count]) -> dict[str, float]:
    columns = list(zip(*counts.values(), strict=True)) or [(), (), ()]
    return _rates(*(sum(column) for column in columns))


def _macro_f1(counts: Mapping[str, _Count]) -> float:
    wanted = [_rates(*count)["f1"] for count in counts.values() if count[0] + count[2]]
    return _mean(wanted) if wanted else 1.0


def _flag(pairs: Pairs, holds: Callable[[Line], bool]) -> dict[str, float]:
    return _rates(*_count(pairs, lambda line: {"yes"} if holds(line) else set()).get("yes", _NOTHING))


def _share(pairs: Pairs, key: str) -> float:
    return _mean([tip["labels"][key] == line.get(key) for tip, line in pairs]) if pairs else 1.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _is_route_ready(tip: Line, line: Line) -> bool:
    """Whether an office could act on it as it is: what it is, which clauses, police or not, and where."""
    want = tip["labels"]
    return (
        want["disposition"] == line.get("disposition")
        and want["jurisdiction"] == line.get("jurisdiction")
        and bool(want["police_referral"]) == bool(line.get("police_referral"))
        and set(want["clauses"]) == set(line.get("clauses") or ())
    )


def _target_rates(pairs: Pairs) -> dict[str, float]:
    right = wrong = missed = 0
    for tip, line in pairs:
        left = list(tip["labels"]["targets"])
        for name in line.get("targets") or ():
            same = next((want for want in left if _is_same_name(want, name)), None)
            if same is None:
                wrong += 1
            else:
                left.remove(same)
                right += 1
        missed += len(left)
    return _rates(right, wrong, missed)


def _is_same_name(one: str, other: str) -> bool:
    """One name holds the other, and the shorter is at least two thirds of the longer."""
    short, long = sorted(("".join(one.split()), "".join(other.split())), key=len)
    return bool(short) and short in long and 3 * len(short) >= 2 * len(long)


def _evidence_figures(pairs: Pairs) -> dict[str, Any]:
    explained = said = spans = bad = 0
    for tip, line in pairs:
        quoted = set()
        for item in line.get("evidence") or ():
            spans += 1
            if _is_quoted(item, tip["text"]):
                quoted.add(item["for"])
            else:
                bad += 1
        common = set(line.get("clauses") or ()) & set(tip["labels"]["clauses"])
        said += len(common)
        explained += len(common & quoted)
    return {
        "clauses_with_evidence": explained / said if said else 0.0,
        "bad_evidence_spans": f"{bad}/{spans}",
    }


def _is_quoted(item: object, text: str) -> bool:
    if not isinstance(item, dict) or not isinstance(item.get("for"), str):
        return False
    start, end = item.get("start"), item.get("end")
    if type(start) is not int or type(end) is not int:
        return False
    return 0 <= start < end <= len(text) and text[start:end] == item.get("text")


def _is_kind_right(tip: Line, line: Line) -> bool:
    return bool(tip["labels"]["disposition"] == line.get("disposition"))


def _reliability(pairs: Pairs, key: str, is_right: Callable[[Line, Line], bool]) -> list[dict[str, float]]:
    """Per band of confidence: how many tips, how sure the machine said it was, and how often it was right.

    A machine that means what it says has `said` and `right` close together in every band that holds many tips.
    """
    rows = [
        (float(line["confidence"][key]), is_right(tip, line))
        for tip, line in pairs
        if key in (line.get("confidence") or {})
    ]
    table = []
    for low, high in pairwise(_BANDS):
        band = [row for row in rows if low <= row[0] < high]
        if band:
            said, right = (_mean(column) for column in zip(*band, strict=True))
            table.append({"from": low, "to": min(high, 1.0), "tips": len(band), "said": said, "right": right})
    return table


def _review_figures(pairs: Pairs) -> dict[str, float]:
    """How many tips the machine would route alone, and how many of those rightly."""
    alone = [(tip, line) for tip, line in pairs if line and not line.get("review", True)]
    return {
        "routed_alone": len(alone) / len(pairs) if pairs else 0.0,
        "routed_alone_right": _mean([_is_route_ready(tip, line) for tip, line in alone]),
    }
