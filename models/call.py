"""Calls on the hotline desk: typed while spoken, kept as a draft, ended in one of few ways."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, Moment, Sealed, Short, UTCTime, word
from models.states import CallEnd


class HotlineCall(Base):
    """One call. What was typed is sealed like an identity, and is erased once number and code were read out."""

    __tablename__ = "hotline_call"
    __table_args__ = (
        UniqueConstraint("staff_id", "key"),
        Index("ix_hotline_call_staff_id_ended_at", "staff_id", "ended_at"),
    )

    id: Mapped[Key]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    key: Mapped[str | None] = mapped_column(
        String(64), comment="of the page that typed it; number and code derive from it; erased once read out"
    )
    answers: Mapped[Sealed | None] = mapped_column(comment="sealed, place call.answers")
    end: Mapped[CallEnd | None] = mapped_column(word(CallEnd), comment="how it ended; empty while it is open")
    tip_id: Mapped[int | None] = mapped_column(ForeignKey("tip.id"), index=True)
    destination: Mapped[Short] = mapped_column(default="", comment="id in the directory, if sent elsewhere")
    reason: Mapped[Short] = mapped_column(default="", comment="text key: why it was sent elsewhere")
    started_at: Mapped[Moment]
    updated_at: Mapped[Moment] = mapped_column(index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UTCTime)
    read_at: Mapped[datetime | None] = mapped_column(UTCTime, comment="when number and code were read out")
