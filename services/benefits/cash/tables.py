"""Applications, the decisions on them, and awards."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.benefits.metadata import Instant, Table


class Application(Table, table=True):
    """A request for a programme, with the reason sheet of the day it was made."""

    __tablename__ = "application"
    __table_args__ = (Index("application_by_household", "household_id"),)

    id: UUID = Field(primary_key=True)
    programme: str
    household_id: UUID
    person_id: UUID
    applied_on: date
    sheet: dict[str, Any] = Field(sa_type=JSONB)
    state: str


class Decision(Table, table=True):
    """What was decided on an application, once, with the reason sheet of that day."""

    __tablename__ = "application_decision"

    application_id: UUID = Field(primary_key=True, foreign_key="application.id")
    approved: bool
    note: str
    sheet: dict[str, Any] = Field(sa_type=JSONB)
    decided_by: str
    decided_on: date
    decided_at: datetime = Field(sa_type=Instant)


class Award(Table, table=True):
    """A monthly amount (VND) for a person, from month to month, both included.

    An award that ended has nothing due after `ends_with`; `released` is what was given back of its commitment (VND).
    """

    __tablename__ = "award"
    __table_args__ = (
        UniqueConstraint("application_id", name="award_of_application"),
        Index(
            "one_live_award",
            "programme",
            "person_id",
            "fiscal_year",
            unique=True,
            postgresql_where=text("state = 'active'"),
        ),
        CheckConstraint("monthly_amount > 0", name="amount_vnd"),
        CheckConstraint("first_month <= last_month", name="span"),
    )

    id: UUID = Field(primary_key=True)
    application_id: UUID = Field(foreign_key="application.id")
    programme: str
    fund: str = Field(foreign_key="fund.code")
    household_id: UUID
    person_id: UUID
    area_code: str
    monthly_amount: int = Field(sa_type=BigInteger)
    first_month: str
    last_month: str
    fiscal_year: int
    granted_on: date
    granted_by: str
    state: str
    ends_with: str | None = None
    end_reason: str | None = None
    released: int = Field(default=0, sa_type=BigInteger)
