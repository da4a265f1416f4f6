"""Where people are paid: what was before, and what the bank said of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Index,
    Text,
)
from sqlmodel import Field

from services.registry.tables.base import Table, instant, metadata
from shared.encryption import SEALED


class AccountHistory(Table, table=True):
    """Where a person was to be paid, one after the other; `number` counts from 1, without number it was in cash.

    It stands from the version `since_version` of the person on. Who asked for it and who approved; what came with the
    registration nobody approved. The database refuses changes.
    """

    __tablename__ = "account_history"
    __table_args__ = tuple(
        CheckConstraint(f"{name} ~ '{SEALED}'", name=f"{name}_sealed")
        for name in ("account_number", "account_holder", "account_authorised")
    )

    person_id: UUID = Field(primary_key=True, foreign_key="people.id")
    number: int = Field(primary_key=True)
    bank_bin: str | None = Field(sa_type=Text)
    account_number: str | None = Field(sa_type=Text)
    account_holder: str | None = Field(sa_type=Text)
    account_authorised: str | None = Field(sa_type=Text)
    since_version: int
    recorded_at: datetime = instant()
    prepared_by: str = Field(sa_type=Text)
    approved_by: str | None = Field(sa_type=Text)


class AccountChecks(Table, table=True):
    """What a bank said of a person's account, as benefits told; `person_version` says of which account."""

    __tablename__ = "account_checks"
    __table_args__ = (Index("ix_account_checks_person_id", "person_id"),)

    id: UUID = Field(primary_key=True)
    person_id: UUID
    person_version: int
    bank: str = Field(sa_type=Text)
    verdict: str = Field(sa_type=Text)
    reason: str | None = Field(sa_type=Text)
    accepted: bool
    checked_at: datetime = instant()


class FormerPhones(Table, table=True):
    """Telephones that a person had until lately: who is told of a change of account is told there too."""

    __tablename__ = "former_phones"
    __table_args__ = (CheckConstraint(f"phone ~ '{SEALED}'", name="phone_sealed"),)

    person_id: UUID = Field(foreign_key="people.id", index=True)
    id: UUID = Field(primary_key=True)
    phone: str = Field(sa_type=Text)
    replaced_at: datetime = instant()


ACCOUNT_HISTORY = metadata.tables["account_history"]
ACCOUNT_CHECKS = metadata.tables["account_checks"]
FORMER_PHONES = metadata.tables["former_phones"]
