"""Lines of bank messages that wait for a person, details of batched entries, recalls, by what an entry was matched."""

from alembic import op

revision = "0010"
down_revision = "0009"

_FORTH = (
    """CREATE TABLE bank_message_line (
        id uuid PRIMARY KEY,
        message uuid NOT NULL REFERENCES bank_message (id),
        ordinal integer NOT NULL,
        end_to_end_id varchar,
        reason varchar NOT NULL,
        state varchar NOT NULL,
        note varchar,
        settled_by varchar,
        settled_at timestamptz,
        CONSTRAINT one_fault_a_line UNIQUE (message, ordinal)
    )""",
    "COMMENT ON COLUMN bank_message_line.state IS 'open, applied or set_aside'",
    "CREATE INDEX bank_message_line_open ON bank_message_line (id) WHERE state = 'open'",
    """CREATE TABLE bank_advice_line (
        message uuid NOT NULL REFERENCES bank_message (id),
        ordinal integer NOT NULL,
        payer_account varchar NOT NULL REFERENCES payer_account (code),
        reference varchar NOT NULL,
        side varchar NOT NULL,
        amount bigint NOT NULL,
        end_to_end_id varchar,
        uetr varchar,
        instruction_id varchar,
        is_return boolean NOT NULL,
        return_reason varchar,
        PRIMARY KEY (message, ordinal)
    )""",
    "CREATE INDEX bank_advice_line_by_reference ON bank_advice_line (payer_account, reference)",
    """CREATE TABLE payment_recall (
        id varchar PRIMARY KEY,
        instruction_id uuid NOT NULL REFERENCES payment_instruction (id),
        bank varchar NOT NULL,
        reason varchar NOT NULL,
        content bytea NOT NULL,
        sha256 varchar NOT NULL,
        state varchar NOT NULL,
        answer varchar,
        prepared_by varchar NOT NULL,
        approved_by varchar NOT NULL,
        approved_at timestamptz NOT NULL,
        attempts integer NOT NULL,
        next_at timestamptz NOT NULL
    )""",
    "COMMENT ON COLUMN payment_recall.reason IS 'an external cancellation code'",
    "COMMENT ON COLUMN payment_recall.answer IS 'why the bank refused'",
    "CREATE UNIQUE INDEX one_open_recall ON payment_recall (instruction_id)"
    " WHERE state IN ('QUEUED', 'SENDING', 'UNKNOWN', 'SENT')",
    "CREATE INDEX payment_recall_waiting ON payment_recall (next_at)"
    " WHERE state IN ('QUEUED', 'SENDING', 'UNKNOWN', 'SENT')",
    "CREATE INDEX payment_instruction_by_bank_reference ON payment_instruction (bank_reference)"
    " WHERE bank_reference IS NOT NULL",
    "ALTER TABLE statement_entry ADD number integer NOT NULL DEFAULT 0, ADD rung varchar, ADD suggested uuid",
    "UPDATE statement_entry SET number = ordinal",
    "COMMENT ON COLUMN statement_entry.number IS 'the entry that the line is of'",
    "COMMENT ON COLUMN statement_entry.rung IS 'by what it was matched'",
    "COMMENT ON COLUMN statement_entry.suggested IS 'an attempt that it may be of'",
)
_BACK = (
    "DROP INDEX payment_instruction_by_bank_reference",
    "ALTER TABLE statement_entry DROP number, DROP rung, DROP suggested",
    "DROP TABLE payment_recall",
    "DROP TABLE bank_advice_line",
    "DROP TABLE bank_message_line",
)


def upgrade() -> None:
    for statement in _FORTH:
        op.execute(statement)


def downgrade() -> None:
    for statement in _BACK:
        op.execute(statement)
