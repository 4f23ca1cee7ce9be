"""People at work on one case: what they have written and not sent, and who else has it open. Nothing of it is record.

A draft belongs to one person, one case and one form. It is sealed with the key of attachments, opened for
its author alone and only while he may see the case, and gone once it was sent, thrown away, or left for
two weeks. Presence is a courtesy: no event, no figure, forgotten within a day.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from config.keys import Keys, SealBrokenError
from models.at_work import CaseDraft
from models.case import Case
from models.queries import at_work as rows
from models.scope import Scope
from models.staff import Staff
from triage.permissions import reach_of

PLACE = "case_draft.typed"
LONGEST = 40_000
"""Characters of one field that are kept: twice what a form takes, so that what is too long can be shortened."""
DRAFT_AGE = timedelta(days=14)
"""Natural days without a touch; a result is written over days, and somebody may be on leave."""
MARK_AGE = timedelta(days=1)
"""So long a page that sent its words is remembered: no save of it can still be on its way."""
LOOKED_AT = timedelta(minutes=10)
WRITING = timedelta(minutes=5)
PRESENCE_AGE = timedelta(hours=12)
NOTED_AGAIN = timedelta(seconds=20)
"""A page that was noted so recently is not noted again: looking costs no write."""


class DraftSentError(Exception):
    """The page that saves has sent its words already."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Words of a form that wait for their author."""

    form: str
    version: int
    at: datetime
    typed: Mapping[str, Any] = field(repr=False)


async def keep_draft(  # noqa: PLR0913 - all by name
    session: AsyncSession,
    case: Case,
    staff: Staff,
    form: str,
    typed: Mapping[str, str | Sequence[str]],
    *,
    key: str,
    version: int,
    keys: Keys,
    now: datetime,
) -> None:
    """Keep what was typed so far; an empty form keeps nothing. Raises DraftSentError."""
    before = await rows.find_draft(session, case.id, staff.id, form, to_change=True)
    if before and before.typed is None and before.key == key:
        raise DraftSentError
    if not any(typed.values()):
        await rows.delete_draft(session, case.id, staff.id, form)
        return
    cut = {name: value[:LONGEST] if isinstance(value, str) else value for name, value in typed.items()}
    await rows.write_draft(
        session,
        case_id=case.id,
        staff_id=staff.id,
        form=form,
        key=key,
        version=version,
        typed=keys.seal("file", json.dumps(cut).encode(), place=PLACE),
        updated_at=now,
    )


async def end_draft(
    session: AsyncSession, case: Case, staff: Staff, form: str, *, key: str, now: datetime
) -> None:
    """Sent, or thrown away: the words go at once, and a save of that page which is still on its way keeps nothing."""
    await rows.stop_writing(session, case.id, staff.id)
    await rows.write_draft(
        session,
        case_id=case.id,
        staff_id=staff.id,
        form=form,
        key=key,
        version=case.version,
        typed=None,
        updated_at=now,
    )


async def list_drafts(session: AsyncSession, case: Case, staff: Staff, *, keys: Keys) -> list[Draft]:
    """This person's unsent words on this case, the newest first."""
    found = [_open(row, keys) for row in await rows.list_drafts(session, case.id, staff.id)]
    return [draft for draft in found if draft]


def _open(row: CaseDraft, keys: Keys) -> Draft | None:
    """None for what another key sealed: a draft is no evidence, and the page must open."""
    try:
        typed = json.loads(keys.unseal("file", row.typed or b"", place=PLACE))
    except SealBrokenError:
        return None
    return Draft(row.form, row.version, row.updated_at, typed)


async def purge_drafts(session: AsyncSession, *, now: datetime) -> None:
    """Forget old drafts, and those of people who may no longer see the case or the house."""
    await rows.delete_old_drafts(session, untouched_since=now - DRAFT_AGE, sent_before=now - MARK_AGE)
    for author in await rows.list_authors(session):
        reach = reach_of(author) if author.is_active else Scope("")
        await rows.delete_drafts_out_of_reach(session, author.id, reach)
    await rows.delete_old_presence(session, before=now - PRESENCE_AGE)


@dataclass(frozen=True, slots=True)
class Present:
    """A colleague who has the case open."""

    name: str
    opened_at: datetime
    is_writing: bool


async def needs_note(session: AsyncSession, case: Case, staff: Staff, *, writes: bool, now: datetime) -> bool:
    """Whether looking at the page is worth a row: nobody is noted twice within seconds."""
    before = await rows.find_presence(session, case.id, staff.id)
    if before is None or now - before.seen_at >= NOTED_AGAIN:
        return True
    return writes and (before.writing_at is None or now - before.writing_at >= NOTED_AGAIN)


async def note_presence(
    session: AsyncSession,
    case: Case,
    staff: Staff,
    *,
    now: datetime,
    opens: bool = False,
    writes: bool = False,
) -> None:
    """Note that somebody has the case open; `opens`: he came just now, else he is still there."""
    before = await rows.find_presence(session, case.id, staff.id)
    is_new = opens and (before is None or now - before.seen_at > LOOKED_AT)
    await rows.write_presence(session, case.id, staff.id, now=now, opens=is_new, writes=writes)


async def list_present(session: AsyncSession, case: Case, staff: Staff, *, now: datetime) -> list[Present]:
    """Colleagues who have the case open and may see it."""
    found = await rows.list_present(session, case.id, without=staff.id, since=now - LOOKED_AT)
    scopes = [(person.id, reach_of(person)) for _, person in found]
    seen = await rows.list_who_may_see(session, case.id, scopes)
    return [
        Present(
            person.name,
            row.opened_at,
            is_writing=row.writing_at is not None and now - row.writing_at <= WRITING,
        )
        for row, person in found
        if person.id in seen
    ]
