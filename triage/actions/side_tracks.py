"""One step of a side track: 督办, 移送公安, 行政处罚, 奖励. Which steps there are is said by `triage/tracks.py`."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from models.audit import record_event
from models.case import Case, TrackStep
from models.queries.tips import list_tips_of_case
from models.queries.tracks import read_tracks, set_track
from models.staff import Staff
from models.states import Track
from triage.actions.ground import (
    MAX_REASON,
    MoveRefusedError,
    check_scope,
    id_of,
    refuse_field,
    tell_officer,
    tell_reporters,
)
from triage.clocks import cancel_clocks, meet_clocks, start_clock
from triage.tracks import URGE_LADDER, Standing, TrackRow, check_row, find_row, read_amount
from triage.workflow import Refusal


async def advance_track(
    session: AsyncSession,
    case: Case,
    track: Track,
    step: str,
    *,
    facts: Mapping[str, str],
    by: Staff | None,
    catalog: Catalog,
    now: datetime,
) -> None:
    """Take one step of a track with what it asks for. Raises MoveRefusedError with a reason."""
    row = find_row(track, step)
    if row is None:
        raise MoveRefusedError(Refusal("move.unknown_step", {}))
    if by:
        check_scope(case, by)
    await read_tracks(session, case)
    standing = await stand(session, case, by)
    if refusal := check_row(row, standing):
        raise MoveRefusedError(Refusal(f"move.{refusal.reason}", refusal.values))
    kept = _read_facts(row, facts, by=by)
    case.tracks = {**(case.tracks or {}), track.value: step}
    session.add(TrackStep(case_id=case.id, track=track, step=step, at=now, staff_id=id_of(by), facts=kept))
    record_event(
        session,
        "track_advanced",
        at=now,
        by=id_of(by),
        case_id=case.id,
        reason=str(kept.get("reason", "")),
        track=track.value,
        step=step,
    )
    await meet_clocks(session, case, row.meets, now=now)
    await cancel_clocks(session, case, row.cancels, now=now)
    for rule_id, event in row.starts:
        await start_clock(session, case, rule_id, event=event, started_at=now, catalog=catalog)
    await _tell(session, case, row, now=now)


async def urge_by_system(session: AsyncSession, case: Case, *, rung: int, tells: bool, now: datetime) -> None:
    """催办 and 书面督办 by themselves when a limit of verification was missed (D29). `rung`: 1 for the first.

    Does not count as a change of the case: nobody who is writing is disturbed. `tells`: False after an outage, when
    everybody gets one notice for all.
    """
    step = URGE_LADDER[min(rung, len(URGE_LADDER)) - 1]
    await read_tracks(session, case)
    row = find_row(Track.URGE, step)
    if row is None or check_row(row, await stand(session, case, None)):
        return
    await set_track(session, case.id, {**(case.tracks or {}), Track.URGE.value: step})
    session.add(TrackStep(case_id=case.id, track=Track.URGE, step=step, at=now, staff_id=None, facts={}))
    record_event(session, "track_advanced", at=now, case_id=case.id, track=Track.URGE.value, step=step)
    if tells:
        await tell_officer(
            session, case, row.tells_officer, now=now, dedup=f"urged:{case.id}:{step}:{now:%Y%m%d}"
        )


async def stand(session: AsyncSession, case: Case, by: Staff | None) -> Standing:
    """What the conditions of a track look at."""
    tips = await list_tips_of_case(session, case.id)
    return Standing(
        state=case.state,
        steps=case.tracks or {},
        role=by.role if by else None,
        actor_id=by.id if by else None,
        recused=frozenset(case.recused or ()),
        verdict=case.verdict,
        has_named_reporter=any(tip.is_named for tip in tips),
    )


def _read_facts(row: TrackRow, typed: Mapping[str, str], *, by: Staff | None) -> dict[str, str]:
    kept = {}
    for name in row.fields:
        value = typed.get(name, "").strip()
        if not value and by is not None:
            raise refuse_field("field.empty", name)
        if len(value) > MAX_REASON:
            raise refuse_field("field.too_long", name, longest=str(MAX_REASON))
        if name in {"fine", "amount"} and read_amount(value) is None:
            raise refuse_field("field.amount", name)
        kept[name] = value
    if by and kept.get("second") == by.name:
        raise MoveRefusedError(Refusal("move.same_officer", {"field": "second"}))
    return kept


async def _tell(session: AsyncSession, case: Case, row: TrackRow, *, now: datetime) -> None:
    if row.tells_officer:
        await tell_officer(session, case, row.tells_officer, now=now)
    if row.tells_reporter:
        await tell_reporters(session, case, row.tells_reporter, now=now)
