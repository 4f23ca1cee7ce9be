"""What the citizen left open: the one or two questions whose answer would help most. Pure.

In: a reading and what was decided about it. Out: keys of questions (`rules.missing.<key>`), the most helpful
first, at most two. A question is asked only where its answer is not in the text.
"""

from collections.abc import Collection

from triage.reading import Reading

MOST_QUESTIONS = 2
_EXAM = frozenset({"3.2.1", "3.2.2", "3.2.3", "3.3.3", "3.3.4", "3.3.5", "3.3.6"})
_MONEY = frozenset(
    {"pass_guarantee", "certificate_reselling", "overcharging", "collusion", "fake_certificate"}
)


def find_missing(
    reading: Reading, disposition: str, clauses: Collection[str], patterns: Collection[str]
) -> tuple[str, ...]:
    """Keys of the questions worth asking; none for a tip that accuses nobody."""
    if disposition not in {"in_scope", "other_safety"}:
        return ()
    facts = reading.facts
    sells = bool(_MONEY & set(patterns))
    wanted = (
        ("place", reading.place.jurisdiction in {"unknown", "city"}),
        ("body", not reading.targets and not facts.wechat and not facts.phones),
        ("exam_day", bool(_EXAM & set(clauses) or "exam_cheating" in patterns) and not reading.moments),
        (
            "seller_contact",
            sells and not (facts.wechat or facts.phones or facts.qq or facts.links or reading.targets),
        ),
        ("amount", sells and not facts.amounts),
        ("who_works", "3.4.3" in clauses and not reading.targets),
        ("still_so", disposition == "other_safety" and not reading.moments),
    )
    return tuple(key for key, holds in wanted if holds)[:MOST_QUESTIONS]
