"""The transition ledger: who was where with how many people, and who came on a list and left it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    Index,
    Text,
    UniqueConstraint,
)
from sqlmodel import Field

from services.registry.tables.base import Table, instant, metadata


class HouseholdPresence(Table, table=True):
    """From which day on a household has how many people more or fewer, lives elsewhere, ends or is there again.

    `number` counts from 1 a household, in the order of recording. The database refuses changes.
    """

    __tablename__ = "household_presence"

    household_id: UUID = Field(primary_key=True, foreign_key="households.id")
    number: int = Field(primary_key=True)
    changed_on: date
    cause: str = Field(sa_type=Text)
    people: int
    area_code: str | None = Field(sa_type=Text)
    present: bool | None
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime = instant()


class Movements(Table, table=True):
    """The transition ledger: who came on a list and who left it. The database refuses changes.

    `number` counts the entries of a household under a standard from 1. An entry that takes another back has its numbers
    with the other sign and `reverses` it; `recorded_for` is the decision that made it necessary.
    """

    __table_args__ = (
        UniqueConstraint("household_id", "standard", "number", name="uq_movements_number"),
        Index("ix_movements_area_code", "standard", "area_code", "moved_on"),
        Index("ix_movements_recorded_for", "recorded_for"),
    )

    id: UUID = Field(primary_key=True)
    household_id: UUID = Field(foreign_key="households.id")
    standard: str = Field(sa_type=Text)
    number: int
    moved_on: date
    line: str = Field(sa_type=Text)
    household_class: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=Text)
    other_area: str | None = Field(sa_type=Text)
    households: int
    people: int
    cause: str | None = Field(sa_type=Text)
    decision_id: UUID | None
    reverses: UUID | None = Field(unique=True)
    recorded_for: UUID | None
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime = instant()


PRESENCES = metadata.tables["household_presence"]
MOVEMENTS = metadata.tables["movements"]
