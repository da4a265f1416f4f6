"""What the log has lost is unsent again; how far it may reach stands before each append."""

from shared.db.kit_migration_reach import add_reach, remove_reach

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    add_reach()


def downgrade() -> None:
    remove_reach()
