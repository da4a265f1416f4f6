"""Stored answers, proposals and dead letters are sealed."""

from shared.db.kit_migration_sealing import refuse_what_is_in_the_clear

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    refuse_what_is_in_the_clear()


def downgrade() -> None:
    pass
