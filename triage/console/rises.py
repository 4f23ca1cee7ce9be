"""Bodies about which tips rose unusually, in words. For the pages of city staff only: the cases lie in any county."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.queries.likenesses import list_numbers_of_body, list_rises
from models.scope import Reach
from triage.console.context import Desk
from triage.console.words import Words

MOST_NUMBERS = 8


@dataclass(frozen=True, slots=True)
class RiseRow:
    """One rise in words."""

    target: str
    tips: str
    expected: str
    numbers: list[str]
    noticed: str


async def list_rise_rows(desk: Desk, words: Words, *, scope: Reach, now: datetime) -> list[RiseRow]:
    """Rises of the days that the rule looks at, newest first."""
    span = timedelta(days=desk.catalog.duplicates.rise.days)
    rows = []
    async with desk.db.read() as session:
        for rise, case in await list_rises(session, since=now - span, scope=scope):
            numbers = await list_numbers_of_body(
                session,
                rise.value,
                since=rise.noticed_at - span,
                until=rise.noticed_at,
                limit=MOST_NUMBERS,
                scope=scope,
            )
            rows.append(
                RiseRow(
                    target=case.target or words("likeness.no_target"),
                    tips=words.text("oversight.rises.about", count=rise.count),
                    expected=words.text("oversight.rises.usual", count=f"{rise.expected:.1f}"),
                    numbers=list(numbers),
                    noticed=words.moment(rise.noticed_at),
                )
            )
    return rows
