"""What is shown, or sent out, only behind a reason and often a second person: identities, words, outgoing texts."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Digest, Items, Key, Moment, Short, UTCTime, Words, word
from models.states import DisclosureKind


class Disclosure(Base):
    """A wish to see what is closed: who asked and why, who allowed or refused it and why, until when it holds.

    `identity` takes a second person; `words` (the original text) only the reason, and is allowed at once.
    """

    __tablename__ = "disclosure"
    __table_args__ = (
        Index("ix_disclosure_waiting", "kind", "decided_at"),
        Index("ix_disclosure_case", "case_id", "asker_id"),
    )

    id: Mapped[Key]
    kind: Mapped[DisclosureKind] = mapped_column(word(DisclosureKind))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    asker_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str] = mapped_column(String(500))
    asked_at: Mapped[Moment]
    is_allowed: Mapped[bool | None] = mapped_column(comment="none: waits for a second person")
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UTCTime)
    decision: Mapped[str] = mapped_column(String(500), default="", comment="why it was allowed or refused")
    until: Mapped[datetime | None] = mapped_column(UTCTime, comment="end of what was allowed")


class CaseSummary(Base):
    """The matter in other words than the citizen's, written by the city desk for whoever handles the case."""

    __tablename__ = "case_summary"
    __table_args__ = (UniqueConstraint("case_id"),)

    id: Mapped[Key]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    text: Mapped[Words]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    changed_at: Mapped[Moment]


class OutgoingText(Base):
    """A text that the leak check stopped and whose author stands by it: goes out once a second person allows it."""

    __tablename__ = "outgoing_text"
    __table_args__ = (
        UniqueConstraint("case_id", "place", "digest"),
        Index("ix_outgoing_text_waiting", "decided_at"),
    )

    id: Mapped[Key]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    place: Mapped[Short] = mapped_column(comment="where it would leave: transfer_out, summary …")
    text: Mapped[Words]
    digest: Mapped[Digest] = mapped_column(comment="SHA-256 of the text")
    leaks: Mapped[Items] = mapped_column(comment="[{start, end, kind}] in characters of the text")
    author_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str] = mapped_column(String(500))
    asked_at: Mapped[Moment]
    is_allowed: Mapped[bool | None] = mapped_column(comment="none: waits for a second person")
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UTCTime)
    decision: Mapped[str] = mapped_column(String(500), default="")
