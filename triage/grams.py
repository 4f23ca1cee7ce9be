"""What the learned part looks at: short runs of characters of the folded text, each with its place.

Runs rather than words: a segmenter cuts phrases of the trade in odd places, and hidden or misheard spelling would
cut them differently each time. Digits are alike (which sum was paid says little), and two marks say how a text
begins and ends and by which channel it came.
"""

from collections import defaultdict
from collections.abc import Iterator

LONGEST_RUN = 3
_DIGITS = str.maketrans("123456789", "000000000")

Span = tuple[int, int]


def find_grams(folded: str, channel: str) -> dict[str, list[Span]]:
    """Every run of one to three characters of a folded text and where it stands; marks stand nowhere."""
    text = folded.translate(_DIGITS)
    found: dict[str, list[Span]] = defaultdict(list)
    for length in range(1, LONGEST_RUN + 1):
        for start in range(len(text) - length + 1):
            found[text[start : start + length]].append((start, start + length))
    for mark in _marks(text, channel):
        found[mark] = []
    return found


def _marks(text: str, channel: str) -> Iterator[str]:
    if text:
        yield f"^{text[:2]}"
        yield f"{text[-2:]}$"
        yield f"{text[-1]}$"
    yield f"channel:{channel}"
