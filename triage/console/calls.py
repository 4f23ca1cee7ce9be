"""A call while it is typed: its fields, how they are kept, and what of them becomes the tip. No page in here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from config.clock import LOCAL
from config.keys import Keys
from config.text import format_date, text
from models.call import HotlineCall
from triage.console.context import Call

TYPED = (
    "danger", "text", "place", "county", "target", "occurred", "evidence", "wishes",
    "caller", "name", "phone", "called_on", "called_at", "late_reason",
)  # fmt: skip
ANONYMOUS, NAMED = "anonymous", "named"
LATE_REASONS = ("system", "power", "network", "crowd")
LONGEST_KEY = 64
LONGEST_EXTRA = 500
LONGEST_DRAFT = 40_000
PLACE = "call.answers"
LANGUAGE = "zh-CN"
"""What an operator's marks are called in the words of the tip: in the language in which cases are worked."""


Typed = dict[str, str]


def empty() -> Typed:
    """Nothing typed yet."""
    return dict.fromkeys(TYPED, "")


def clean(typed: Mapping[str, str]) -> Typed:
    """As it may be kept: of an anonymous caller neither name nor number, whoever filled them in."""
    kept = {name: typed.get(name, "").strip()[:LONGEST_DRAFT] for name in TYPED}
    if kept["caller"] == ANONYMOUS:
        kept["name"] = kept["phone"] = ""
    return kept


def seal_answers(typed: Typed, keys: Keys) -> bytes:
    """For the row of the call."""
    return keys.seal("identity", json.dumps(typed, ensure_ascii=False).encode(), place=PLACE)


def open_answers(call: HotlineCall, keys: Keys) -> Typed:
    """What was typed; nothing once it was erased."""
    if call.answers is None:
        return empty()
    kept: Typed = json.loads(keys.unseal("identity", call.answers, place=PLACE))
    return empty() | kept


def find_errors(typed: Typed, locale: str) -> dict[str, str]:
    """What must be mended before the call is filed, by field."""
    errors = {}
    if not typed["text"]:
        errors["text"] = text("console.operator.error.text", locale)
    if typed["caller"] not in {ANONYMOUS, NAMED}:
        errors["caller"] = text("console.operator.error.caller", locale)
    if typed["caller"] == NAMED and not (typed["name"] or typed["phone"]):
        errors["name"] = text("console.operator.error.name", locale)
    for name in ("evidence", "wishes"):
        if (length := len(typed[name])) > LONGEST_EXTRA:
            errors[name] = text("errors.too_long", locale, longest=LONGEST_EXTRA, length=length)
    return errors


@dataclass(frozen=True, slots=True)
class Late:
    """A call that was written on paper: when it came, and why it is typed only now."""

    at: datetime
    reason: str


def read_late(typed: Typed, *, now: datetime) -> Late | None:
    """Raises ValueError, with the field as its message, for a moment that cannot have been."""
    if typed["late_reason"] not in LATE_REASONS:
        raise ValueError("late_reason")
    try:
        day, hour = date.fromisoformat(typed["called_on"]), time.fromisoformat(typed["called_at"])
    except ValueError as error:
        raise ValueError("called_on") from error
    moment = datetime.combine(day, hour.replace(tzinfo=None), tzinfo=LOCAL)
    if moment > now or (now - moment).days > 31:
        raise ValueError("called_on")
    return Late(moment, typed["late_reason"])


def make_call(
    typed: Typed, *, key: str, staff_id: int, offices: Mapping[str, object], late: Late | None
) -> Call:
    """What becomes the tip. The key is bound to the operator: one copied from a page opens nobody else's receipt."""
    return Call(
        submission_key=f"{staff_id}:{key[:LONGEST_KEY]}",
        text=compose(typed, late),
        place=typed["place"],
        county=typed["county"] if typed["county"] in offices else "",
        target=typed["target"],
        occurred=typed["occurred"],
        name=typed["name"],
        phone=typed["phone"],
    )


def compose(typed: Typed, late: Late | None) -> str:
    """The caller's words, then what he answered to questions that have no field of their own."""
    lines = [text("desk.words.danger", LANGUAGE)] if typed["danger"] == "yes" else []
    lines += [
        text(f"desk.words.{name}", LANGUAGE, words=typed[name])
        for name in ("evidence", "wishes")
        if typed[name]
    ]
    if late:
        why = text(f"desk.late.{late.reason}", LANGUAGE)
        lines.append(text("desk.words.late", LANGUAGE, when=format_date(late.at, LANGUAGE), why=why))
    return "\n\n".join([typed["text"], "\n".join(lines)]) if lines else typed["text"]


def name_call(typed: Typed, locale: str) -> str:
    """How an unfinished call is called in its operator's own list."""
    words = typed["target"] or typed["place"] or typed["text"]
    return words[:16] or text("desk.mine.empty", locale)
