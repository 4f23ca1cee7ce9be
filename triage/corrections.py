"""Learning from staff: a candidate model from the corpus and the corrections, and whether it may take over.

The earlier corrections are learned from beside the hands of the corpus; the later ones, which neither model has
seen, judge beside the held-out hands. `make_candidate` trains and compares and changes nothing that is in use;
`promote` puts a candidate that won in the place of the model, as one act of the audit chain.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from config.catalog import Catalog
from models.audit import record_event
from models.queries.corrections import PROMOTED as PROMOTED_EVENT
from models.queries.corrections import Correction
from models.session import Database
from models.states import FindingKind
from triage.archive import keep_version
from triage.evaluate import Classifies, Line, answer, compare, read_gold
from triage.judge import CLAUSES_OF
from triage.language import load_classifier
from triage.learn import CORPUS, HELD_OUT, CorpusError, Tell, learn_from, read_corpus
from triage.meaning import NAMES, PROMOTED, SHIPPED, digest_model, find_model, mark_base
from triage.train import save_model, train

LATER = "later corrections"
CANDIDATE = PROMOTED.with_name("candidate.npz")
LEAST = 50
LEAST_JUDGED = 20
_JUDGED_SHARE = 0.2
_ACCUSING = frozenset({"in_scope", "other_safety"})
_WITH_SUBJECTS = _ACCUSING | {"other_department"}
NEXT_START = "A running worker goes on with the model it has; it reads the promoted one at its next start."


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate beside the model in use: figures by set of tips, and what speaks against the candidate."""

    present: str
    candidate: str
    learned: int
    judged: int
    figures: Mapping[str, Mapping[str, Mapping[str, float]]]
    objections: tuple[str, ...]
    path: Path = field(repr=False)

    @property
    def is_better(self) -> bool:
        """Whether the candidate may take over."""
        return not self.objections

    def to_json(self) -> dict[str, Any]:
        """As `tipline train --with-corrections` prints it."""
        return {
            "promoted": self.is_better,
            "why": " ".join(self.objections) or f"The candidate is better. {NEXT_START}",
            "model": {"present": self.present, "candidate": self.candidate},
            "corrections": {"learned": self.learned, "judged": self.judged},
            "figures": self.figures,
        }


def make_candidate(
    catalog: Catalog,
    corrections: Sequence[Correction],
    *,
    data: Path,
    corpus: Path = CORPUS,
    tell: Tell = lambda _: None,
) -> Trial:
    """Train a candidate, write it beside the model, and compare the two. Takes some minutes. Raises CorpusError."""
    learned, judged = split_by_time(corrections)
    held_out, by_hand = _read_held_out(corpus), read_corpus(corpus)
    settled = settle_all(corrections, load_classifier(catalog, model=None))
    tell(f"Learning from {sum(map(len, by_hand.values()))} tips and {len(learned)} corrections")
    candidate, present = data / CANDIDATE, find_model(data)
    draft = candidate.with_name(f".{os.getpid()}-{candidate.name}")
    trained = train(learn_from(share_out(settled[: len(learned)], by_hand), catalog))
    save_model(trained.arrays | _names_of_shipped() | mark_base(), draft)
    draft.replace(candidate)
    tell(f"Comparing on {sum(map(len, held_out.values()))} held-out tips and {len(judged)} later corrections")
    sets = {**held_out, LATER: settled[len(learned) :]}
    figures = _compare_models(present, candidate, sets, catalog)
    objections = list_objections(figures)
    if digest_model(present) == digest_model(candidate):
        objections = ["The candidate is the model in use: there is nothing new to learn."]
    return Trial(
        present=digest_model(present),
        candidate=digest_model(candidate),
        learned=len(learned),
        judged=len(judged),
        figures=figures,
        objections=tuple(objections),
        path=candidate,
    )


def _names_of_shipped() -> dict[str, Any]:
    """The tagger of names as the program ships it: corrections tell what a tip is about, not where names stand."""
    with np.load(SHIPPED, allow_pickle=False) as file:
        return {name: file[name] for name in file.files if name.startswith(NAMES)}


async def promote(db: Database, trial: Trial, catalog: Catalog, *, data: Path, now: datetime) -> None:
    """Put a candidate that won in the place of the model in use, and keep its version.

    The act is recorded first: a crash before the last step leaves the old model at work, and the next run mends it.
    """
    keep_version(data, f"{catalog.version}+{trial.candidate}", model=trial.path)
    async with db.begin() as session:
        record_event(
            session,
            PROMOTED_EVENT,
            at=now,
            before=trial.present,
            after=trial.candidate,
            learned=trial.learned,
            judged=trial.judged,
            figures=_say_figures(trial.figures),
        )
    trial.path.replace(data / PROMOTED)


def _say_figures(figures: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[str]:
    return [
        f"{name}: {figure} {pair['present'][figure]:.4f} → {pair['candidate'][figure]:.4f};"
        for name, pair in figures.items()
        for figure in pair["present"]
    ]


# ---------------------------------------------------------------- who judges, and how


def split_by_time(corrections: Sequence[Correction]) -> tuple[list[Correction], list[Correction]]:
    """The earlier ones to learn from and the later fifth to judge by. Raises CorpusError for too few."""
    if (missing := LEAST - len(corrections)) > 0:
        raise CorpusError(
            f"Staff decided {len(corrections)} tips so far. Learning from them needs {LEAST}, "
            f"of which the latest {LEAST_JUDGED} judge; missing so far: {missing}."
        )
    judged = max(LEAST_JUDGED, round(len(corrections) * _JUDGED_SHARE))
    return list(corrections[:-judged]), list(corrections[-judged:])


def share_out(
    tips: Sequence[dict[str, Any]], by_hand: Mapping[str, Sequence[dict[str, Any]]]
) -> dict[str, list[dict[str, Any]]]:
    """Staff's tips beside those of the hands, a stretch of time with each.

    Training leaves one group of hands out after the other, to learn how far a model may be trusted on voices that
    it has not heard. Corrections are of many voices: as a hand of their own they would be left out all at once, and
    what only they teach would never be trusted.
    """
    edges = [round(len(tips) * part / len(by_hand)) for part in range(len(by_hand) + 1)]
    stretches = [tips[start:end] for start, end in pairwise(edges)]
    return {hand: [*by_hand[hand], *part] for hand, part in zip(sorted(by_hand), stretches, strict=True)}


def list_objections(figures: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[str]:
    """Why a candidate may not take over, a sentence each; none when it is nowhere worse and better on later tips."""
    objections = [
        f"On {name} the candidate is worse in {figure}: {pair['candidate'][figure]:.4f} after {said:.4f}."
        for name, pair in figures.items()
        if name != LATER
        for figure, said in pair["present"].items()
        if pair["candidate"][figure] < said
    ]
    later = figures[LATER]
    wanted = ("route_ready", "clause_micro_f1")
    if not any(later["candidate"][figure] > later["present"][figure] for figure in wanted):
        objections.append(
            f"On {LATER} the candidate is better neither in route_ready nor in clause_micro_f1."
        )
    return objections


def _compare_models(
    present: Path, candidate: Path, sets: Mapping[str, Sequence[Line]], catalog: Catalog
) -> dict[str, dict[str, dict[str, float]]]:
    """For each set of tips the figures that decide, of either model."""
    figures: dict[str, dict[str, dict[str, float]]] = {name: {} for name in sets}
    for side, path in (("present", present), ("candidate", candidate)):
        classifier = load_classifier(catalog, model=path)
        for name, gold in sets.items():
            figures[name][side] = _headline(compare(gold, [answer(tip, classifier) for tip in gold]))
    return figures


def _headline(figures: Mapping[str, Any]) -> dict[str, float]:
    """The three figures that decide; rounded, so that the last digits of a sum decide nothing."""
    return {
        "route_ready": round(figures["route_ready"], 6),
        "clause_micro_f1": round(figures["clause_micro"]["f1"], 6),
        "police_recall": round(figures["police_referral"]["r"], 6),
    }


def _read_held_out(corpus: Path) -> dict[str, list[dict[str, Any]]]:
    paths = sorted((corpus / HELD_OUT).glob("*.jsonl"))
    if not paths:
        raise CorpusError(
            f"{corpus / HELD_OUT} holds no labelled tips: without held-out tips no candidate can be judged."
        )
    try:
        return {path.stem: read_gold(path) for path in paths}
    except ValueError as error:
        raise CorpusError(str(error)) from error


# ---------------------------------------------------------------- labels that go together


def settle_all(corrections: Sequence[Correction], rules: Classifies) -> list[dict[str, Any]]:
    """Labelled tips as the labelling guide wants them."""
    return [settle(one, place=rules.classify(str(one.tip["text"])).jurisdiction) for one in corrections]


def settle(one: Correction, *, place: str) -> dict[str, Any]:
    """A correction whose labels go together: what staff decided stays, and the machine's proposals give way to it.

    `place`: where the text alone points. A county that the reporter answered beside it, or that a tip of the same
    matter lent, is not in the text, and no reader of the text alone can be held to it.
    """
    labels = dict(one.tip["labels"])
    kind = labels["disposition"]
    if kind != "in_scope":
        labels |= {"clauses": [], "patterns": [], "police_referral": False}
        labels["urgency"] = labels["urgency"] if kind == "other_safety" else "normal"
        labels["subjects"] = labels["subjects"] if kind in _WITH_SUBJECTS else []
        labels["targets"] = labels["targets"] if kind in _WITH_SUBJECTS else []
    elif FindingKind.PATTERN not in one.decided:
        _keep_patterns(labels, one.decided)
    if place in {"unknown", "city"} and FindingKind.JURISDICTION not in one.decided:
        labels["jurisdiction"] = place
    return {**one.tip, "labels": labels}


def _keep_patterns(labels: dict[str, Any], decided: frozenset[FindingKind]) -> None:
    """A proposed pattern whose clause staff took away was misread, and so was the crime seen in it."""
    proposed = labels["patterns"]
    labels["patterns"] = [name for name in proposed if set(CLAUSES_OF.get(name, ())) & set(labels["clauses"])]
    if proposed and not labels["patterns"] and FindingKind.POLICE_REFERRAL not in decided:
        labels["police_referral"] = False
        if (
            FindingKind.URGENCY not in decided
            and labels["urgency"] == "high"
            and "3.4.3" not in labels["clauses"]
        ):
            labels["urgency"] = "normal"
