"""Of which household money is: on the map of another day it counts where the household itself was."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("awards", "bookings"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN household_id uuid")


def downgrade() -> None:
    for table in ("awards", "bookings"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN household_id")
