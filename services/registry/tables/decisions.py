"""Decisions of communes, and the classes that follow from them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    Index,
    Text,
    UniqueConstraint,
)
from sqlmodel import Field

from services.registry.tables.base import Table, instant, metadata


class Decisions(Table, table=True):
    """Decisions of communes, each with its number and date as on paper."""

    __table_args__ = (UniqueConstraint("area_code", "number", "decided_on", name="uq_decisions_number"),)

    id: UUID = Field(primary_key=True)
    area_code: str = Field(sa_type=Text)
    number: str = Field(sa_type=Text)
    decided_on: date
    signed_by: str = Field(sa_type=Text)
    standard: str = Field(sa_type=Text)
    corrects: UUID | None
    round_id: UUID | None
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime = instant()


class ClassHistory(Table, table=True):
    """Every class that was decided; `number` counts from 1 a household and standard. The database refuses changes.

    The class holds from `decided_on`; `corrects` is the number of the row in whose place it stands. What a household
    that was split off another brought with it is `inherited_from` that one.
    """

    __tablename__ = "class_history"
    __table_args__ = (
        Index(
            "uq_class_history_assessment_id", "assessment_id", unique=True, postgresql_where="inherited_from IS NULL"
        ),
    )

    household_id: UUID = Field(primary_key=True, foreign_key="households.id")
    standard: str = Field(primary_key=True, sa_type=Text)
    number: int = Field(primary_key=True)
    decision_id: UUID = Field(foreign_key="decisions.id", index=True)
    assessment_id: UUID = Field(foreign_key="assessments.id")
    household_class: str = Field(sa_type=Text)
    previous_class: str | None = Field(sa_type=Text)
    transition: str | None = Field(sa_type=Text)
    decided_on: date
    people: int
    corrects: int | None
    inherited_from: UUID | None


class Standings(Table, table=True):
    """The class of each household now, a row a standard: the last in force of its history, kept for lists."""

    __table_args__ = (Index("ix_standings_class", "standard", "household_class", "household_id"),)

    household_id: UUID = Field(primary_key=True, foreign_key="households.id")
    standard: str = Field(primary_key=True, sa_type=Text)
    household_class: str = Field(sa_type=Text)
    decided_on: date
    newly_escaped_until: date | None


DECISIONS = metadata.tables["decisions"]
CLASS_HISTORY = metadata.tables["class_history"]
STANDINGS = metadata.tables["standings"]
