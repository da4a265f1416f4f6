"""Accounts are sealed and stand once; orders and people name them. Files and the bank's messages are sealed."""

from alembic import op

from shared.db.kit_migration_sealing import refuse_what_is_in_the_clear

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    refuse_what_is_in_the_clear("person", "payment_order", "payment_file", "bank_message")
    op.execute(
        """CREATE TABLE account (
            id UUID NOT NULL, bank_bin VARCHAR NOT NULL, number VARCHAR NOT NULL, number_index VARCHAR NOT NULL,
            holder_name VARCHAR NOT NULL,
            CONSTRAINT account_pkey PRIMARY KEY (id),
            CONSTRAINT account_number_sealed CHECK (number ~ '^k[0-9]+[.]'),
            CONSTRAINT account_holder_name_sealed CHECK (holder_name ~ '^k[0-9]+[.]'))"""
    )
    op.execute("COMMENT ON COLUMN account.number_index IS 'blind index of bank and number'")
    op.execute("CREATE INDEX account_by_number ON account (number_index)")
    op.execute(
        """ALTER TABLE person DROP COLUMN bank_bin, DROP COLUMN account_number, DROP COLUMN account_holder,
            ADD COLUMN account_id UUID"""
    )
    op.execute(
        """ALTER TABLE payment_order DROP COLUMN bank_bin, DROP COLUMN account_number, DROP COLUMN holder_name,
            ADD COLUMN account_id UUID,
            ADD CONSTRAINT payment_order_account_id_fkey FOREIGN KEY (account_id) REFERENCES account (id)"""
    )
    op.execute("COMMENT ON COLUMN payment_file.content IS 'encrypted'")


def downgrade() -> None:
    op.execute("COMMENT ON COLUMN payment_file.content IS NULL")
    op.execute(
        """ALTER TABLE payment_order DROP COLUMN account_id, ADD COLUMN bank_bin VARCHAR,
            ADD COLUMN account_number VARCHAR, ADD COLUMN holder_name VARCHAR"""
    )
    op.execute(
        """ALTER TABLE person DROP COLUMN account_id, ADD COLUMN bank_bin VARCHAR, ADD COLUMN account_number VARCHAR,
            ADD COLUMN account_holder VARCHAR"""
    )
    op.execute("DROP TABLE account")
