"""What the learned part looks at: short runs of characters of the folded text, each with its place.

Runs rather than words: a segmenter cuts phrases of the trade in odd places, and hidden or misheard spelling would
cut them differently each time. Digits are alike (which sum was paid says little), and a few marks say how a text
begins and ends and by which channel it came.
"""

from collections.abc import Iterator

from triage.landmarks import hide_landmarks

LONGEST_RUN = 3
_DIGITS = str.maketrans("123456789", "000000000")


def list_runs(folded: str) -> list[str]:
    """Every run of one to three characters: all of one in order of place, then all of two, then all of three."""
    text = hide_landmarks(folded).translate(_DIGITS)
    return [
        text[start : start + length]
        for length in range(1, LONGEST_RUN + 1)
        for start in range(len(text) - length + 1)
    ]


def list_places(length: int) -> tuple[list[int], list[int]]:
    """Where the runs of a text of so many characters start and end, in the order of `list_runs`."""
    places = [(start, start + run) for run in range(1, LONGEST_RUN + 1) for start in range(length - run + 1)]
    return [start for start, _ in places], [end for _, end in places]


def list_marks(folded: str, channel: str) -> Iterator[str]:
    """How the text begins and ends, and how it came; each counts once and stands nowhere."""
    text = folded.translate(_DIGITS)
    if text:
        yield f"^{text[:2]}"
        yield f"{text[-2:]}$"
        yield f"{text[-1]}$"
    yield f"channel:{channel}"
