"""A changed rule file on trial: does it read, does it keep its examples, and what would it change on labelled tips?

Nothing is written but into a temporary folder. The rules in use stay as they are until the file is put in their place
and the program starts anew.
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.catalog import Catalog, load_catalog
from config.rulefile import CONFIG
from triage.evaluate import Line, answer, compare
from triage.examples import check_examples
from triage.language import load_classifier

TOLD = (
    "disposition",
    "clauses",
    "patterns",
    "subjects",
    "police_referral",
    "urgency",
    "jurisdiction",
    "targets",
    "review",
)
"""What of an answer is compared tip by tip."""
FIGURES = (
    "disposition_accuracy",
    "clause_micro",
    "pattern_micro",
    "subject_micro",
    "police_referral",
    "route_ready",
)
_LEFT_OUT = shutil.ignore_patterns("*.py", "__pycache__", "ui", "web", "demo")


@dataclass(frozen=True, slots=True)
class RuleTrial:
    """What came of it. With `problems` nothing was compared."""

    problems: Sequence[str]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    changed: Sequence[Mapping[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """As the command line prints it."""
        return {
            "problems": list(self.problems),
            "figures": {
                name: {"before": self.before[name], "after": self.after[name]} for name in self.before
            },
            "changed": list(self.changed),
        }


def try_rule(draft: Path, tips: Sequence[Line], *, model: Path | None) -> RuleTrial:
    """Read, check and compare a pattern file that stands for the one of the same name, or is a new one.

    `tips` with labels give figures, others only what changes. Raises CatalogError where the draft cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="tipline-rules-") as folder:
        root = Path(folder) / "config"
        shutil.copytree(CONFIG, root, ignore=_LEFT_OUT)
        shutil.copyfile(draft, root / "patterns" / draft.name)
        catalog = load_catalog(root)
    found = check_examples(catalog.cues, load_classifier(catalog, model=None))
    if found:
        return RuleTrial([str(problem) for problem in found], {}, {}, [])
    before = _answer_all(load_catalog(), tips, model)
    after = _answer_all(catalog, tips, model)
    changed = [
        change
        for tip, old, new in zip(tips, before, after, strict=True)
        if (change := _compare(tip, old, new))
    ]
    labelled = [tip for tip in tips if "labels" in tip]
    return RuleTrial([], _figures(labelled, before), _figures(labelled, after), changed)


def _answer_all(catalog: Catalog, tips: Sequence[Line], model: Path | None) -> list[dict[str, Any]]:
    classifier = load_classifier(catalog, model=model)
    return [answer(tip, classifier) for tip in tips]


def _figures(labelled: Sequence[Line], answers: Sequence[Line]) -> dict[str, Any]:
    if not labelled:
        return {}
    figures = compare(labelled, answers)
    return {"tips": figures["tips"]} | {name: figures[name] for name in FIGURES}


def _compare(tip: Line, old: Line, new: Line) -> dict[str, Any]:
    """What would be said otherwise of one tip; with labels also which of the two is right. Never its words."""
    change: dict[str, Any] = {}
    for name in TOLD:
        if _plain(old.get(name)) != _plain(new.get(name)):
            change[name] = {"before": old.get(name), "after": new.get(name)}
            if name in tip.get("labels", {}):
                change[name]["right"] = _tell_right(tip["labels"][name], old.get(name), new.get(name))
    return {"id": tip["id"], **change} if change else {}


def _tell_right(want: object, old: object, new: object) -> str:
    """Which of two answers is as labelled."""
    if _plain(new) == _plain(want):
        return "after"
    return "before" if _plain(old) == _plain(want) else "neither"


def _plain(value: object) -> object:
    return sorted(map(str, value)) if isinstance(value, list | tuple) else value
