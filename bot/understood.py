"""What we say to a citizen about his own words: how we understood them, whom to call, that it may be known."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.follow_ups import ELSE, MEANT, MEANT_WORDS, RIGHT
from bot.questionnaire import CHOICE
from bot.understanding import find_note, find_story, is_detailed, is_fresh, tells_of_danger
from config.catalog import Catalog
from config.questionnaires import Question
from config.text import text

Answers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Remarks:
    """Sentences in the reader's language; each may be empty."""

    urgent: str = ""
    notice: str = ""
    understood: str = ""
    known: str = ""


def make_remarks(answers: Answers, catalog: Catalog, locale: str) -> Remarks:
    """All that there is to say. Depends on the answers alone, never on what others have told."""
    if not find_story(answers).strip():
        return Remarks()
    note = find_note(answers)
    notice = note.notice if note and is_fresh(note, answers) and not _is_corrected(answers) else ""
    return Remarks(
        urgent=_say_urgent(answers, locale),
        notice=text(f"questions.{notice}", locale) if notice else "",
        understood=describe(answers, catalog, locale),
        known=text("questions.known", locale) if is_detailed(answers, catalog.follow_ups) else "",
    )


def describe(answers: Answers, catalog: Catalog, locale: str) -> str:
    """One or two plain sentences of how we understood the words; empty where nobody has read them as they stand."""
    note = find_note(answers)
    if _is_corrected(answers):
        return _say_corrected(answers[MEANT], locale)
    if note is None or not is_fresh(note, answers):
        return ""
    if not note.is_sure or not note.matters:
        return text("questions.understood.unsure", locale)
    matters = [text(f"questions.matter.{name}.says", locale) for name in note.matters]
    what = _join("and", matters, locale)
    says = text("questions.understood.says", locale, what=what)
    rest = _say_who_and_where(answers, catalog, locale)
    return text("questions.understood.joined", locale, says=says, rest=rest) if rest else says


def find_in_words(answers: Answers, field: str, catalog: Catalog, locale: str) -> str:
    """What stands in the story already of an answer that was not given: a county or a name, marked as such."""
    note = find_note(answers)
    if note is None or not is_fresh(note, answers):
        return ""
    office = catalog.counties.get(note.county)
    found = {
        "county": office.short_title(locale) if office else "",
        "target": _join("names", list(note.bodies), locale),
    }.get(field, "")
    return text("questions.understood.from_words", locale, value=found) if found else ""


def choice_words(question: Question, choice: str, locale: str) -> str:
    """Words of a choice of a question that is not asked in the words of the fixed questionnaire."""
    is_matter = question.id == MEANT and choice not in {RIGHT, ELSE}
    key = f"questions.matter.{choice}.pick" if is_matter else f"{question.words}.choice.{choice}"
    return text(key, locale)


def _is_corrected(answers: Answers) -> bool:
    return bool((answers.get(MEANT) or {}).get(CHOICE, RIGHT) != RIGHT)


def _say_corrected(meant: Answers, locale: str) -> str:
    if meant[CHOICE] == ELSE:
        words = meant.get(MEANT_WORDS, "")
        return text("questions.understood.corrected_words", locale, words=words)
    what = text(f"questions.matter.{meant[CHOICE]}.says", locale)
    return text("questions.understood.corrected", locale, what=what)


def _say_who_and_where(answers: Answers, catalog: Catalog, locale: str) -> str:
    """What he answered goes before what we read out of his words."""
    note = find_note(answers)
    target = (answers.get("who") or {}).get("target", "")
    bodies = [target] if target else list(note.bodies if note else ())
    who = _join("names", [text("questions.understood.quoted", locale, name=name) for name in bodies], locale)
    chosen = (answers.get("where") or {}).get("county", "") or (note.county if note else "")
    office = catalog.counties.get(chosen)
    where = office.short_title(locale) if office else ""
    key = "_".join(name for name, value in (("who", who), ("where", where)) if value)
    return text(f"questions.understood.{key}", locale, who=who, where=where) if key else ""


def _join(key: str, parts: list[str], locale: str) -> str:
    """Two at most, as `make_note` keeps them."""
    if len(parts) < 2:
        return "".join(parts)
    return text(f"questions.understood.{key}", locale, first=parts[0], second=parts[1])


def _say_urgent(answers: Answers, locale: str) -> str:
    note = find_note(answers)
    if tells_of_danger(find_story(answers)):
        return text("questions.urgent.danger", locale)
    return text("questions.urgent.soon", locale) if note and note.is_urgent else ""
