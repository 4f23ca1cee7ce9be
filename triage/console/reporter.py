"""What to know before writing to a reporter: how he can be reached, texts to begin with, what a text gives away.

Which ways there are is told, never the address behind one: an identity stays behind its reason.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from config.clock import LOCAL
from config.keys import Keys
from config.phrases import Phrase, load_phrases
from config.settings import Settings
from config.text import PLACEHOLDER, format_day, format_due
from models.case import Case, Deadline
from models.queries.reach import Reach, list_reach
from triage import outgoing
from triage.clocks import is_running
from triage.console.case_page import CaseFile
from triage.console.words import Words
from triage.deadlines import compute_due
from triage.leaks import find_leaks
from triage.redaction import Private, PrivateKind, find_people, find_private
from triage.workflow import Move

TO_REPORTER: Mapping[Move, str] = {
    Move.ASK_REPORTER: "words",
    Move.ASK_SUPPLEMENT: "words",
    Move.ANSWER: "answer",
    Move.REFUSE: "answer",
    Move.TRANSFER_OUT: "answer",
    Move.UPHOLD: "answer",
    Move.REOPEN: "answer",
    Move.TAKE_UP: "answer",
    Move.GRANT_TERMINATION: "answer",
}
"""Moves whose words a reporter reads, and the field that holds them."""
HOTLINE = "12350"
_LIMITS = ("P02", "D11", "D10", "D10h")
"""Until when a case is verified: the first of these that runs."""


# ---------------------------------------------------------------- how he can be reached


async def view_ways(session: AsyncSession, case: Case, settings: Settings, words: Words) -> list[str]:
    """One sentence for each reporter of the case."""
    found = await list_reach(session, case.id)
    said = [_say_ways(one, words, has_bot=settings.telegram_token is not None) for one in found]
    if len(said) < 2:
        return said
    return [words.text("case.reach.of", count=count, ways=ways) for count, ways in enumerate(said, 1)]


def _say_ways(reach: Reach, words: Words, *, has_bot: bool) -> str:
    ways = ["chat_" + _chat(reach, has_bot=has_bot)] if reach.has_chat else []
    ways.append("code_too" if ways == ["chat_open"] else "code_only")
    if reach.has_phone:
        ways.append("phone")
    return "".join(words.text(f"case.reach.{way}") for way in ways)


def _chat(reach: Reach, *, has_bot: bool) -> str:
    if not reach.is_reachable:
        return "blocked"
    if reach.is_muted:
        return "muted"
    return "open" if has_bot else "off"


# ---------------------------------------------------------------- texts to begin with


@dataclass(frozen=True, slots=True)
class Offer:
    """A phrase for this case. `text`: ready to be put in; empty where `missing` names what it asks for in vain."""

    id: str
    name: str
    text: str
    missing: str


async def list_offers(
    session: AsyncSession, file: CaseFile, move: Move, words: Words, *, now: datetime
) -> list[Offer]:
    """The phrases of a move, in the language of the reporter."""
    phrases = [phrase for phrase in load_phrases() if move.value in phrase.moves]
    if not phrases:
        return []
    locales = {one.locale for one in await list_reach(session, file.case.id)}
    locale = "en" if locales == {"en"} else "zh-CN"
    values = _fill(file, words.catalog, locale, now=now)
    return [_offer(phrase, values, locale, words) for phrase in phrases]


def _offer(phrase: Phrase, values: Mapping[str, str], locale: str, words: Words) -> Offer:
    missing = [name for name in sorted(phrase.variables) if not values.get(name)]
    named = words.text("deadlines.joiner").join(
        words.text(f"case.phrase.variable.{name}") for name in missing
    )
    text = "" if missing else PLACEHOLDER.sub(lambda found: values[found[1]], phrase.text.say(locale))
    return Offer(
        phrase.id,
        phrase.name.say(words.locale),
        text.strip(),
        words.text("case.phrase.missing", variables=named) if missing else "",
    )


def _fill(file: CaseFile, catalog: Catalog, locale: str, *, now: datetime) -> dict[str, str]:
    """What each variable stands for in this case; empty where there is nothing to say."""
    case, office = file.case, catalog.offices.get(file.case.office_id)
    spoken = Words(catalog, locale)
    sources: dict[str, Callable[[], str]] = {
        # Reporters of a merged case have a number each, and read the same words.
        "number": lambda: file.tips[0].number if len(file.tips) == 1 else "",
        "office": lambda: office.name[locale] if office else "",
        "due": lambda: _say_due(_find_limit(file.deadlines), locale),
        "supplement_due": lambda: _count(catalog, "P01", locale, now=now),
        "review_due": lambda: _count(catalog, "D13a", locale, now=now),
        "verdict": lambda: spoken.state("verdict", case.verdict) if case.verdict else "",
        "today": lambda: format_day(now.astimezone(LOCAL).date(), locale),
        "hotline": lambda: HOTLINE,
    }
    return {name: fill() for name, fill in sources.items()}


def _find_limit(deadlines: Sequence[Deadline]) -> Deadline | None:
    running = {row.rule_id: row for row in deadlines if is_running(row)}
    return next((running[rule_id] for rule_id in _LIMITS if rule_id in running), None)


def _say_due(row: Deadline | None, locale: str) -> str:
    return format_due(row.due_at, locale) if row else ""


def _count(catalog: Catalog, rule_id: str, locale: str, *, now: datetime) -> str:
    """When a clock would end that starts with sending these words now."""
    try:
        rule = catalog.deadline_in_force(rule_id, now)
    except LookupError:
        return ""
    return format_due(compute_due(rule, now, calendar=catalog.calendar).due_at, locale)


def put_in(before: str, text: str) -> str:
    """A phrase after what was written already."""
    return f"{before.rstrip()}\n\n{text}" if before.strip() else text


# ---------------------------------------------------------------- what a text gives away


def find_warnings(body: str, words: Words) -> list[str]:
    """Names and numbers of persons in a text to a reporter: whose they are, a person must know."""
    found = [*find_private(body), *find_people(body)]
    kinds = [kind for kind in PrivateKind if kind is not PrivateKind.SELF]
    return [
        words.text(
            f"case.warning.{kind}", words=_quote(body, [one for one in found if one.kind is kind], words)
        )
        for kind in kinds
        if any(one.kind is kind for one in found)
    ]


def _quote(body: str, found: Sequence[Private], words: Words) -> str:
    passages = dict.fromkeys(body[one.start : one.end] for one in found)
    return words.text("deadlines.joiner").join(
        words("finding.quote", words=one) for one in list(passages)[:5]
    )


async def find_shared(session: AsyncSession, case: Case, body: str, words: Words, *, keys: Keys) -> list[str]:
    """Where several reporters read the same words: what of one of them another would learn."""
    if len(await list_reach(session, case.id)) < 2:
        return []
    source = await outgoing.read_source(session, case, catalog=words.catalog, keys=keys)
    leaks = find_leaks(body, source, words.catalog.leaks)
    return [words.text("case.warning.shared")] if leaks else []
