"""Figures follow where households live, and units that take over others."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_UP = (
    """CREATE TABLE placements (
        household_id uuid NOT NULL, version int NOT NULL, area_code text NOT NULL, effective_on date NOT NULL,
        ended_on date, until date NOT NULL, recorded_at timestamptz NOT NULL,
        CONSTRAINT pk_placements PRIMARY KEY (household_id, version))""",
    """CREATE TABLE spans (
        household_id uuid NOT NULL, standard text NOT NULL, begins date NOT NULL, ends date NOT NULL,
        household_class text NOT NULL, area_code text NOT NULL, people int NOT NULL,
        CONSTRAINT pk_spans PRIMARY KEY (household_id, standard, begins))""",
    """INSERT INTO spans SELECT household_id, standard, decided_on, until, household_class, area_code, people
        FROM decisions WHERE decided_on < until""",
    """CREATE INDEX spans_as_of ON spans (standard, area_code, household_class, begins, ends)
        INCLUDE (people)""",
    "DROP INDEX decisions_as_of",
    """CREATE TABLE successions (
        old_code text NOT NULL, new_code text NOT NULL, effective date NOT NULL, version int NOT NULL,
        withdrawn boolean NOT NULL, recorded_at timestamptz NOT NULL,
        CONSTRAINT pk_successions PRIMARY KEY (old_code, new_code, effective))""",
)


def upgrade() -> None:
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    for table in ("successions", "spans", "placements"):
        op.execute(f"DROP TABLE {table}")
    op.execute(
        """CREATE INDEX decisions_as_of ON decisions (standard, area_code, household_class, decided_on, until)
            INCLUDE (people)"""
    )
