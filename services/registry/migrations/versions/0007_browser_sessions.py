"""People sign in by browser."""

from shared.db.kit_migration_sessions import create_sessions, drop_sessions

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    create_sessions()


def downgrade() -> None:
    drop_sessions()
