"""What is needed to join what a forgotten file paid to its orders, and to tell files apart whatever was forgotten."""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.execute("ALTER TABLE payer_account ADD COLUMN numbered_at timestamptz, DROP COLUMN files")
    op.execute("COMMENT ON COLUMN payer_account.numbered_at IS 'what the last file is numbered by'")
    op.execute("ALTER TABLE payment_file ALTER COLUMN run_id DROP NOT NULL")
    op.execute("ALTER TABLE payment_file ADD COLUMN in_ignorance boolean NOT NULL DEFAULT false")
    op.execute("ALTER TABLE payment_file ALTER COLUMN in_ignorance DROP DEFAULT")
    op.execute("ALTER TABLE recovered_file ADD COLUMN content bytea")
    op.execute("COMMENT ON COLUMN recovered_file.content IS 'encrypted'")
    op.execute("ALTER TABLE recovered_payment ADD COLUMN uetr uuid")
    # Files that were read before are read again, for their copy; what people said of their payments stays.
    op.execute("UPDATE recovered_file SET read_at = NULL")
    op.execute(
        "CREATE INDEX statement_entry_unknown_debit ON statement_entry (end_to_end_id)"
        " WHERE outcome = 'unknown_debit'"
    )


def downgrade() -> None:
    op.execute("DROP INDEX statement_entry_unknown_debit")
    op.execute("ALTER TABLE recovered_payment DROP COLUMN uetr")
    op.execute("ALTER TABLE recovered_file DROP COLUMN content")
    op.execute("ALTER TABLE payment_file DROP COLUMN in_ignorance")
    op.execute("ALTER TABLE payment_file ALTER COLUMN run_id SET NOT NULL")
    op.execute("ALTER TABLE payer_account ADD COLUMN files integer NOT NULL DEFAULT 0, DROP COLUMN numbered_at")
    op.execute("ALTER TABLE payer_account ALTER COLUMN files DROP DEFAULT")
