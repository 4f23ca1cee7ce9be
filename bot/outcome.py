"""What may become of a message that is sent out."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """It went out."""


@dataclass(frozen=True, slots=True)
class Retry:
    """It goes out later. `reason` is a text key under notices.reason."""

    reason: str
    send_at: datetime
    is_counted: bool = True
    is_lane_held: bool = False
    """Whether the others of the same lane wait too."""
    done: tuple[str, ...] = ()
    """Marks of those group addresses that have it already."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It never goes out, and somebody should know."""

    reason: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """It need not or cannot go out this way."""

    reason: str


Outcome = Sent | Retry | Failed | Skipped
