"""One story told in two windows of a browser: neither loses its words.

A page with the story's form carries the name of its window and a digest of the words that it showed. Who sends
words while others, which his page never showed, were saved from another window gets both to look at.
"""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from models.tip import Draft

PAGE = "page"
"""The form's hidden field: window and digest."""
WINDOW = "_window"
"""Kept beside the answers: the window that saved the story last."""
_STORY = "what"


def make_page(draft: Draft | None) -> str:
    """The mark of a page that is about to be shown."""
    return f"{secrets.token_hex(4)}.{_digest(_find_story(draft))}"


def name_window(page: str) -> Mapping[str, Any]:
    """What to keep beside the story that is saved from this page."""
    return {WINDOW: page.partition(".")[0]} if page else {}


def find_words_of_another(draft: Draft | None, page: str, words: str) -> str | None:
    """The saved story, if it came from another window and neither this page nor `words` hold it."""
    saved = _find_story(draft)
    window, _, shown = page.partition(".")
    if not saved or not page or saved in words or _digest(saved) == shown:
        return None
    return None if draft is None or draft.answers.get(WINDOW) == window else saved


def _find_story(draft: Draft | None) -> str:
    return str((draft.answers.get(_STORY) or {}).get("text") or "") if draft else ""


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:16]
