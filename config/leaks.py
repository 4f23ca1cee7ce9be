"""Shape of `leaks.yaml`: when a text that leaves the house gives the reporter away."""

from typing import Annotated

from pydantic import Field

from config.rulefile import Frozen


class LeakRules(Frozen):
    """Thresholds and free words; the patterns are in `triage.leaks`."""

    why: Annotated[str, Field(min_length=1)]
    run: Annotated[int, Field(ge=5, le=30)]
    near: Annotated[float, Field(gt=0, le=1)]
    least_pairs: Annotated[int, Field(ge=1)]
    terms: Annotated[tuple[str, ...], Field(min_length=1)]
