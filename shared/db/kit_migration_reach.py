"""How far the log may reach, kept before an append, as a service's migration adds it. Frozen."""

from alembic import op

_ADD = (
    "ALTER TABLE log_marks ADD COLUMN reach bigint",
    'UPDATE log_marks SET reach = "offset" + 1',
    "ALTER TABLE log_marks ALTER COLUMN reach SET NOT NULL",
    "COMMENT ON COLUMN log_marks.reach IS 'no offset from here on was ever given out'",
    """COMMENT ON COLUMN log_marks."offset" IS 'the highest offset acknowledged to us and not lost since'""",
    """COMMENT ON COLUMN outbox."offset" IS 'where the log has the event; none when it was not sent or was lost'""",
    "DROP INDEX outbox_unsent",
    'CREATE INDEX outbox_unsent ON outbox (position, seq) WHERE "offset" IS NULL',
)
_REMOVE = (
    "DROP INDEX outbox_unsent",
    "CREATE INDEX outbox_unsent ON outbox (seq) WHERE position IS NULL",
    'COMMENT ON COLUMN outbox."offset" IS NULL',
    """COMMENT ON COLUMN log_marks."offset" IS 'the highest offset that the log ever acknowledged to us'""",
    "ALTER TABLE log_marks DROP COLUMN reach",
)


def add_reach() -> None:
    """Add it."""
    for statement in _ADD:
        op.execute(statement)


def remove_reach() -> None:
    """Remove it."""
    for statement in _REMOVE:
        op.execute(statement)
