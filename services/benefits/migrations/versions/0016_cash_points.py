"""Accounts that pay in cash, by a list."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("ALTER TABLE payer_account ADD in_cash boolean NOT NULL DEFAULT false")
    op.execute("ALTER TABLE payer_account ALTER in_cash DROP DEFAULT")
    op.execute("COMMENT ON COLUMN payer_account.in_cash IS 'pays who has no account, by a list'")


def downgrade() -> None:
    op.execute("ALTER TABLE payer_account DROP in_cash")
