"""Changes that take two people, in words: what is asked, how it went, and why something cannot be."""

from config.text import text
from models.administration import ProtectedChange
from models.numbers import in_groups
from triage.consent import ConsentRefusedError
from triage.disclosure import DisclosureRefusedError

AREA = "administration.consent"


def say_refusal(error: ConsentRefusedError | DisclosureRefusedError, locale: str) -> str:
    """Why it cannot be as asked."""
    if isinstance(error, DisclosureRefusedError):
        return text(f"errors.access.{error.problem}", locale)
    return text(f"{AREA}.problem.{error.problem}", locale, **error.values)


def say_change(change: ProtectedChange, locale: str) -> dict[str, str]:
    """What it is about: a heading, and the facts in one sentence."""
    subject = (
        text(f"administration.keeping.what.{change.subject}", locale)
        if change.kind == "period"
        else in_groups(change.subject)
    )
    return {
        "title": text(f"{AREA}.kind.{change.kind}", locale, subject=subject),
        "effect": text(
            f"{AREA}.effect.{change.kind}",
            locale,
            before=change.facts.get("before", ""),
            after=change.facts.get("after", ""),
        ),
    }


def say_end(change: ProtectedChange, locale: str) -> tuple[str, str]:
    """How it ended, and how pressing that looks."""
    match (change.decided_at is not None, change.is_allowed):
        case (True, True):
            end, kind = "allowed", "fine"
        case (True, False):
            end, kind = "refused", "late"
        case (True, None):
            end, kind = "withdrawn", ""
        case _:
            end, kind = "lapsed", ""
    return text(f"{AREA}.end.{end}", locale), kind
