"""What administrators keep in the database: calendar years, periods of keeping, holds, changes that take two people."""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Data, Items, Key, Moment, Name, Short, UTCTime, Words


class CalendarYear(Base):
    """The notice of one year, beside the shipped files. The newest of a year counts; older ones are kept."""

    __tablename__ = "calendar_year"
    __table_args__ = (Index("ix_calendar_year_year", "year", "id"),)

    id: Mapped[Key]
    year: Mapped[int]
    days_off: Mapped[Data] = mapped_column(comment="{ISO day: word of deadlines.holiday.}")
    made_up: Mapped[Items] = mapped_column(comment="ISO days: weekend days worked")
    source: Mapped[Name] = mapped_column(comment="number or address of the notice")
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), comment="none: the command line")
    stored_at: Mapped[Moment]


class ProtectedChange(Base):
    """A change that weakens a protection: asked by one person, agreed to or refused by another, done with the yes."""

    __tablename__ = "protected_change"
    __table_args__ = (Index("ix_protected_change_waiting", "decided_at", "asked_at"),)

    id: Mapped[Key]
    kind: Mapped[Short]
    subject: Mapped[Short] = mapped_column(comment="which period, which case …: a word or a number")
    facts: Mapped[Data] = mapped_column(comment="before, after …; checked again when it is done")
    asker_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str] = mapped_column(String(500))
    asked_at: Mapped[Moment]
    is_allowed: Mapped[bool | None] = mapped_column(
        comment="none: waits, was taken back, or its time ran out"
    )
    decided_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id"), comment="who asked: he took it back"
    )
    decided_at: Mapped[datetime | None] = mapped_column(UTCTime)
    decision: Mapped[str] = mapped_column(String(500), default="", comment="why it was allowed or refused")


class KeepingPeriod(Base):
    """How long something is kept from a moment on, where that is not the usual time.

    All rows stay: what was promised to somebody is the shortest period since he wrote.
    """

    __tablename__ = "keeping_period"
    __table_args__ = (Index("ix_keeping_period_name", "name", "id"),)

    id: Mapped[Key]
    name: Mapped[Short]
    days: Mapped[int]
    since: Mapped[Moment]
    change_id: Mapped[int | None] = mapped_column(ForeignKey("protected_change.id"))


class PurgeDay(Base):
    """What one purge did on one day in Luohe: how often it looked, and how much it deleted."""

    __tablename__ = "purge_day"
    __table_args__ = (UniqueConstraint("day", "name"),)

    id: Mapped[Key]
    day: Mapped[date] = mapped_column(Date)
    name: Mapped[Short]
    runs: Mapped[int]
    gone: Mapped[int]
    last_at: Mapped[Moment]


class CaseHold(Base):
    """A hold: while it lasts, nothing of the case is purged."""

    __tablename__ = "case_hold"
    __table_args__ = (Index("ix_case_hold_case", "case_id", "lifted_at"),)

    id: Mapped[Key]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    reason: Mapped[str] = mapped_column(String(500))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    placed_at: Mapped[Moment]
    lifted_at: Mapped[datetime | None] = mapped_column(UTCTime, comment="none: it lasts")


class StartState(Base):
    """With which settings and rule files a part was started last, to tell what differs at the next start."""

    __tablename__ = "start_state"
    __table_args__ = (UniqueConstraint("part", "name"),)

    id: Mapped[Key]
    part: Mapped[Short] = mapped_column(comment="serve, public, worker …: parts may run on several machines")
    name: Mapped[Name] = mapped_column(comment="a setting, or the path of a rule file")
    shown: Mapped[Words] = mapped_column(comment="as people may see it: secrets masked; of files a digest")
    digest: Mapped[Short] = mapped_column(comment="changes with the value; of secrets a keyed hash")
    content: Mapped[bytes | None] = mapped_column(
        LargeBinary, comment="of a rule file: its values, compressed"
    )
