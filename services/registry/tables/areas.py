"""Administrative units: which there were when, who took whom over, what is published of them."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.registry.tables.base import Table, document, metadata


class Areas(Table, table=True):
    """Administrative units, a row a code and period. `version` counts what was stated about the row."""

    code: str = Field(primary_key=True, sa_type=Text)
    valid_from: date = Field(primary_key=True)
    valid_to: date | None
    name: str = Field(sa_type=Text)
    level: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    parent_code: str | None = Field(sa_type=Text, index=True)
    version: int


class AreaSuccessions(Table, table=True):
    """Which unit takes over which, from the day `effective` on."""

    __tablename__ = "area_successions"

    old_code: str = Field(primary_key=True, sa_type=Text)
    new_code: str = Field(primary_key=True, sa_type=Text)
    effective: date = Field(primary_key=True)
    version: int = Field(sa_column=Column(Integer, nullable=False, server_default="1"))
    withdrawn: bool = Field(sa_column=Column(Boolean, nullable=False, server_default="false"))
    reorganisation_id: UUID | None


class AreaTotals(Table, table=True):
    """The published numbers of households and people of a unit, which is a code and its first day, in a year."""

    __tablename__ = "area_totals"

    code: str = Field(primary_key=True, sa_type=Text)
    year: int = Field(primary_key=True)
    valid_from: date = Field(primary_key=True)
    households: int
    people: int
    source: str = Field(sa_type=Text)
    urban: dict[str, Any] | None = Field(sa_column=Column(JSONB(none_as_null=True)))
    rural: dict[str, Any] | None = Field(sa_column=Column(JSONB(none_as_null=True)))
    ethnicities: dict[str, Any] = document()
    version: int


class AreaZones(Table, table=True):
    """The zone of a commune, and whether it or a village is extremely difficult, from day to day."""

    __tablename__ = "area_zones"

    code: str = Field(primary_key=True, sa_type=Text)
    valid_from: date = Field(primary_key=True)
    valid_to: date | None
    zone: str | None = Field(sa_type=Text)
    extremely_difficult: bool
    legal_basis: str = Field(sa_type=Text)


AREAS = metadata.tables["areas"]
AREA_ZONES = metadata.tables["area_zones"]
AREA_TOTALS = metadata.tables["area_totals"]
AREA_SUCCESSIONS = metadata.tables["area_successions"]
