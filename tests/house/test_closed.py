"""What staff see goes through one door each: a scope that says who reads, and words as this reader may see them."""

import re

from tests.house.sources import ROOT

CONSOLE = sorted((ROOT / "triage" / "console").rglob("*.py"))
WHOLE_CASES = {"case_page.py", "case_access.py", "case.py", "files.py"}
"""May load a case with its words as they are: the loader, the door that masks, what marks them read, attachments."""
OFFICE_SCOPES = {"supervisor.py"}
"""Figures of a whole office, in which no case is named."""


def users_of(name: str) -> set[str]:
    return {path.name for path in CONSOLE if re.search(rf"\b{name}\(", path.read_text(encoding="utf-8"))}


def test_pages_say_who_reads_and_not_only_for_which_office():
    assert users_of("scope_of") <= OFFICE_SCOPES


def test_no_page_shows_the_citizens_words_past_the_mask():
    assert users_of("load_case_file") <= WHOLE_CASES
    assert users_of("list_tips_of_case") <= WHOLE_CASES


def test_identities_are_unsealed_in_few_places():
    """For the one who may see them, the chat and its inbox, open calls, and to look for them in texts."""
    unsealing = re.compile(r"unseal\(\s*\"identity\"")
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("bot", "triage", "models")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if unsealing.search(path.read_text(encoding="utf-8"))
    }
    assert found <= {
        "bot/channels/staff_link.py",
        "bot/delivery.py",
        "bot/channels/wakes.py",
        "bot/inbox.py",
        "triage/console/calls.py",
        "triage/console/masking.py",
        "triage/disclosure.py",
        "triage/outgoing.py",
        "triage/second_factor.py",
    }, found
