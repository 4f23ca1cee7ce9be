"""All that a reporter told, as one text to read: his own words, then his answers to what was asked. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from config.text import BASE_LOCALE, has_text, text
from models.tip import Tip

_ANSWERED_BY = {
    "place": ("county", "place"),
    "body": ("target",),
    "exam_day": ("occurred",),
    "still_so": ("occurred",),
}
_ANSWERED_BY_FOLLOW_UP = {
    "seller_contact": {"seller"},
    "amount": {"paid", "paid_to"},
    "who_works": {"who_works"},
    "still_so": {"still_so"},
}


def join_words(tip: Tip) -> str:
    """The tip's text byte for byte, so that places in it stay right, and after it a line for each answer."""
    answers = [_words_of(question, value) for question, value in tip.answers.items()]
    return "\n".join([tip.text, *answers, *filter(None, [tip.meant.get("words", "")])])


def keep_own_evidence(line: dict[str, Any], tip: Tip) -> dict[str, Any]:
    """What triage said, without passages beyond the tip's own text: only there can they be marked."""
    evidence = [entry for entry in line["evidence"] if entry["end"] <= len(tip.text)]
    return {**line, "evidence": evidence}


def list_still_missing(missing: Iterable[str], tip: Tip) -> list[str]:
    """Questions worth asking (`triage/missing.py`) that the reporter has not answered beside his text."""
    return [key for key in missing if not _is_answered(key, tip)]


def view_answers(tip: Tip, locale: str) -> list[tuple[str, str]]:
    """Follow-up questions with their answers in words; one that is asked no more keeps its bare name."""
    return [
        (
            _text_or(f"questions.follow_up.{question}.label", locale, question),
            _words_of(question, value, locale),
        )
        for question, value in tip.answers.items()
    ]


def view_meant(tip: Tip, locale: str) -> tuple[str, str] | None:
    """What the reporter was told that we understood, and what he says that he means; None where he did not object."""
    meant: Mapping[str, Any] = tip.meant
    if not meant:
        return None
    told = [_says(name, locale) for name in meant.get("told", ())]
    words = meant.get("words") or _says(meant.get("choice", ""), locale)
    return "; ".join(told) if locale == "en" else "；".join(told), words


def _is_answered(key: str, tip: Tip) -> bool:
    fields = any(getattr(tip, name) for name in _ANSWERED_BY.get(key, ()))
    return fields or bool(_ANSWERED_BY_FOLLOW_UP.get(key, set()) & set(tip.answers))


def _words_of(question: str, value: str, locale: str = BASE_LOCALE) -> str:
    """A choice is stored by its id, everything else as typed."""
    return _text_or(f"questions.follow_up.{question}.choice.{value}", locale, value)


def _says(matter: str, locale: str) -> str:
    return _text_or(f"questions.matter.{matter}.says", locale, matter)


def _text_or(key: str, locale: str, otherwise: str) -> str:
    return text(key, locale) if has_text(key, locale) else otherwise
