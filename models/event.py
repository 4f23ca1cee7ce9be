"""Append-only audit: every act, chained by hashes so that tampering shows."""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Data, Digest, Key, Moment, Short


class Event(Base):
    """One act. `hash` covers all columns and the hash of the entry before; positions have no gaps."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_case", "case_id", "position"),
        Index("ix_event_kind", "kind", "position"),
        Index("ix_event_staff", "staff_id", "position"),
        Index("ix_event_at", "at", "position"),
    )

    id: Mapped[Key]
    position: Mapped[int] = mapped_column(unique=True, comment="1, 2, 3 … over the whole installation")
    kind: Mapped[Short]
    at: Mapped[Moment]
    staff_id: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id"), comment="none: the system or a reporter"
    )
    tip_id: Mapped[int | None] = mapped_column(ForeignKey("tip.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    reason: Mapped[str] = mapped_column(
        String(500), default="", comment="why, as given by staff; never tip text"
    )
    data: Mapped[Data] = mapped_column(comment="facts of the act: from, to, due …; never content")
    previous: Mapped[Digest]
    hash: Mapped[Digest]
