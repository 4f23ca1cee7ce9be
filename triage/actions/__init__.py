"""Every change to a case: one function = one move of the procedure, its events, clocks and notices.

All take the session of the caller's transaction and never commit. `by` is the acting member of staff, or
None for the system. A move that the procedure forbids raises `MoveRefusedError`, whose reason is a text
key under `errors.`; nothing has been changed then.
"""

from triage.actions.answers import answer, archive, close, follow_up, note_call, redo
from triage.actions.assignment import assign, recuse, return_case, sign_for, verify_directly
from triage.actions.desk import REFUSAL_CODES, accept, ask_supplement, end_supplement, refuse, transfer_out
from triage.actions.findings import correct_finding, decide_finding
from triage.actions.ground import MAX_REASON, MAX_WORDS, MoveRefusedError, gather_facts
from triage.actions.merging import merge, split
from triage.actions.messages import add_note, ask_reporter, mark_read
from triage.actions.requests import (
    SUSPENSION_KINDS,
    TERMINATION_KINDS,
    ask_extension,
    ask_suspension,
    ask_termination,
    deny_extension,
    deny_suspension,
    deny_termination,
    grant_extension,
    grant_suspension,
    grant_termination,
    resume,
)
from triage.actions.results import (
    Verification,
    approve,
    file_result,
    list_allegations,
    send_back,
    sum_up,
)
from triage.actions.reviews import open_review, reopen, review_until, take_up, uphold
from triage.actions.side_tracks import advance_track, urge_by_system
from triage.actions.telling import belongs_elsewhere, watch_transfer

__all__ = [
    "MAX_REASON",
    "MAX_WORDS",
    "REFUSAL_CODES",
    "SUSPENSION_KINDS",
    "TERMINATION_KINDS",
    "MoveRefusedError",
    "Verification",
    "accept",
    "add_note",
    "advance_track",
    "answer",
    "approve",
    "archive",
    "ask_extension",
    "ask_reporter",
    "ask_supplement",
    "ask_suspension",
    "ask_termination",
    "assign",
    "belongs_elsewhere",
    "close",
    "correct_finding",
    "decide_finding",
    "deny_extension",
    "deny_suspension",
    "deny_termination",
    "end_supplement",
    "file_result",
    "follow_up",
    "gather_facts",
    "grant_extension",
    "grant_suspension",
    "grant_termination",
    "list_allegations",
    "mark_read",
    "merge",
    "note_call",
    "open_review",
    "recuse",
    "redo",
    "refuse",
    "reopen",
    "resume",
    "return_case",
    "review_until",
    "send_back",
    "sign_for",
    "split",
    "sum_up",
    "take_up",
    "transfer_out",
    "uphold",
    "urge_by_system",
    "verify_directly",
    "watch_transfer",
]
