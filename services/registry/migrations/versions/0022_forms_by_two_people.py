"""Official point tables are loaded by two people; of those before it is not known who the second was."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """ALTER TABLE forms_b1
            ADD COLUMN approved_by text,
            ADD CONSTRAINT ck_forms_b1_two_people CHECK (approved_by <> loaded_by)"""
    )


def downgrade() -> None:
    op.execute("ALTER TABLE forms_b1 DROP COLUMN approved_by")
