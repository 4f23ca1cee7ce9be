"""Shape of `routing.yaml`: which tips the machine may send to a county by itself."""

from typing import Annotated

from pydantic import Field

from config.rulefile import Frozen

Words = Annotated[tuple[str, ...], Field(min_length=1)]


class Routing(Frozen):
    """What may go straight; the conditions themselves are in `triage.routing`."""

    why: Annotated[str, Field(min_length=1)]
    straight_dispositions: Words
    city_subjects: tuple[str, ...] = ()
    addressed_before: Words
    addressed_after: Words
    accusing: Words
    unnamed_offices: Words
