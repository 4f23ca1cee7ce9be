"""Settings: the one reader of the environment and of `.env`.

`read_settings()` answers a frozen `Settings` or raises `SettingsError` with one sentence that says
which variable is wrong and how to mend it. Secrets never show in `repr`.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

DEFAULT_DATA = Path("data")
DEFAULT_PUBLIC = "127.0.0.1:8080"
DEFAULT_CONSOLE = "127.0.0.1:8081"
DATABASE_SCHEMES = ("sqlite+aiosqlite", "postgresql+asyncpg")
MOST_WORK_BITS = 22
SECOND_FACTOR = ("offered", "required")
"""The first is the default: the first start and the demo ask for nothing that has to be fetched from a drawer."""
_BOT_TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{3,128}")
_ANTIVIRUS = re.compile(r"clamd:///\S+|clamd://(?!169\.254\.|\[)[^\s/@]+|command:/\S.*")
_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")


class SettingsError(ValueError):
    """A setting has a bad or unsafe value; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a site listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between two installations."""

    data: Path
    database_url: str = field(repr=False)
    keys_file: Path
    public: Address
    console: Address
    public_url: str | None = None
    console_url: str | None = None
    second_factor: str = "offered"
    telegram_token: str | None = field(default=None, repr=False)
    telegram_api_url: str | None = None
    telegram_file_url: str | None = None
    telegram_webhook_secret: str | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    smtp_url: str | None = field(default=None, repr=False)
    notify_urls: tuple[str, ...] = field(default=(), repr=False)
    antivirus: str | None = None
    has_fitting_questions: bool = True
    work_bits: int = 0
    """How hard the hurdle for machines before a web tip is; 0: there is none."""

    @property
    def files(self) -> Path:
        """The folder of attachments."""
        return self.data / "files"

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded database is used."""
        return self.database_url.startswith("sqlite")


def read_settings(
    environ: Mapping[str, str] | None = None,
    *,
    data: Path | None = None,
    public: str | None = None,
    console: str | None = None,
) -> Settings:
    """Read `TIPLINE_*` from the environment over `.env`; arguments (command-line options) win.

    Raises SettingsError.
    """
    values = _environment() if environ is None else environ

    def get(name: str) -> str | None:
        return (values.get(f"TIPLINE_{name}") or "").strip() or None

    folder = (data or Path(get("DATA") or DEFAULT_DATA)).expanduser()
    return Settings(
        data=folder,
        database_url=_database_url(get("DATABASE_URL"), folder),
        keys_file=Path(get("KEYS") or folder / "keys.json").expanduser(),
        public=_address("TIPLINE_PUBLIC", public or get("PUBLIC") or DEFAULT_PUBLIC),
        console=_address("TIPLINE_CONSOLE", console or get("CONSOLE") or DEFAULT_CONSOLE),
        public_url=_web_url("TIPLINE_PUBLIC_URL", get("PUBLIC_URL")),
        console_url=_web_url("TIPLINE_CONSOLE_URL", get("CONSOLE_URL")),
        second_factor=_choice("TIPLINE_SECOND_FACTOR", get("SECOND_FACTOR"), SECOND_FACTOR),
        telegram_token=_match("TIPLINE_TELEGRAM_TOKEN", get("TELEGRAM_TOKEN"), _BOT_TOKEN, "123456:ABC…"),
        telegram_api_url=_web_url("TIPLINE_TELEGRAM_API_URL", get("TELEGRAM_API_URL")),
        telegram_file_url=_web_url("TIPLINE_TELEGRAM_FILE_URL", get("TELEGRAM_FILE_URL")),
        telegram_webhook_secret=_match(
            "TIPLINE_TELEGRAM_WEBHOOK_SECRET",
            get("TELEGRAM_WEBHOOK_SECRET"),
            _WEBHOOK_SECRET,
            "16 to 256 characters of A-Z a-z 0-9 _ -",
        ),
        proxy=_url("TIPLINE_PROXY", get("PROXY"), ("http", "https", "socks5")),
        smtp_url=_url("TIPLINE_SMTP_URL", get("SMTP_URL"), ("smtp", "smtps")),
        notify_urls=_notify_urls(get("NOTIFY_URLS")),
        antivirus=_match(
            "TIPLINE_ANTIVIRUS",
            get("ANTIVIRUS"),
            _ANTIVIRUS,
            "clamd:///run/clamav/clamd.ctl, clamd://HOST:PORT or command:/usr/bin/PROGRAM ARGUMENTS",
        ),
        has_fitting_questions=_questions(get("QUESTIONS")) == "fitting",
        work_bits=_work_bits(get("WORK_BITS")),
    )


def _environment() -> dict[str, str]:
    from_file = {key: value for key, value in dotenv_values(".env").items() if value is not None}
    return {**from_file, **os.environ}


def _database_url(value: str | None, folder: Path) -> str:
    if value is None:
        return f"sqlite+aiosqlite:///{(folder / 'tipline.db').absolute()}"
    if value.split("://", 1)[0] not in DATABASE_SCHEMES:
        message = "TIPLINE_DATABASE_URL must start with postgresql+asyncpg:// or sqlite+aiosqlite:///."
        raise SettingsError(message)
    return value


def _address(name: str, value: str) -> Address:
    host, _, port = value.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        message = f"{name} must be HOST:PORT with a port up to 65535, for example 127.0.0.1:8080."
        raise SettingsError(message)
    return Address(host.strip("[]"), int(port))


def _choice(name: str, value: str | None, choices: tuple[str, ...]) -> str:
    if value is not None and value not in choices:
        message = f"{name} must be one of {', '.join(choices)}."
        raise SettingsError(message)
    return value or choices[0]


def _web_url(name: str, value: str | None) -> str | None:
    url = _url(name, value, ("http", "https"))
    return url.rstrip("/") if url else None


def _url(name: str, value: str | None, schemes: tuple[str, ...]) -> str | None:
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        is_fine = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_fine = False
    if not is_fine:
        wanted = " or ".join(f"{scheme}://" for scheme in schemes)
        message = f"{name} must be an address that starts with {wanted} and names a host."
        raise SettingsError(message)
    return value


def _match(name: str, value: str | None, pattern: re.Pattern[str], wanted: str) -> str | None:
    if value is not None and not pattern.fullmatch(value):
        message = f"{name} is not of the right form: it must look like {wanted}."
        raise SettingsError(message)
    return value


def _questions(value: str | None) -> str:
    if (value or "fitting") not in {"fitting", "fixed"}:
        message = (
            "TIPLINE_QUESTIONS must be fitting (the questions fit the tip) or fixed (the same for everybody)."
        )
        raise SettingsError(message)
    return value or "fitting"


def _work_bits(value: str | None) -> int:
    if value is None:
        return 0
    if not value.isascii() or not value.isdigit() or int(value) > MOST_WORK_BITS:
        message = f"TIPLINE_WORK_BITS must be a whole number from 0 (off) to {MOST_WORK_BITS}; 16 takes about a second."
        raise SettingsError(message)
    return int(value)


def _notify_urls(value: str | None) -> tuple[str, ...]:
    urls = tuple((value or "").split())
    for url in urls:
        if "://" not in url:
            message = "TIPLINE_NOTIFY_URLS must hold Apprise addresses parted by spaces, for example wecombot://KEY."
            raise SettingsError(message)
    return urls
