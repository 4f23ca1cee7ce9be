"""What is kept how long: the usual periods, and the bounds within which two people may change one. Pure.

Why each is as it is stands in words in `locales/*/administration.yaml`, `keeping.why.` and `keeping.bound.`.
The law behind them: 个人信息保护法 art. 6, 19, 47 (no longer than the purpose takes), 网络安全法 (logs at least six
months), 档案法 and 国家档案局令第8号 (case files are archived, not deleted by a program).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of thing. `usual` is none where the program deletes nothing of it."""

    name: str
    usual: timedelta | None
    least: timedelta | None = None
    most: timedelta | None = None

    @property
    def is_changeable(self) -> bool:
        """Whether two people may choose another period, in days."""
        return self.least is not None and self.most is not None

    def allows(self, days: int) -> bool:
        """Whether so many days lie within the bounds."""
        return (
            self.least is not None
            and self.most is not None
            and self.least <= timedelta(days=days) <= self.most
        )


DRAFT = Kept("draft", 7 * DAY, 1 * DAY, 7 * DAY)
"""At least as long as a draft can be opened again (24 hours), at most as long as the privacy notice says."""
SENT_WEB = Kept("sent_web", 3 * HOUR)
"""A little longer than the receipt can be looked at again; it holds the key from which the code derives."""
SENT_CHAT = Kept("sent_chat", 48 * HOUR)
"""As long as messages in a chat can be deleted."""
CALL_TYPED = Kept("call_typed", 24 * HOUR)
"""What an operator typed and neither filed nor read out within a shift; the tip itself stays."""
CALL = Kept("call", 90 * DAY, 30 * DAY, 180 * DAY)
"""At least as long as a review can be asked for (30 days), at most as long as logs must be kept (six months)."""
UPDATE = Kept("update", 8 * DAY)
"""Telegram may deliver an update again for a day, and restarts its numbers after a quiet week."""
CONTACT = Kept("contact", 180 * DAY, 120 * DAY, 180 * DAY)
"""After the end: 30 days to ask for a review, 30 to decide it, 60 to claim a reward, and as much again for delays."""
COUNTS = Kept("counts", 24 * HOUR)
"""Keyed hashes against flooding; a window lasts a day at most."""
SESSION = Kept("session", 12 * HOUR)
"""A browser signed in, and half an hour without a sign of life."""
CASE = Kept("case", None)
AUDIT = Kept("audit", None)
NOTICE = Kept("notice", None)

KEPT = (
    CONTACT, DRAFT, SENT_WEB, SENT_CHAT, CALL_TYPED, CALL, UPDATE, COUNTS, SESSION, NOTICE, CASE, AUDIT,
)  # fmt: skip
BY_NAME = {kept.name: kept for kept in KEPT}


@dataclass(frozen=True, slots=True)
class Span:
    """For what came in before a moment (none: whenever), this period holds at most."""

    before: datetime | None
    period: timedelta


def promised_spans(kept: Kept, history: Sequence[tuple[datetime, int]]) -> list[Span]:
    """Periods by when something came in: the shortest that has held since, so that no promise is lengthened later.

    `history`: since when how many days, oldest first. The last span is for what comes in now.
    """
    periods = [kept.usual or timedelta.max, *(timedelta(days=days) for _, days in history)]
    ends: list[datetime | None] = [*(since for since, _ in history), None]
    return [Span(end, min(periods[index:])) for index, end in enumerate(ends)]
