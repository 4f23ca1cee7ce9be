"""What people do with lists: one act on many cases, and lists kept by name."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Data, Items, Key, Moment, Short, UTCTime, Words


class BulkRun(Base):
    """What somebody wanted done to many cases. Kept for a month; the audit has the acts."""

    __tablename__ = "bulk_run"

    id: Mapped[Key]
    key: Mapped[str] = mapped_column(
        String(32), unique=True, comment="of the form: sent twice, it is one run"
    )
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    act: Mapped[Short]
    numbers: Mapped[Items] = mapped_column(comment="case numbers in the order of the list")
    back: Mapped[Words] = mapped_column(comment="address of the list it was started from")
    made_at: Mapped[datetime] = mapped_column(UTCTime, index=True)


class BulkItem(Base):
    """What became of one case of a run. Written in the transaction of the move itself."""

    __tablename__ = "bulk_item"
    __table_args__ = (UniqueConstraint("run_id", "number"),)

    id: Mapped[Key]
    run_id: Mapped[int] = mapped_column(ForeignKey("bulk_run.id", ondelete="CASCADE"))
    number: Mapped[str] = mapped_column(String(12))
    is_done: Mapped[bool]
    reason: Mapped[Data] = mapped_column(comment="why not: {key, values}")


class SavedView(Base):
    """A list that somebody named to find it again."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("staff_id", "name"),)

    id: Mapped[Key]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    name: Mapped[Short]
    query: Mapped[Words] = mapped_column(comment="what the address of the list asks for")
    made_at: Mapped[Moment]
