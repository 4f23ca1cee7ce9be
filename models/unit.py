"""Names of bodies that were ever accused, to be picked instead of typed. Names only: no row leads to a case."""

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, false
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, Name, Short


class Unit(Base):
    """One way of naming a body. `alias_of`: the name under which its case is kept."""

    __tablename__ = "unit"

    id: Mapped[Key]
    name: Mapped[Name] = mapped_column(unique=True)
    folded: Mapped[Name] = mapped_column(comment="the name in plain characters")
    initials: Mapped[Name] = mapped_column(
        comment="first letters of its syllables, one word for each reading"
    )
    alias_of: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    uses: Mapped[int] = mapped_column(default=1, comment="how often it was named: those come first")
    is_registered: Mapped[bool] = mapped_column(
        default=False,
        server_default=false(),
        comment="stands in an imported list; others were named by reporters",
    )
    kind: Mapped[Short] = mapped_column(
        default="", server_default="", comment="from the register: subject kind, or empty"
    )
    county: Mapped[Short] = mapped_column(
        default="", server_default="", comment="from the register: office id, or empty"
    )
    case_id: Mapped[int] = mapped_column(
        BigInteger, default=0, index=True, comment="how far the cases were read; shown to nobody"
    )


class UnitKey(Base):
    """The start of an ending of a name or of its initials: a range of this table is a search for a part.

    Bytes, because they have one order on every database.
    """

    __tablename__ = "unit_key"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own form

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True, autoincrement=False)
