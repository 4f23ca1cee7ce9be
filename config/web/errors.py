"""Errors that people see: one class, one page, one JSON shape.

Raise `Refusal(status, key, **values)`; the key names a sentence under `errors.` that says what was wrong
and what to do. Pages of both sites render it in their own layout; paths of the API answer
`application/problem+json` (RFC 9457).
"""

import json
from typing import Any

from aiohttp import web

from config.text import has_text, text

KNOWN = frozenset({400, 403, 404, 405, 408, 409, 413, 415, 421, 422, 429, 500, 503})
PROBLEM = "application/problem+json"


class Refusal(Exception):  # noqa: N818 - reads as what it is at every `raise`
    """A request that is answered with an error page; `key` is a sentence below `errors.`."""

    def __init__(
        self,
        status: int,
        key: str,
        *,
        headers: dict[str, str] | None = None,
        extra: dict[str, Any] | None = None,
        **values: Any,  # noqa: ANN401 - placeholders of the sentence
    ) -> None:
        """`headers` go on the answer, `extra` are further members of the JSON form."""
        super().__init__(f"{status} {key}")
        self.status = status
        self.key = key
        self.values = values
        self.headers = headers or {}
        self.extra = extra or {}

    def sentence(self, locale: str) -> str:
        """What was wrong and what to do, for people."""
        return text(f"errors.{self.key}", locale, **self.values)


def refusal_of(error: web.HTTPException) -> Refusal:
    """The refusal that stands for an error raised by aiohttp or with its classes."""
    status = error.status if error.status in KNOWN else (500 if error.status >= 500 else 400)
    headers = {name: value for name, value in error.headers.items() if name in {"Allow", "Retry-After"}}
    return Refusal(status, f"status.{status}.body", headers=headers)


def title_of(status: int, locale: str) -> str:
    """Heading of the page of a status."""
    return text(f"errors.status.{status if status in KNOWN else 500}.title", locale)


def title_of_page(refusal: Refusal, locale: str) -> str:
    """Heading of the page of a refusal: of its sentence where that has one, else of its status."""
    key = f"errors.title.{refusal.key}"
    return text(key, locale) if has_text(key) else title_of(refusal.status, locale)


def title_of_problem(refusal: Refusal, locale: str) -> str:
    """Title for a client of the API: of the sentence where it has one, else of the status; never of a web page."""
    for key in (f"errors.api.title.{refusal.key}", f"errors.api.{refusal.status}.title"):
        if has_text(key):
            return text(key, locale)
    return title_of(refusal.status, locale)


def detail_of_problem(refusal: Refusal, locale: str) -> str:
    """The sentence; where it would only be the one of a web page, one for clients of the API."""
    key = f"errors.api.{refusal.status}.body"
    is_plain = refusal.key == f"status.{refusal.status}.body"
    return text(key, locale) if is_plain and has_text(key) else refusal.sentence(locale)


def problem(refusal: Refusal, locale: str) -> web.Response:
    """The JSON form of a refusal."""
    body = {
        "type": "about:blank",
        "title": title_of_problem(refusal, locale),
        "status": refusal.status,
        "detail": detail_of_problem(refusal, locale),
        **refusal.extra,
    }
    return web.Response(
        status=refusal.status,
        body=json.dumps(body, ensure_ascii=False).encode(),
        content_type=PROBLEM,
        headers={"Content-Language": locale, **refusal.headers},
    )
