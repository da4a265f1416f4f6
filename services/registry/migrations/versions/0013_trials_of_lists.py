"""A list can be tried before it is registered."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """ALTER TABLE household_imports
            ADD COLUMN trial boolean NOT NULL DEFAULT false, ADD COLUMN registration_job uuid"""
    )
    op.execute("CREATE INDEX ix_household_import_faults_reference ON household_import_faults (import_id, reference)")
    op.execute(
        """CREATE TABLE household_import_numbers (
            import_id uuid NOT NULL,
            digest text NOT NULL,
            CONSTRAINT pk_household_import_numbers PRIMARY KEY (import_id, digest))"""
    )


def downgrade() -> None:
    op.execute("DROP TABLE household_import_numbers")
    op.execute("DROP INDEX ix_household_import_faults_reference")
    op.execute("ALTER TABLE household_imports DROP COLUMN trial, DROP COLUMN registration_job")
