"""What a reporter asks for and says after his tip: requests that people decide, and how it turned out for him."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, Moment, Short, UTCTime, word
from models.states import RequestKind, Solved


class ReporterRequest(Base):
    """A wish about a tip. It changes no case by itself: staff see it and decide; once for each occasion."""

    __tablename__ = "reporter_request"
    __table_args__ = (
        UniqueConstraint("tip_id", "kind", "about_at"),
        Index("ix_reporter_request_asked", "kind", "asked_at"),
    )

    id: Mapped[Key]
    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    kind: Mapped[RequestKind] = mapped_column(word(RequestKind))
    about_at: Mapped[Moment] = mapped_column(
        comment="of a review: when the answer was given; else of the tip"
    )
    asked_at: Mapped[Moment]
    channel: Mapped[Short] = mapped_column(comment="where the reporter asked from")
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), comment="his words, if any")


class Rating(Base):
    """How it turned out, says the reporter: one for each tip, which he may change for a while."""

    __tablename__ = "rating"
    __table_args__ = (UniqueConstraint("tip_id"),)

    id: Mapped[Key]
    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    solved: Mapped[Solved] = mapped_column(word(Solved))
    score: Mapped[int] = mapped_column(comment="1 very dissatisfied … 5 very satisfied")
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), comment="his words, if any")
    rated_at: Mapped[Moment]
    changed_at: Mapped[datetime | None] = mapped_column(UTCTime)
