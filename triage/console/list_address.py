"""The address of a list of cases: what it asks for, and how it is written, always the same way. Pure."""

from collections.abc import Mapping
from urllib.parse import urlencode

from models.queries.figures import FigureFilter

PLAIN = ("view", "q", "office", "clause", "sort")
"""What a person chooses on the page itself; the rest is what a figure of oversight counted."""


def write_query(asked: Mapping[str, str], **changes: str) -> str:
    """The part of an address that narrows and sorts a list: no place in it, no message, nothing unknown."""
    chosen = {**asked, **changes}
    kept = {name: chosen[name] for name in PLAIN if chosen.get(name)}
    return urlencode(kept | FigureFilter.read(asked).write())


def address_of(asked: Mapping[str, str], **changes: str) -> str:
    """The whole address."""
    query = write_query(asked, **changes)
    return f"/cases?{query}" if query else "/cases"
