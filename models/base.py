"""Column types as words, and the base of all tables."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Enum,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, make_transient, mapped_column


class UTCTime(TypeDecorator[datetime]):
    """Aware moments in UTC on every database; naive ones are refused at the border."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments, store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "A moment without a time zone cannot be stored."
            raise ValueError(message)
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def word(vocabulary: type[StrEnum]) -> Enum:
    """Column type of a StrEnum, stored as its value in 32 characters, so that a new word needs no migration."""
    return Enum(
        vocabulary,
        native_enum=False,
        length=32,
        create_constraint=False,
        values_callable=lambda values: [member.value for member in values],
    )


Key = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)]
Short = Annotated[str, mapped_column(String(64))]
Name = Annotated[str, mapped_column(String(200))]
Words = Annotated[str, mapped_column(Text)]
Moment = Annotated[datetime, mapped_column(UTCTime)]
Digest = Annotated[bytes, mapped_column(LargeBinary(32))]
Sealed = Annotated[bytes, mapped_column(LargeBinary)]
Data = Annotated[dict[str, Any], mapped_column(JSON(none_as_null=True))]
Items = Annotated[list[Any], mapped_column(JSON)]


def let_go(row: "Base") -> None:
    """Take a row out of its session, so that what is done to it now can never be stored."""
    make_transient(row)


class Base(DeclarativeBase):
    """Base of all tables; constraints have predictable names so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
