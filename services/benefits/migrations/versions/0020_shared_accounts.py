"""Who names an account as their own, and for which people two others let one account serve."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute("ALTER TABLE person ADD COLUMN account_authorised boolean NOT NULL DEFAULT false")
    # The first day of an authorisation is told with each, and with nothing else.
    op.execute("UPDATE person SET account_authorised = true WHERE account_valid_from IS NOT NULL")
    op.execute("ALTER TABLE person ALTER COLUMN account_authorised DROP DEFAULT")
    op.execute("CREATE INDEX person_by_account ON person (account_id)")
    op.execute(
        """
        CREATE TABLE shared_account (
            id uuid NOT NULL, number_index varchar NOT NULL, people uuid[] NOT NULL, accepted_by varchar NOT NULL,
            accepted_at timestamptz NOT NULL,
            CONSTRAINT shared_account_pkey PRIMARY KEY (id)
        )
        """
    )
    op.execute("COMMENT ON COLUMN shared_account.number_index IS 'blind index of bank and number'")
    op.execute("CREATE INDEX shared_account_by_number ON shared_account (number_index)")


def downgrade() -> None:
    op.execute("DROP TABLE shared_account")
    op.execute("DROP INDEX person_by_account")
    op.execute("ALTER TABLE person DROP COLUMN account_authorised")
