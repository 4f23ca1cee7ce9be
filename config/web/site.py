"""What a site is: its name, its secret, its pages; and what every handler may ask of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment

from config.web.assets import Assets

UI = Path(__file__).parent.parent / "ui"
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may bring. Counted while it streams in."""

    body_bytes: int = (
        2 * MEBIBYTE
    )  # 100,000 Chinese characters, percent-encoded, still get their own sentence
    upload_bytes: int = 220 * MEBIBYTE
    file_bytes: int = 20 * MEBIBYTE
    files: int = 10
    fields: int = 200
    grace_seconds: float = 20.0
    slowest_bytes_per_second: int = 4096


@dataclass(frozen=True, slots=True)
class Site:
    """One of the two sites: "public" or "console"."""

    name: str
    secret: bytes = field(repr=False)
    pages: Environment = field(repr=False)
    assets: Assets = field(repr=False)
    public_url: str | None = None
    api_prefix: str = "/api/"
    limits: Limits = field(default_factory=Limits)
    session_cookie: str | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)
    unguarded: Sequence[str] = ()

    @property
    def is_https(self) -> bool:
        """Whether citizens reach the site over HTTPS (a proxy in front does the TLS)."""
        return (self.public_url or "").startswith("https://")

    @property
    def host(self) -> str | None:
        """Host and port of the public address, or None when there is none."""
        return urlsplit(self.public_url).netloc.lower() if self.public_url else None


SITE: web.AppKey[Site] = web.AppKey("site", Site)
LOCALE = web.RequestKey("locale", str)
