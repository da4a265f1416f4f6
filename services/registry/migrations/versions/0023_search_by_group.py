"""People are found by what is established about them, and heads of households by their age: priority groups."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_people_facts ON people USING gin (facts) WHERE facts <> '{}'::jsonb")
    op.execute("CREATE INDEX ix_people_heads ON people (birth_date) WHERE relationship = 'head'")


def downgrade() -> None:
    op.execute("DROP INDEX ix_people_heads")
    op.execute("DROP INDEX ix_people_facts")
