"""Where households live: messages are read by area.

Households stated before have no area until `ansinh rebuild notifications notifications.contacts`; until then only who
may read everywhere sees messages to them.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE households ADD COLUMN area_code text")


def downgrade() -> None:
    op.execute("ALTER TABLE households DROP COLUMN area_code")
