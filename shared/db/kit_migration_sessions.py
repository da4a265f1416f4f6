"""Browser sessions, as a service's migration adds them. Frozen."""

import sqlalchemy as sa
from alembic import op

_TABLE = "browser_sessions"


def create_sessions() -> None:
    """Create them."""
    op.create_table(
        _TABLE,
        sa.Column("id_hash", sa.LargeBinary, nullable=False, comment="SHA-256 of what the cookie holds"),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("id_token", sa.Text, nullable=False, comment="tells the issuer whose session to end at sign-out"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, comment="whatever happens meanwhile"),
        sa.PrimaryKeyConstraint("id_hash"),
    )
    op.create_index("browser_sessions_expires_at", _TABLE, ["expires_at"])


def drop_sessions() -> None:
    """Drop them."""
    op.drop_table(_TABLE)
