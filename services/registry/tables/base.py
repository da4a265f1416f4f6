"""What the tables of the registry have in common. Codes are text, instants are aware, dates are dates in law."""

from typing import Any, ClassVar

from sqlalchemy import (
    Column,
    DateTime,
    Integer,
    MetaData,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


class Table(SQLModel):
    """What the tables of this service have in common: their own metadata."""

    metadata: ClassVar[MetaData] = metadata


def instant() -> Any:
    """Return a column of an instant."""
    return Field(sa_column=Column(DateTime(timezone=True), nullable=False))


def document(empty: str = "{}") -> Any:
    """Return a column of a document in JSON, empty where nothing is said."""
    return Field(sa_column=Column(JSONB, nullable=False, server_default=empty))


def counted(kind: Any = Integer, start: str = "0") -> Any:
    """Return a column that begins at nothing."""
    return Field(sa_column=Column(kind, nullable=False, server_default=start))
