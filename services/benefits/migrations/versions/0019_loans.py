"""What the Social Policy Bank reports of loans."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE loan_movement (
            message uuid NOT NULL, ordinal integer NOT NULL, payer_account varchar NOT NULL, contract varchar NOT NULL,
            kind varchar NOT NULL, amount bigint NOT NULL, "on" date NOT NULL, channel varchar, point varchar,
            area_code varchar NOT NULL, household_id uuid, person_id uuid,
            CONSTRAINT loan_movement_pkey PRIMARY KEY (message, ordinal),
            CONSTRAINT loan_movement_kind_known CHECK (kind IN ('disbursed', 'repaid', 'returned', 'absent')),
            CONSTRAINT loan_movement_amount_vnd CHECK (amount > 0),
            CONSTRAINT loan_movement_message_fkey FOREIGN KEY (message) REFERENCES bank_message (id),
            CONSTRAINT loan_movement_payer_account_fkey FOREIGN KEY (payer_account) REFERENCES payer_account (code)
        )
        """
    )
    op.execute("CREATE INDEX loan_movement_by_household ON loan_movement (household_id)")
    op.execute("CREATE INDEX loan_movement_by_contract ON loan_movement (contract)")


def downgrade() -> None:
    op.execute("DROP TABLE loan_movement")
