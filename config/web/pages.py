"""Pages: the Jinja environment of a site, the language of a request, and `render`."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import hdrs, web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from config import text as words
from config.clock import LOCAL
from config.web.assets import Assets
from config.web.cookies import get_cookie
from config.web.csrf import FIELD, make_token
from config.web.site import LOCALE, SITE, UI

LOCALE_COOKIE = "lang"
ELDER_COOKIE = "elder"
ELDER_SIZES = ("0", "1", "2")
"""Ordinary text, large text, even larger text (22 and 30 px at least)."""


def make_pages(templates: Iterable[Path], assets: Assets) -> Environment:
    """The environment of a site: its own templates first, then the common ones of config/ui."""
    pages = Environment(
        loader=FileSystemLoader([*templates, UI]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    pages.globals |= {"t": _t, "asset": assets.url}
    pages.filters |= {
        "day": _with_locale(words.format_day),
        "moment": _with_locale(words.format_date),
        "grouped": in_groups,
        "lines": _lines,
        "file_size": show_size,
        "short_day": _with_locale(show_short_day),
    }
    return pages


class Errors(dict[str, str]):
    """Sentences by field; a field without one gives an empty string, so that templates need not ask."""

    def __missing__(self, name: str) -> str:
        return ""


def render(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:  # noqa: ANN401
    """Render a page in the reader's language. Templates also see `site`, `locale`, `path`, `is_elder`, `csrf()`."""
    site = request.app[SITE]
    locale = get_locale(request)
    size = get_cookie(request, ELDER_COOKIE) or ""
    size = size if size in ELDER_SIZES else ELDER_SIZES[0]
    if "errors" in values:
        values["errors"] = Errors(values["errors"] or {})
    page = site.pages.get_template(template).render(
        **site.extras,
        locale=locale,
        site=site.name,
        path=request.path,
        is_elder=size != "0",
        elder_size=int(size),
        csrf=lambda: Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, make_token(request)),
        **values,
    )
    return web.Response(
        status=status,
        text=page,
        content_type="text/html",
        charset="utf-8",
        headers={"Content-Language": locale},
    )


def get_locale(request: web.Request) -> str:
    """Language of the reader: ?lang=, then his cookie, then what his browser asks for, then Chinese."""
    if LOCALE not in request:
        request[LOCALE] = (
            find_locale(request.rel_url.query.get("lang"))
            or find_locale(get_cookie(request, LOCALE_COOKIE))
            or words.find_locale(request.headers.get(hdrs.ACCEPT_LANGUAGE))
        )
    return request[LOCALE]


def set_locale(request: web.Request, locale: str) -> None:
    """Answer this request in `locale`, whatever its headers say."""
    request[LOCALE] = locale


def find_locale(tag: str | None) -> str | None:
    """The locale of ours for a language tag such as zh, zh-TW or en_GB; None when we do not speak it."""
    main = (tag or "").replace("_", "-").split("-")[0].strip().lower()
    return next((locale for locale in words.LOCALES if locale.split("-")[0] == main), None)


def in_groups(digits: str, size: int = 4) -> str:
    """`263184720393` as `2631 8472 0393`."""
    return " ".join(digits[i : i + size] for i in range(0, len(digits), size))


def show_size(size: int) -> str:
    """Bytes as people read them: 812 KB, 3.4 MB."""
    return f"{max(1, round(size / 1024))} KB" if size < 1024 * 1024 else f"{size / 1024 / 1024:.1f} MB"


def show_short_day(moment: datetime, locale: str) -> str:
    """A day beside others, without year: 3月5日, 5 March."""
    day = moment.astimezone(LOCAL)
    month = words.text(f"dates.month.{day.month}", locale)
    return f"{day.day} {month}" if locale == "en" else f"{month}{day.day}日"


def _lines(value: str) -> Markup:
    """Text with its line breaks, escaped."""
    return Markup("<br>").join(value.splitlines())


@pass_context
def _t(context: Context, key: str, **values: Any) -> str:  # noqa: ANN401 - placeholders of the sentence
    return words.text(key, context["locale"], **values)


def _with_locale(show: Any) -> Any:  # noqa: ANN401 - a formatting function of config.text
    @pass_context
    def shown(context: Context, value: Any, *args: Any, **options: Any) -> str:  # noqa: ANN401
        return str(show(value, context["locale"], *args, **options)) if value is not None else ""

    return shown
