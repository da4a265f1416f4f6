"""Telephone numbers are sealed."""

from alembic import op

from shared.db.kit_migration_sealing import refuse_what_is_in_the_clear

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    refuse_what_is_in_the_clear("people", "messages")
    for table in ("people", "messages"):
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_phone_sealed CHECK (phone ~ '^k[0-9]+[.]')")


def downgrade() -> None:
    for table in ("people", "messages"):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_phone_sealed")
