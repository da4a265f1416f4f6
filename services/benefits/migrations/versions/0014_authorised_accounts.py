"""From when to when an account may be paid that is of somebody authorised."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute("ALTER TABLE person ADD COLUMN account_valid_from date, ADD COLUMN account_valid_to date")


def downgrade() -> None:
    op.execute("ALTER TABLE person DROP COLUMN account_valid_from, DROP COLUMN account_valid_to")
