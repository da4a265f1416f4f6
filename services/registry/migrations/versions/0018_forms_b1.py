"""Official point tables of form B1, loaded by version and never changed."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """CREATE TABLE forms_b1 (
            version text NOT NULL,
            standard text NOT NULL,
            form jsonb NOT NULL,
            loaded_by text NOT NULL,
            loaded_at timestamptz NOT NULL,
            CONSTRAINT pk_forms_b1 PRIMARY KEY (version))"""
    )
    op.execute(
        """CREATE TRIGGER forms_b1_are_kept BEFORE UPDATE OR DELETE ON forms_b1
            FOR EACH ROW EXECUTE FUNCTION refuse_change()"""
    )


def downgrade() -> None:
    op.execute("DROP TABLE forms_b1")
