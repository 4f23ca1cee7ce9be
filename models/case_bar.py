"""Who must not see a case: an office that it speaks of, or one member of staff who is party to it."""

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, Moment, Short, word
from models.states import BarReason


class CaseBar(Base):
    """One bar: either an office (all its staff, now and later) or one person. Part of every scope of a query."""

    __tablename__ = "case_bar"
    __table_args__ = (
        UniqueConstraint("office_id", "case_id"),
        UniqueConstraint("staff_id", "case_id"),
        Index("ix_case_bar_case", "case_id"),
    )

    id: Mapped[Key]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    office_id: Mapped[Short | None] = mapped_column(comment="or none: the bar is for one person")
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[BarReason] = mapped_column(word(BarReason))
    note: Mapped[str] = mapped_column(String(500), default="", comment="why, as given by staff")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), comment="none: the machine")
    created_at: Mapped[Moment]
