"""Staff accounts and their sessions."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
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
