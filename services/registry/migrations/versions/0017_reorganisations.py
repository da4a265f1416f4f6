"""Reorganisations of administrative units: planned, applied whole, their households placed, undone or confirmed."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_UP = (
    """ALTER TABLE area_successions
        ADD COLUMN version integer NOT NULL DEFAULT 1,
        ADD COLUMN withdrawn boolean NOT NULL DEFAULT false,
        ADD COLUMN reorganisation_id uuid""",
    """CREATE TABLE reorganisations (
        id uuid NOT NULL,
        title text NOT NULL,
        legal_basis text NOT NULL,
        effective_on date NOT NULL,
        successions jsonb NOT NULL,
        state text NOT NULL,
        prepared_by text NOT NULL,
        prepared_at timestamptz NOT NULL,
        approved_by text,
        applied_at timestamptz,
        households integer NOT NULL DEFAULT 0,
        people integer NOT NULL DEFAULT 0,
        grants integer NOT NULL DEFAULT 0,
        confirmed_by text,
        confirmed_at timestamptz,
        undone_by text,
        undone_at timestamptz,
        undo_note text,
        CONSTRAINT pk_reorganisations PRIMARY KEY (id),
        CONSTRAINT ck_reorganisations_two_people CHECK (approved_by <> prepared_by),
        CONSTRAINT ck_reorganisations_state CHECK (
            state IN ('planned', 'approved', 'applying', 'applied', 'confirmed', 'undone')))""",
    """CREATE TABLE reorganisation_worklist (
        reorganisation_id uuid NOT NULL,
        household_id uuid NOT NULL,
        old_code text NOT NULL,
        waiting_code text NOT NULL,
        candidates text[] NOT NULL,
        placed_code text,
        placed_by text,
        placed_at timestamptz,
        placed_by_change uuid,
        CONSTRAINT pk_reorganisation_worklist PRIMARY KEY (reorganisation_id, household_id),
        CONSTRAINT fk_reorganisation_worklist_reorganisation_id
            FOREIGN KEY (reorganisation_id) REFERENCES reorganisations (id),
        CONSTRAINT fk_reorganisation_worklist_household_id FOREIGN KEY (household_id) REFERENCES households (id),
        CONSTRAINT ck_reorganisation_worklist_placed CHECK (
            num_nulls(placed_code, placed_by, placed_at, placed_by_change) IN (0, 4)))""",
    """CREATE TABLE grant_moves (
        reorganisation_id uuid NOT NULL,
        grant_id uuid NOT NULL,
        old_code text NOT NULL,
        new_code text NOT NULL,
        CONSTRAINT pk_grant_moves PRIMARY KEY (reorganisation_id, grant_id),
        CONSTRAINT fk_grant_moves_reorganisation_id FOREIGN KEY (reorganisation_id) REFERENCES reorganisations (id),
        CONSTRAINT fk_grant_moves_grant_id FOREIGN KEY (grant_id) REFERENCES grants (id))""",
)
_DOWN = (
    "DROP TABLE grant_moves",
    "DROP TABLE reorganisation_worklist",
    "DROP TABLE reorganisations",
    "DELETE FROM area_successions WHERE withdrawn",
    "ALTER TABLE area_successions DROP COLUMN version, DROP COLUMN withdrawn, DROP COLUMN reorganisation_id",
)


def upgrade() -> None:
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in _DOWN:
        op.execute(statement)
