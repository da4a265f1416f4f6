"""The tables of the bank, and what every part of it works with.

Amounts are signed whole VND in the bank's view: positive credits an account, negative debits it.
Instants are UTC text of fixed width.
"""

from dataclasses import dataclass
from datetime import timedelta

from deploy.bank.clock import Clock
from deploy.counterpart.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('customer', 'internal')),
    holder TEXT,
    status TEXT NOT NULL CHECK (status IN ('open', 'closed', 'blocked')),
    balance INTEGER NOT NULL,
    opening_balance INTEGER NOT NULL,
    opened_at TEXT NOT NULL,
    registered INTEGER NOT NULL,
    CHECK (kind = 'internal' OR balance >= 0)
) STRICT;

CREATE TABLE IF NOT EXISTS other_bank_account (
    bin TEXT NOT NULL,
    number TEXT NOT NULL,
    holder TEXT,
    status TEXT NOT NULL CHECK (status IN ('open', 'closed', 'blocked')),
    PRIMARY KEY (bin, number)
) STRICT;

CREATE TABLE IF NOT EXISTS posting (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('opening', 'credit', 'payment', 'return', 'fee')),
    booked_at TEXT NOT NULL,
    end_to_end_id TEXT,
    reason TEXT,
    text TEXT,
    reversal INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS posting_of_payment ON posting (end_to_end_id);

CREATE TABLE IF NOT EXISTS line (
    posting INTEGER NOT NULL REFERENCES posting,
    account TEXT NOT NULL REFERENCES account,
    amount INTEGER NOT NULL CHECK (amount <> 0),
    statement INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS line_of_posting ON line (posting);
CREATE INDEX IF NOT EXISTS line_of_statement ON line (account, statement);

CREATE TABLE IF NOT EXISTS statement (
    account TEXT NOT NULL REFERENCES account,
    sequence INTEGER NOT NULL,
    opening INTEGER NOT NULL,
    closing INTEGER NOT NULL,
    opened_at TEXT NOT NULL,
    closed_at TEXT NOT NULL,
    PRIMARY KEY (account, sequence)
) STRICT;

CREATE TABLE IF NOT EXISTS incoming (
    account TEXT NOT NULL REFERENCES account,
    reference TEXT NOT NULL,
    amount INTEGER NOT NULL,
    posting INTEGER NOT NULL REFERENCES posting,
    PRIMARY KEY (account, reference)
) STRICT;

CREATE TABLE IF NOT EXISTS message (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL,
    received_at TEXT NOT NULL,
    transactions INTEGER NOT NULL,
    control_sum INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS payment (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    end_to_end_id TEXT NOT NULL UNIQUE,
    message_id TEXT NOT NULL REFERENCES message (id),
    payment_information_id TEXT NOT NULL,
    instruction_id TEXT,
    uetr TEXT,
    amount INTEGER NOT NULL CHECK (amount > 0),
    debtor_account TEXT NOT NULL REFERENCES account,
    creditor_bin TEXT NOT NULL,
    creditor_account TEXT NOT NULL,
    creditor_name TEXT NOT NULL,
    purpose TEXT NOT NULL,
    due_at TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    own_reason INTEGER NOT NULL DEFAULT 0,
    reference TEXT,
    return_reason TEXT,
    return_at TEXT,
    return_kept INTEGER NOT NULL DEFAULT 0,
    date_reason TEXT,
    stage INTEGER NOT NULL DEFAULT 0,
    next_at TEXT
) STRICT;
UPDATE payment SET next_at = due_at WHERE status = 'ACTC' AND next_at IS NULL;
DROP INDEX IF EXISTS payment_to_execute;
CREATE INDEX IF NOT EXISTS payment_of_message ON payment (message_id, number);
CREATE INDEX IF NOT EXISTS payment_of_debtor ON payment (debtor_account, number);
CREATE INDEX IF NOT EXISTS payment_to_go_on ON payment (next_at, number) WHERE next_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS payment_to_return ON payment (debtor_account) WHERE return_reason IS NOT NULL;

CREATE TABLE IF NOT EXISTS status_change (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    end_to_end_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS status_change_of_message ON status_change (message_id, number);
CREATE INDEX IF NOT EXISTS status_change_of_payment ON status_change (end_to_end_id, number);

CREATE TABLE IF NOT EXISTS struck (
    message_id TEXT NOT NULL,
    fault TEXT NOT NULL,
    PRIMARY KEY (message_id, fault)
) STRICT;

CREATE TABLE IF NOT EXISTS body (
    message_id TEXT PRIMARY KEY REFERENCES message (id),
    content BLOB NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS absence (
    message_id TEXT PRIMARY KEY,
    told_at TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS disguise (
    account TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (account, sequence)
) STRICT;

CREATE TABLE IF NOT EXISTS cancellation (
    id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    received_at TEXT NOT NULL,
    number INTEGER NOT NULL,
    answer BLOB NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS callback (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    occurred_at TEXT NOT NULL,
    place INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    next_at TEXT NOT NULL,
    done INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS callback_of_subject ON callback (subject, occurred_at);
CREATE INDEX IF NOT EXISTS callback_to_send ON callback (next_at, place) WHERE done = 0;
"""

ADDED = {
    "posting": {"reversal": "INTEGER NOT NULL DEFAULT 0"},
    "payment": {
        "return_at": "TEXT",
        "return_kept": "INTEGER NOT NULL DEFAULT 0",
        "date_reason": "TEXT",
        "stage": "INTEGER NOT NULL DEFAULT 0",
        "next_at": "TEXT",
    },
}
"""Columns that the store of an older bank lacks."""

FOREVER = "9999-12-31T00:00:00.000000+00:00"
"""When a payment goes on that only a person can move."""


@dataclass(frozen=True)
class Terms:
    """How this bank works.

    Attributes:
        bin: its own NAPAS member id; payments to it stay in its book.
        bic: how it signs its messages.
        execution_delay: seconds between acceptance of a file and booking.
        statement_every: seconds between two closings of accounts with new entries; 0 closes on demand only.
        interbank_fee: VND taken from the payer for each payment to another bank.
        silence: seconds a connection stays silent before it is cut without an answer.
        largest_file: bytes of a payment file at most.
        day: seconds of its clock that count as a day for what takes days; 0: nothing takes days.
    """

    bin: str = "970405"
    bic: str = "VBAAVNVX"
    execution_delay: float = 0
    statement_every: float = 0
    interbank_fee: int = 0
    silence: float = 0
    largest_file: int = 64 << 20
    day: float = 0


@dataclass(frozen=True)
class Bank:
    """One bank at work: its store, its terms and its clock (which gives aware instants)."""

    database: Database
    terms: Terms
    clock: Clock

    def days(self, count: int) -> timedelta:
        """Return how long that many of the bank's days are."""
        return timedelta(seconds=count * self.terms.day)
