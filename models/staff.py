"""Staff accounts, their sessions and recovery codes."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Digest, Key, Moment, Name, Sealed, Short, UTCTime, word
from models.states import Role


class Staff(Base):
    """One member of staff. Offices are rule data, so `office_id` is a word, not a foreign key."""

    __tablename__ = "staff"

    id: Mapped[Key]
    login: Mapped[Short] = mapped_column(unique=True)
    name: Mapped[Name]
    role: Mapped[Role] = mapped_column(word(Role))
    office_id: Mapped[Short] = mapped_column(index=True)
    locale: Mapped[Short] = mapped_column(default="zh-CN")
    password_hash: Mapped[str] = mapped_column(String(200))
    must_change_password: Mapped[bool] = mapped_column(default=False)
    initial_until: Mapped[datetime | None] = mapped_column(
        UTCTime, comment="a first password or an invitation counts until then"
    )
    invite: Mapped[Digest | None] = mapped_column(
        index=True, unique=True, comment="keyed hash of an invitation's token"
    )
    totp: Mapped[Sealed | None] = mapped_column(
        comment="sealed secret of the second factor, place staff.totp"
    )
    totp_pending: Mapped[Sealed | None] = mapped_column(comment="the same before it was confirmed")
    totp_step: Mapped[int | None] = mapped_column(BigInteger, comment="time step of the code taken last")
    totp_at: Mapped[datetime | None] = mapped_column(UTCTime, comment="switched on since")
    email: Mapped[str | None] = mapped_column(String(200), comment="duty mail address")
    chat: Mapped[Sealed | None] = mapped_column(comment="sealed Telegram chat id, place staff.chat")
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[Moment]
    last_seen_at: Mapped[datetime | None] = mapped_column(UTCTime)


class StaffSession(Base):
    """One signed-in browser; only the hash of its token is kept."""

    __tablename__ = "staff_session"

    id: Mapped[Key]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    token: Mapped[Digest] = mapped_column(unique=True)
    created_at: Mapped[Moment]
    seen_at: Mapped[Moment] = mapped_column(index=True)
    is_half: Mapped[bool] = mapped_column(
        default=False, server_default=false(), comment="the password was right; a code is still asked for"
    )
    agent: Mapped[Short] = mapped_column(
        default="", server_default="", comment="browser and system in a word or two"
    )


class RecoveryCode(Base):
    """One of ten codes that stand in for the second factor, each once. `lookup` finds it, the rest is hashed."""

    __tablename__ = "recovery_code"

    id: Mapped[Key]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    lookup: Mapped[Short]
    code_hash: Mapped[str] = mapped_column(String(200))
    used_at: Mapped[datetime | None] = mapped_column(UTCTime)
