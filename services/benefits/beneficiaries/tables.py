"""The projection of households and people. No foreign keys: the two topics have no order between them."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.benefits.metadata import Table


class Household(Table, table=True):
    """A household as last stated. `members` and `standings` are lists of the event's objects."""

    __tablename__ = "household"

    household_id: UUID = Field(primary_key=True)
    version: int
    area_code: str
    members: list[dict[str, Any]] = Field(sa_type=JSONB)
    standings: list[dict[str, Any]] = Field(sa_type=JSONB)


class Person(Table, table=True):
    """A person as last stated: the name, and the account to pay to, from which day to which (null is open).

    `account_authorised`: it is not the person's own, a document lets somebody receive the money.
    """

    __tablename__ = "person"
    __table_args__ = (Index("person_by_account", "account_id"),)

    person_id: UUID = Field(primary_key=True)
    household_id: UUID
    version: int
    full_name: str
    birth_date: date | None = None
    account_id: UUID | None = None
    account_valid_from: date | None = None
    account_valid_to: date | None = None
    account_authorised: bool
