"""Lists of households: what was sent, what is wrong in it, and under which reference a household came."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_CREATE = (
    """CREATE TABLE household_references (
        source text NOT NULL,
        reference text NOT NULL,
        household_id uuid NOT NULL,
        CONSTRAINT pk_household_references PRIMARY KEY (source, reference),
        CONSTRAINT fk_household_references_household_id FOREIGN KEY (household_id) REFERENCES households (id))""",
    """CREATE TABLE household_imports (
        id uuid NOT NULL,
        source text NOT NULL,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL,
        sha256 bytea,
        bytes bigint NOT NULL DEFAULT 0,
        rows integer NOT NULL DEFAULT 0,
        columns text[] NOT NULL DEFAULT '{}',
        delimiter text NOT NULL DEFAULT ',',
        reached_reference text,
        reached_line integer NOT NULL DEFAULT 0,
        handled integer NOT NULL DEFAULT 0,
        created integer NOT NULL DEFAULT 0,
        people integer NOT NULL DEFAULT 0,
        unchanged integer NOT NULL DEFAULT 0,
        refused integer NOT NULL DEFAULT 0,
        CONSTRAINT pk_household_imports PRIMARY KEY (id))""",
    "CREATE INDEX ix_household_imports_sha256 ON household_imports (sha256)",
    # No foreign key on the import: it would be looked up for each of millions of rows.
    """CREATE TABLE household_import_rows (
        import_id uuid NOT NULL,
        reference text NOT NULL,
        line integer NOT NULL,
        cells text[] NOT NULL,
        CONSTRAINT pk_household_import_rows PRIMARY KEY (import_id, reference, line))""",
    """CREATE TABLE household_import_faults (
        import_id uuid NOT NULL,
        line integer NOT NULL,
        number integer NOT NULL,
        reference text NOT NULL,
        "column" text,
        code text NOT NULL,
        context jsonb NOT NULL,
        CONSTRAINT pk_household_import_faults PRIMARY KEY (import_id, line, number))""",
)
_TABLES = ("household_import_faults", "household_import_rows", "household_imports", "household_references")


def upgrade() -> None:
    for statement in _CREATE:
        op.execute(statement)


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
