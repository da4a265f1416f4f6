"""The transition ledger: where households live with how many people, and every entry of the movement tables."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_UP = (
    """CREATE TABLE household_presence (
        household_id uuid NOT NULL,
        number integer NOT NULL,
        changed_on date NOT NULL,
        cause text NOT NULL,
        people integer NOT NULL,
        area_code text,
        present boolean,
        recorded_by text NOT NULL,
        recorded_at timestamptz NOT NULL,
        CONSTRAINT pk_household_presence PRIMARY KEY (household_id, number),
        CONSTRAINT fk_household_presence_household_id FOREIGN KEY (household_id) REFERENCES households (id))""",
    """INSERT INTO household_presence
        SELECT id, 1, registered_on, 'registered', (SELECT count(*) FROM people WHERE household_id = households.id),
               area_code, true, registered_by, recorded_at
        FROM households""",
    """CREATE TABLE movements (
        id uuid NOT NULL,
        household_id uuid NOT NULL,
        standard text NOT NULL,
        number integer NOT NULL,
        moved_on date NOT NULL,
        line text NOT NULL,
        household_class text NOT NULL,
        area_code text NOT NULL,
        other_area text,
        households integer NOT NULL,
        people integer NOT NULL,
        cause text,
        decision_id uuid,
        reverses uuid,
        recorded_for uuid,
        recorded_by text NOT NULL,
        recorded_at timestamptz NOT NULL,
        CONSTRAINT pk_movements PRIMARY KEY (id),
        CONSTRAINT fk_movements_household_id FOREIGN KEY (household_id) REFERENCES households (id),
        CONSTRAINT uq_movements_number UNIQUE (household_id, standard, number),
        CONSTRAINT uq_movements_reverses UNIQUE (reverses))""",
    """INSERT INTO movements
        SELECT gen_random_uuid(), household_id, history.standard,
               row_number() OVER (PARTITION BY household_id, history.standard ORDER BY history.number),
               history.decided_on, transition, household_class,
               area_code, NULL, 1, people, NULL, decision_id, NULL, decision_id, recorded_by, recorded_at
        FROM class_history history JOIN decisions ON decisions.id = history.decision_id
        WHERE transition IS NOT NULL""",
    "CREATE INDEX ix_movements_area_code ON movements (standard, area_code, moved_on)",
    "CREATE INDEX ix_movements_recorded_for ON movements (recorded_for)",
    """CREATE TRIGGER household_presence_is_kept BEFORE UPDATE OR DELETE ON household_presence
        FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER movements_are_kept BEFORE UPDATE OR DELETE ON movements
        FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    "ALTER TABLE decisions ADD COLUMN corrects uuid",
    "ALTER TABLE class_history ADD COLUMN corrects integer, ADD COLUMN inherited_from uuid",
    "ALTER TABLE class_history DROP CONSTRAINT uq_class_history_assessment_id",
    """CREATE UNIQUE INDEX uq_class_history_assessment_id ON class_history (assessment_id)
        WHERE inherited_from IS NULL""",
    "ALTER TABLE standings ADD COLUMN newly_escaped_until date",
    """UPDATE standings SET newly_escaped_until = (
            SELECT (max(history.decided_on) + interval '36 months' - interval '1 day')::date FROM class_history history
            WHERE history.household_id = standings.household_id AND history.standard = standings.standard
              AND transition IN ('escaped_above_near_poor', 'rose_above_near_poor'))
        WHERE household_class = 'not_poor'""",
)
_DOWN = (
    "ALTER TABLE standings DROP COLUMN newly_escaped_until",
    "DROP INDEX uq_class_history_assessment_id",
    "ALTER TABLE class_history DROP COLUMN corrects, DROP COLUMN inherited_from",
    "ALTER TABLE class_history ADD CONSTRAINT uq_class_history_assessment_id UNIQUE (assessment_id)",
    "ALTER TABLE decisions DROP COLUMN corrects",
    "DROP TABLE movements",
    "DROP TABLE household_presence",
)


def upgrade() -> None:
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in _DOWN:
        op.execute(statement)
