"""Staff accounts and sessions."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Case
from models.staff import RecoveryCode, Staff, StaffSession
from models.states import Role

IDLE_LIMIT = timedelta(minutes=30)
ABSOLUTE_LIMIT = timedelta(hours=12)


async def find_staff(session: AsyncSession, staff_id: int | None) -> Staff | None:
    """The account with this id, active or not."""
    return await session.get(Staff, staff_id) if staff_id is not None else None


async def find_staff_by_login(session: AsyncSession, login: str) -> Staff | None:
    """The account with this login name."""
    return await session.scalar(select(Staff).where(Staff.login == login))


async def list_staff(session: AsyncSession, *, office_id: str | None = None) -> Sequence[Staff]:
    """All accounts, or those of one office, active ones first."""
    statement = select(Staff).order_by(Staff.is_active.desc(), Staff.office_id, Staff.role, Staff.login)
    if office_id is not None:
        statement = statement.where(Staff.office_id == office_id)
    return (await session.scalars(statement)).all()


async def list_active_staff(
    session: AsyncSession, *roles: Role, office_id: str | None = None
) -> Sequence[Staff]:
    """Active accounts with one of these roles, of one office or of all."""
    statement = select(Staff).where(Staff.is_active, Staff.role.in_(roles)).order_by(Staff.id)
    if office_id is not None:
        statement = statement.where(Staff.office_id == office_id)
    return (await session.scalars(statement)).all()


async def list_officers_with_load(session: AsyncSession, office_id: str) -> Sequence[tuple[int, int]]:
    """Active officers of an office with how many open cases each has: (staff id, count)."""
    open_cases = func.sum(case((Case.is_open.is_(True), 1), else_=0))
    statement = (
        select(Staff.id, open_cases)
        .outerjoin(Case, (Case.officer_id == Staff.id) & Case.is_open.is_(True))
        .where(Staff.is_active, Staff.role == Role.OFFICER, Staff.office_id == office_id)
        .group_by(Staff.id)
        .order_by(Staff.id)
    )
    return [(row[0], int(row[1])) for row in await session.execute(statement)]


async def list_officers_to_choose(
    session: AsyncSession, *, office_id: str | None = None
) -> Sequence[tuple[Staff, int]]:
    """Active officers of one office or of all, each with how many open cases he has."""
    load = (
        select(func.count())
        .select_from(Case)
        .where(Case.officer_id == Staff.id, Case.is_open.is_(True))
        .scalar_subquery()
    )
    statement = select(Staff, load).where(Staff.is_active, Staff.role == Role.OFFICER)
    if office_id is not None:
        statement = statement.where(Staff.office_id == office_id)
    rows = await session.execute(statement.order_by(Staff.office_id, Staff.id))
    return [(row[0], int(row[1])) for row in rows]


async def find_names(session: AsyncSession, staff_ids: Sequence[int]) -> dict[int, str]:
    """Names by id."""
    rows = await session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(staff_ids)))
    return {row[0]: row[1] for row in rows}


async def count_active_administrators(session: AsyncSession) -> int:
    """How many could still mend the accounts."""
    statement = (
        select(func.count()).select_from(Staff).where(Staff.is_active, Staff.role == Role.ADMINISTRATOR)
    )
    return int(await session.scalar(statement) or 0)


async def lock_active_administrators(session: AsyncSession) -> list[int]:
    """Their ids, in order; until the transaction ends nobody else can remove one of them."""
    statement = (
        select(Staff.id)
        .where(Staff.is_active, Staff.role == Role.ADMINISTRATOR)
        .order_by(Staff.id)
        .with_for_update()
    )
    return list((await session.scalars(statement)).all())


async def find_staff_by_invite(
    session: AsyncSession, digest: bytes, *, now: datetime, to_change: bool = False
) -> Staff | None:
    """The active account that this invitation opens, while it counts."""
    statement = select(Staff).where(Staff.invite == digest, Staff.initial_until > now, Staff.is_active)
    return await session.scalar(statement.with_for_update() if to_change else statement)


async def find_session(
    session: AsyncSession, token: bytes, *, now: datetime, is_half: bool = False
) -> tuple[StaffSession, Staff] | None:
    """The living session with this token hash and its active owner. `is_half`: one that waits for a code."""
    statement = (
        select(StaffSession, Staff)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(
            StaffSession.token == token,
            StaffSession.is_half.is_(is_half),
            StaffSession.seen_at > now - IDLE_LIMIT,
            StaffSession.created_at > now - ABSOLUTE_LIMIT,
            Staff.is_active,
        )
    )
    row = (await session.execute(statement)).first()
    return (row[0], row[1]) if row else None


async def list_sessions(session: AsyncSession, staff_id: int, *, now: datetime) -> Sequence[StaffSession]:
    """The living sessions of one person, seen last first."""
    statement = (
        select(StaffSession)
        .where(
            StaffSession.staff_id == staff_id,
            StaffSession.is_half.is_(False),
            StaffSession.seen_at > now - IDLE_LIMIT,
            StaffSession.created_at > now - ABSOLUTE_LIMIT,
        )
        .order_by(StaffSession.seen_at.desc(), StaffSession.id.desc())
    )
    return (await session.scalars(statement)).all()


async def end_sessions(session: AsyncSession, staff_id: int, *, but: bytes | None = None) -> int:
    """Sign somebody out everywhere, or everywhere `but` in the browser with this token hash; answers how many."""
    statement = delete(StaffSession).where(StaffSession.staff_id == staff_id).returning(StaffSession.id)
    if but is not None:
        statement = statement.where(StaffSession.token != but)
    return len((await session.scalars(statement)).all())


async def list_recovery_codes(
    session: AsyncSession, staff_id: int, *, lookup: str | None = None
) -> Sequence[RecoveryCode]:
    """The recovery codes of one person that were not used, or the one that begins with `lookup`."""
    statement = select(RecoveryCode).where(RecoveryCode.staff_id == staff_id, RecoveryCode.used_at.is_(None))
    if lookup is not None:
        statement = statement.where(RecoveryCode.lookup == lookup)
    return (await session.scalars(statement.order_by(RecoveryCode.id))).all()


async def use_recovery_code(session: AsyncSession, code_id: int, *, now: datetime) -> bool:
    """Mark a code as used; False where somebody was faster."""
    statement = (
        update(RecoveryCode)
        .where(RecoveryCode.id == code_id, RecoveryCode.used_at.is_(None))
        .values(used_at=now)
        .returning(RecoveryCode.id)
    )
    return await session.scalar(statement) is not None


async def delete_recovery_codes(session: AsyncSession, staff_id: int) -> None:
    """All of one person's codes are void."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))


async def get_staff_to_change(session: AsyncSession, staff_id: int) -> Staff:
    """An account, locked until the transaction ends."""
    return await session.get_one(Staff, staff_id, with_for_update=True, populate_existing=True)


async def end_session(session: AsyncSession, token: bytes) -> None:
    """Sign one browser out."""
    await session.execute(delete(StaffSession).where(StaffSession.token == token))


async def delete_idle_sessions(session: AsyncSession, *, now: datetime) -> None:
    """Forget sessions that can no longer be used."""
    await session.execute(
        delete(StaffSession).where(
            (StaffSession.seen_at <= now - IDLE_LIMIT) | (StaffSession.created_at <= now - ABSOLUTE_LIMIT)
        )
    )


async def lock_accounts(session: AsyncSession) -> None:
    """Let one transaction at a time add accounts, so that two processes never add the same one."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SELECT pg_advisory_xact_lock(7216003)"))
