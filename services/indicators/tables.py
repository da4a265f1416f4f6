"""What the figures are counted from: our copies of facts that other services published.

Each table belongs to one projector and is rebuilt with it. Nothing here names a person: a household is its id.
"""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Index, MetaData, Text
from sqlalchemy import Table as SqlTable
from sqlmodel import Field, SQLModel

metadata = MetaData(naming_convention={"pk": "pk_%(table_name)s"})


class Table(SQLModel):
    """What the tables of this service have in common: their own metadata."""

    metadata: ClassVar[MetaData] = metadata
    __table__: ClassVar[SqlTable]


def _instant() -> Any:
    return Field(sa_type=DateTime(timezone=True))


class AreaRow(Table, table=True):
    """An administrative unit in one period."""

    __tablename__ = "areas"

    code: str = Field(primary_key=True, sa_type=Text)
    valid_from: date = Field(primary_key=True)
    version: int
    valid_to: date | None
    name: str = Field(sa_type=Text)
    level: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    parent_code: str | None = Field(sa_type=Text)
    recorded_at: datetime = _instant()


class AreaTotalsRow(Table, table=True):
    """Published households and people of a unit, which is a code and its first day, in a year.

    `valid_from` is `infinity` where the event named no unit but by its code.
    """

    __tablename__ = "area_totals"

    code: str = Field(primary_key=True, sa_type=Text)
    year: int = Field(primary_key=True)
    valid_from: date = Field(primary_key=True)
    version: int
    households: int
    people: int
    source: str = Field(sa_type=Text)
    recorded_at: datetime = _instant()


class DecisionRow(Table, table=True):
    """A decision about a household's class, and the day from which a later one replaces it.

    `until` is exclusive and `infinity` while nothing replaces it; a decision replaced on its own day is in force on
    no day. It is derived from the other rows of the household and standard, so it does not depend on their order.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        Index("decisions_household", "household_id", "standard", "decided_on"),
        Index("decisions_recorded_at", "recorded_at"),
    )

    event_id: UUID = Field(primary_key=True)
    household_id: UUID
    standard: str = Field(sa_type=Text)
    decided_on: date
    until: date
    household_class: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=Text)
    people: int
    recorded_at: datetime = _instant()


class PlacementRow(Table, table=True):
    """From which day on a household lives where, as each of its changes said; `until` is exclusive.

    What a later version says of the same days holds. A household that ended is nowhere from `ended_on` on. `until` is
    derived from the other rows of the household.
    """

    __tablename__ = "placements"

    household_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    area_code: str = Field(sa_type=Text)
    effective_on: date
    ended_on: date | None
    until: date
    recorded_at: datetime = _instant()


class SpanRow(Table, table=True):
    """From which day until which (exclusive) a household has a class in an area: decisions met with placements.

    Derived from both; all figures are counted from here.
    """

    __tablename__ = "spans"
    __table_args__ = (
        # Holds everything that a count reads, so a count of a million households touches no row.
        Index(
            "spans_as_of", "standard", "area_code", "household_class", "begins", "ends", postgresql_include=["people"]
        ),
    )

    household_id: UUID = Field(primary_key=True)
    standard: str = Field(primary_key=True, sa_type=Text)
    begins: date = Field(primary_key=True)
    ends: date
    household_class: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=Text)
    people: int


class SuccessionRow(Table, table=True):
    """A unit takes over another, or with others a part of it, from a day on."""

    __tablename__ = "successions"

    old_code: str = Field(primary_key=True, sa_type=Text)
    new_code: str = Field(primary_key=True, sa_type=Text)
    effective: date = Field(primary_key=True)
    version: int
    withdrawn: bool
    recorded_at: datetime = _instant()


class AwardRow(Table, table=True):
    """An award in force from its first to its last month. Amounts in VND a month.

    Its household is not known of what was projected before households were kept here; a rebuild fills it in.
    """

    __tablename__ = "awards"
    __table_args__ = (Index("awards_programme", "programme", "first_month"), Index("awards_recorded_at", "recorded_at"))

    award_id: UUID = Field(primary_key=True)
    household_id: UUID | None
    programme: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=Text)
    monthly_amount: int = Field(sa_type=BigInteger)
    first_month: str = Field(sa_type=Text)
    last_month: str | None = Field(sa_type=Text)
    granted_on: date
    recorded_at: datetime = _instant()


class BookingRow(Table, table=True):
    """A payment that a bank statement shows as settled, or its return; its household as with awards. Amounts in VND."""

    __tablename__ = "bookings"
    __table_args__ = (
        Index("bookings_period", "period", "programme", "area_code"),
        Index("bookings_recorded_at", "recorded_at"),
    )

    event_id: UUID = Field(primary_key=True)
    household_id: UUID | None
    kind: str = Field(sa_type=Text, description="settled or returned")
    programme: str = Field(sa_type=Text)
    area_code: str = Field(sa_type=Text)
    period: str = Field(sa_type=Text, description="month that the money is owed for, 2026-11")
    amount: int = Field(sa_type=BigInteger)
    booked_on: date
    recorded_at: datetime = _instant()
