"""The tables of audit as each service's migration makes them. Frozen: a later change is a new function."""

from alembic import op

_CREATE = """
CREATE TABLE audit_rows (
    id uuid PRIMARY KEY, at timestamptz NOT NULL, who text NOT NULL, operation text NOT NULL,
    kind text, object_id text, area text, request_id text, traceparent text, purpose text,
    outcome text NOT NULL, details jsonb NOT NULL);
CREATE INDEX audit_rows_object ON audit_rows (object_id, at) WHERE object_id IS NOT NULL;
COMMENT ON COLUMN audit_rows.who IS 'subject, or system:<name> of what acts by itself';
COMMENT ON COLUMN audit_rows.kind IS 'what it was done to: household, person, run, …';
COMMENT ON COLUMN audit_rows.purpose IS 'why personal data were asked for';
COMMENT ON COLUMN audit_rows.outcome IS 'done, refused or replayed';
COMMENT ON COLUMN audit_rows.details IS 'personal values stand here as keyed digests';
CREATE TABLE audit_seals (
    sequence bigint PRIMARY KEY, row_id uuid NOT NULL UNIQUE, previous bytea NOT NULL, hash bytea NOT NULL);
COMMENT ON COLUMN audit_seals.previous IS 'hash of the seal before; 32 zero bytes for the first';
COMMENT ON COLUMN audit_seals.hash IS 'SHA-256 of `previous` and the row in canonical JSON';
CREATE TABLE audit_unsealed (row_id uuid PRIMARY KEY)
"""
_REFUSE = """
CREATE FUNCTION audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$
"""
_KEPT = "CREATE TRIGGER {0}_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {0} EXECUTE FUNCTION audit_is_kept()"


def create_audit_tables() -> None:
    """Create the tables, and refuse to change what stands in them."""
    for statement in _CREATE.split(";\n"):
        op.execute(statement)
    op.execute(_REFUSE)
    for table in ("audit_rows", "audit_seals"):
        op.execute(_KEPT.format(table))


def drop_audit_tables() -> None:
    """Drop them."""
    for table in ("audit_unsealed", "audit_seals", "audit_rows"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION audit_is_kept()")
