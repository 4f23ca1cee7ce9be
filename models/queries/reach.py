"""By which ways the reporters of a case can be told something: kinds of ways only, nothing is opened."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tip import Identity, Tip


@dataclass(frozen=True, slots=True)
class Reach:
    """The ways of one reporter. `locale`: the language in which he reported."""

    has_chat: bool
    is_muted: bool
    is_reachable: bool
    has_phone: bool
    locale: str


async def list_reach(session: AsyncSession, case_id: int) -> Sequence[Reach]:
    """One for each tip of the case, oldest first."""
    statement = (
        select(
            and_(Identity.id.is_not(None), Identity.chat.is_not(None)),
            Identity.is_muted,
            Identity.is_reachable,
            and_(Identity.id.is_not(None), Identity.phone.is_not(None)),
            Tip.locale,
        )
        .outerjoin(Identity, Identity.tip_id == Tip.id)
        .where(Tip.case_id == case_id)
        .order_by(Tip.received_at, Tip.id)
    )
    return [
        Reach(bool(chat), bool(muted), reachable is not False, bool(phone), locale)
        for chat, muted, reachable, phone, locale in await session.execute(statement)
    ]
