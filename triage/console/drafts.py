"""What somebody wrote and did not send, as the page of the case shows it: put back into its form, or to be read."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from config.calendars import day_of
from config.clock import LOCAL
from triage.at_work import Draft, Present
from triage.console.forms import label_of, say_typed
from triage.console.moves import FIELDS, LISTS, Typed
from triage.console.words import Words
from triage.workflow import Move

LONGEST_KEY = 64


def make_page_key() -> str:
    """A key for a page with a form."""
    return secrets.token_urlsafe(12)


def as_draft(typed: Typed) -> dict[str, str | list[str]]:
    """The fields as they are kept."""
    lists = {"clauses": typed.clauses, "allegations": typed.allegations}
    return dict(typed.values) | {name: list(lists[name]) for name in LISTS if lists[name]}


def as_typed(draft: Draft, *, version: int) -> Typed:
    """The fields as a form takes them, for the case as it is now: the page shows what has changed."""
    lists = {
        name: tuple(str(one) for one in draft.typed.get(name, ()))
        for name in LISTS
        if name in FIELDS[Move(draft.form)]
    }
    values = {name: str(value) for name, value in draft.typed.items() if name not in LISTS}
    return Typed(version=version, values=values, page_key=make_page_key(), **lists)


@dataclass(frozen=True, slots=True)
class Kept:
    """One draft in words. `said`: label and words, where its form cannot be opened now."""

    move: str
    label: str
    line: str
    has_news: bool
    said: Sequence[tuple[str, str]]


def view_drafts(
    drafts: Sequence[Draft], words: Words, *, can: Collection[str], version: int, now: datetime
) -> Mapping[str, Kept]:
    """Each draft by its form; those of moves that are not there any more are kept readable."""
    known = {move.value for move in Move}
    return {
        draft.form: _view(draft, words, is_open=draft.form in can, version=version, now=now)
        for draft in drafts
        if draft.form in known
    }


def _view(draft: Draft, words: Words, *, is_open: bool, version: int, now: datetime) -> Kept:
    move = Move(draft.form)
    said = {} if is_open else say_typed(as_typed(draft, version=version), words)
    return Kept(
        move=draft.form,
        label=words(f"move.{draft.form}.button"),
        line=words.text("case.draft.kept", when=say_time(draft.at, words, now=now)),
        has_news=draft.version != version,
        said=[(label_of(move, name, words), value) for name, value in said.items() if value],
    )


def say_time(moment: datetime, words: Words, *, now: datetime) -> str:
    """10:42 for today, else with the day."""
    if day_of(moment) == day_of(now):
        return f"{moment.astimezone(LOCAL):%H:%M}"
    return words.moment(moment)


def say_present(present: Sequence[Present], words: Words, *, now: datetime) -> list[str]:
    """刘某 opened this case 2 minutes ago, and is writing."""
    return [
        words.text(
            "case.present.writing" if one.is_writing else "case.present.reading",
            who=one.name,
            when=_say_ago(one.opened_at, words, now=now),
        )
        for one in present
    ]


def _say_ago(moment: datetime, words: Words, *, now: datetime) -> str:
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 1:
        return words.text("case.present.now")
    if minutes < 60:
        return words.text("case.present.minutes", count=minutes)
    return words.text("case.present.since", when=say_time(moment, words, now=now))
