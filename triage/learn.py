"""Making a model: the corpus, the training, the figures that it is judged by (`tipline train`).

In: the folder of labelled tips, one file a hand; hands in `held_out/` are never learned from. Out: a model file and
one dictionary of figures: on hands that the model at hand had not seen while it was tuned, and on those held out.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from config.catalog import Catalog
from triage.classify import Knowledge
from triage.evaluate import Line, answer, compare, read_gold
from triage.language import load_classifier
from triage.meaning import NAMES, load_meaning
from triage.name_features import Clues
from triage.train import Example, read_examples, save_model, train
from triage.train_names import ReadClues, train_names

CORPUS = Path(__file__).parent / "corpus"
HELD_OUT = "held_out"
FIGURES = (
    "tips", "disposition_accuracy", "disposition_macro_f1", "clause_micro", "clause_macro_f1", "headline_patterns",
    "police_referral", "urgency_immediate", "jurisdiction_accuracy", "targets", "route_ready", "routed_alone",
    "routed_alone_right", "reliability",
)  # fmt: skip
Tell = Callable[[str], None]


class CorpusError(ValueError):
    """The labelled tips cannot be learned from; the message says what to do."""


def read_corpus(folder: Path = CORPUS) -> dict[str, list[dict[str, Any]]]:
    """Labelled tips by hand (file name); raises CorpusError."""
    files = sorted(folder.glob("*.jsonl"))
    if len(files) < 2:
        raise CorpusError(f"{folder}: two files of labelled tips are needed at least, one for each hand")
    try:
        return {path.stem: read_gold(path) for path in files}
    except ValueError as error:
        raise CorpusError(str(error)) from error


def make_model(
    catalog: Catalog, out: Path, *, corpus: Path = CORPUS, tell: Tell = lambda _: None
) -> dict[str, Any]:
    """Learn from a corpus, write the model to `out`, and say how good it is. Takes one to three minutes."""
    started = time.monotonic()
    by_hand = read_corpus(corpus)
    tell(f"Reading {sum(map(len, by_hand.values()))} tips of {len(by_hand)} hands by the rules")
    examples = learn_from(by_hand, catalog)
    tell("Learning; a model for each fifth of the hands, then one for all")
    trained = train(examples)
    gold = [tip for tips in by_hand.values() for tip in tips]
    tell("Learning names")
    names = train_names(gold, make_clue_reader(catalog)).to_arrays()
    save_model(trained.arrays | {f"{NAMES}{key}": array for key, array in names.items()}, out)
    unseen = [{"id": tip["id"], **line} for tip, line in zip(gold, trained.unseen, strict=True)]
    return {
        "model": load_meaning(out).version,
        "bytes": out.stat().st_size,
        "seconds": round(time.monotonic() - started),
        "runs": len(trained.arrays["idf"]),
        "unseen_hands": _short(compare(gold, unseen)),
        "held_out": {path.stem: judge_model(out, read_gold(path), catalog) for path in _held_out(corpus)},
    }


def learn_from(by_hand: Mapping[str, Sequence[Line]], catalog: Catalog) -> list[Example]:
    """Examples as the rules alone see them."""
    rules = load_classifier(catalog, model=None)
    return read_examples([(hand, tip) for hand, tips in by_hand.items() for tip in tips], rules)


def make_clue_reader(catalog: Catalog) -> ReadClues:
    """What speaks for names in a text, and where places stand in it, as the pipeline sees them."""
    knowledge = Knowledge(catalog)

    def read(text: str) -> tuple[Clues, list[tuple[int, int]]]:
        normal = knowledge.normaliser.normalise(text)
        places = [normal.original_span(*span) for span in knowledge.gazetteer.find_spans(normal.text)]
        return knowledge.names.find_clues(text, places), places

    return read


def judge_model(model: Path, gold: Sequence[Line], catalog: Catalog) -> dict[str, Any]:
    """The figures of a model file on labelled tips."""
    classifier = load_classifier(catalog, model=model)
    return _short(compare(gold, [answer(tip, classifier) for tip in gold]))


def _held_out(corpus: Path) -> list[Path]:
    return sorted((corpus / HELD_OUT).glob("*.jsonl"))


def _short(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in FIGURES if name in figures}
