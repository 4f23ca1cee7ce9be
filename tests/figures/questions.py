"""How often which question is asked on tips that nothing was learned from.

python -m tests.figures.questions [FILE.jsonl …]     (default: triage/corpus/held_out/*.jsonl)
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.follow_ups import make_note
from config.catalog import load_catalog
from triage.language import load_classifier
from triage.preview import LONGEST, understand

HELD_OUT = Path("triage/corpus/held_out")


def read_tips(paths: list[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def is_told_right(matters: tuple[str, ...], labels: dict[str, Any], rules: Any) -> bool:
    """Every matter that we would tell has a label that people gave the tip."""
    given = {labels["disposition"], *labels["clauses"], *labels["patterns"]}
    by_id = {matter.id: matter for matter in rules.matters}
    return all(
        given & {*by_id[name].clauses, *by_id[name].patterns, *by_id[name].dispositions} for name in matters
    )


def main(paths: list[Path]) -> None:
    catalog = load_catalog()
    classifier, rules = load_classifier(catalog), catalog.follow_ups
    asked, counts, told, seconds = Counter[str](), Counter[int](), Counter[str](), []
    for tip in read_tips(paths):
        words = tip["text"][:LONGEST]
        began = time.perf_counter()
        said = understand(classifier.read(words, received_at=datetime.fromisoformat(tip["received_at"])))
        note = make_note(words, said, rules, answers={})
        seconds.append(time.perf_counter() - began)
        asked.update(note.asked)
        counts[len(note.asked)] += 1
        if not note.matters:
            told["not fully understood"] += 1
        else:
            is_right = is_told_right(note.matters, tip["labels"], rules)
            told["understood, right" if is_right else "understood, wrong"] += 1
    total, seconds = len(seconds), sorted(seconds)
    say = sys.stdout.write
    say(
        f"{total} tips; reading: median {seconds[total // 2] * 1000:.1f} ms, slowest {seconds[-1] * 1000:.0f} ms\n"
    )
    for title, counter in (("questions asked", counts), ("which", asked), ("told", told)):
        say(f"{title}\n")
        for name, count in counter.most_common():
            say(f"  {name!s:24} {count:5} {count / total:6.1%}\n")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or sorted(HELD_OUT.glob("*.jsonl")))
