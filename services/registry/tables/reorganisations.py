"""Reorganisations of units: planned, done, their households to place."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    DateTime,
    Integer,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.registry.tables.base import Table, instant, metadata


class Reorganisations(Table, table=True):
    """Reorganisations of units: `successions` are pairs of old and new code; the counts are of what moved."""

    id: UUID = Field(primary_key=True)
    title: str = Field(sa_type=Text)
    legal_basis: str = Field(sa_type=Text)
    effective_on: date
    successions: list[list[str]] = Field(sa_column=Column(JSONB, nullable=False))
    state: str = Field(sa_type=Text)
    prepared_by: str = Field(sa_type=Text)
    prepared_at: datetime = instant()
    approved_by: str | None = Field(sa_type=Text)
    applied_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    households: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))
    people: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))
    grants: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))
    confirmed_by: str | None = Field(sa_type=Text)
    confirmed_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    undone_by: str | None = Field(sa_type=Text)
    undone_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    undo_note: str | None = Field(sa_type=Text)


class ReorganisationWorklist(Table, table=True):
    """Households of split units: where each waits, which units took parts of its old one, and where it was placed."""

    __tablename__ = "reorganisation_worklist"

    reorganisation_id: UUID = Field(primary_key=True, foreign_key="reorganisations.id")
    household_id: UUID = Field(primary_key=True, foreign_key="households.id")
    old_code: str = Field(sa_type=Text)
    waiting_code: str = Field(sa_type=Text)
    candidates: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    placed_code: str | None = Field(sa_type=Text)
    placed_by: str | None = Field(sa_type=Text)
    placed_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    placed_by_change: UUID | None


class GrantMoves(Table, table=True):
    """Which grants a reorganisation moved from which unit to which."""

    __tablename__ = "grant_moves"

    reorganisation_id: UUID = Field(primary_key=True, foreign_key="reorganisations.id")
    grant_id: UUID = Field(primary_key=True, foreign_key="grants.id")
    old_code: str = Field(sa_type=Text)
    new_code: str = Field(sa_type=Text)


REORGANISATIONS = metadata.tables["reorganisations"]
REORGANISATION_WORKLIST = metadata.tables["reorganisation_worklist"]
GRANT_MOVES = metadata.tables["grant_moves"]
