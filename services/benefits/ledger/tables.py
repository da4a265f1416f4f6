"""Funds, budgets, contributions, and the append-only books."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlmodel import Field

from services.benefits.metadata import Instant, Table


class Fund(Table, table=True):
    """Whose money it is: the state budget at a level, the fund for the poor, a donor.

    What a donor gives for one programme, commune or purpose is a fund of its own with that restriction: `programmes`
    and `areas` are all that it may be spent on, None for any.
    """

    __tablename__ = "fund"

    code: str = Field(primary_key=True)
    kind: str
    name: str
    programmes: list[str] | None = Field(default=None, sa_type=ARRAY(String))
    areas: list[str] | None = Field(default=None, sa_type=ARRAY(String))
    purpose: str | None = None
    created_by: str
    created_at: datetime = Field(sa_type=Instant)


class Contribution(Table, table=True):
    """Money that a fund says it sends. It is booked when the bank's statement shows it, by its reference.

    Two people may confirm before that that it arrived, in which payer account, by which voucher (State Treasury).
    """

    __tablename__ = "contribution"
    __table_args__ = (
        UniqueConstraint("fund", "reference", name="contribution_once"),
        CheckConstraint("amount > 0", name="amount_vnd"),
    )

    id: UUID = Field(primary_key=True)
    fund: str = Field(foreign_key="fund.code")
    amount: int = Field(sa_type=BigInteger)
    reference: str
    declared_by: str
    declared_at: datetime = Field(sa_type=Instant)
    received_on: date | None = None
    payer_account: str | None = Field(default=None, foreign_key="payer_account.code")
    voucher: str | None = None
    confirmed_on: date | None = None


class Budget(Table, table=True):
    """What may still be committed: the balance of B1, held in a row so that two commitments wait for each other."""

    __tablename__ = "budget"
    __table_args__ = (CheckConstraint("available >= 0", name="not_overdrawn"),)

    fund: str = Field(primary_key=True, foreign_key="fund.code")
    programme: str = Field(primary_key=True)
    fiscal_year: int = Field(primary_key=True)
    available: int = Field(sa_type=BigInteger)


class LedgerJournal(Table, table=True):
    """A balanced set of entries with one cause."""

    __tablename__ = "ledger_journal"
    __table_args__ = (UniqueConstraint("cause", name="ledger_journal_cause_once"),)

    id: UUID = Field(primary_key=True)
    cause: str
    kind: str
    value_date: date
    posted_by: str
    posted_at: datetime = Field(sa_type=Instant)
    posted_in: int = Field(
        sa_type=BigInteger,
        sa_column_kwargs={
            "server_default": text("((pg_current_xact_id())::text)::bigint"),
            "comment": "the transaction that wrote it; entries come in the same one or never",
        },
    )


class LedgerEntry(Table, table=True):
    """One line of a journal. Written once; corrected only by another journal.

    Its journal and its fund are foreign keys that a trigger looks up, once for all entries that come together.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_vnd"),
        CheckConstraint("side IN ('debit', 'credit')", name="side_known"),
        CheckConstraint("(account = 'A1') = (bank_account IS NOT NULL)", name="cash_at_a_bank"),
        Index("ledger_entry_by_account", "account", "fund", "programme", "fiscal_year"),
        Index("ledger_entry_by_order", "order_id", postgresql_where=text("order_id IS NOT NULL")),
    )

    journal_id: UUID = Field(primary_key=True)
    line: int = Field(primary_key=True)
    account: str
    side: str
    amount: int = Field(sa_type=BigInteger)
    fund: str
    programme: str | None = None
    fiscal_year: int | None = None
    bank_account: str | None = None
    order_id: UUID | None = None
    instruction_id: UUID | None = None
