"""Banks by several channels: signed messages and callbacks, lines put aside, recalls, details of batched entries."""

from alembic import op

revision = "0007"
down_revision = "0006"

_FORTH = (
    "ALTER TABLE bank_message ADD signature varchar",
    "COMMENT ON COLUMN bank_message.state IS 'received, waiting, applied, quarantined or set_aside'",
    "ALTER TABLE payment_file ADD hinted boolean NOT NULL DEFAULT false",
    """CREATE TABLE bank_signature (
        bank varchar NOT NULL,
        jti varchar NOT NULL,
        seen_at timestamptz NOT NULL,
        PRIMARY KEY (bank, jti)
    )""",
    "CREATE INDEX bank_signature_by_age ON bank_signature (seen_at)",
)
_BACK = (
    "DROP TABLE bank_signature",
    "ALTER TABLE payment_file DROP hinted",
    "COMMENT ON COLUMN bank_message.state IS 'received, applied or quarantined'",
    "ALTER TABLE bank_message DROP signature",
)


def upgrade() -> None:
    for statement in _FORTH:
        op.execute(statement)


def downgrade() -> None:
    for statement in _BACK:
        op.execute(statement)
