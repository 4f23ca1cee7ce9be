"""What citizens send, as sent: drafts, tips, attachments; and, apart, who they are."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, Data, Digest, Items, Key, Moment, Name, Sealed, Short, UTCTime, Words, word
from models.states import Channel, CodeScheme, Scan, TextSource, UpdateState


class Draft(Base):
    """A half-told tip. Web drafts are found by the hash of a cookie, chat drafts by the keyed hash of the chat."""

    __tablename__ = "draft"

    id: Mapped[Key]
    channel: Mapped[Channel] = mapped_column(word(Channel))
    owner: Mapped[Digest] = mapped_column(unique=True, comment="keyed hash of cookie or chat id")
    submission_key: Mapped[Short] = mapped_column(comment="random; number and code of the tip derive from it")
    locale: Mapped[Short]
    step: Mapped[Short] = mapped_column(comment="id of the question asked last")
    notice_version: Mapped[Short] = mapped_column(
        default="", server_default="", comment="version of the privacy notice that was shown before"
    )
    answers: Mapped[Data] = mapped_column(comment="question id -> answer as typed")
    tip_id: Mapped[int | None] = mapped_column(ForeignKey("tip.id"), comment="set once submitted")
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment] = mapped_column(index=True)
    chat: Mapped[Sealed | None] = mapped_column(
        comment="sealed chat id, place draft.chat; where the draft's reminder goes"
    )
    wake_at: Mapped[datetime | None] = mapped_column(
        UTCTime, index=True, comment="when the chat is looked at without a word"
    )
    link_digest: Mapped[Digest | None] = mapped_column(
        index=True, comment="keyed hash of the link that opens the draft on the web, once"
    )
    link_until: Mapped[datetime | None] = mapped_column(UTCTime, comment="until when the link opens it")
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own form


class Tip(Base):
    """What a citizen sent, once, byte-exact; never edited."""

    __tablename__ = "tip"
    __table_args__ = (
        UniqueConstraint("submission_digest"),
        Index("ix_tip_waiting", "assessed_at", "claimed_until"),
        Index("ix_tip_code_scheme", "code_scheme"),
    )

    id: Mapped[Key]
    number: Mapped[str] = mapped_column(String(12), unique=True, comment="case number told to the reporter")
    code_scheme: Mapped[CodeScheme] = mapped_column(word(CodeScheme))
    code_hash: Mapped[str] = mapped_column(
        String(128), comment="keyed hash of the return code, hardened later"
    )
    submission_digest: Mapped[Digest] = mapped_column(comment="keyed hash of channel and submission key")
    body_digest: Mapped[Digest] = mapped_column(comment="keyed hash of all that was submitted")
    channel: Mapped[Channel] = mapped_column(word(Channel))
    locale: Mapped[Short]
    text: Mapped[Words]
    place: Mapped[Words] = mapped_column(default="")
    county: Mapped[Short] = mapped_column(default="", comment="office id chosen by the reporter, or empty")
    target: Mapped[Words] = mapped_column(default="")
    occurred: Mapped[Words] = mapped_column(default="")
    answers: Mapped[Data] = mapped_column(
        default=dict, server_default="{}", comment="follow-up question -> words, or id of the choice"
    )
    meant: Mapped[Data] = mapped_column(
        default=dict, server_default="{}", comment="reporter's correction: {told, choice, words}, or empty"
    )
    is_named: Mapped[bool] = mapped_column(default=False, comment="a name or phone was given")
    notice_version: Mapped[Short] = mapped_column(
        default="", server_default="", comment="version of the privacy notice that was shown before"
    )
    received_at: Mapped[Moment] = mapped_column(index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    assessed_at: Mapped[datetime | None] = mapped_column(UTCTime)
    claimed_until: Mapped[datetime | None] = mapped_column(
        UTCTime, comment="lease of the worker that assesses it"
    )
    attempts: Mapped[int] = mapped_column(default=0)

    attachments: Mapped[list["Attachment"]] = relationship(lazy="raise", order_by="Attachment.id")


class Identity(Base):
    """Who sent a tip and where to answer, sealed with a key of its own. Opened only through the identity queries."""

    __tablename__ = "identity"

    id: Mapped[Key]
    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"), unique=True)
    name: Mapped[Sealed | None] = mapped_column(comment="sealed, place identity.name")
    phone: Mapped[Sealed | None] = mapped_column(comment="sealed, place identity.phone")
    chat: Mapped[Sealed | None] = mapped_column(comment="sealed chat id, place identity.chat")
    chat_digest: Mapped[Digest | None] = mapped_column(index=True, comment="keyed hash of the chat id")
    is_reachable: Mapped[bool] = mapped_column(
        default=True, comment="false once the chat refused our message"
    )
    is_muted: Mapped[bool] = mapped_column(default=False, comment="the reporter wants no notices in his chat")


class Attachment(Base):
    """A file that came with a draft, a tip or a message. Original sealed, working copy without metadata."""

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_unread", "read_at", "read_by"),
        Index("ix_attachment_unweighed", "weighed_at", "read_at"),
    )

    id: Mapped[Key]
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("draft.id"), index=True)
    tip_id: Mapped[int | None] = mapped_column(ForeignKey("tip.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    name: Mapped[Name] = mapped_column(comment="as shown: cleaned, at most 100 characters")
    media_type: Mapped[Short] = mapped_column(comment="told from the content")
    size: Mapped[int] = mapped_column(comment="bytes of the original")
    digest: Mapped[Digest] = mapped_column(comment="SHA-256 of the original")
    original: Mapped[Short] = mapped_column(comment="file name of the sealed original")
    working: Mapped[str | None] = mapped_column(String(64), comment="file name of the copy that staff open")
    created_at: Mapped[Moment]
    scan: Mapped[Scan] = mapped_column(
        word(Scan), default=Scan.OFF, server_default="off", comment="what the antivirus program said"
    )
    read_at: Mapped[datetime | None] = mapped_column(
        UTCTime, comment="when the machine had read it, or given up"
    )
    read_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    read_by: Mapped[datetime | None] = mapped_column(UTCTime, comment="lease of the worker that reads it")
    unread: Mapped[Items] = mapped_column(
        default=list, server_default="[]", comment="what could not be read: text keys"
    )
    weighed_at: Mapped[datetime | None] = mapped_column(
        UTCTime, comment="when triage had looked at what was read"
    )

    texts: Mapped[list["AttachmentText"]] = relationship(
        lazy="raise", viewonly=True, order_by="AttachmentText.id"
    )

    @property
    def is_passed(self) -> bool:
        """Whether staff and machine may open it: nothing is being asked of the antivirus program, or it said yes."""
        return self.scan in {Scan.OFF, Scan.CLEAN}


class AttachmentText(Base):
    """What the machine read in an attachment: codes, text of a PDF, text of a picture. Goes with its attachment."""

    __tablename__ = "attachment_text"

    id: Mapped[Key]
    attachment_id: Mapped[int] = mapped_column(ForeignKey("attachment.id", ondelete="CASCADE"), index=True)
    source: Mapped[TextSource] = mapped_column(word(TextSource), comment="how it was read")
    text: Mapped[Words] = mapped_column(comment="as read, cleaned; never the reporter's own words")
    created_at: Mapped[Moment]


class InboundUpdate(Base):
    """Durable inbox of the chat: stored before it is acknowledged, erased when done."""

    __tablename__ = "inbound_update"
    __table_args__ = (
        UniqueConstraint("bot_id", "update_id"),
        Index("ix_inbound_update_state", "state", "id"),
        Index("ix_inbound_update_chat", "chat", "state", "id"),
    )

    id: Mapped[Key]
    bot_id: Mapped[Short]
    update_id: Mapped[Short]
    chat: Mapped[Digest | None] = mapped_column(
        comment="keyed hash of the chat id: updates of one chat in order"
    )
    payload: Mapped[Data | None] = mapped_column(comment="as received; emptied when done")
    state: Mapped[UpdateState] = mapped_column(word(UpdateState), default=UpdateState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None] = mapped_column(UTCTime)
    reason: Mapped[Words] = mapped_column(default="", comment="why rejected or quarantined; never content")
    received_at: Mapped[Moment]
