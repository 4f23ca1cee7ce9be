"""Messages between citizen and staff, and notes among staff."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, Digest, Key, Moment, Short, UTCTime, Words, word
from models.states import MessageKind
from models.tip import Attachment


class Message(Base):
    """One message on a case (or, before the case is opened, on its tip)."""

    __tablename__ = "message"

    id: Mapped[Key]
    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    kind: Mapped[MessageKind] = mapped_column(word(MessageKind))
    text: Mapped[Words]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    channel: Mapped[Short] = mapped_column(default="", comment="where the reporter wrote from")
    created_at: Mapped[Moment]
    read_at: Mapped[datetime | None] = mapped_column(UTCTime)
    submission_digest: Mapped[Digest | None] = mapped_column(
        unique=True, index=True, comment="keyed hash of tip and submission key, where the sender named one"
    )
    hidden_at: Mapped[datetime | None] = mapped_column(
        UTCTime, comment="the reporter deleted it from his view; the file of the case keeps it"
    )

    attachments: Mapped[list[Attachment]] = relationship(lazy="raise", order_by=Attachment.id)
