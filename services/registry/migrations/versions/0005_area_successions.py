"""Which administrative unit takes over which."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """CREATE TABLE area_successions (
            old_code text NOT NULL,
            new_code text NOT NULL,
            effective date NOT NULL,
            CONSTRAINT pk_area_successions PRIMARY KEY (old_code, new_code, effective))"""
    )


def downgrade() -> None:
    op.execute("DROP TABLE area_successions")
