"""Records that may be of one person."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.registry.tables.base import Table, instant, metadata


class PeopleToCompare(Table, table=True):
    """Whose record is new or has changed, as the database notes by itself, each time by another number."""

    __tablename__ = "people_to_compare"

    person_id: UUID = Field(primary_key=True)
    noted: int = Field(sa_column=Column(BigInteger, Identity(), nullable=False))


class DuplicatePairs(Table, table=True):
    """Two people who may be one; `agreements` are (aspect, degree, points). What was decided about stays."""

    __tablename__ = "duplicate_pairs"
    __table_args__ = (
        UniqueConstraint("first_id", "second_id", name="uq_duplicate_pairs_people"),
        Index("ix_duplicate_pairs_second_id", "second_id"),
        Index("ix_duplicate_pairs_state", "state", "score", "id"),
    )

    id: UUID = Field(primary_key=True)
    first_id: UUID = Field(foreign_key="people.id")
    second_id: UUID = Field(foreign_key="people.id")
    score: int
    agreements: list[Any] = Field(sa_column=Column(JSONB, nullable=False))
    state: str = Field(sa_type=Text)
    found_at: datetime = instant()
    decided_by: str | None = Field(sa_type=Text)
    decided_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    note: str | None = Field(sa_type=Text)


PEOPLE_TO_COMPARE = metadata.tables["people_to_compare"]
DUPLICATE_PAIRS = metadata.tables["duplicate_pairs"]
