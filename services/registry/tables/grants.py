"""Who holds which role where."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    DateTime,
    Index,
    Text,
)
from sqlmodel import Field

from services.registry.tables.base import Table, instant, metadata


class Grants(Table, table=True):
    """Who holds which role where, as prepared by one person and approved by another.

    `communes` is what the area covers as last stated, `version` counts what was stated. The database refuses that one
    person both prepares and approves; what began the platform was given on its own machine.
    """

    __table_args__ = (Index("ix_grants_subject", "subject"),)

    id: UUID = Field(primary_key=True)
    subject: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    area_code: str | None = Field(sa_type=Text)
    communes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    valid_from: date
    valid_to: date | None
    version: int
    prepared_by: str = Field(sa_type=Text)
    approved_by: str = Field(sa_type=Text)
    approved_at: datetime = instant()
    revoked_by: str | None = Field(sa_type=Text)
    revoked_at: datetime | None = Field(sa_type=DateTime(timezone=True))
    revocation_reason: str | None = Field(sa_type=Text)


GRANTS = metadata.tables["grants"]
