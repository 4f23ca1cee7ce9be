"""Papers that were issued, and drafts of them. An issued paper never changes: a correction is a new one."""

from sqlalchemy import Connection, ForeignKey, LargeBinary, String, UniqueConstraint, event
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from models.base import Base, Digest, Key, Moment, Name, Sealed, Short


class IssuedPaperChangedError(RuntimeError):
    """An issued paper is never changed; issue another one that names it."""


class Paper(Base):
    """One paper as it was issued: its number, who made it, and both files sealed beside their hashes.

    The files lie in the row, so that a number never lacks its paper and a backup of the database is whole.
    """

    __tablename__ = "paper"
    __table_args__ = (UniqueConstraint("series", "year", "serial"),)

    id: Mapped[Key]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    form: Mapped[Short]
    title: Mapped[Name]
    series: Mapped[Short] = mapped_column(comment="office and form: its numbers run without gaps in a year")
    year: Mapped[int]
    serial: Mapped[int]
    number: Mapped[Name] = mapped_column(unique=True)
    issuer: Mapped[Name]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    issued_at: Mapped[Moment]
    replaces_id: Mapped[int | None] = mapped_column(
        ForeignKey("paper.id"), comment="the paper it corrects and takes the place of"
    )
    request_key: Mapped[str] = mapped_column(
        String(32), unique=True, comment="the same form sent twice is one"
    )
    docx_sha256: Mapped[Digest]
    pdf_sha256: Mapped[bytes | None] = mapped_column(LargeBinary(32), comment="none: no Chinese fonts there")
    docx: Mapped[Sealed] = mapped_column(deferred=True, comment="sealed, place paper.docx")
    pdf: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, comment="sealed, place paper.pdf")
    typed: Mapped[Sealed] = mapped_column(
        deferred=True, comment="sealed fields as typed, place paper.typed; a correction begins with them"
    )


class PaperDraft(Base):
    """What somebody has typed for a paper so far."""

    __tablename__ = "paper_draft"
    __table_args__ = (UniqueConstraint("case_id", "form", "staff_id"),)

    id: Mapped[Key]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    form: Mapped[Short]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("paper.id"))
    typed: Mapped[Sealed] = mapped_column(comment="sealed fields, place paper.typed")
    updated_at: Mapped[Moment]


@event.listens_for(Paper, "before_update")
def _refuse_change(_mapper: Mapper[Paper], _connection: Connection, _paper: Paper) -> None:
    raise IssuedPaperChangedError
