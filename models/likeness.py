"""Marks by which like tips find each other, cases that are likely one matter, bodies that are named unusually often."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Items, Key, Moment, UTCTime, word
from models.states import LikenessState, MarkKind


class TipMark(Base):
    """One mark of a tip. Its primary key is the index that finds the tips of a mark, newest or oldest first."""

    __tablename__ = "tip_mark"
    __table_args__ = (Index("ix_tip_mark_tip_id", "tip_id"), {"sqlite_with_rowid": False})

    kind: Mapped[MarkKind] = mapped_column(word(MarkKind), primary_key=True)
    value: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, comment="keyed hash; never a name or number"
    )
    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"), primary_key=True, autoincrement=False)


class Likeness(Base):
    """A case that is likely the same matter as an earlier one. Stars: the earlier case is the first of its matter."""

    __tablename__ = "likeness"
    __table_args__ = (UniqueConstraint("case_id", "first_case_id"),)

    id: Mapped[Key]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    first_case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    score: Mapped[float]
    is_sure: Mapped[bool] = mapped_column(comment="above the threshold that may steer a route")
    reasons: Mapped[Items] = mapped_column(
        comment="[{kind, …}]: text keys under console.likeness. and their blanks"
    )
    state: Mapped[LikenessState] = mapped_column(word(LikenessState), default=LikenessState.SUGGESTED)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), comment="who said so last")
    created_at: Mapped[Moment]
    decided_at: Mapped[datetime | None] = mapped_column(UTCTime)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own form


class BodyRise(Base):
    """Tips about one body rose unusually in some days; one row, and one notice, for each such time."""

    __tablename__ = "body_rise"
    __table_args__ = (UniqueConstraint("value", "period"), Index("ix_body_rise_noticed_at", "noticed_at"))

    id: Mapped[Key]
    value: Mapped[int] = mapped_column(BigInteger, comment="mark of the body, as in tip_mark")
    period: Mapped[int] = mapped_column(comment="which of the equal spans since 1970")
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), comment="the newest case about it")
    count: Mapped[int]
    expected: Mapped[float] = mapped_column(comment="how many the body's own history lets expect")
    noticed_at: Mapped[Moment]
