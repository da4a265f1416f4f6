"""The table of accounts. Rows are only added: an order that was paid names its account for good."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from services.benefits.metadata import Table
from shared.encryption import SEALED


class Account(Table, table=True):
    """An account. `id` is the keyed digest of bank, number and holder; number and holder are sealed for it."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint(f"number ~ '{SEALED}'", name="number_sealed"),
        CheckConstraint(f"holder_name ~ '{SEALED}'", name="holder_name_sealed"),
        Index("account_by_number", "number_index"),
    )

    id: UUID = Field(primary_key=True)
    bank_bin: str
    number: str
    number_index: str = Field(sa_column_kwargs={"comment": "blind index of bank and number"})
    holder_name: str
