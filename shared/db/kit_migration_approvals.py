"""The table of proposals as a service's migration makes it. Frozen: a later change is a new module."""

from alembic import op

_CREATE = (
    """
    CREATE TABLE proposals (
        id uuid PRIMARY KEY, kind text NOT NULL, subject text NOT NULL, area_code text, content bytea NOT NULL,
        content_hash text NOT NULL, state text NOT NULL, prepared_by text NOT NULL, prepared_at timestamptz NOT NULL,
        decided_by text, decided_at timestamptz, note text,
        CONSTRAINT proposals_state CHECK (state IN ('open', 'approved', 'refused')),
        CONSTRAINT proposals_decided
            CHECK ((state = 'open') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
        CONSTRAINT proposals_two_people CHECK (state <> 'approved' OR decided_by <> prepared_by))
    """,
    "COMMENT ON COLUMN proposals.content IS 'canonical JSON'",
    "CREATE UNIQUE INDEX proposals_one_open ON proposals (kind, subject) WHERE state = 'open'",
    "CREATE INDEX proposals_of_subject ON proposals (kind, subject, id)",
)


def create_proposals() -> None:
    """Create the table of proposals."""
    for statement in _CREATE:
        op.execute(statement)


def drop_proposals() -> None:
    """Drop it."""
    op.execute("DROP TABLE proposals")
