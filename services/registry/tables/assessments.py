"""Findings about households, the forms that they are made with, and what a simulation would change."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.registry.tables.base import Table, instant, metadata


class Assessments(Table, table=True):
    """Findings and the class they propose. Never changed: a new look at a household is a new row."""

    id: UUID = Field(primary_key=True)
    household_id: UUID = Field(foreign_key="households.id", index=True)
    standard: str = Field(sa_type=Text)
    assessed_on: date
    setting: str = Field(sa_type=Text)
    income_per_person_month: int | None = Field(sa_type=BigInteger)
    b1_points: int | None
    b2_points: int
    deprivations: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    proposed_class: str = Field(sa_type=Text)
    reasons: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    facts: dict[str, Any] | None = Field(sa_column=Column(JSONB(none_as_null=True)))
    computed: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    form_version: str | None = Field(sa_type=Text)
    form_answers: dict[str, Any] | None = Field(sa_column=Column(JSONB(none_as_null=True)))
    sample_form: bool
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime = instant()


class FormsB1(Table, table=True):
    """Official point tables of form B1, by version. The database refuses changes."""

    __tablename__ = "forms_b1"

    version: str = Field(primary_key=True, sa_type=Text)
    standard: str = Field(sa_type=Text)
    form: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    loaded_by: str = Field(sa_type=Text)
    approved_by: str | None = Field(sa_type=Text)
    loaded_at: datetime = instant()


class SimulatedChanges(Table, table=True):
    """Households whose class a simulation would change; `simulation_id` is its job's."""

    __tablename__ = "simulated_changes"

    simulation_id: UUID = Field(primary_key=True)
    household_id: UUID = Field(primary_key=True)
    area_code: str = Field(sa_type=Text)
    people: int
    class_before: str = Field(sa_type=Text)
    class_after: str = Field(sa_type=Text)


ASSESSMENTS = metadata.tables["assessments"]
FORMS_B1 = metadata.tables["forms_b1"]
SIMULATED_CHANGES = metadata.tables["simulated_changes"]
