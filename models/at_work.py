"""Who is at work on a case just now: words not yet sent, and who has its page open. None of it is record."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, Moment, Sealed, Short, UTCTime


class CaseDraft(Base):
    """What one person has typed into one form of a case. Sealed; read by nobody else; gone once it was sent.

    A row without words remembers which page sent them, so that a save that comes too late writes nothing.
    """

    __tablename__ = "case_draft"
    __table_args__ = (UniqueConstraint("case_id", "staff_id", "form"),)

    id: Mapped[Key]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    form: Mapped[Short] = mapped_column(comment="name of the move")
    key: Mapped[Short] = mapped_column(comment="of the page that typed it, random")
    version: Mapped[int] = mapped_column(comment="version of the case for which it was typed")
    typed: Mapped[Sealed | None] = mapped_column(
        comment="sealed fields, place case_draft.typed; none once sent or thrown away"
    )
    updated_at: Mapped[Moment] = mapped_column(index=True)


class CasePresence(Base):
    """That somebody has a case open. Forgotten within a day; never part of the audit."""

    __tablename__ = "case_presence"
    __table_args__ = (Index("ix_case_presence_seen_at", "seen_at"),)

    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    opened_at: Mapped[Moment]
    seen_at: Mapped[Moment] = mapped_column(comment="last sign that the page is looked at")
    writing_at: Mapped[datetime | None] = mapped_column(UTCTime, comment="last sign of writing in a form")
