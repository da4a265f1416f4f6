"""The projection of who may do what."""

from shared.db.kit_migration_access import create_access_tables, drop_access_tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_access_tables()


def downgrade() -> None:
    drop_access_tables()
