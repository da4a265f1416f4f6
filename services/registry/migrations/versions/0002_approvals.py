"""What one person prepares and another approves."""

from shared.db.kit_migration_approvals import create_proposals, drop_proposals

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_proposals()


def downgrade() -> None:
    drop_proposals()
