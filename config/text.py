"""All words for people, and dates as people read them.

`text("public.home.title", "en", name=…)` reads `locales/en/public.yaml`, key `home.title`. A text may have
two forms, `one` and `other`; then `count` chooses. Values are put in as they are and never parsed again.
"""

import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from config.calendars import LOCAL, day_of
from config.rulefile import CONFIG, CatalogError, Problem, read_yaml

LOCALES = ("zh-CN", "en")
BASE_LOCALE = "zh-CN"
FORMS = ("one", "other")
LAST_SECOND = time(23, 59, 59)
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class MissingTextError(LookupError):
    """No language has a text for this key."""


class MissingTextWarning(UserWarning):
    """One language lacks a text that another has. Tests take warnings for errors; people read the other language."""


def text(key: str, locale: str, /, **values: object) -> str:
    """The text of `key` in `locale`, else in the other language, with `values` in its placeholders.

    Raises MissingTextError where no language has it, and KeyError for a placeholder without a value.
    """
    return PLACEHOLDER.sub(
        lambda match: str(values[match[1]]), _find_template(key, locale, values.get("count"))
    )


def has_text(key: str, locale: str = BASE_LOCALE) -> bool:
    """Whether `locale` itself has a text for `key`."""
    texts = load_texts(locale)
    return key in texts or f"{key}.other" in texts


def find_locale(wanted: str | None) -> str:
    """The best of our languages for a code (`en`, `zh-hans`) or an Accept-Language header; Chinese if none fits."""
    for code in _list_by_preference(wanted or ""):
        for locale in LOCALES:
            if code.partition("-")[0] == locale.partition("-")[0]:
                return locale
    return BASE_LOCALE


def format_date(moment: datetime, locale: str) -> str:
    """Day and time in Luohe: 2026年3月5日（周四）17:30, 5 March 2026 (Thu) 17:30. Raises ValueError if naive."""
    if moment.tzinfo is None:
        message = "A moment without a time zone cannot be shown."
        raise ValueError(message)
    local = moment.astimezone(LOCAL)
    return text("dates.moment", locale, day=format_day(local.date(), locale), time=f"{local:%H:%M}")


def format_due(moment: datetime, locale: str) -> str:
    """A due time: a limit in days ends with its day, 2026年3月5日（周四）24:00; any other at its minute.

    A limit in days is stored as the last second of its day. Raises ValueError if naive.
    """
    if moment.tzinfo is None or moment.astimezone(LOCAL).time() != LAST_SECOND:
        return format_date(moment, locale)
    return text("dates.moment", locale, day=format_day(moment, locale), time="24:00")


def format_day(day: date, locale: str) -> str:
    """A day alone: 2026年3月5日（周四）, 5 March 2026 (Thu). A moment is taken as its day in Luohe."""
    if isinstance(day, datetime):
        day = day_of(day)
    return text(
        "dates.day",
        locale,
        year=day.year,
        month=text(f"dates.month.{day.month}", locale),
        day=day.day,
        weekday=text(f"dates.weekday.{day.isoweekday()}", locale),
    )


def format_month_day(day: date, locale: str) -> str:
    """A day of a year that is known: 3月5日, 5 March."""
    return text("dates.month_day", locale, month=text(f"dates.month.{day.month}", locale), day=day.day)


@cache
def load_texts(locale: str) -> Mapping[str, str]:
    """All texts of a language by their full key. Raises CatalogError."""
    return MappingProxyType(read_texts(CONFIG / "locales" / locale))


def read_texts(folder: Path, areas: Collection[str] | None = None) -> dict[str, str]:
    """The texts in one language's folder, or in some of its areas, by their full key. Raises CatalogError."""
    texts: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        if areas is not None and path.stem not in areas:
            continue
        for key, value in _flatten(path.stem, read_yaml(path, root=folder.parent.parent)):
            if not isinstance(value, str):
                name = path.relative_to(folder.parent.parent).as_posix()
                problem = Problem(name, key, "this is not a text", "put the value in quotation marks")
                raise CatalogError([problem])
            texts[key] = value.rstrip("\n")
    return texts


def _flatten(prefix: str, node: Mapping[Any, Any]) -> Iterator[tuple[str, object]]:
    for name, value in node.items():
        key = f"{prefix}.{name}"
        if isinstance(value, Mapping):
            yield from _flatten(key, value)
        else:
            yield key, value


def _find_template(key: str, locale: str, count: object) -> str:
    for language in (locale, *LOCALES):
        template = _pick_form(load_texts(language), key, count)
        if template is None:
            continue
        if language != locale:
            warnings.warn(f"{locale} has no text {key}", MissingTextWarning, stacklevel=3)
        return template
    raise MissingTextError(key)


def _pick_form(texts: Mapping[str, str], key: str, count: object) -> str | None:
    if count == 1 and f"{key}.one" in texts:
        return texts[f"{key}.one"]
    return texts.get(key) or texts.get(f"{key}.other")


def _list_by_preference(header: str) -> list[str]:
    """Language codes of an Accept-Language header, the most wanted first; unreadable weights count as zero."""
    weighted = []
    for part in header.lower().replace("_", "-").split(",")[:20]:
        code, _, weight = part.partition(";")
        match = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", weight)
        quality = float(match[1]) if match else float(not weight)
        if code.strip() and quality > 0:
            weighted.append((quality, code.strip()))
    return [code for _, code in sorted(weighted, key=lambda pair: -pair[0])]
