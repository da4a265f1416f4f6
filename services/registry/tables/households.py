"""Households: as they are today, as they were, and what happened to them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.registry.tables.base import Table, document, instant, metadata


class Households(Table, table=True):
    """Households. Whoever changes one, a member or its class locks its row first, several in the order of ids."""

    __table_args__ = (Index("ix_households_area_code", "area_code", "id"),)

    id: UUID = Field(primary_key=True)
    area_code: str = Field(sa_type=Text)
    village_code: str | None = Field(sa_type=Text)
    address: str | None = Field(sa_type=Text)
    facts: dict[str, Any] = document()
    former: list[dict[str, Any]] = document("[]")
    ended_on: date | None
    ended_reason: str | None = Field(sa_type=Text)
    continued_in: UUID | None
    registered_on: date
    registered_by: str = Field(sa_type=Text)
    recorded_at: datetime = instant()
    version: int


class HouseholdVersions(Table, table=True):
    """What was known of a household from an instant to an instant, as it was from a day to the day before another.

    `valid_until` is `infinity` while nothing replaces it, `superseded_at` is null while it is what we know. Households,
    people and these rows say the same of today. Without `change_id` it is what was registered.
    """

    __tablename__ = "household_versions"
    __table_args__ = (
        Index("ix_household_versions_household_id", "household_id", "id"),
        Index("ix_household_versions_change_id", "change_id"),
    )

    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    household_id: UUID = Field(foreign_key="households.id")
    valid_from: date
    valid_until: date
    recorded_at: datetime = instant()
    superseded_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    change_id: UUID | None
    superseded_by: UUID | None
    area_code: str = Field(sa_type=Text)
    people: int
    state: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class HouseholdChanges(Table, table=True):
    """What happened to households: from which day on, told by whom, confirmed by whom. `undoes` another of them."""

    __tablename__ = "household_changes"
    __table_args__ = (Index("ix_household_changes_area_code", "area_code", "id"),)

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    area_code: str | None = Field(sa_type=Text)
    effective_on: date
    note: str | None = Field(sa_type=Text)
    recorded_at: datetime = instant()
    prepared_by: str = Field(sa_type=Text)
    confirmed_by: str | None = Field(sa_type=Text)
    confirmed_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    undoes: UUID | None = Field(foreign_key="household_changes.id", unique=True)


HOUSEHOLDS = metadata.tables["households"]
HOUSEHOLD_VERSIONS = metadata.tables["household_versions"]
HOUSEHOLD_CHANGES = metadata.tables["household_changes"]
