"""Is everything as it should be? `tipline db check` asks for all of it, `/readyz` for the little that must hold now.

A check only looks; nothing is mended here. Problems name rows by number or id, never by content.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, selectinload

from config.keys import Keys, SealBrokenError
from models.audit import find_broken_event
from models.case import NO_CLOCK, Case, Deadline, Finding, Heartbeat
from models.event import Event
from models.files import ORPHAN_AGE, AttachmentLostError, find_missing_files, open_original
from models.likeness import Likeness
from models.notice import Notice
from models.paper_checks import find_paper_problems
from models.replay_check import Replay, compare_with_events
from models.session import Database
from models.states import FINAL_STATES, CaseState, FindingSource, LikenessState, NoticeState
from models.tip import Attachment, Tip

log = structlog.get_logger()
OLDEST_TICK = timedelta(seconds=90)
"""The worker ticks several times a minute; three missed minutes mean that tips and clocks lie still."""
OLDEST_WAIT = timedelta(hours=1)
MOST_NAMED = 5
CLOCKED_STATES = (
    CaseState.NEEDS_SUPPLEMENT,
    CaseState.REGISTERED,
    CaseState.ACCEPTED,
    CaseState.ASSIGNED,
    CaseState.VERIFYING,
    CaseState.SUSPENDED,
    CaseState.EXTENSION_PENDING,
    CaseState.RESULT_FILED,
    CaseState.ANSWER_DUE,
    CaseState.IN_REVIEW,
)
"""States in which somebody owes the next step, so that a clock must run."""

Recompute = Callable[[Deadline], datetime | None]
"""When a clock must run out by the rules of today; None where it was started under rules of another day."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it should be: which check found it, and one sentence."""

    check: str
    sentence: str

    def __str__(self) -> str:
        """As the command line says it."""
        return f"{self.check}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class _RowCheck:
    """A query for what must not exist, and the sentence that says so of one such row."""

    check: str
    rows: Callable[[datetime], Select[Any]]
    sentence: str


# ---------------------------------------------------------------- tipline db check


async def check_database(
    db: Database,
    *,
    files: Path,
    now: datetime,
    keys: Keys | None = None,
    recompute: Recompute | None = None,
    replay: Replay | None = None,
    versions: Collection[str] | None = None,
    say: Callable[[str], None] = lambda _words: None,
) -> list[Problem]:
    """Everything: rows, clocks, files, the audit chain. `say` is told what is being looked at.

    With `keys` each attachment is opened and compared with its digest; with `recompute` each clock is
    counted again, with `replay` made again from the events of its case; `versions`: the
    kept versions of rules and model, one of which every proposal must come from.
    """
    problems: list[Problem] = []
    async with db.read() as session:
        for name, found in (
            ("database", _check_engine(session, is_sqlite=db.is_sqlite)),
            ("rows", _check_rows(session, now=now)),
            ("clocks", _check_clocks(session, recompute)),
            ("replay", _check_replay(session, replay)),
            ("files", _check_files(session, files, keys, now=now)),
            ("papers", _check_papers(session, keys)),
            ("versions", _check_versions(session, versions)),
            ("audit", _check_audit(session)),
        ):
            say(name)
            problems += [problem async for problem in found]
    return problems


async def _check_engine(session: AsyncSession, *, is_sqlite: bool) -> AsyncIterator[Problem]:
    """SQLite checks its own pages and references on request; PostgreSQL does so all the time."""
    if not is_sqlite:
        return
    for pragma, fine in (("integrity_check", {"ok"}), ("foreign_key_check", set())):
        for row in (await session.execute(text(f"PRAGMA {pragma}"))).all()[:MOST_NAMED]:
            if row[0] not in fine:
                yield Problem("database", f"SQLite's {pragma} says: {' '.join(map(str, row))}")


async def _check_rows(session: AsyncSession, *, now: datetime) -> AsyncIterator[Problem]:
    for check in ROW_CHECKS:
        named = (await session.scalars(check.rows(now).limit(MOST_NAMED + 1))).all()
        for name in named[:MOST_NAMED]:
            yield Problem(check.check, check.sentence.format(name))
        if len(named) > MOST_NAMED:
            total = await session.scalar(select(func.count()).select_from(check.rows(now).subquery()))
            yield Problem(check.check, f"… and {(total or 0) - MOST_NAMED} more like this.")


async def _check_clocks(session: AsyncSession, recompute: Recompute | None) -> AsyncIterator[Problem]:
    if recompute is None:
        return
    rows = await session.stream_scalars(
        select(Deadline)
        .options(selectinload(Deadline.pauses))
        .order_by(Deadline.id)
        .execution_options(yield_per=1000)
    )
    async for row in rows:
        due = recompute(row)
        if due is not None and due != row.due_at:
            stored, counted = f"{row.due_at:%Y-%m-%d %H:%M:%S}", f"{due:%Y-%m-%d %H:%M:%S}"
            yield Problem(
                "clocks",
                f"Clock {row.id} ({row.rule_id} of case {row.case_id}) is stored as due {stored} UTC, "
                f"but the rules give {counted} UTC.",
            )
        session.expunge(row)


async def _check_replay(session: AsyncSession, replay: Replay | None) -> AsyncIterator[Problem]:
    if replay is not None:
        async for sentence in compare_with_events(session, replay):
            yield Problem("replay", sentence)


async def _check_files(
    session: AsyncSession, folder: Path, keys: Keys | None, *, now: datetime
) -> AsyncIterator[Problem]:
    missing = await find_missing_files(session, folder)
    for attachment_id in missing:
        yield Problem("files", f"Attachment {attachment_id} lacks a file on the disk.")
    attachments = (await session.scalars(select(Attachment).order_by(Attachment.id))).all()
    known = {name for row in attachments for name in (row.original, row.working) if name}
    orphans = await asyncio.to_thread(_count_orphans, folder, known, before=now - ORPHAN_AGE)
    if orphans:
        yield Problem(
            "files", f"{orphans} files on the disk belong to no attachment; the worker sweeps them."
        )
    for row in attachments:
        if keys is None or row.id in missing:
            continue
        if not await asyncio.to_thread(_is_whole, folder, row, keys):
            yield Problem(
                "files", f"The original of attachment {row.id} is damaged: it is not what was sent."
            )


def _count_orphans(folder: Path, known: set[str], *, before: datetime) -> int:
    return sum(
        path.name not in known and path.is_file() and path.stat().st_mtime < before.timestamp()
        for path in folder.glob("??/*")
    )


def _is_whole(folder: Path, attachment: Attachment, keys: Keys) -> bool:
    try:
        return hashlib.sha256(open_original(folder, attachment, keys)).digest() == attachment.digest
    except (SealBrokenError, AttachmentLostError):
        return False


async def _check_papers(session: AsyncSession, keys: Keys | None) -> AsyncIterator[Problem]:
    async for words in find_paper_problems(session, keys):
        yield Problem("papers", words)


async def _check_versions(session: AsyncSession, kept: Collection[str] | None) -> AsyncIterator[Problem]:
    """A rules digest alone (nothing was read by the model) is in the archive of any model."""
    if kept is None:
        return
    proposals = select(Finding.rules_version).where(Finding.source != FindingSource.STAFF)
    named = set(await session.scalars(select(Case.rules_version).union(proposals)))
    for version in sorted(named - set(kept) - {name.partition("+")[0] for name in kept}):
        yield Problem(
            "versions",
            f"Rules and model {version} are not kept, so what they proposed cannot be made again: take their archive "
            "from a backup, or start a worker of the program that had them.",
        )


async def _check_audit(session: AsyncSession) -> AsyncIterator[Problem]:
    if broken := await find_broken_event(session):
        yield Problem("audit", f"The audit chain breaks at entry {broken.position}: {broken.problem}.")


def _is_running() -> ColumnElement[bool]:
    return and_(Deadline.met_at.is_(None), Deadline.cancelled_at.is_(None))


def _nearest() -> ColumnElement[datetime]:
    nearest = select(func.min(Deadline.due_at)).where(
        Deadline.case_id == Case.id, _is_running(), Deadline.is_watched.is_(False)
    )
    return func.coalesce(nearest.scalar_subquery(), NO_CLOCK)


def _cases(*conditions: ColumnElement[bool]) -> Callable[[datetime], Select[Any]]:
    return lambda _now: select(Case.number).where(*conditions).order_by(Case.id)


def _clocks(*conditions: ColumnElement[bool]) -> Callable[[datetime], Select[Any]]:
    return lambda _now: select(Deadline.id).where(*conditions).order_by(Deadline.id)


_LATER = aliased(Likeness)
_TARGET = aliased(Case)
_IS_CHAIN = and_(
    exists().where(Likeness.case_id == Case.id, Likeness.state != LikenessState.REJECTED),
    exists().where(_LATER.first_case_id == Case.id, _LATER.state != LikenessState.REJECTED),
)

ROW_CHECKS: Iterable[_RowCheck] = (
    _RowCheck(
        "rows",
        _cases(Case.state != CaseState.MERGED, ~exists().where(Tip.case_id == Case.id)),
        "Case {} has no tip.",
    ),
    _RowCheck(
        "rows",
        _cases((Case.state == CaseState.MERGED) != Case.merged_into_id.is_not(None)),
        "Case {} is merged but into none, or the other way round.",
    ),
    _RowCheck(
        "rows",
        _cases(exists().where(_TARGET.id == Case.merged_into_id, _TARGET.merged_into_id.is_not(None))),
        "Case {} is merged into a case that is merged itself.",
    ),
    _RowCheck(
        "rows",
        _cases(~exists().where(Tip.number == Case.number)),
        "No tip was told the number of case {}.",
    ),
    _RowCheck("rows", _cases(~exists().where(Event.case_id == Case.id)), "Case {} has no history."),
    _RowCheck(
        "rows", _cases(_IS_CHAIN), "Case {} is likened to an earlier one and is the first of others as well."
    ),
    _RowCheck(
        "rows",
        _cases(Case.is_open != Case.state.not_in(FINAL_STATES)),
        "Case {} is marked open or ended against its state.",
    ),
    _RowCheck(
        "rows",
        lambda _now: (
            select(Tip.number).where(Tip.assessed_at.is_not(None), Tip.case_id.is_(None)).order_by(Tip.id)
        ),
        "Tip {} was assessed but has no case.",
    ),
    _RowCheck(
        "rows",
        lambda _now: (
            select(Tip.number).where(Tip.assessed_at.is_(None), Tip.case_id.is_not(None)).order_by(Tip.id)
        ),
        "Tip {} has a case but counts as not assessed.",
    ),
    _RowCheck(
        "rows",
        lambda now: (
            select(Tip.number)
            .where(Tip.assessed_at.is_(None), Tip.received_at < now - OLDEST_WAIT)
            .order_by(Tip.id)
        ),
        "Tip {} has waited for triage for more than an hour: is the worker running?",
    ),
    _RowCheck(
        "rows",
        lambda _now: (
            select(Notice.id)
            .where(Notice.staff_id.is_not(None), Notice.tip_id.is_not(None))
            .order_by(Notice.id)
        ),
        "Notice {} is addressed to two.",
    ),
    _RowCheck(
        "rows",
        lambda now: (
            select(Notice.id)
            .where(Notice.state == NoticeState.SENDING, Notice.claimed_until < now - OLDEST_WAIT)
            .order_by(Notice.id)
        ),
        "Notice {} has been on its way for more than an hour: is the worker running?",
    ),
    _RowCheck(
        "clocks",
        _cases(Case.state.in_(CLOCKED_STATES), ~exists().where(Deadline.case_id == Case.id, _is_running())),
        "No clock runs for case {}, though a step is owed.",
    ),
    _RowCheck(
        "clocks",
        _cases(Case.next_due_at != _nearest()),
        "The nearest due time of case {} is not that of its clocks.",
    ),
    _RowCheck(
        "clocks",
        _cases(
            Case.has_breach.is_(False),
            exists().where(Deadline.case_id == Case.id, Deadline.breached_at.is_not(None)),
        ),
        "Case {} missed a deadline but is not marked so.",
    ),
    _RowCheck(
        "clocks",
        _clocks(Deadline.met_at.is_not(None), Deadline.cancelled_at.is_not(None)),
        "Clock {} was both met and dropped.",
    ),
    _RowCheck(
        "clocks",
        _clocks(Deadline.wake_at.is_not(None), not_(_is_running())),
        "Clock {} has ended but would still wake.",
    ),
    _RowCheck(
        "clocks",
        _clocks(
            or_(Deadline.due_at < Deadline.started_at, Deadline.met_at < Deadline.started_at),
        ),
        "Clock {} ends before it starts.",
    ),
    _RowCheck(
        "clocks",
        _clocks(
            _is_running(), exists().where(Case.id == Deadline.case_id, Case.office_id != Deadline.office_id)
        ),
        "Clock {} counts for another office than its case.",
    ),
)


# ---------------------------------------------------------------- /readyz


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether this installation can do its work now. `parts` is fit to be shown as JSON."""

    is_ready: bool
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """What `/readyz` answers."""
        return {"status": "ready" if self.is_ready else "not ready", "checks": dict(self.parts)}


async def readiness(db: Database, *, now: datetime, has_chat: bool) -> Readiness:
    """Database, age of the worker's last tick, and the chat where one is set up. Never raises."""
    try:
        async with db.read() as session:
            beats = {beat.name: beat.beat_at for beat in await session.scalars(select(Heartbeat))}
        is_there = await db.is_current()
    except Exception as error:  # noqa: BLE001 - whatever it is, the database is not there
        log.error("database_unreachable", kind=type(error).__name__)
        beats, is_there = {}, False
    parts: dict[str, dict[str, Any]] = {
        "database": {"is_fine": is_there},
        "worker": _tick(beats.get("worker"), now=now),
        "telegram": _tick(beats.get("telegram"), now=now) if has_chat else {"is_fine": None, "is_off": True},
    }
    return Readiness(all(part["is_fine"] is not False for part in parts.values()), parts)


def _tick(beat: datetime | None, *, now: datetime) -> dict[str, Any]:
    age = (now - beat).total_seconds() if beat else None
    return {
        "is_fine": age is not None and age <= OLDEST_TICK.total_seconds(),
        "seconds_since_tick": None if age is None else max(0, round(age)),
    }
