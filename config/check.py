"""What `tipline check` says about rule files, words and calendar years. Reads files, changes nothing."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from config.calendars import Calendar
from config.catalog import load_catalog
from config.documents import FILE, DocumentFile
from config.phrases import load_phrases
from config.rulefile import CONFIG, CatalogError, Problem, read_shape
from config.settings import Settings
from config.text import BASE_LOCALE, FORMS, LOCALES, PLACEHOLDER, read_texts

CALENDAR = "calendars/cn.yaml"


def check_catalog(root: Path = CONFIG) -> list[Problem]:
    """Every problem in rule files and locales; empty when all is well."""
    problems = list(check_locales(root))
    try:
        load_catalog(root)
    except CatalogError as error:
        problems += error.problems
    try:
        read_shape(DocumentFile, root / FILE, root=root)
    except CatalogError as error:
        problems += error.problems
    try:
        load_phrases(root)
    except CatalogError as error:
        problems += error.problems
    return list(dict.fromkeys(problems))


def check_locales(root: Path = CONFIG) -> Iterator[Problem]:
    """Both languages say the same things, with the same values to fill in."""
    try:
        texts = {locale: read_texts(root / "locales" / locale) for locale in LOCALES}
    except CatalogError as error:
        yield from error.problems
        return
    base, *others = (_join_forms(texts[locale]) for locale in (BASE_LOCALE, *_other_locales()))
    for locale, said in zip(_other_locales(), others, strict=True):
        for key in sorted(base.keys() - said.keys()):
            yield _word_problem(locale, key, f"{BASE_LOCALE} has this text, {locale} has not", "translate it")
        for key in sorted(said.keys() - base.keys()):
            yield _word_problem(
                BASE_LOCALE, key, f"{locale} has this text, {BASE_LOCALE} has not", "translate it"
            )
        for key in sorted(said.keys() & base.keys()):
            if said[key] != base[key]:
                wanted = ", ".join(sorted(base[key])) or "none"
                yield _word_problem(
                    locale, key, "its placeholders differ from the other language", f"use {wanted}"
                )


def check_years(calendar: Calendar, *, today: date) -> list[Problem]:
    """A calendar that runs out. The notice for a year comes in November of the year before."""
    wanted = today.year + (today.month == 12)
    if calendar.covers(wanted):
        return []
    message = f"the year {wanted} is missing, so working days are estimates from {calendar.last_year + 1} on"
    return [Problem(CALENDAR, "years", message, "add the State Council's notice of that year")]


def advise(settings: Settings) -> list[str]:
    """What is allowed and yet better otherwise in a real installation; no problem, so the exit status stays."""
    advice = []
    if settings.second_factor != "required":
        advice.append(
            "two-step sign-in is offered, not required: set TIPLINE_SECOND_FACTOR=required once supervisors, leads and "
            "administrators have a phone at hand."
        )
    if not (settings.console_url or "").startswith("https://"):
        advice.append(
            "the console is not known to be behind HTTPS: put a proxy before it and set TIPLINE_CONSOLE_URL=https://…, "
            "which makes its cookies secure and puts links into notices to staff."
        )
    return advice


def _word_problem(locale: str, key: str, message: str, remedy: str) -> Problem:
    area, _, rest = key.partition(".")
    return Problem(f"locales/{locale}/{area}.yaml", rest, message, remedy)


def _other_locales() -> list[str]:
    return [locale for locale in LOCALES if locale != BASE_LOCALE]


def _join_forms(texts: Mapping[str, str]) -> dict[str, set[str]]:
    """Placeholders by key; `one` and `other` count as one text, since Chinese needs no two forms."""
    joined: dict[str, set[str]] = {}
    for key, words in texts.items():
        place, _, form = key.rpartition(".")
        joined.setdefault(place if form in FORMS else key, set()).update(PLACEHOLDER.findall(words))
    return joined
