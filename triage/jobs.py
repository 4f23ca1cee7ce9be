"""What the clock wakes: one short function per job, and the table of them.

Every job is harmless when run twice, and after an outage does what was missed. What belongs to the
public side (delivery, the hash of return codes) is added to the table by the composition root.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from config.calendars import day_of
from config.catalog import Catalog
from config.keeping import CALL, CALL_TYPED, CONTACT, DRAFT, SENT_CHAT, SENT_WEB, UPDATE, Kept
from config.keys import Keys
from models.audit import record_event
from models.files import delete_files, sweep_orphans, take_files_of_drafts
from models.heads import note_head
from models.queries.calls import delete_old_calls
from models.queries.keeping import list_needless_identities, list_spans, note_purge
from models.queries.limits import delete_old_counts
from models.queries.list_work import delete_old_runs
from models.queries.staff import delete_idle_sessions
from models.queries.tips import delete_old_drafts, harden_code, list_unhardened_codes
from models.queries.updates import delete_old_updates
from models.session import Database
from models.states import Channel
from triage.assess import assess_waiting
from triage.at_work import purge_drafts
from triage.attachment_reading import Room, read_attachments
from triage.certificates import look_at_certificate
from triage.language import Classifier
from triage.matters import Matters, mark_old_tips
from triage.recounting import CalendarWatch, shift_clocks
from triage.rises import notice_rises
from triage.sweep import sweep_deadlines
from triage.units import learn_units
from triage.waiting import move_waiting_cases

__all__ = [
    "Job",
    "forget_identities",
    "harden_codes",
    "make_jobs",
    "notice_rises",
    "purge",
    "sweep_deadlines",
    "sweep_files",
]

IDENTITIES_AT_ONCE = 100
PURGED = (DRAFT, SENT_WEB, SENT_CHAT, CALL_TYPED, CALL, UPDATE)
CODES_AT_ONCE = 4
"""Each costs some 25 ms of a core, which people who are waiting need more."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the worker's table."""

    name: str
    seconds: float
    """How often it is woken."""
    run: Callable[[datetime], Awaitable[int]]
    """Takes the moment; answers how much it did. It is called again at once until that is nothing."""
    is_single: bool = False
    """Only in the process that leads: harmless when done twice, but a waste."""
    is_vital: bool = False
    """The worker shows no life while this job does not get through."""


def make_jobs(
    db: Database,
    *,
    catalog: Catalog,
    classifier: Classifier,
    keys: Keys,
    files: Path,
    antivirus: str | None = None,
    public_url: str | None = None,
) -> list[Job]:
    """The jobs of triage."""
    matters, room = Matters(catalog, keys), Room(db, files, keys, antivirus)
    return [
        Job(
            "assess",
            1,
            lambda now: assess_waiting(db, classifier, catalog=catalog, matters=matters, now=now),
            is_vital=True,
        ),
        Job("attachments", 3, lambda now: read_attachments(room, classifier, now=now)),
        Job(
            "deadlines",
            2,
            lambda now: sweep_deadlines(db, catalog=catalog, now=now),
            is_single=True,
            is_vital=True,
        ),
        Job("casework", 30, lambda now: move_waiting_cases(db, catalog=catalog, now=now), is_single=True),
        Job("calendar", 3600, lambda now: _once(shift_clocks(db, catalog=catalog, now=now)), is_single=True),
        Job("calendar-news", 5, CalendarWatch(db, catalog).look),
        Job(
            "rises", 900, lambda now: notice_rises(db, rule=catalog.duplicates.rise, now=now), is_single=True
        ),
        Job("marks", 3600, lambda _now: mark_old_tips(db, classifier, matters=matters), is_single=True),
        Job("units", 60, lambda now: learn_units(db, matters.reader, now), is_single=True),
        Job("purge", 600, lambda now: purge(db, files, now=now), is_single=True),
        Job("audit-heads", 900, lambda now: note_head(db, files.parent, now=now), is_single=True),
        Job("files", 3600, lambda now: sweep_files(db, files, now=now), is_single=True),
        Job("certificate", 3600, lambda now: look_at_certificate(db, public_url, now=now), is_single=True),
        Job("identities", 3600, lambda now: forget_identities(db, now=now), is_single=True),
    ]


async def _once(work: Awaitable[int]) -> int:
    """For work that is complete after one call, however much it did."""
    await work
    return 0


async def purge(db: Database, files: Path, *, now: datetime) -> int:
    """Forget what is no longer needed: drafts with their files, calls, bulk runs, ended sessions, updates, counters."""
    async with db.begin() as session:
        await delete_idle_sessions(session, now=now)
        await delete_old_counts(session, now=now)
        before = {kept.name: await _since(session, kept, now=now) for kept in PURGED}
        gone = dict.fromkeys(before, 0)
        gone[UPDATE.name] = await delete_old_updates(session, before=before[UPDATE.name])
        gone[CALL_TYPED.name], gone[CALL.name] = await delete_old_calls(
            session, untouched_since=before[CALL_TYPED.name], before=before[CALL.name]
        )
        await purge_drafts(session, now=now)
        await delete_old_runs(session, now=now)
        taken = await take_files_of_drafts(session, untouched_since=before[DRAFT.name])
        sent = {Channel.WEB: before[SENT_WEB.name], Channel.TELEGRAM: before[SENT_CHAT.name]}
        gone[DRAFT.name] = await delete_old_drafts(session, before=before[DRAFT.name], sent_before=sent)
        for name, count in gone.items():
            await note_purge(session, name, count, day=day_of(now), now=now)
    await asyncio.to_thread(delete_files, files, taken)
    if gone[DRAFT.name]:
        log.info("drafts_purged", drafts=gone[DRAFT.name], files=len(taken))
    return 0


async def _since(session: AsyncSession, kept: Kept, *, now: datetime) -> datetime:
    """What was left untouched since this moment is old by now."""
    return now - (await list_spans(session, kept))[-1].period


async def sweep_files(db: Database, files: Path, *, now: datetime) -> int:
    """Delete files without a row: of transactions that were rolled back, and of a purge that died half-way."""
    async with db.read() as session:
        swept = await sweep_orphans(session, files, now=now)
    if swept:
        log.info("orphan_files_deleted", files=swept)
    return 0


async def forget_identities(db: Database, *, now: datetime) -> int:
    """Erase names, phones and chat addresses of tips whose case has long been over: nobody needs them any more."""
    async with db.begin() as session:
        found = await list_needless_identities(session, now=now, limit=IDENTITIES_AT_ONCE)
        for identity, tip in found:
            await session.delete(identity)
            record_event(session, "contact_expired", at=now, tip_id=tip.id, case_id=tip.case_id)
        await note_purge(session, CONTACT.name, len(found), day=day_of(now), now=now)
    return len(found)


async def harden_codes(db: Database, harden: Callable[[str], str], _now: datetime) -> int:
    """Replace fast hashes of return codes by slow ones, a few at a time. `harden` comes from the public side."""
    async with db.read() as session:
        waiting = await list_unhardened_codes(session, limit=CODES_AT_ONCE)
    for tip_id, fast in waiting:
        slow = await asyncio.to_thread(harden, fast)
        async with db.begin() as session:
            await harden_code(session, tip_id, fast=fast, slow=slow)
    return 0
