"""Restores: nothing is sent to a bank that knows more than we do, until all that it knows was read."""

from alembic import op

revision = "0011"
down_revision = "0010"

_FORTH = (
    "ALTER TABLE payer_account ADD bank_mark bigint NOT NULL DEFAULT 0",
    "COMMENT ON COLUMN payer_account.bank_mark IS 'how far the bank''s list of our files was compared'",
    """CREATE TABLE bank_recovery (
        id uuid NOT NULL PRIMARY KEY,
        bank varchar NOT NULL,
        cause varchar NOT NULL,
        opened_at timestamptz NOT NULL,
        opened_by varchar NOT NULL,
        walked_at timestamptz,
        released_at timestamptz,
        released_by varchar,
        CONSTRAINT cause_known CHECK (cause IN ('foreign_files', 'lost_files', 'declared'))
    )""",
    "CREATE UNIQUE INDEX one_open_recovery ON bank_recovery (bank) WHERE released_at IS NULL",
    """CREATE TABLE recovered_file (
        message_id varchar NOT NULL PRIMARY KEY,
        recovery_id uuid NOT NULL REFERENCES bank_recovery (id),
        payer_account varchar NOT NULL REFERENCES payer_account (code),
        read_at timestamptz
    )""",
    "CREATE INDEX recovered_file_by_recovery ON recovered_file (recovery_id)",
    """CREATE TABLE recovered_payment (
        end_to_end_id varchar NOT NULL PRIMARY KEY,
        message_id varchar NOT NULL REFERENCES recovered_file (message_id),
        amount bigint NOT NULL,
        refused boolean NOT NULL
    )""",
    "COMMENT ON COLUMN recovered_payment.refused IS 'the bank says that it did not pay it'",
)
_BACK = (
    "DROP TABLE recovered_payment",
    "DROP TABLE recovered_file",
    "DROP TABLE bank_recovery",
    "ALTER TABLE payer_account DROP bank_mark",
)


def upgrade() -> None:
    for statement in _FORTH:
        op.execute(statement)


def downgrade() -> None:
    for statement in _BACK:
        op.execute(statement)
