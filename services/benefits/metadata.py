"""What the tables of all packages of this service stand on: one metadata, one naming of constraints."""

from datetime import datetime
from typing import ClassVar

import sqlalchemy
from sqlalchemy import DateTime, MetaData
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)


class Table(SQLModel, registry=registry(metadata=metadata)):
    """The base of the typed tables."""

    metadata: ClassVar[MetaData] = metadata


class Instant(TypeDecorator[datetime]):
    """An aware instant (`timestamptz`)."""

    impl = DateTime(timezone=True)
    cache_ok = True


def core(model: type[Table]) -> sqlalchemy.Table:
    """Return the Core table of a typed table."""
    return metadata.tables[str(model.__tablename__)]
