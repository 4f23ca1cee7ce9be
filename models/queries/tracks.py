"""The steps of side tracks, and the arrivals and mergings from which the order of reporters follows."""

from collections.abc import Mapping, Sequence

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from models.case import Case, TrackStep
from models.event import Event
from models.staff import Staff

ORDERING = ("tip_received", "case_opened", "merged", "split_off")


async def list_track_steps(session: AsyncSession, case_id: int) -> Sequence[tuple[TrackStep, str | None]]:
    """All steps of a case with the names of those who took them, oldest first."""
    statement = (
        select(TrackStep, Staff.name)
        .outerjoin(Staff, Staff.id == TrackStep.staff_id)
        .where(TrackStep.case_id == case_id)
        .order_by(TrackStep.id)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def list_ordering_events(session: AsyncSession, case: Case) -> Sequence[Event]:
    """Arrivals, openings, mergings and splits of this case and of all that are merged into it."""
    joined = select(Case.id).where(Case.merged_into_id == case.id)
    cases = or_(Event.case_id == case.id, Event.case_id.in_(joined))
    tips = select(Event.tip_id).where(Event.kind == "case_opened", cases)
    statement = (
        select(Event)
        .where(Event.kind.in_(ORDERING), or_(cases, Event.tip_id.in_(tips)))
        .order_by(Event.position)
    )
    return (await session.scalars(statement)).all()


async def set_track(session: AsyncSession, case_id: int, tracks: Mapping[str, str]) -> None:
    """Note where the tracks stand; does not disturb an officer who is editing the case."""
    await session.execute(
        update(Case)
        .where(Case.id == case_id)
        .values(tracks=dict(tracks), version=Case.version)
        .execution_options(synchronize_session=False)
    )


async def read_tracks(session: AsyncSession, case: Case) -> None:
    """Take the case, and see where its tracks stand now: the system may have urged meanwhile."""
    await session.flush()
    statement = select(Case.tracks).where(Case.id == case.id).with_for_update()
    set_committed_value(case, "tracks", await session.scalar(statement) or {})
