"""JSON lines in, JSON lines out: `tipline triage`.

Each input line is answered by exactly one output line, in order, as soon as it is read. A bad line is answered
by `{"id", "line", "error"}` and counted; the rest go on.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol, TextIO

from triage.reading import Classification

LONGEST_LINE = 2_000_000


class LineError(ValueError):
    """An input line is no tip; the message says why."""


class Explains(Protocol):
    """What `run_triage` needs of a classifier."""

    def classify(
        self, text: str, *, received_at: datetime | None = None, channel: str = "web"
    ) -> Classification:
        """What one tip alleges."""

    def explain(
        self, text: str, *, received_at: datetime | None = None, channel: str = "web"
    ) -> list[dict[str, Any]]:
        """Which rules spoke."""


def run_triage(
    classifier: Explains, lines_in: Iterable[str], lines_out: TextIO, *, explain: bool = False
) -> bool:
    """Answer every line; returns whether all could be read."""
    all_read = True
    for number, line in enumerate(lines_in, start=1):
        if not line.strip():
            continue
        try:
            out = _answer(line, classifier, explain=explain)
        except LineError as error:
            all_read = False
            out = {"id": _id_of(line), "line": number, "error": str(error)}
        lines_out.write(_dump(out))
        lines_out.write("\n")
        lines_out.flush()
    return all_read


def _answer(line: str, classifier: Explains, *, explain: bool) -> dict[str, Any]:
    tip = _tip(line)
    received, channel = _received(tip.get("received_at")), tip.get("channel") or "web"
    result = classifier.classify(tip["text"], received_at=received, channel=channel)
    out = result.to_json(tip["id"])
    if explain:
        out["explain"] = classifier.explain(tip["text"], received_at=received, channel=channel)
    return out


def _tip(line: str) -> dict[str, Any]:
    if len(line) > LONGEST_LINE:
        raise LineError("the line is too long; a tip has at most 20,000 characters")
    try:
        tip = json.loads(line)
    except (ValueError, RecursionError):
        raise LineError("not JSON; write one object a line, with id and text") from None
    if not isinstance(tip, dict):
        raise LineError("not an object; write one with id and text")
    if isinstance(tip.get("id"), int):
        tip["id"] = str(tip["id"])
    for key in ("id", "text"):
        if not isinstance(tip.get(key), str):
            raise LineError(f"{key} is missing or no string")
    if not isinstance(tip.get("channel", ""), (str, type(None))):
        raise LineError("channel is no string; leave it out or name the channel")
    return tip


def _received(value: object) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise LineError("received_at is no time with its zone, such as 2026-03-02T09:10:00+08:00")
    return moment


def _id_of(line: str) -> str | None:
    try:
        tip = json.loads(line)
    except (ValueError, RecursionError):
        return None
    found = tip.get("id") if isinstance(tip, dict) else None
    return found if isinstance(found, str) else None


def _dump(out: dict[str, Any]) -> str:
    """JSON that any reader takes: lone surrogates are escaped, since they cannot be written as UTF-8."""
    text = json.dumps(out, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(out)
    return text
