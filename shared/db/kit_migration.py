"""The kit's tables as each service's first migration makes them. Frozen: a later change is a new function here."""

from alembic import op

_CREATE = """
CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL, topic text NOT NULL, key text NOT NULL, type text NOT NULL, source text NOT NULL,
    time timestamptz NOT NULL, traceparent text, data bytea NOT NULL,
    position bigint, partition int, "offset" bigint);
CREATE INDEX outbox_unsent ON outbox (seq) WHERE position IS NULL;
CREATE UNIQUE INDEX outbox_position ON outbox (position) WHERE position IS NOT NULL;
CREATE TABLE log_marks (
    topic text NOT NULL, partition int NOT NULL, "offset" bigint NOT NULL, PRIMARY KEY (topic, partition));
COMMENT ON COLUMN log_marks."offset" IS 'the highest offset that the log ever acknowledged to us';
CREATE TABLE inbox (consumer text NOT NULL, event_id uuid NOT NULL, PRIMARY KEY (consumer, event_id));
CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer text NOT NULL, key text NOT NULL, event_id uuid NOT NULL,
    topic text NOT NULL, type text NOT NULL, source text NOT NULL, time timestamptz NOT NULL, traceparent text,
    data bytea NOT NULL, state text NOT NULL, error text, attempts int NOT NULL DEFAULT 0,
    first_seen timestamptz NOT NULL DEFAULT now(), resolved_at timestamptz, resolved_by text, reason text);
CREATE UNIQUE INDEX dead_letters_once ON dead_letters (consumer, event_id);
CREATE INDEX dead_letters_waiting ON dead_letters (consumer, key, id) WHERE state IN ('failed', 'parked');
COMMENT ON COLUMN dead_letters.state IS 'failed, parked, replayed or discarded';
COMMENT ON COLUMN dead_letters.error IS 'class of the error; never the text, which may quote a person''s data';
CREATE TABLE idempotency_keys (
    actor text NOT NULL, route text NOT NULL, key text NOT NULL, request_hash bytea NOT NULL,
    status int NOT NULL, headers jsonb NOT NULL, body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (actor, route, key));
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
CREATE TABLE jobs (
    id uuid PRIMARY KEY, kind text NOT NULL, arguments jsonb NOT NULL, state text NOT NULL DEFAULT 'queued',
    done bigint NOT NULL DEFAULT 0, total bigint, result jsonb, problem jsonb, created_by text NOT NULL,
    traceparent text, attempt int NOT NULL DEFAULT 0, sequence bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(), started_at timestamptz, finished_at timestamptz,
    heartbeat_at timestamptz,
    CONSTRAINT jobs_state CHECK (state IN ('queued', 'running', 'done', 'failed')),
    CONSTRAINT jobs_progress CHECK (done >= 0 AND (total IS NULL OR total >= 0)));
CREATE INDEX jobs_open ON jobs (created_at, id) WHERE state IN ('queued', 'running');
"""
_TABLES = ("jobs", "idempotency_keys", "dead_letters", "inbox", "log_marks", "outbox")


def create_kit_tables() -> None:
    """Create outbox, inbox, dead letters, log marks, idempotency keys and jobs."""
    for statement in _CREATE.split(";\n"):
        if statement.strip():
            op.execute(statement)


def drop_kit_tables() -> None:
    """Drop them."""
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
