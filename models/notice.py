"""The outbox: what must be told to whom, written in the commit that caused it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Data, Key, Moment, Short, UTCTime, Words, word
from models.states import NoticeChannel, NoticeState


class Notice(Base):
    """One message that something is there. `values` hold a case number and dates, never content.

    Exactly one of staff_id and tip_id is set, or neither for the group channel.
    """

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_waiting", "state", "send_at"),)

    id: Mapped[Key]
    dedup_key: Mapped[str] = mapped_column(String(160), unique=True)
    channel: Mapped[NoticeChannel] = mapped_column(word(NoticeChannel))
    kind: Mapped[Short] = mapped_column(comment="text key under notices.")
    values: Mapped[Data]
    locale: Mapped[Short]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    tip_id: Mapped[int | None] = mapped_column(ForeignKey("tip.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    state: Mapped[NoticeState] = mapped_column(word(NoticeState))
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Moment]
    send_at: Mapped[Moment] = mapped_column(comment="not before; moved on by retries")
    claimed_until: Mapped[datetime | None] = mapped_column(UTCTime)
    sent_at: Mapped[datetime | None] = mapped_column(UTCTime)
    reason: Mapped[Words] = mapped_column(default="", comment="why skipped or failed; never content")
