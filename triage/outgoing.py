"""The one place where the words of a paper are looked through before it leaves the bureau."""

from collections.abc import Sequence

from models.case import Case


def check_outgoing(words: str, case: Case) -> Sequence[str]:  # noqa: ARG001 - what the look-through will read
    """What in these words might point to the reporter, one sentence each for the officer; none lets the paper go.

    The look-through itself belongs to confidentiality and is hooked in here.
    """
    return ()
