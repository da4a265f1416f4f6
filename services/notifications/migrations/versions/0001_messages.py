"""The kit's tables; who can be reached how; messages and attempts."""

from alembic import op

from shared.db.kit_migration import create_kit_tables, drop_kit_tables

revision = "0001"
down_revision = None

_CREATE = (
    """
    CREATE TABLE people (
        person_id uuid NOT NULL, full_name text NOT NULL, phone text, version integer NOT NULL,
        CONSTRAINT people_pkey PRIMARY KEY (person_id))
    """,
    """
    CREATE TABLE households (
        household_id uuid NOT NULL, head_id uuid, version integer NOT NULL,
        CONSTRAINT households_pkey PRIMARY KEY (household_id))
    """,
    """
    CREATE TABLE messages (
        id uuid NOT NULL, event_id uuid NOT NULL, purpose text NOT NULL, household_id uuid NOT NULL,
        facts jsonb NOT NULL, state text NOT NULL, reason text, phone text, content text, template text,
        parts integer, attempts integer NOT NULL, occurred_at timestamptz NOT NULL, created_at timestamptz NOT NULL,
        due_at timestamptz, sent_at timestamptz, ended_at timestamptz,
        CONSTRAINT messages_pkey PRIMARY KEY (id),
        CONSTRAINT messages_event_id_once UNIQUE (event_id, purpose),
        CONSTRAINT messages_state CHECK (state IN ('awaiting_contact', 'queued', 'sent', 'delivered', 'failed')))
    """,
    "CREATE INDEX messages_due ON messages (state, due_at) WHERE due_at IS NOT NULL",
    "CREATE INDEX messages_newest ON messages (created_at, id)",
    "CREATE INDEX messages_of_household ON messages (household_id, created_at, id)",
    """
    CREATE TABLE attempts (
        message_id uuid NOT NULL, number integer NOT NULL, started_at timestamptz NOT NULL, outcome text,
        detail text, ended_at timestamptz,
        CONSTRAINT attempts_pkey PRIMARY KEY (message_id, number),
        CONSTRAINT attempts_message_id FOREIGN KEY (message_id) REFERENCES messages (id))
    """,
)


def upgrade() -> None:
    create_kit_tables()
    for statement in _CREATE:
        op.execute(statement)


def downgrade() -> None:
    for table in ("attempts", "messages", "households", "people"):
        op.execute(f"DROP TABLE {table}")
    drop_kit_tables()
