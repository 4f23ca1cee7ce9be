"""Logs are facts: one event name and ids. Set up once, by the composition root.

Nobody logs what citizens write, who they are, or a secret. Should it happen all the same, the fields named
in `FORBIDDEN` are dropped, and whatever looks like a token, a telephone number, an identity number or a
return code is blotted out in every string. An exception is told by its type and its place: its words may
repeat what it choked on.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, TextIO

import structlog

Event = MutableMapping[str, Any]

FORBIDDEN = frozenset(
    {
        *("text", "body", "words", "answer", "answers", "result", "note", "message", "subject", "evidence"),
        *("name", "phone", "contact", "email", "address", "target", "place_text", "occurred"),
        *("code", "token", "secret", "password", "cookie", "session_token", "authorization", "key", "keys"),
        *(
            "chat",
            "chat_id",
            "user",
            "user_id",
            "username",
            "update",
            "payload",
            "params",
            "query",
            "headers",
        ),
        *("ip", "remote", "peer", "url", "file_name"),
    }
)
QUIET_LIBRARIES = (
    "httpx",
    "httpcore",
    "telegram",
    "aiosqlite",
    "apscheduler",
    "alembic",
    "urllib3",
    "PIL",
    "asyncio",
    "aiohttp.access",
)
"""httpx logs the bot's token at INFO, as part of every address."""
SILENT_LIBRARIES = ("apprise", "aiosmtplib")
"""They log addresses and secrets with every failure; what failed is told by our own events."""
FRAMES = 12

_BLOTS = (
    (re.compile(r"(?<!\d)\d{6,12}:[A-Za-z0-9_-]{30,}"), "[token]"),
    (re.compile(r"(?<=://)[^\s/@]{1,200}@"), "[secret]@"),
    (re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)"), "[identity]"),
    (re.compile(r"(?<!\d)(?:\d{4}[\s-]?){5}(?!\d)"), "[code]"),
    (re.compile(r"(?<!\d)(?:\+?86[\s-]?)?1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\d)"), "[phone]"),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "[mail]"),
)


def set_up_logging(
    *, level: int = logging.INFO, stream: TextIO | None = None, as_json: bool | None = None
) -> None:
    """Send our events and those of libraries to `stream` (standard error): JSON lines, or words on a terminal."""
    out = stream or sys.stderr
    is_json = not out.isatty() if as_json is None else as_json
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        tell_exception,
        drop_forbidden,
        blot_out,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(is_json=is_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    quiet_libraries()


def quiet_libraries() -> None:
    """Let libraries speak of trouble only, and not at all where they would name a secret."""
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in SILENT_LIBRARIES:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def drop_forbidden(_logger: object, _method: str, event: Event) -> Event:
    """Take out fields that must never be logged, at any depth."""
    return {name: _clean(value) for name, value in event.items() if name not in FORBIDDEN}


def blot_out(_logger: object, _method: str, event: Event) -> Event:
    """Blot out what looks like a secret or a person, in every string."""
    return {name: _blot(value) for name, value in event.items()}


def tell_exception(_logger: object, _method: str, event: Event) -> Event:
    """Replace an exception by its type and the places it came through."""
    info = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if not info:
        return event
    error = (
        info if isinstance(info, BaseException) else (info if isinstance(info, tuple) else sys.exc_info())[1]
    )
    if error is not None:
        event["error"] = type(error).__name__
        event["places"] = list_places(error)
    return event


def list_places(error: BaseException) -> list[str]:
    """`file.py:12 function` of the last frames, the innermost last."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


def _clean(value: Any) -> Any:  # noqa: ANN401 - whatever is logged
    if isinstance(value, Mapping):
        return {name: _clean(item) for name, item in value.items() if name not in FORBIDDEN}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def _blot(value: Any) -> Any:  # noqa: ANN401 - whatever is logged
    if isinstance(value, str):
        for pattern, blot in _BLOTS:
            value = pattern.sub(blot, value)
        return value
    if isinstance(value, Mapping):
        return {_blot(name): _blot(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_blot(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _blot(str(value))


def _renderer(*, is_json: bool) -> structlog.typing.Processor:
    if is_json:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=False)
