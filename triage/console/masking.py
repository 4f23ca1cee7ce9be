"""What a reader sees of the citizen's words: the city desk all, a county masked words or the desk's summary.

A county officer opens the original with a reason (`triage.disclosure`). Masked words are as long as the
original, so the marked passages stay where they are.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from config.keys import Keys
from models.base import let_go
from models.queries.disclosures import find_summary, list_identities_of_case
from models.staff import Staff
from models.states import MessageKind
from triage.console.case_page import CaseFile
from triage.disclosure import sees_words
from triage.redaction import find_known, mask, redact


async def as_seen(
    session: AsyncSession, file: CaseFile, staff: Staff, *, keys: Keys, now: datetime
) -> CaseFile:
    """The case as this person sees it. Its rows are detached then: what was masked can never be stored."""
    summary = await find_summary(session, file.case.id)
    file = replace(file, summary=summary)
    if await sees_words(session, file.case, staff, now=now):
        return file
    return await as_masked(session, file, keys=keys)


async def as_masked(session: AsyncSession, file: CaseFile, *, keys: Keys) -> CaseFile:
    """The case as who may see least of the citizen's words sees it: also for what lies on a desk when printed."""
    summary = await find_summary(session, file.case.id)
    known = await read_known(session, file.case.id, keys=keys)
    _mask_tips(file, known, is_gone=summary is not None)
    for message in file.messages:
        let_go(message)
        if message.kind is MessageKind.FROM_REPORTER:
            message.text = known.redact(message.text)
    return replace(file, summary=summary, is_masked=True)


class Known:
    """What the reporters of a case left of themselves. Lives as long as one page is made, and is shown nowhere."""

    def __init__(self, names: list[str], numbers: list[str]) -> None:
        self.names = names
        self.numbers = numbers

    def redact(self, text: str) -> str:
        """A text without what tells who they are."""
        return redact(text, names=self.names, numbers=self.numbers)

    def hide(self, text: str) -> str:
        """A text of staff without the names and numbers that the reporters left."""
        return mask(text, find_known(text, names=self.names, numbers=self.numbers))


async def read_known(session: AsyncSession, case_id: int, *, keys: Keys) -> Known:
    """Names and numbers to be looked for in texts."""
    rows = [identity for _, identity in await list_identities_of_case(session, case_id)]
    return Known(
        [keys.unseal("identity", row.name, place="identity.name").decode() for row in rows if row.name],
        [keys.unseal("identity", row.phone, place="identity.phone").decode() for row in rows if row.phone],
    )


def _mask_tips(file: CaseFile, known: Known, *, is_gone: bool) -> None:
    """Mask the words of all tips and the quotes of the findings; with a summary neither is shown."""
    masked: dict[int, str] = {}
    for tip in file.tips:
        masked[tip.id] = "" if is_gone else known.redact(tip.text)
        let_go(tip)
        tip.text = masked[tip.id]
        tip.place, tip.occurred = known.redact(tip.place), known.redact(tip.occurred)
        tip.answers = {} if is_gone else _mask_all(tip.answers, known)
        tip.meant = {} if is_gone else _mask_all(tip.meant, known)
    for attachment in file.attachments.values():
        for read in attachment.texts:
            let_go(read)
            read.text = known.redact(read.text)
    for finding in file.findings:
        let_go(finding)
        finding.evidence = [
            {**entry, "text": _mask_quote(entry, masked.get(finding.tip_id, ""), known)}
            for entry in finding.evidence
        ]


def _mask_quote(entry: Mapping[str, Any], masked: str, known: Known) -> str:
    """A quote of the tip is cut from its masked words; one of a file has offsets in the text of that file."""
    if "attachment" in entry:
        return known.redact(str(entry["text"]))
    return masked[int(entry["start"]) : int(entry["end"])]


def _mask_all(value: Any, known: Known) -> Any:  # noqa: ANN401 - JSON value
    if isinstance(value, str):
        return known.redact(value)
    if isinstance(value, Mapping):
        return {key: _mask_all(each, known) for key, each in value.items()}
    if isinstance(value, list):
        return [_mask_all(each, known) for each in value]
    return value
