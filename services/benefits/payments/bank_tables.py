"""Tables of what banks say: messages and their lines, statements, signatures, and what they know after a restore."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field

from services.benefits.metadata import Instant, Table


class BankRecovery(Table, table=True):
    """A time in which nothing is sent to a bank: it knows files that we do not, or lost ours, or a person said so."""

    __tablename__ = "bank_recovery"
    __table_args__ = (
        Index("one_open_recovery", "bank", unique=True, postgresql_where=text("released_at IS NULL")),
        CheckConstraint("cause IN ('foreign_files', 'lost_files', 'declared')", name="cause_known"),
    )

    id: UUID = Field(primary_key=True)
    bank: str
    cause: str
    opened_at: datetime = Field(sa_type=Instant)
    opened_by: str
    walked_at: datetime | None = Field(default=None, sa_type=Instant)
    released_at: datetime | None = Field(default=None, sa_type=Instant)
    released_by: str | None = None


class RecoveredFile(Table, table=True):
    """A file of ours that the bank has and we had not, and the bank's copy of it, once it was read (`read_at`)."""

    __tablename__ = "recovered_file"
    __table_args__ = (Index("recovered_file_by_recovery", "recovery_id"),)

    message_id: str = Field(primary_key=True)
    recovery_id: UUID = Field(foreign_key="bank_recovery.id")
    payer_account: str = Field(foreign_key="payer_account.code")
    read_at: datetime | None = Field(default=None, sa_type=Instant)
    content: bytes | None = Field(default=None, sa_type=LargeBinary, sa_column_kwargs={"comment": "encrypted"})


class RecoveredPayment(Table, table=True):
    """A payment in a recovered file: an attempt whose id is this one must never be made again. `amount` is VND.

    What was entered anew after a restore has other ids: it is known by the account or the holder's name, both as keyed
    digests, the amount and the month, and waits until two people have said that it is another payment
    (`dismissed_by`). `order_id` is the order of ours that has its id.
    """

    __tablename__ = "recovered_payment"
    __table_args__ = (
        Index("recovered_payment_by_payee", "payee_index", "amount"),
        Index("recovered_payment_by_holder", "holder_index", "amount"),
    )

    end_to_end_id: str = Field(primary_key=True)
    message_id: str = Field(foreign_key="recovered_file.message_id")
    amount: int = Field(sa_type=BigInteger)
    refused: bool = Field(sa_column_kwargs={"comment": "the bank says that it did not pay it"})
    payee_index: str | None = None
    holder_index: str | None = None
    execution_date: date | None = None
    uetr: UUID | None = None
    order_id: UUID | None = Field(default=None, foreign_key="payment_order.id")
    dismissed_by: str | None = None
    dismissed_at: datetime | None = Field(default=None, sa_type=Instant)


class BankMessage(Table, table=True):
    """What a bank sent, stored before anybody read it: the bytes as they came, encrypted, and their signature."""

    __tablename__ = "bank_message"
    __table_args__ = (UniqueConstraint("bank", "kind", "external_id", "sha256", name="inbound_once"),)

    id: UUID = Field(primary_key=True)
    bank: str
    kind: str
    external_id: str = Field(sa_column_kwargs={"comment": "the file or the statement that it answers to"})
    sha256: str
    content: bytes = Field(sa_type=LargeBinary)
    received_at: datetime = Field(sa_type=Instant)
    state: str = Field(sa_column_kwargs={"comment": "received, waiting, applied, quarantined or set_aside"})
    reason: str | None = None
    signature: str | None = None


class BankMessageLine(Table, table=True):
    """A line of a message that could not be used, while its other lines were: until a person has dealt with it."""

    __tablename__ = "bank_message_line"
    __table_args__ = (
        UniqueConstraint("message", "ordinal", name="one_fault_a_line"),
        Index("bank_message_line_open", "id", postgresql_where=text("state = 'open'")),
    )

    id: UUID = Field(primary_key=True)
    message: UUID = Field(foreign_key="bank_message.id")
    ordinal: int
    end_to_end_id: str | None = None
    reason: str
    state: str = Field(sa_column_kwargs={"comment": "open, applied or set_aside"})
    note: str | None = None
    settled_by: str | None = None
    settled_at: datetime | None = Field(default=None, sa_type=Instant)


class BankAdviceLine(Table, table=True):
    """One payment of an entry that a statement books in one sum. It moves nothing; `reference` is the entry's."""

    __tablename__ = "bank_advice_line"
    __table_args__ = (Index("bank_advice_line_by_reference", "payer_account", "reference"),)

    message: UUID = Field(primary_key=True, foreign_key="bank_message.id")
    ordinal: int = Field(primary_key=True)
    payer_account: str = Field(foreign_key="payer_account.code")
    reference: str
    side: str
    amount: int = Field(sa_type=BigInteger)
    end_to_end_id: str | None = None
    uetr: str | None = None
    instruction_id: str | None = None
    is_return: bool = False
    return_reason: str | None = None


class BankSignature(Table, table=True):
    """The id of a signature that a bank's call had, for as long as the same call could come again."""

    __tablename__ = "bank_signature"
    __table_args__ = (Index("bank_signature_by_age", "seen_at"),)

    bank: str = Field(primary_key=True)
    jti: str = Field(primary_key=True)
    seen_at: datetime = Field(sa_type=Instant)


class BankStatement(Table, table=True):
    """A statement that was applied. Balances in VND."""

    __tablename__ = "bank_statement"

    payer_account: str = Field(primary_key=True, foreign_key="payer_account.code")
    sequence: int = Field(primary_key=True, sa_type=BigInteger)
    statement_id: str
    message: UUID = Field(foreign_key="bank_message.id")
    opening: int = Field(sa_type=BigInteger)
    closing: int = Field(sa_type=BigInteger)
    applied_at: datetime = Field(sa_type=Instant)


class StatementEntry(Table, table=True):
    """A booked entry and the one journal that it became. Entry 0 is the balance before the first statement."""

    __tablename__ = "statement_entry"
    __table_args__ = (
        UniqueConstraint("journal_id", name="one_journal_an_entry"),
        Index("statement_entry_unknown_debit", "end_to_end_id", postgresql_where=text("outcome = 'unknown_debit'")),
        Index("statement_entry_by_instruction", "instruction_id", postgresql_where=text("instruction_id IS NOT NULL")),
        Index(
            "statement_entry_by_contribution",
            "contribution_id",
            postgresql_where=text("contribution_id IS NOT NULL"),
        ),
    )

    payer_account: str = Field(primary_key=True)
    sequence: int = Field(primary_key=True, sa_type=BigInteger)
    ordinal: int = Field(primary_key=True)
    side: str
    amount: int = Field(sa_type=BigInteger)
    booked_on: date
    end_to_end_id: str | None = None
    bank_reference: str | None = None
    outcome: str
    number: int = Field(default=0, sa_column_kwargs={"comment": "the entry that the line is of"})
    rung: str | None = Field(default=None, sa_column_kwargs={"comment": "by what it was matched"})
    suggested: UUID | None = Field(default=None, sa_column_kwargs={"comment": "an attempt that it may be of"})
    return_reason: str | None = None
    instruction_id: UUID | None = None
    contribution_id: UUID | None = None
    journal_id: UUID = Field(foreign_key="ledger_journal.id")
