"""Training: same tips, same bytes; what is held out stays out; bad tips are told with the remedy."""

import json
import random

import pytest

from tests.triage.reader import catalog
from triage.learn import CORPUS, CorpusError, make_model, read_corpus
from triage.meaning import load_meaning


def write_corpus(folder, *, hands=("one", "two"), held_out=True):
    """A small corpus drawn from ours: some tips of every disposition for each hand."""
    ours = [tip for tips in read_corpus().values() for tip in tips]
    random.Random(4).shuffle(ours)
    folder.mkdir()
    for number, hand in enumerate(hands):
        write(folder / f"{hand}.jsonl", ours[number * 50 : number * 50 + 50])
    if held_out:
        (folder / "held_out").mkdir()
        write(folder / "held_out" / "judge.jsonl", ours[900:930])
    return folder


def write(path, tips):
    path.write_text("\n".join(json.dumps(tip, ensure_ascii=False) for tip in tips), encoding="utf-8")


def test_the_same_tips_make_the_same_model(tmp_path):
    corpus = write_corpus(tmp_path / "corpus")
    first = make_model(catalog(), tmp_path / "a.npz", corpus=corpus)
    second = make_model(catalog(), tmp_path / "b.npz", corpus=corpus)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert first["held_out"] == second["held_out"]
    assert first["unseen_hands"]["tips"] == 100
    assert first["held_out"]["judge"]["tips"] == 30


def test_what_is_held_out_changes_nothing_in_the_model(tmp_path):
    with_judge = make_model(catalog(), tmp_path / "a.npz", corpus=write_corpus(tmp_path / "with"))
    without = make_model(
        catalog(), tmp_path / "b.npz", corpus=write_corpus(tmp_path / "without", held_out=False)
    )
    assert with_judge["model"] == without["model"]
    assert without["held_out"] == {}


def test_one_hand_is_not_enough(tmp_path):
    with pytest.raises(CorpusError, match="two files"):
        make_model(catalog(), tmp_path / "a.npz", corpus=write_corpus(tmp_path / "c", hands=("one",)))


def test_a_bad_line_is_named(tmp_path):
    corpus = write_corpus(tmp_path / "corpus")
    with (corpus / "one.jsonl").open("a", encoding="utf-8") as file:
        file.write('\n{"id": "x"}\n')
    with pytest.raises(CorpusError, match=r"one\.jsonl, line 51"):
        make_model(catalog(), tmp_path / "a.npz", corpus=corpus)


def test_our_corpus_is_what_its_page_says():
    hands = read_corpus()
    page = (CORPUS / "README.md").read_text(encoding="utf-8")
    held_out = {path.stem for path in (CORPUS / "held_out").glob("*.jsonl")}
    assert held_out
    assert not held_out & set(hands)
    assert all(f"`{hand}`" in page for hand in hands)
    assert all(f"`held_out/{hand}`" in page for hand in held_out)
    assert sum(map(len, hands.values())) >= 3000


def test_no_tip_stands_twice_and_every_target_is_in_its_text():
    tips = [tip for tips in read_corpus().values() for tip in tips]
    assert len({tip["id"] for tip in tips}) == len(tips)
    assert len({tip["text"] for tip in tips}) >= 0.999 * len(tips)
    assert all(name in tip["text"] for tip in tips for name in tip["labels"]["targets"])


def test_the_shipped_model_is_small():
    from triage.meaning import SHIPPED

    assert SHIPPED.stat().st_size <= 30_000_000
    assert load_meaning().version
