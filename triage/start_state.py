"""What differs from the last start: settings and rule files, told in the audit with old and new; secrets masked.

Settings and rule files are changed outside the program, so who changed them is unknown, and the record says only that
they were found so at a start. The first start of a part merely stores what it finds.
"""

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.ext.asyncio import AsyncSession

from config.keys import Keys
from config.rulefile import CONFIG, load_strictly
from config.settings import Settings
from models.administration import StartState
from models.audit import record_event
from models.queries.start_state import forget_start_state, list_start_state
from models.session import Database

MOST_CHANGES = 20
"""So many values of one file are told one by one; of more only their number."""
LONGEST_VALUE = 60
TAIL = 4
"""So much of a long secret is shown, that people can tell an old one from a new one."""
SHORT_SECRET = 20
NAMES = {"keys_file": "TIPLINE_KEYS", "has_fitting_questions": "TIPLINE_QUESTIONS"}
"""Settings that are called otherwise in the environment than in `Settings`."""
LEFT_OUT = ("demo", "ui")
"""Below config/: no rules and no words for people."""


@dataclass(frozen=True, slots=True)
class Found:
    """One setting or file as it is now."""

    name: str
    shown: str
    digest: str
    content: bytes | None = field(default=None, repr=False)


async def note_start(
    db: Database, settings: Settings, *, part: str, keys: Keys, now: datetime, root: Path = CONFIG
) -> int:
    """Compare with the last start of this part and keep what is now; answers how many differ."""
    found = {one.name: one for one in (*list_settings(settings, keys), *list_files(root))}
    async with db.begin() as session:
        known = await list_start_state(session, part)
        if known:
            for name in sorted(found.keys() | known.keys()):
                _tell(session, part, known.get(name), found.get(name), now=now)
        changed = [one for one in found.values() if _differs(known.get(one.name), one)]
        _store(session, part, known, changed)
        gone = sorted(known.keys() - found.keys())
        await forget_start_state(session, part, gone)
    return len(changed) + len(gone) if known else 0


def list_settings(settings: Settings, keys: Keys) -> Iterator[Found]:
    """Every setting by its name in the environment. What must not show in a `repr` is masked here too."""
    for one in fields(settings):
        value = getattr(settings, one.name)
        plain = " ".join(str(part) for part in value) if isinstance(value, tuple) else str(value or "")
        digest = keys.digest("session", "start-state", one.name, plain).hex()[:16]
        name = NAMES.get(one.name, f"TIPLINE_{one.name.upper()}")
        yield Found(name, plain if one.repr else mask(plain), digest)


def mask(secret: str) -> str:
    """That something is set, and of a long one how it ends."""
    if not secret:
        return ""
    return "••••" + (secret[-TAIL:] if len(secret) >= SHORT_SECRET else "")


def list_files(root: Path) -> Iterator[Found]:
    """Every rule file and every file of words, with its content."""
    for path in sorted(root.rglob("*.yaml")):
        name = path.relative_to(root)
        if name.parts[0] not in LEFT_OUT:
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            yield Found(name.as_posix(), digest[:8], digest[:16], zlib.compress(content, 6))


def list_value_changes(before: bytes, after: bytes) -> list[str]:
    """What differs between two versions of a YAML file, value by value: rules.D10.limit.amount: 60 → 30."""
    old, new = (dict(_flatten(_read(content))) for content in (before, after))
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return [f"{name}: {_short(old.get(name))} → {_short(new.get(name))}" for name in names]


def _read(content: bytes) -> Any:  # noqa: ANN401 - whatever the file says
    try:
        return load_strictly(zlib.decompress(content).decode("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, zlib.error):
        return {}


def _flatten(value: Any, place: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - whatever the file says
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flatten(part, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            label = part.get("id") or part.get("name") if isinstance(part, dict) else None
            yield from _flatten(part, f"{place}.{label if isinstance(label, str) else index}")
    else:
        yield place, "" if value is None else str(value)


def _short(value: str | None) -> str:
    if value is None:
        return "∅"
    return value if len(value) <= LONGEST_VALUE else value[:LONGEST_VALUE] + "…"


def _differs(known: StartState | None, found: Found) -> bool:
    return known is None or known.digest != found.digest


def _tell(
    session: AsyncSession, part: str, known: StartState | None, found: Found | None, *, now: datetime
) -> None:
    if known is not None and found is not None and known.digest == found.digest:
        return
    name = found.name if found else known.name if known else ""
    before, after = known.shown if known else "", found.shown if found else ""
    if name.startswith("TIPLINE_"):
        record_event(session, "setting_changed", at=now, setting=name, before=before, after=after, part=part)
        return
    changes = list_value_changes(
        (known.content if known else None) or b"", (found.content if found else None) or b""
    )
    record_event(
        session,
        "rules_changed",
        at=now,
        file=name,
        before=before,
        after=after,
        values=changes[:MOST_CHANGES],
        more=max(len(changes) - MOST_CHANGES, 0),
        part=part,
    )


def _store(session: AsyncSession, part: str, known: Mapping[str, StartState], changed: list[Found]) -> None:
    for one in changed:
        row = known.get(one.name)
        if row is None:
            row = StartState(part=part, name=one.name)
            session.add(row)
        row.shown, row.digest, row.content = one.shown, one.digest, one.content
