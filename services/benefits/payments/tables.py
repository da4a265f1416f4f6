"""Payer accounts, orders, runs, files and instructions; months that close, and what is known of accounts."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.benefits.metadata import Instant, Table
from shared.encryption import SEALED


class PayerAccount(Table, table=True):
    """An account that pays for one fund: for the whole province, or since Decree 176/2025 for one commune.

    `in_cash`: it is money at an organisation that pays people without an account, by a list.

    `reconciled_*` are of the last statement applied.
    """

    __tablename__ = "payer_account"
    __table_args__ = (UniqueConstraint("bank", "number", name="payer_account_number_once"),)

    code: str = Field(primary_key=True)
    bank: str
    bin: str
    number: str
    holder: str
    fund: str = Field(foreign_key="fund.code")
    area_code: str | None = Field(default=None, sa_column_kwargs={"comment": "pays in this commune alone"})
    in_cash: bool = Field(default=False, sa_column_kwargs={"comment": "pays who has no account, by a list"})
    created_by: str
    numbered_at: datetime | None = Field(
        default=None, sa_type=Instant, sa_column_kwargs={"comment": "what the last file is numbered by"}
    )
    bank_mark: int = Field(
        default=0, sa_type=BigInteger, sa_column_kwargs={"comment": "how far the bank's list of our files was compared"}
    )
    reconciled_sequence: int | None = Field(default=None, sa_type=BigInteger)
    reconciled_closing: int | None = Field(default=None, sa_type=BigInteger)


class PaymentRun(Table, table=True):
    """Orders of one programme, month and payer account, perhaps of one commune, that are approved and sent together.

    `follows` is the run whose failed orders it pays again. While it is paused nothing new of it goes to the bank.
    The wording is what its files say to banks; it is there once the run is approved.
    """

    __tablename__ = "payment_run"
    __table_args__ = (
        Index(
            "one_open_run",
            "programme",
            "period",
            "payer_account",
            "area_code",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("state = 'PREPARED'"),
        ),
    )

    id: UUID = Field(primary_key=True)
    programme: str
    period: str
    payer_account: str = Field(foreign_key="payer_account.code")
    state: str
    declared_count: int
    declared_sum: int = Field(sa_type=BigInteger)
    area_code: str | None = None
    follows: UUID | None = Field(default=None, foreign_key="payment_run.id")
    purpose: str | None = None
    category_purpose: str | None = None
    narrative: str | None = None
    paused_by: str | None = None
    paused_at: datetime | None = Field(default=None, sa_type=Instant)
    paused_reason: str | None = None


class RunApproval(Table, table=True):
    """One of several people who approve a run, by the hash of what they saw. The last one seals it."""

    __tablename__ = "run_approval"

    run_id: UUID = Field(primary_key=True, foreign_key="payment_run.id")
    content_hash: str = Field(primary_key=True)
    approved_by: str = Field(primary_key=True)
    approved_at: datetime = Field(sa_type=Instant)
    everywhere: bool = Field(sa_column_kwargs={"comment": "could approve in the whole province"})


class PaymentOrder(Table, table=True):
    """What a person is owed for a month, whatever became of the attempts to pay it."""

    __tablename__ = "payment_order"
    __table_args__ = (
        UniqueConstraint("award_id", "period", "kind", name="order_once"),
        CheckConstraint("amount > 0", name="amount_vnd"),
        CheckConstraint("payable IN ('L1', 'L2')", name="payable_known"),
        Index("payment_order_by_run", "run_id", "id"),
        Index("payment_order_by_household", "household_id"),
        Index("payment_order_open", "programme", "due_month", "fund", postgresql_where=text("state <> 'PAID'")),
    )

    id: UUID = Field(primary_key=True)
    award_id: UUID
    household_id: UUID
    person_id: UUID
    programme: str
    fund: str = Field(foreign_key="fund.code")
    area_code: str
    period: str
    kind: str
    amount: int = Field(sa_type=BigInteger)
    state: str
    reason: str | None = None
    run_id: UUID | None = Field(default=None, foreign_key="payment_run.id")
    account_id: UUID | None = Field(default=None, foreign_key="account.id")
    obliged: bool = Field(default=False, sa_column_kwargs={"comment": "approved once: owed in the books"})
    payable: str = "L1"
    due_month: str = Field(sa_column_kwargs={"comment": "the month whose run pays it: its own, or a later one"})
    held: str | None = Field(default=None, sa_column_kwargs={"comment": "why no run may take it for now"})
    held_by: str | None = None
    reported_in: str | None = Field(default=None, sa_column_kwargs={"comment": "the month that closed with it paid"})


class PaymentFile(Table, table=True):
    """A sealed file: these bytes under this id, and no others ever. `hinted`: the bank called about it.

    `in_ignorance`: it pays what the bank was told to pay before our database was restored, and must not go as it is.
    One that a restored database had forgotten is of no run; it has those payments that were joined to orders.
    """

    __tablename__ = "payment_file"
    __table_args__ = (
        Index("payment_file_waiting", "next_at", postgresql_where=text("state IN ('QUEUED', 'SENDING', 'UNKNOWN')")),
        Index("payment_file_by_run", "run_id"),
    )

    message_id: str = Field(primary_key=True)
    run_id: UUID | None = Field(foreign_key="payment_run.id")
    payer_account: str = Field(foreign_key="payer_account.code")
    content: bytes = Field(sa_type=LargeBinary, sa_column_kwargs={"comment": "encrypted"})
    sha256: str
    count: int
    total: int = Field(sa_type=BigInteger)
    state: str
    reason: str | None = None
    bank_ref: str | None = None
    attempts: int = 0
    sealed_at: datetime = Field(sa_type=Instant)
    execution_date: date
    next_at: datetime = Field(sa_type=Instant)
    polls: int = 0
    next_poll_at: datetime = Field(sa_type=Instant)
    hinted: bool = Field(default=False)
    in_ignorance: bool = Field(default=False)


class BankChannel(Table, table=True):
    """Whether a bank takes files now: after failures we wait, and people may halt all sending to it."""

    __tablename__ = "bank_channel"

    bank: str = Field(primary_key=True)
    failures: int = 0
    open_until: datetime | None = Field(default=None, sa_type=Instant)
    reason: str | None = None
    halted_by: str | None = None
    halted_at: datetime | None = Field(default=None, sa_type=Instant)
    halted_reason: str | None = None


class SendAttempt(Table, table=True):
    """A call of the bank: written before it was made, completed after."""

    __tablename__ = "send_attempt"
    __table_args__ = (Index("send_attempt_by_file", "message_id"),)

    id: UUID = Field(primary_key=True)
    message_id: str = Field(foreign_key="payment_file.message_id")
    started_at: datetime = Field(sa_type=Instant)
    finished_at: datetime | None = Field(default=None, sa_type=Instant)
    outcome: str | None = None
    detail: str | None = None


class PaymentInstruction(Table, table=True):
    """One attempt to pay an order, with an end-to-end id that no other attempt ever has.

    `debitable_until` is the last day on which the bank may have debited what it says that it refused or cancelled.
    """

    __tablename__ = "payment_instruction"
    __table_args__ = (
        Index(
            "one_live_instruction",
            "order_id",
            unique=True,
            postgresql_where=text("state NOT IN ('REJECTED', 'CANCELLED', 'RETURNED')"),
        ),
        UniqueConstraint("end_to_end_id", name="end_to_end_id_forever"),
        UniqueConstraint("uetr", name="uetr_forever"),
        Index("payment_instruction_by_file", "message_id"),
        Index(
            "payment_instruction_by_bank_reference",
            "bank_reference",
            postgresql_where=text("bank_reference IS NOT NULL"),
        ),
        Index(
            "payment_instruction_unproven",
            "debitable_until",
            postgresql_where=text("state IN ('REFUSED', 'REVOKED')"),
        ),
        CheckConstraint("amount > 0", name="amount_vnd"),
        CheckConstraint(
            "state NOT IN ('REFUSED', 'REVOKED') OR debitable_until IS NOT NULL", name="unproven_has_its_day"
        ),
    )

    id: UUID = Field(primary_key=True)
    order_id: UUID = Field(foreign_key="payment_order.id")
    message_id: str = Field(foreign_key="payment_file.message_id")
    end_to_end_id: str
    uetr: UUID
    amount: int = Field(sa_type=BigInteger)
    state: str
    rank: int = 0
    reason: str | None = None
    bank_reference: str | None = None
    booked_on: date | None = None
    debitable_until: date | None = None
    version: int = 1


class PaymentRecall(Table, table=True):
    """A request that the bank cancels an attempt, or calls its money back: a camt.055 under its own id."""

    __tablename__ = "payment_recall"
    __table_args__ = (
        Index(
            "one_open_recall",
            "instruction_id",
            unique=True,
            postgresql_where=text("state IN ('QUEUED', 'SENDING', 'UNKNOWN', 'SENT')"),
        ),
        Index(
            "payment_recall_waiting",
            "next_at",
            postgresql_where=text("state IN ('QUEUED', 'SENDING', 'UNKNOWN', 'SENT')"),
        ),
    )

    id: str = Field(primary_key=True)
    instruction_id: UUID = Field(foreign_key="payment_instruction.id")
    bank: str
    reason: str = Field(sa_column_kwargs={"comment": "an external cancellation code"})
    content: bytes = Field(sa_type=LargeBinary)
    sha256: str
    state: str
    answer: str | None = Field(default=None, sa_column_kwargs={"comment": "why the bank refused"})
    prepared_by: str
    approved_by: str
    approved_at: datetime = Field(sa_type=Instant)
    attempts: int = 0
    next_at: datetime = Field(sa_type=Instant)


class MonthClosing(Table, table=True):
    """A month that was closed for a programme and payer account: what was paid of it, what is carried to the next.

    Decree 20/2021/NĐ-CP article 34 and Decree 176/2025/NĐ-CP: lists and sums of paid and unpaid, each month.
    """

    __tablename__ = "month_closing"
    __table_args__ = (UniqueConstraint("programme", "payer_account", "period", name="month_closed_once"),)

    id: UUID = Field(primary_key=True)
    programme: str
    payer_account: str = Field(foreign_key="payer_account.code")
    period: str
    carried_to: str
    closed_by: str
    closed_at: datetime = Field(sa_type=Instant)


class MonthLine(Table, table=True):
    """What became of an order by the end of a month: paid, unpaid (carried, with the reason), or at the bank."""

    __tablename__ = "month_line"

    closing_id: UUID = Field(primary_key=True, foreign_key="month_closing.id")
    order_id: UUID = Field(primary_key=True, foreign_key="payment_order.id")
    outcome: str
    amount: int = Field(sa_type=BigInteger)
    reason: str | None = None


class SuspenseClearing(Table, table=True):
    """What two people said that an unexplained entry of a statement is, and the journal that this became."""

    __tablename__ = "suspense_clearing"

    payer_account: str = Field(primary_key=True)
    sequence: int = Field(primary_key=True, sa_type=BigInteger)
    ordinal: int = Field(primary_key=True)
    becomes: str
    reference: str
    contribution_id: UUID | None = Field(default=None, foreign_key="contribution.id")
    instruction_id: UUID | None = Field(default=None, foreign_key="payment_instruction.id")
    journal_id: UUID = Field(foreign_key="ledger_journal.id")
    cleared_by: str
    cleared_at: datetime = Field(sa_type=Instant)


class AccountCheck(Table, table=True):
    """What a bank said about whose an account is, once. `holder_name` is the name that it gave, where it differs."""

    __tablename__ = "account_check"
    __table_args__ = (
        Index("account_check_newest", "account_id", "checked_at"),
        CheckConstraint(f"holder_name ~ '{SEALED}'", name="holder_name_sealed"),
    )

    id: UUID = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="account.id")
    bank: str
    verdict: str
    reason: str | None = None
    holder_name: str | None = None
    checked_at: datetime = Field(sa_type=Instant)
    accepted_by: str | None = None
    accepted_at: datetime | None = Field(default=None, sa_type=Instant)


class SharedAccount(Table, table=True):
    """An account that two people let serve several who name it as their own: these people, and nobody else."""

    __tablename__ = "shared_account"
    __table_args__ = (Index("shared_account_by_number", "number_index"),)

    id: UUID = Field(primary_key=True)
    number_index: str = Field(sa_column_kwargs={"comment": "blind index of bank and number"})
    people: list[UUID] = Field(sa_type=ARRAY(Uuid))
    accepted_by: str
    accepted_at: datetime = Field(sa_type=Instant)
