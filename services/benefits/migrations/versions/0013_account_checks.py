"""What banks say about whose an account is."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE account_check (
            id uuid NOT NULL, account_id uuid NOT NULL, bank varchar NOT NULL, verdict varchar NOT NULL,
            reason varchar, holder_name varchar, checked_at timestamptz NOT NULL, accepted_by varchar,
            accepted_at timestamptz, CONSTRAINT account_check_pkey PRIMARY KEY (id),
            CONSTRAINT account_check_holder_name_sealed CHECK (holder_name ~ '^k[0-9]+[.]'),
            CONSTRAINT account_check_account_id_fkey FOREIGN KEY (account_id) REFERENCES account (id)
        )
        """
    )
    op.execute("CREATE INDEX account_check_newest ON account_check (account_id, checked_at)")


def downgrade() -> None:
    op.execute("DROP TABLE account_check")
