"""Likenesses of a case in words: the other case, how likely, why, and what one may say. Nothing is decided here."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Case
from models.likeness import Likeness
from models.queries.likenesses import LikeCase, list_like_cases
from models.staff import Staff
from models.states import FindingKind, LikenessState
from triage.console.words import Words
from triage.duplicates import Reason
from triage.permissions import reach_of

SAYINGS = {
    "same": LikenessState.CONFIRMED,
    "different": LikenessState.REJECTED,
    "undo": LikenessState.SUGGESTED,
}
"""What one may say, by the word in the address."""


@dataclass(frozen=True, slots=True)
class LikeView:
    """One likeness as the page of a case shows it."""

    id: int
    number: str
    target: str
    role: str
    """Whether the other case is the first of the matter or a later one."""
    line: str
    likely: str
    tone: str
    reasons: Sequence[str]
    said: str
    sayings: Sequence[tuple[str, str]]


async def view_likenesses(session: AsyncSession, case: Case, staff: Staff, words: Words) -> list[LikeView]:
    """Every likeness whose other case this person may see."""
    found = await list_like_cases(session, case.id, scope=reach_of(staff))
    return [_view(one, words) for one in found]


def _view(one: LikeCase, words: Words) -> LikeView:
    likeness, other = one.likeness, one.other
    label, tone = _label(likeness)
    return LikeView(
        id=likeness.id,
        number=other.number,
        target=other.target,
        role=words("likeness.first" if one.is_first else "likeness.later"),
        line=words(
            "likeness.line",
            when=words.moment(other.registered_at),
            place=words.office(other.office_id),
            state=words.state("case", other.state),
        ),
        likely=words(f"likeness.{label}"),
        tone=tone,
        reasons=[say_reason(reason, words) for reason in likeness.reasons],
        said=words("likeness.said_by", who=one.said_by, when=words.moment(likeness.decided_at))
        if likeness.decided_at
        else "",
        sayings=[(say, words(f"likeness.{say}")) for say in _list_sayings(likeness.state)],
    )


def _label(likeness: Likeness) -> tuple[str, str]:
    """How likely, or what people said, with the tone of its badge."""
    match likeness.state:
        case LikenessState.CONFIRMED:
            return "confirmed", "fine"
        case LikenessState.REJECTED:
            return "rejected", ""
        case LikenessState.SUGGESTED:
            return ("sure", "accent") if likeness.is_sure else ("likely", "soon")


def _list_sayings(state: LikenessState) -> tuple[str, ...]:
    return ("same", "different") if state is LikenessState.SUGGESTED else ("undo",)


def say_reason(reason: Reason, words: Words) -> str:
    """One reason as a sentence."""
    match reason["kind"]:
        case "body":
            how = "equal_name" if reason["new"] == reason["known"] else reason["how"]
            return words(f"likeness.body.{how}", new=reason["new"], known=reason["known"])
        case "contact":
            return words(f"likeness.contact.{reason['how']}")
        case "text" | "text_short" as kind:
            return words(f"likeness.{kind}", percent=reason["percent"])
        case "matter":
            return words("likeness.matter", values=words("finding.joiner").join(_matter(reason, words)))
        case "place":
            return words("likeness.place", place=words.place(reason["office"]))
        case _:
            days = int(reason["days"])
            return words("likeness.time", count=days) if days else words("likeness.same_day")


def _matter(reason: Reason, words: Words) -> list[str]:
    """Clauses by number and short words, patterns by their word."""
    return [
        words.finding(FindingKind.CLAUSE if value in words.catalog.clauses else FindingKind.PATTERN, value)
        for value in reason["values"]
    ]
