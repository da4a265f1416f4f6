"""Audit rows, the chain over them, and what it does not hold yet."""

from shared.db.kit_migration_audit import create_audit_tables, drop_audit_tables

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_audit_tables()


def downgrade() -> None:
    drop_audit_tables()
